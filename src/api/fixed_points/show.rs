//! The points as a table.

use super::FixedPoints;
use crate::analysis::fixed_points::{Point, Unseen};

/// Points that are shown; the rest are counted.
const ROWS: usize = 32;

pub fn table(of: &FixedPoints) -> String {
    let points = &of.points.points;
    let mut lines = vec![format!("fixed points: {}", points.len())];
    if let Some(counts) = of.points.counts {
        lines.push(format!(
            "  {} candidates: {} converged, {} slow, {} failed; {} points differ, {} of them near \
             the candidates",
            counts.candidates,
            counts.converged,
            counts.slow,
            counts.failed,
            counts.unique,
            counts.near,
        ));
    }
    if !points.is_empty() {
        let unseen = Unseen::of(&of.points.hits());
        lines.push(format!(
            "  one candidate alone came to {} of them: there are about {:.0} or more",
            unseen.once, unseen.estimate,
        ));
        lines.push("  point       |F - h|   hits  steps  label".into());
    }
    lines.extend(points.iter().take(ROWS).enumerate().map(row));
    if points.len() > ROWS {
        lines.push(format!("  ... and {} more", points.len() - ROWS));
    }
    lines.join("\n")
}

fn row((at, point): (usize, &Point)) -> String {
    format!(
        "  {at:>5}  {:>12.2e}  {:>5}  {:>5}  {}",
        point.speed(),
        point.hits,
        point.steps,
        point.label.word(),
    )
}
