//! Fixed points that are not isolated: lines, rings and surfaces, each counted as one set.
//!
//! Two neighbours belong to one continuum if F is as slow between them as at them: the search from
//! the midpoint ends between them at no larger error, and so do the searches from the midpoints
//! between that point and each of the two. Between isolated fixed points, such a search ends at one
//! of them, at another isolated one (whose own midpoint searches then end at it), or does not
//! converge. Neighbours are the edges of the minimum spanning tree. An edge is tested if the chord
//! t is close to a direction of eigenvalue 1 at both ends: |J t - t| is below |t|.

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::candidates::{Candidates, Label, squared_distance};
use super::dimension::dimension;
use super::newton::Newton;
use super::points::{Point, Points};
use crate::base::{NoProgress, Result};
use crate::nn::StepMap;

/// A chord t may span a bend of a continuum if |J t - t| is below this fraction of |t|.
const TANGENT_ERROR: f64 = 0.9;
/// Number of edges of one set that are tested: the longest, and others distributed over all
/// lengths. If these pass, shorter ones pass as well; if one fails, all are tested.
const MAX_TESTED: usize = 96;
/// Maximum number of Jacobians of a search between two points.
const MAX_ITERS: usize = 30;
/// Minimum distance of an intermediate point from both ends, as a fraction of the chord.
const MIN_SEPARATION: f64 = 0.2;
/// Errors below this fraction of the mean square of a state are rounding.
const ROUNDING: f64 = 1e-28;
/// Between points that the parameters do not determine, so are residuals below this multiple of the
/// resolution of the parameters, relative to the state.
const RESOLUTIONS: f64 = 8.0;
/// Errors below this fraction of the mean square of a state belong to a search that moved its final
/// states to fixed points, far below any tolerance that users choose.
const EXACT: f64 = 1e-20;
/// Singular values of J - 1 below this multiple of the resolution are not resolved.
const UNRESOLVED: f64 = 32.0;
/// The error between two points may exceed the larger of their errors by this factor.
const ERROR_FACTOR: f64 = 4.0;

/// An isolated fixed point or a continuum of fixed points.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Indices of the points.
    pub members: Vec<usize>,
    /// 0 for an isolated point, 1 for a line or ring, 2 for a surface.
    pub dimension: usize,
    /// The largest distance between two points of the set.
    pub extent: f64,
}

/// Two points and the distance between them.
#[derive(Debug, Clone, Copy)]
struct Edge {
    ends: [usize; 2],
    length: f64,
}

/// All sets, in the order of their first points, of a network whose parameters have the relative
/// resolution `resolution`.
///
/// Errors: those of the step map
pub fn sets(step_map: &mut dyn StepMap<f64>, points: &Points, resolution: f64) -> Result<Vec<Set>> {
    let edges = tangent_edges(step_map, points, shortest_tree(points, resolution))?;
    let edges = slow_edges(step_map, points, edges, resolution)?;
    let groups = connected_components(points.points.len(), &edges);
    groups
        .into_iter()
        .map(|members| {
            let extent = max_distance(points, &members);
            let dimension = match extent > 0.0 {
                true => dimension(step_map, points, (&members, extent))?,
                false => 0,
            };
            Ok(Set {
                members,
                dimension,
                extent,
            })
        })
        .collect()
}

/// Each point as a set of its own, for points without a network.
pub fn singletons(points: &Points) -> Vec<Set> {
    let one = |at| Set {
        members: vec![at],
        dimension: 0,
        extent: 0.0,
    };
    (0..points.points.len()).map(one).collect()
}

/// The minimum spanning tree of the points of each input (Prim 1957). Fixed points whose states are
/// exact and slow points have separate trees. A search that stops at its tolerance reports both
/// labels along one line, because some of its points happen to lie near a fixed point.
fn shortest_tree(points: &Points, resolution: f64) -> Vec<Edge> {
    let all = &points.points;
    let mut converged = all.iter().filter(|point| point.label == Label::Converged);
    let separate = converged.all(|point| is_exact(point, resolution));
    let mut best: Vec<(f64, usize, bool)> = vec![(f64::INFINITY, 0, false); all.len()];
    let mut edges = Vec::new();
    for _ in 0..all.len() {
        let open = best.iter().enumerate().filter(|(_, (_, _, done))| !done);
        let Some((at, &(square, from, _))) = open.min_by(|a, b| a.1.0.total_cmp(&b.1.0)) else {
            break;
        };
        best[at].2 = true;
        if square.is_finite() {
            let length = square.sqrt();
            edges.push(Edge {
                ends: [from, at],
                length,
            });
        }
        let here = &all[at];
        best.par_iter_mut()
            .enumerate()
            .with_min_len(256)
            .for_each(|(to, best)| {
                let same_label = !separate || all[to].label == here.label;
                let alike = same_label && all[to].input == here.input;
                if !best.2 && alike {
                    let square = squared_distance(&all[to].state, &here.state);
                    if square < best.0 {
                        (best.0, best.1) = (square, at);
                    }
                }
            });
    }
    edges
}

/// The edges that are nearly tangent to a continuum at both ends.
fn tangent_edges(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    edges: Vec<Edge>,
) -> Result<Vec<Edge>> {
    /// Jacobians per batch.
    const BATCH: usize = 128;
    let (s, k) = (points.state, points.points.len());
    let mut incident = vec![Vec::new(); k];
    for (index, edge) in edges.iter().enumerate() {
        edge.ends.iter().for_each(|end| incident[*end].push(index));
    }
    let mut slow = vec![true; edges.len()];
    for start in (0..k).step_by(BATCH) {
        let sample = start..k.min(start + BATCH);
        let part = points.select(&sample.clone().collect::<Vec<_>>());
        let mut j = vec![0.0; part.points.len() * s * s];
        step_map.jacobians([&part.states(), &part.all_inputs()], Some(&mut j), None)?;
        for (at, j) in sample.zip(j.chunks_exact(s * s)) {
            for index in &incident[at] {
                let [a, b] = edges[*index].ends.map(|end| &points.points[end].state);
                let t: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
                let moved = j.chunks_exact(s).zip(&t).map(|(row, t_k)| {
                    let projection: f64 = row.iter().zip(&t).map(|(j, t)| j * t).sum();
                    (projection - t_k).powi(2)
                });
                slow[*index] &= moved.sum::<f64>().sqrt() <= TANGENT_ERROR * edges[*index].length;
            }
        }
    }
    let retained = edges.into_iter().zip(slow).filter(|(_, slow)| *slow);
    Ok(retained.map(|(edge, _)| edge).collect())
}

/// The edges along which F is as slow as at their ends.
fn slow_edges(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    edges: Vec<Edge>,
    resolution: f64,
) -> Result<Vec<Edge>> {
    let mut all = Vec::new();
    for group in connected_components(points.points.len(), &edges) {
        let mut tree: Vec<Edge> = edges
            .iter()
            .filter(|edge| group.binary_search(&edge.ends[0]).is_ok())
            .copied()
            .collect();
        tree.sort_by(|a, b| b.length.total_cmp(&a.length));
        let longest = tree.len().min(MAX_TESTED / 3);
        let stride = (tree.len() - longest).div_ceil(MAX_TESTED - longest).max(1);
        let tested = (0..longest).chain((longest..tree.len()).step_by(stride));
        let tested: Vec<Edge> = tested.map(|at| tree[at]).collect();
        if tested.len() < tree.len()
            && is_slow_between(step_map, points, &tested, resolution)?
                .iter()
                .all(|ok| *ok)
        {
            all.extend(tree);
            continue;
        }
        let slow = is_slow_between(step_map, points, &tree, resolution)?;
        let tested = tree.into_iter().zip(slow);
        all.extend(tested.filter(|(_, ok)| *ok).map(|(edge, _)| edge));
    }
    Ok(all)
}

/// For each edge, whether F is as slow between its ends as at them.
fn is_slow_between(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    edges: &[Edge],
    resolution: f64,
) -> Result<Vec<bool>> {
    // One search per order of magnitude of the error, because a search has a single tolerance.
    let mut orders: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    let error = |edge: &Edge| allowed_error(points, edge, resolution);
    for (index, edge) in edges.iter().enumerate() {
        orders
            .entry(error(edge).log10().floor() as i32)
            .or_default()
            .push(index);
    }
    let mut slow = vec![false; edges.len()];
    for indices in orders.into_values() {
        let tolerance = indices
            .iter()
            .map(|at| error(&edges[*at]))
            .fold(0.0, f64::max);
        let tested: Vec<Edge> = indices.iter().map(|at| edges[*at]).collect();
        let limits = [tolerance, cutoff(resolution)];
        let connected = has_intermediate_states(step_map, points, &tested, limits)?;
        for (at, connected) in indices.into_iter().zip(connected) {
            slow[at] = edges[at].length == 0.0 || connected;
        }
    }
    Ok(slow)
}

/// For each edge, whether the searches from its midpoint, and from the midpoints between the
/// resulting state and each end, find states between their ends.
fn has_intermediate_states(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    edges: &[Edge],
    limits: [f64; 2],
) -> Result<Vec<bool>> {
    let state = |end: usize| points.points[end].state.clone();
    let pairs: Vec<[Vec<f64>; 2]> = edges.iter().map(|edge| edge.ends.map(state)).collect();
    let inputs = |edge: &Edge| points.points[edge.ends[0]].input.clone();
    let x: Vec<Vec<f64>> = edges.iter().map(inputs).collect();
    let midpoints = intermediate_states(step_map, points, (&pairs, &x), limits)?;
    let midpoint_pairs = |side: usize| -> Vec<[Vec<f64>; 2]> {
        let all = pairs.iter().zip(&midpoints);
        all.map(|(pair, midpoint)| {
            let midpoint = midpoint.clone().unwrap_or_else(|| pair[side].clone());
            [pair[side].clone(), midpoint]
        })
        .collect()
    };
    let first = intermediate_states(step_map, points, (&midpoint_pairs(0), &x), limits)?;
    let second = intermediate_states(step_map, points, (&midpoint_pairs(1), &x), limits)?;
    let all = [&midpoints, &first, &second];
    let found = |row: usize| all.iter().all(|states| states[row].is_some());
    Ok((0..edges.len()).map(found).collect())
}

/// The singular values of J - 1 below which a search between two points takes no steps; in double
/// precision its damping suffices.
fn cutoff(resolution: f64) -> f64 {
    match resolution > f64::EPSILON {
        true => UNRESOLVED * resolution,
        false => 0.0,
    }
}

/// Whether the residual of a point is at the level of rounding.
fn is_exact(point: &Point, resolution: f64) -> bool {
    let exact = EXACT.max((RESOLUTIONS * resolution).powi(2));
    point.error <= exact * mean_square(&point.state)
}

fn mean_square(state: &[f64]) -> f64 {
    state.iter().map(|h| h * h).sum::<f64>() / state.len() as f64
}

/// The error that is permitted between the ends of an edge.
fn allowed_error(points: &Points, edge: &Edge, resolution: f64) -> f64 {
    let [a, b] = edge.ends.map(|end| &points.points[end]);
    let determined = a.position_error.is_finite() || b.position_error.is_finite();
    let exact = match determined {
        true => ROUNDING,
        false => ROUNDING.max((RESOLUTIONS * resolution).powi(2)),
    };
    (ERROR_FACTOR * a.error.max(b.error))
        .max(exact * mean_square(&a.state).max(mean_square(&b.state)))
        .max(f64::MIN_POSITIVE)
}

/// A state between the two of each pair whose error is within the tolerance; None if the search
/// does not find one.
fn intermediate_states(
    step_map: &mut dyn StepMap<f64>,
    points: &Points,
    (pairs, x): (&[[Vec<f64>; 2]], &[Vec<f64>]),
    [tolerance, cutoff]: [f64; 2],
) -> Result<Vec<Option<Vec<f64>>>> {
    let midpoint = |[a, b]: &[Vec<f64>; 2]| -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)).collect()
    };
    let from = Candidates {
        state: points.state,
        inputs: points.inputs,
        states: pairs.iter().flat_map(midpoint).collect(),
        x: x.concat(),
    };
    let newton = midpoint_search(&from, [tolerance, cutoff]);
    let multiplicities = vec![1; from.count()];
    let result = newton.descend(step_map, &from, &multiplicities, &mut NoProgress)?;
    let states = result.states.chunks_exact(points.state);
    let found = states.zip(&result.errors).zip(pairs);
    Ok(found
        .map(|((state, error), pair)| {
            let slow = *error <= tolerance;
            (slow && is_between(state, pair)).then(|| state.to_vec())
        })
        .collect())
}

/// The search from the midpoints.
fn midpoint_search(midpoints: &Candidates, [tolerance, cutoff]: [f64; 2]) -> Newton {
    let states = midpoints.states.iter();
    let largest = states.fold(0.0, |maximum: f64, h| maximum.max(h.abs()));
    Newton {
        tolerance,
        polish: false,
        max_iters: MAX_ITERS,
        unique_distance: 0.0,
        scale: if largest > 0.0 { largest } else { 1.0 },
        offset: false,
        cutoff,
    }
}

/// Whether a state is well between two others.
fn is_between(state: &[f64], [a, b]: &[Vec<f64>; 2]) -> bool {
    let chord = squared_distance(a, b);
    let inside = |end: &[f64]| {
        let square = squared_distance(state, end);
        square >= MIN_SEPARATION * MIN_SEPARATION * chord
            && square <= (1.0 - MIN_SEPARATION) * (1.0 - MIN_SEPARATION) * chord
    };
    chord > 0.0 && inside(a) && inside(b)
}

/// The connected components of the graph, each in increasing order, sorted by their first points.
fn connected_components(count: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..count).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for edge in edges {
        let [a, b] = edge.ends.map(|end| root(&mut parent, end));
        parent[a.max(b)] = a.min(b);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..count {
        groups.entry(root(&mut parent, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

/// The largest distance between two of the points.
fn max_distance(points: &Points, members: &[usize]) -> f64 {
    let state = |at: &usize| &points.points[*at].state;
    let mut largest = 0.0_f64;
    for (row, a) in members.iter().enumerate() {
        let rest = members[row + 1..].iter();
        let far = rest.map(|b| squared_distance(state(a), state(b)));
        largest = far.fold(largest, f64::max);
    }
    largest.sqrt()
}
