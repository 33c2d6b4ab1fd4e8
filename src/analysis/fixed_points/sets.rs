//! Fixed points that are not isolated: lines, rings and planes of them, each counted as one set.
//!
//! Two neighbours belong to one continuum if F is as slow between them as at them: the search from
//! halfway between them ends between them, at no larger error, and so do the searches from halfway
//! between that point and each of the two. Between isolated fixed points such a search ends at one
//! of them, at another isolated one (whose own halves then end at it), or nowhere. Neighbours are
//! joined by the shortest tree; an edge is tested where the chord t is not far from a direction of
//! eigenvalue 1 at both ends: |J t - t| is below |t|.

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::newton::Newton;
use super::points::Points;
use super::search::{Candidates, squared_distance};
use crate::base::{Result, Silent};
use crate::nn::Flow;
use crate::tensor::{Device, Tensor, linear, values};

/// A chord t may span a bend of a continuum where |J t - t| is below this part of |t|.
const TANGENT: f64 = 0.9;
/// Edges of one set that are tested: the longest, and others spread over all lengths. If these
/// hold, shorter ones do; if one does not, all are tested.
const TESTED: usize = 96;
/// Jacobians of a search between two points at most.
const STEPS: usize = 30;
/// The part of a chord that a point between its ends must be away from both.
const BETWEEN: f64 = 0.2;
/// Errors this far below the mean square of a state are rounding alone.
const EXACT: f64 = 1e-28;
/// The error between two points may be this many times the larger of theirs.
const LARGER: f64 = 4.0;
/// Members whose Jacobians are looked at for the dimension.
const SAMPLES: usize = 16;
/// Singular values of J - 1 below this part of the largest belong to the continuum.
const SINGULAR: f64 = 1e-5;
/// Neighbours that span the tangent space: those within this part of the extent, and so many at
/// least and at most. Points within a tolerance make a band, which is a line from further away.
const WITHIN: f64 = 0.25;
const NEIGHBOURS: [usize; 2] = [4, 256];
/// The part of their squared distances in one direction that makes it one dimension more.
const PART: f64 = 0.15;

/// One fixed point, or a continuum of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Its points, by index.
    pub members: Vec<usize>,
    /// 0 for an isolated point, 1 for a line or ring, 2 for a surface.
    pub dimension: usize,
    /// The largest distance between two of its points.
    pub extent: f64,
}

/// Two points and the distance between them.
#[derive(Debug, Clone, Copy)]
struct Edge {
    ends: [usize; 2],
    length: f64,
}

/// All sets, in the order of their first points.
///
/// Errors: those of the flow
pub fn sets(flow: &mut dyn Flow<f64>, points: &Points) -> Result<Vec<Set>> {
    let edges = tangent(flow, points, shortest_tree(points))?;
    let edges = connected(flow, points, edges)?;
    let groups = components(points.points.len(), &edges);
    groups
        .into_iter()
        .map(|members| {
            let extent = extent(points, &members);
            let dimension = match extent > 0.0 {
                true => dimension(flow, points, (&members, extent))?,
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

/// Each point as a set of its own, where there is no network to ask.
pub fn isolated(points: &Points) -> Vec<Set> {
    let one = |at| Set {
        members: vec![at],
        dimension: 0,
        extent: 0.0,
    };
    (0..points.points.len()).map(one).collect()
}

/// The shortest tree that joins all points of one label under one input (Prim 1957), for each. A
/// slow point between two isolated fixed points does not make a continuum of them.
fn shortest_tree(points: &Points) -> Vec<Edge> {
    let all = &points.points;
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
                let alike = all[to].label == here.label && all[to].input == here.input;
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
fn tangent(flow: &mut dyn Flow<f64>, points: &Points, edges: Vec<Edge>) -> Result<Vec<Edge>> {
    /// Jacobians at a time.
    const ABREAST: usize = 128;
    let (s, k) = (points.state, points.points.len());
    let mut incident = vec![Vec::new(); k];
    for (number, edge) in edges.iter().enumerate() {
        edge.ends.iter().for_each(|end| incident[*end].push(number));
    }
    let mut slow = vec![true; edges.len()];
    for start in (0..k).step_by(ABREAST) {
        let some = start..k.min(start + ABREAST);
        let part = points.chosen(&some.clone().collect::<Vec<_>>());
        let mut j = vec![0.0; part.points.len() * s * s];
        flow.jacobians([&part.states(), &part.all_inputs()], Some(&mut j), None)?;
        for (at, j) in some.zip(j.chunks_exact(s * s)) {
            for number in &incident[at] {
                let [a, b] = edges[*number].ends.map(|end| &points.points[end].state);
                let t: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
                let moved = j.chunks_exact(s).zip(&t).map(|(row, t_k)| {
                    let along: f64 = row.iter().zip(&t).map(|(j, t)| j * t).sum();
                    (along - t_k).powi(2)
                });
                slow[*number] &= moved.sum::<f64>().sqrt() <= TANGENT * edges[*number].length;
            }
        }
    }
    let kept = edges.into_iter().zip(slow).filter(|(_, slow)| *slow);
    Ok(kept.map(|(edge, _)| edge).collect())
}

/// The edges along which F is as slow as at their ends.
fn connected(flow: &mut dyn Flow<f64>, points: &Points, edges: Vec<Edge>) -> Result<Vec<Edge>> {
    let mut all = Vec::new();
    for group in components(points.points.len(), &edges) {
        let mut own: Vec<Edge> = edges
            .iter()
            .filter(|edge| group.binary_search(&edge.ends[0]).is_ok())
            .copied()
            .collect();
        own.sort_by(|a, b| b.length.total_cmp(&a.length));
        let longest = own.len().min(TESTED / 3);
        let stride = (own.len() - longest).div_ceil(TESTED - longest).max(1);
        let tested = (0..longest).chain((longest..own.len()).step_by(stride));
        let tested: Vec<Edge> = tested.map(|at| own[at]).collect();
        if tested.len() < own.len() && slow_between(flow, points, &tested)?.iter().all(|ok| *ok) {
            all.extend(own);
            continue;
        }
        let slow = slow_between(flow, points, &own)?;
        all.extend(
            own.into_iter()
                .zip(slow)
                .filter(|(_, ok)| *ok)
                .map(|(edge, _)| edge),
        );
    }
    Ok(all)
}

/// For each edge whether F is as slow between its ends as there.
fn slow_between(flow: &mut dyn Flow<f64>, points: &Points, edges: &[Edge]) -> Result<Vec<bool>> {
    // One tolerance for edges of errors of one order of magnitude.
    let mut orders: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    let error = |edge: &Edge| {
        let [a, b] = edge.ends.map(|end| &points.points[end]);
        let size = |state: &[f64]| state.iter().map(|h| h * h).sum::<f64>() / state.len() as f64;
        let exact = EXACT * size(&a.state).max(size(&b.state));
        (LARGER * a.error.max(b.error))
            .max(exact)
            .max(f64::MIN_POSITIVE)
    };
    for (number, edge) in edges.iter().enumerate() {
        orders
            .entry(error(edge).log10().floor() as i32)
            .or_default()
            .push(number);
    }
    let mut slow = vec![false; edges.len()];
    for numbers in orders.into_values() {
        let tolerance = numbers
            .iter()
            .map(|at| error(&edges[*at]))
            .fold(0.0, f64::max);
        let state = |end: usize| points.points[end].state.clone();
        let inputs = |at: &usize| points.points[edges[*at].ends[0]].input.clone();
        let pairs: Vec<[Vec<f64>; 2]> = numbers
            .iter()
            .map(|at| edges[*at].ends.map(state))
            .collect();
        let x: Vec<Vec<f64>> = numbers.iter().map(inputs).collect();
        let middles = between(flow, points, (&pairs, &x), tolerance)?;
        let halves = |side: usize| -> Vec<[Vec<f64>; 2]> {
            let all = pairs.iter().zip(&middles);
            all.map(|(pair, middle)| {
                let middle = middle.clone().unwrap_or_else(|| pair[side].clone());
                [pair[side].clone(), middle]
            })
            .collect()
        };
        let first = between(flow, points, (&halves(0), &x), tolerance)?;
        let second = between(flow, points, (&halves(1), &x), tolerance)?;
        for (row, at) in numbers.iter().enumerate() {
            slow[*at] = edges[*at].length == 0.0
                || [&middles, &first, &second]
                    .iter()
                    .all(|found| found[row].is_some());
        }
    }
    Ok(slow)
}

/// A point between the two of each pair where the error is within the tolerance.
fn between(
    flow: &mut dyn Flow<f64>,
    points: &Points,
    (pairs, x): (&[[Vec<f64>; 2]], &[Vec<f64>]),
    tolerance: f64,
) -> Result<Vec<Option<Vec<f64>>>> {
    let middle = |[a, b]: &[Vec<f64>; 2]| -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)).collect()
    };
    let from = Candidates {
        state: points.state,
        inputs: points.inputs,
        states: pairs.iter().flat_map(middle).collect(),
        x: x.concat(),
    };
    let largest = from
        .states
        .iter()
        .fold(0.0, |most: f64, h| most.max(h.abs()));
    let newton = Newton {
        tolerance,
        polish: false,
        steps: STEPS,
        unique: 0.0,
        scale: if largest > 0.0 { largest } else { 1.0 },
    };
    let shares = vec![1; from.count()];
    let ends = newton.descend(flow, &from, &shares, &mut Silent)?;
    let states = ends.states.chunks_exact(points.state);
    let found = states.zip(&ends.errors).zip(pairs);
    Ok(found
        .map(|((state, error), [a, b])| {
            let chord = squared_distance(a, b);
            let far = |end: &[f64]| squared_distance(state, end);
            let inside = |square: f64| {
                square >= BETWEEN * BETWEEN * chord
                    && square <= (1.0 - BETWEEN) * (1.0 - BETWEEN) * chord
            };
            let slow = *error <= tolerance && chord > 0.0;
            (slow && inside(far(a)) && inside(far(b))).then(|| state.to_vec())
        })
        .collect())
}

/// Points that edges join, each group in order, and the groups by their first points.
fn components(count: usize, edges: &[Edge]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..count).collect();
    fn find(leader: &mut [usize], mut at: usize) -> usize {
        while leader[at] != at {
            leader[at] = leader[leader[at]];
            at = leader[at];
        }
        at
    }
    for edge in edges {
        let [a, b] = edge.ends.map(|end| find(&mut leader, end));
        leader[a.max(b)] = a.min(b);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..count {
        groups.entry(find(&mut leader, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

/// The largest distance between two of some points.
fn extent(points: &Points, members: &[usize]) -> f64 {
    let state = |at: &usize| &points.points[*at].state;
    let mut largest = 0.0_f64;
    for (row, a) in members.iter().enumerate() {
        let rest = members[row + 1..].iter();
        let far = rest.map(|b| squared_distance(state(a), state(b)));
        largest = far.fold(largest, f64::max);
    }
    largest.sqrt()
}

/// The dimension of a continuum: the number of null directions of J - 1 where these are clear, or
/// else of the directions in which neighbours lie; the median over some of its points.
fn dimension(
    flow: &mut dyn Flow<f64>,
    points: &Points,
    (members, extent): (&[usize], f64),
) -> Result<usize> {
    let stride = members.len().div_ceil(SAMPLES);
    let some: Vec<usize> = members.iter().copied().step_by(stride).collect();
    let (s, part) = (points.state, points.chosen(&some));
    let mut j = vec![0.0; some.len() * s * s];
    flow.jacobians([&part.states(), &part.all_inputs()], Some(&mut j), None)?;
    let mut null = Vec::new();
    let mut spanned = Vec::new();
    for (at, a) in some.iter().zip(j.chunks_exact_mut(s * s)) {
        a.iter_mut().step_by(s + 1).for_each(|x| *x -= 1.0);
        let sizes = singular_values(a.to_vec(), [s, s])?;
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        null.push(
            sizes
                .iter()
                .filter(|size| **size <= SINGULAR * largest)
                .count(),
        );
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

/// How many directions the neighbours of a point lie in.
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
    let [least, most] = NEIGHBOURS;
    let within = near.partition_point(|(square, _)| square.sqrt() <= WITHIN * extent);
    near.truncate(within.max(least));
    let stride = near.len().div_ceil(most);
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
    let counted = sizes.iter().filter(|size| **size * **size > PART * all);
    Ok(counted.count().max(1))
}

fn singular_values(matrix: Vec<f64>, [rows, columns]: [usize; 2]) -> Result<Vec<f64>> {
    let matrix = Tensor::from_vec(matrix, (rows, columns), &Device::Cpu)?;
    let (_, sizes, _) = linear::svd(&matrix)?;
    values::doubles(&sizes)
}
