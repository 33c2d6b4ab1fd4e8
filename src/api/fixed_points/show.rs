//! The points as a table.

use super::FixedPoints;
use crate::analysis::fixed_points::modes::linearise;
use crate::analysis::fixed_points::{Counts, Points, Unseen};
use crate::base::Result;
use crate::nn::Network;
use crate::tensor::{DType, values};

/// Points that are shown; the rest are counted.
const ROWS: usize = 32;
/// Outputs that are shown of each.
const OUTPUTS: usize = 4;
/// What of |lambda| - 1 counts as nothing.
const MARGINAL: f64 = 1e-9;

pub fn table(of: &FixedPoints) -> String {
    let points = &of.points.points;
    let mut lines = vec![format!("fixed points: {}", points.len())];
    if let Some(counts) = of.points.counts {
        lines.push(stages(counts));
    }
    if of.ends.as_ref().is_some_and(|ends| ends.interrupted) {
        lines.push("  the search was interrupted: what was not done counts as failed".into());
    }
    if !points.is_empty() {
        let unseen = Unseen::of(&of.points.hits());
        lines.push(format!(
            "  found by one candidate alone: {}; so there are about {:.0} or more",
            unseen.once, unseen.estimate,
        ));
        lines.push(format!(
            "  {:>5}  {:>9}  {:>5}  {:>5}  {:10}  {:21}  readout",
            "point", "|F - h|", "hits", "steps", "label", "class"
        ));
    }
    let shown = of
        .points
        .chosen(&(0..points.len().min(ROWS)).collect::<Vec<_>>());
    let told = match &of.network {
        Some(network) => told(network, &shown).unwrap_or_default(),
        None => Vec::new(),
    };
    for (at, point) in shown.points.iter().enumerate() {
        let (speed, label) = (point.speed(), point.label.word());
        let known = told.get(at).map_or("", |words| words);
        let row = format!(
            "  {at:>5}  {speed:>9.2e}  {:>5}  {:>5}  {label:10}  {known}",
            point.hits, point.steps
        );
        lines.push(row.trim_end().into());
    }
    if points.len() > ROWS {
        lines.push(format!("  ... and {} more", points.len() - ROWS));
    }
    lines.join("\n")
}

fn stages(counts: Counts) -> String {
    let Counts {
        candidates,
        converged,
        slow,
        failed,
        unique,
        near,
    } = counts;
    format!(
        "  of {candidates} candidates {converged} converged, {slow} ended at slow points, {failed} \
         failed\n  different points: {unique}, of them not far from the candidates: {near}"
    )
}

/// Class, growing modes and outputs of each point.
fn told(network: &Network, points: &Points) -> Result<Vec<String>> {
    let linear = linearise(&mut *network.flow()?, points)?;
    let shape = [points.points.len(), points.state];
    let states = values::of(points.states(), &shape, DType::F64)?;
    let outputs = values::doubles(&network.readout(&states)?)?;
    let o = network.outputs();
    let one = |(at, linear): (usize, &crate::analysis::fixed_points::modes::Linear)| {
        let class = match linear.growing(MARGINAL).len() {
            0 => linear.class(MARGINAL).to_string(),
            n => format!("{}, {n} growing", linear.class(MARGINAL)),
        };
        let outputs = outputs[at * o..][..o.min(OUTPUTS)].iter();
        let outputs: Vec<String> = outputs.map(|x| format!("{x:.3}")).collect();
        let more = if o > OUTPUTS { " .." } else { "" };
        format!("{class:21}  {}{more}", outputs.join(" "))
    };
    Ok(linear.iter().enumerate().map(one).collect())
}
