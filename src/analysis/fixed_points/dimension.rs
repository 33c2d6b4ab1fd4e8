//! The dimension of a continuum of fixed points.

use super::candidates::squared_distance;
use super::points::Points;
use crate::base::Result;
use crate::nn::StepMap;
use crate::tensor::{Device, Tensor, convert, linear};

/// Number of members whose Jacobians determine the dimension.
const SAMPLES: usize = 16;
/// Singular values of J - 1 below this fraction of the largest belong to the continuum.
const NULL: f64 = 1e-5;
/// Neighbours that span the tangent space: those within this fraction of the extent, at least and
/// at most `NEIGHBOURS`. At a larger distance, a band of points within a tolerance is a line.
const RADIUS: f64 = 0.25;
const NEIGHBOURS: [usize; 2] = [4, 256];
/// A direction adds a dimension if it holds more than this fraction of the squared distances.
const VARIANCE: f64 = 0.15;

/// The dimension of a continuum: the number of null directions of J - 1 if these are clear, else
/// the number of directions spanned by the neighbours; the median over a sample of its points.
pub fn dimension(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    (members, extent): (&[usize], f64),
) -> Result<usize> {
    let stride = members.len().div_ceil(SAMPLES);
    let sample: Vec<usize> = members.iter().copied().step_by(stride).collect();
    let (s, part) = (points.state, points.select(&sample));
    let mut j = vec![0.0; sample.len() * s * s];
    step_map.jacobians([&part.states(), &part.all_inputs()], Some(&mut j), None)?;
    let mut null = Vec::new();
    let mut spanned = Vec::new();
    for (at, a) in sample.iter().zip(j.chunks_exact_mut(s * s)) {
        a.iter_mut().step_by(s + 1).for_each(|x| *x -= 1.0);
        let sizes = singular_values(a.to_vec(), [s, s])?;
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        null.push(sizes.iter().filter(|size| **size <= NULL * largest).count());
        spanned.push(spanned_dimensions(points, (members, extent), *at)?);
    }
    null.sort_unstable();
    spanned.sort_unstable();
    let median = |of: &[usize]| of[of.len() / 2];
    Ok(match median(&null) {
        0 => median(&spanned),
        null => null,
    })
}

/// The number of directions spanned by the neighbours of a point.
fn spanned_dimensions(
    points: &Points,
    (members, extent): (&[usize], f64),
    at: usize,
) -> Result<usize> {
    let here = &points.points[at].state;
    let others = members.iter().filter(|other| **other != at);
    let mut near: Vec<(f64, usize)> = others
        .map(|other| (squared_distance(&points.points[*other].state, here), *other))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [min, max] = NEIGHBOURS;
    let within = near.partition_point(|(square, _)| square.sqrt() <= RADIUS * extent);
    near.truncate(within.max(min));
    let stride = near.len().div_ceil(max);
    let near: Vec<usize> = near
        .iter()
        .map(|(_, other)| *other)
        .step_by(stride)
        .collect();
    let rows = near.iter().flat_map(|other| {
        let other = &points.points[*other].state;
        other.iter().zip(here).map(|(a, b)| a - b)
    });
    let sizes = singular_values(rows.collect(), [near.len(), here.len()])?;
    let all: f64 = sizes.iter().map(|size| size * size).sum();
    let counted = sizes.iter().filter(|size| **size * **size > VARIANCE * all);
    Ok(counted.count().max(1))
}

fn singular_values(matrix: Vec<f64>, [rows, columns]: [usize; 2]) -> Result<Vec<f64>> {
    let matrix = Tensor::from_vec(matrix, (rows, columns), &Device::Cpu)?;
    let (_, sizes, _) = linear::svd(&matrix)?;
    convert::to_f64(&sizes)
}
