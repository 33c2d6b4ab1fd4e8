//! Outlines of three-dimensional layers, which a legend must not hide.

use super::Point3;
use super::projection::Projection;
use crate::figure::Layer;
use crate::figure::polyline::Point;

/// The lines and points that `layer` draws.
pub fn layer_outline(projection: &Projection, layer: &Layer) -> Vec<Vec<Point>> {
    let project = |point: &Point3| {
        let coordinates = projection.box_coordinates(point)?;
        Some(projection.project(coordinates).position)
    };
    match layer {
        Layer::Paths(paths) => {
            let curve = |(_, at): (usize, &[Point3])| at.iter().filter_map(project).collect();
            paths.each().map(curve).collect()
        }
        Layer::Arrows(arrows) => {
            let ends = arrows.from.iter().zip(&arrows.to);
            ends.filter_map(|(a, b)| Some(vec![project(a)?, project(b)?]))
                .collect()
        }
        other => other
            .positions()
            .filter_map(|at| Some(vec![project(at)?]))
            .collect(),
    }
}
