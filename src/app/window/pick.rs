//! The place nearest to the pointer, and what is known of it.

use kiss3d::prelude::{Camera3d, OrbitCamera3d, Vec2, Vec3};

use super::draw::Ready;
use super::wanted::Wanted;
use crate::figure::stage::{Act, Kind};
use crate::tensor::summary::short;

/// Pixels from the pointer to a place that is read.
const NEAR: f32 = 14.0;

/// A place that was clicked at.
#[derive(Debug, Clone)]
pub struct Pick {
    pub place: Vec3,
    /// The trial, on a curve.
    pub trial: Option<usize>,
    /// What is known of it, line by line.
    pub lines: Vec<String>,
}

impl Ready {
    /// The place nearest to `cursor` among what is shown, in a window of this size. Units: pixels.
    pub fn nearest(
        &self,
        wanted: &Wanted,
        camera: &OrbitCamera3d,
        size: Vec2,
        cursor: Vec2,
    ) -> Option<Pick> {
        let cursor = Vec2::new(cursor.x, size.y - cursor.y);
        let mut best = (NEAR, None);
        for (k, act) in self.stage.acts.iter().enumerate() {
            if wanted.hidden.contains(&k) || matches!(act.kind, Kind::Labels(_)) {
                continue;
            }
            for (i, at) in act.at.iter().enumerate() {
                let course = course(act, i);
                let other = |(trial, step): (usize, usize)| {
                    wanted.trial.is_some_and(|one| one != trial)
                        || wanted.now.is_some_and(|now| step as f64 > now)
                };
                if at[0].is_nan() || course.is_some_and(other) {
                    continue;
                }
                let place = self.place(*at);
                let seen = camera.project(place, size);
                // A point stands out from the curves that go through it.
                let wide = if matches!(act.kind, Kind::Points { .. }) {
                    4.0
                } else {
                    0.0
                };
                let away = (seen - cursor).length() - wide;
                if away < best.0 {
                    best = (away, Some((act, i, place)));
                }
            }
        }
        let (act, i, place) = best.1?;
        Some(Pick {
            place,
            trial: course(act, i).map(|(trial, _)| trial),
            lines: self.told(act, i),
        })
    }

    fn told(&self, act: &Act, i: usize) -> Vec<String> {
        let mut lines: Vec<String> = act.label.iter().cloned().collect();
        lines.push(match (&act.kind, course(act, i)) {
            (_, Some((trial, step))) => format!("trial {trial}, step {step}"),
            (Kind::Arrows { .. }, None) => format!("arrow {}", i / 2),
            _ => format!("point {i}"),
        });
        for (k, scale) in self.stage.scales.iter().enumerate() {
            let name = match scale.label.as_str() {
                "" => ["x", "y", "z"][k],
                label => label,
            };
            lines.push(format!("{name}: {}", short(scale.number(act.at[i][k]))));
        }
        if let Some(value) = act.values.get(i) {
            let name = self.stage.bar.as_ref().map_or("", |bar| bar.label.as_str());
            let name = if name.is_empty() { "value" } else { name };
            lines.push(format!("{name}: {}", short(f64::from(*value))));
        }
        lines
    }
}

/// The trial and the step of a place on a curve.
fn course(act: &Act, i: usize) -> Option<(usize, usize)> {
    let Kind::Paths { ends, .. } = &act.kind else {
        return None;
    };
    let trial = ends.partition_point(|end| *end <= i);
    let first = trial.checked_sub(1).map_or(0, |before| ends[before]);
    Some((trial, i - first))
}
