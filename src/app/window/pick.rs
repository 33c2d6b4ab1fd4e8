//! Selection of the point nearest to the pointer, and its description.

use kiss3d::prelude::{Camera3d, OrbitCamera3d, Vec2};

use super::scene::PreparedScene;
use super::view_state::{SelectedPoint, ViewState};
use crate::figure::scene::{Geometry, SceneLayer};
use crate::tensor::summary::format_number;

/// Largest distance between the pointer and a selectable point. Units: pixels.
const MAX_DISTANCE: f32 = 14.0;

impl PreparedScene {
    /// The visible point nearest to `cursor` in a window of this size. Units: pixels.
    pub fn nearest(
        &self,
        view: &ViewState,
        camera: &OrbitCamera3d,
        size: Vec2,
        cursor: Vec2,
    ) -> Option<SelectedPoint> {
        let cursor = Vec2::new(cursor.x, size.y - cursor.y);
        let mut best = (MAX_DISTANCE, None);
        for (k, layer) in self.scene.layers.iter().enumerate() {
            if view.hidden.contains(&k) || matches!(layer.geometry, Geometry::Labels(_)) {
                continue;
            }
            // Prefer a point over the curves that pass through it.
            let is_point = matches!(layer.geometry, Geometry::Points { .. });
            let radius = if is_point { 4.0 } else { 0.0 };
            for (i, at) in layer.positions.iter().enumerate() {
                if at[0].is_nan() || is_hidden(view, layer, i) {
                    continue;
                }
                let position = self.position(*at);
                let distance = (camera.project(position, size) - cursor).length() - radius;
                if distance < best.0 {
                    best = (distance, Some((layer, i, position)));
                }
            }
        }
        let (layer, i, position) = best.1?;
        Some(SelectedPoint {
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

/// Whether the view hides a point of a curve: it shows another trial or an earlier time step.
fn is_hidden(view: &ViewState, layer: &SceneLayer, i: usize) -> bool {
    trial_step(layer, i).is_some_and(|(trial, step)| {
        view.trial.is_some_and(|one| one != trial) || view.now.is_some_and(|now| step as f64 > now)
    })
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
