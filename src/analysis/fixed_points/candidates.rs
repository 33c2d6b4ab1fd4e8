//! The initial states of a search and its result, one row per candidate.

use std::collections::HashMap;

use crate::base::{Error, Result};

/// Initial states of a search and their constant inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidates {
    /// State size s.
    pub state: usize,
    /// Input size i.
    pub inputs: usize,
    /// The initial states, [c, s].
    pub states: Vec<f64>,
    /// The inputs, [c, i].
    pub x: Vec<f64>,
}

/// The outcome of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The error is within the tolerance and a fixed point exists nearby. (Before refinement, only
    /// the first condition is established.)
    Converged,
    /// No fixed point exists nearby: the error is within the tolerance nevertheless, or the state
    /// is a local minimum of q above the tolerance.
    Slow,
    /// Neither, at the end of the search.
    Failed,
}

/// The final states of the candidates of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResult {
    /// The final states, [c, s].
    pub states: Vec<f64>,
    /// The mean over the state of (F - h)^2 at each final state.
    pub errors: Vec<f64>,
    /// Number of updates of each candidate.
    pub steps: Vec<usize>,
    pub labels: Vec<Label>,
    /// Whether the user interrupted the search; unfinished candidates are labelled failed.
    pub interrupted: bool,
    /// Number of candidates that had not reached a final state when the search was interrupted.
    pub unfinished: usize,
}

impl Label {
    pub fn name(self) -> &'static str {
        match self {
            Label::Converged => "converged",
            Label::Slow => "slow point",
            Label::Failed => "failed",
        }
    }

    /// The label with the given name; None for an unknown name.
    pub fn from_name(name: &str) -> Option<Label> {
        let all = [Label::Converged, Label::Slow, Label::Failed];
        all.into_iter().find(|label| label.name() == name)
    }
}

impl Candidates {
    pub fn count(&self) -> usize {
        self.states.len() / self.state
    }

    /// Errors: `Range` if the list is empty; `NotFinite` for the first value that is not finite
    pub fn validate(&self) -> Result<()> {
        if self.states.is_empty() {
            return Err(Error::Range {
                of: "fixed_points::find".into(),
                name: "candidates".into(),
                expected: "of 1 or more states".into(),
                found: "none".into(),
            });
        }
        for (what, values) in [("candidates", &self.states), ("input", &self.x)] {
            if let Some(index) = values.iter().position(|x| !x.is_finite()) {
                return Err(Error::NotFinite {
                    of: "fixed_points::find",
                    what: format!("a value of `{what}`"),
                    found: values[index],
                    index,
                });
            }
        }
        Ok(())
    }

    /// The distinct candidates in order of first occurrence, and the index of each candidate among
    /// them.
    pub fn deduplicate(&self) -> (Candidates, Vec<usize>) {
        let mut first = HashMap::new();
        let mut distinct = Candidates {
            states: Vec::new(),
            x: Vec::new(),
            ..*self
        };
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
        let index = (0..self.count()).map(|at| {
            let state = &self.states[at * self.state..][..self.state];
            let x = &self.x[at * self.inputs..][..self.inputs];
            let next = first.len();
            *first.entry([bits(state), bits(x)]).or_insert_with(|| {
                distinct.states.extend_from_slice(state);
                distinct.x.extend_from_slice(x);
                next
            })
        });
        let index = index.collect();
        (distinct, index)
    }

    /// The root mean square distance of the candidates from their mean.
    pub fn rms_distance(&self) -> f64 {
        let mean = self.mean();
        let rows = self.states.chunks_exact(self.state);
        let squares: f64 = rows.map(|row| squared_distance(row, &mean)).sum();
        (squares / self.count() as f64).sqrt()
    }

    /// The candidates with the given indices, starting from `states`.
    pub fn subset(&self, rows: &[usize], states: &[f64]) -> Candidates {
        let (s, i) = (self.state, self.inputs);
        let take = |values: &[f64], width: usize| -> Vec<f64> {
            let rows = rows.iter();
            rows.flat_map(|row| values[row * width..][..width].to_vec())
                .collect()
        };
        Candidates {
            state: s,
            inputs: i,
            states: take(states, s),
            x: take(&self.x, i),
        }
    }

    /// The mean state, [s].
    pub fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.state];
        for row in self.states.chunks_exact(self.state) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let count = self.count() as f64;
        mean.iter_mut().for_each(|sum| *sum /= count);
        mean
    }
}

impl SearchResult {
    /// The initial result, in which every candidate is at its initial state and unfinished.
    pub fn new(candidates: &Candidates) -> SearchResult {
        let count = candidates.count();
        SearchResult {
            states: candidates.states.clone(),
            errors: vec![f64::INFINITY; count],
            steps: vec![0; count],
            labels: vec![Label::Failed; count],
            interrupted: false,
            unfinished: 0,
        }
    }
}

impl SearchResult {
    /// The result for all candidates, from the result for distinct candidates and the index of each
    /// candidate among these.
    pub fn expand(&self, index: &[usize]) -> SearchResult {
        let s = self.states.len() / self.labels.len();
        let states = index.iter().flat_map(|at| &self.states[at * s..][..s]);
        SearchResult {
            states: states.copied().collect(),
            errors: index.iter().map(|at| self.errors[*at]).collect(),
            steps: index.iter().map(|at| self.steps[*at]).collect(),
            labels: index.iter().map(|at| self.labels[*at]).collect(),
            interrupted: self.interrupted,
            unfinished: self.unfinished,
        }
    }
}

pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
