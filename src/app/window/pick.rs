//! Selection of the point nearest to the pointer, and its description.

use kiss3d::prelude::{Camera3d, OrbitCamera3d, Vec2, Vec3};

use super::scene::PreparedScene;
use super::view_state::ViewState;
use crate::figure::scene::{Geometry, SceneLayer};
use crate::tensor::summary::format_number;

/// Largest distance between the pointer and a selectable point. Units: pixels.
const MAX_DISTANCE: f32 = 14.0;

/// A selected point.
#[derive(Debug, Clone)]
pub struct Pick {
    pub position: Vec3,
    /// The trial, for a point of a curve.
    pub trial: Option<usize>,
    /// The description, line by line.
    pub lines: Vec<String>,
}

impl PreparedScene {
    /// The visible point nearest to `cursor` in a window of this size. Units: pixels.
    pub fn nearest(
        &self,
        view: &ViewState,
        camera: &OrbitCamera3d,
        size: Vec2,
        cursor: Vec2,
    ) -> Option<Pick> {
        let cursor = Vec2::new(cursor.x, size.y - cursor.y);
        let mut best = (MAX_DISTANCE, None);
        for (k, layer) in self.scene.layers.iter().enumerate() {
            if view.hidden.contains(&k) || matches!(layer.geometry, Geometry::Labels(_)) {
                continue;
            }
            for (i, at) in layer.positions.iter().enumerate() {
                let trial_step = trial_step(layer, i);
                let is_hidden = |(trial, step): (usize, usize)| {
                    view.trial.is_some_and(|one| one != trial)
                        || view.now.is_some_and(|now| step as f64 > now)
                };
                if at[0].is_nan() || trial_step.is_some_and(is_hidden) {
                    continue;
                }
                let position = self.position(*at);
                let projected = camera.project(position, size);
                // Prefer a point over the curves that pass through it.
                let radius = if matches!(layer.geometry, Geometry::Points { .. }) {
                    4.0
                } else {
                    0.0
                };
                let distance = (projected - cursor).length() - radius;
                if distance < best.0 {
                    best = (distance, Some((layer, i, position)));
                }
            }
        }
        let (layer, i, position) = best.1?;
        Some(Pick {
            position,
            trial: trial_step(layer, i).map(|(trial, _)| trial),
            lines: self.description(layer, i),
        })
    }

    fn description(&self, layer: &SceneLayer, i: usize) -> Vec<String> {
        let mut lines: Vec<String> = layer.label.iter().cloned().collect();
        lines.push(match (&layer.geometry, trial_step(layer, i)) {
            (_, Some((trial, step))) => format!("trial {trial}, step {step}"),
            (Geometry::Arrows { .. }, None) => format!("arrow {}", i / 2),
            _ => format!("point {i}"),
        });
        for (k, axis) in self.scene.axes_box.axes.iter().enumerate() {
            let name = match axis.label.as_str() {
                "" => ["x", "y", "z"][k],
                label => label,
            };
            lines.push(format!(
                "{name}: {}",
                format_number(axis.value(layer.positions[i][k]))
            ));
        }
        if let Some(value) = layer.values.get(i) {
            let name = self
                .scene
                .colour_bar
                .as_ref()
                .map_or("", |bar| bar.label.as_str());
            let name = if name.is_empty() { "value" } else { name };
            lines.push(format!("{name}: {}", format_number(f64::from(*value))));
        }
        lines
    }
}

/// The trial and the time step of a point of a curve.
fn trial_step(layer: &SceneLayer, i: usize) -> Option<(usize, usize)> {
    let Geometry::Paths { ends, .. } = &layer.geometry else {
        return None;
    };
    let trial = ends.partition_point(|end| *end <= i);
    let first = trial.checked_sub(1).map_or(0, |before| ends[before]);
    Some((trial, i - first))
}
