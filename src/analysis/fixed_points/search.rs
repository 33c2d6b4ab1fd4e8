//! Where a search begins and what it comes to, one row for each candidate.

use std::collections::HashMap;

use crate::base::{Error, Result};

/// Where a search begins: states and the inputs that they stand under.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidates {
    /// s
    pub state: usize,
    /// i
    pub inputs: usize,
    /// [c, s]
    pub states: Vec<f64>,
    /// [c, i]
    pub x: Vec<f64>,
}

/// What became of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Its error is within the tolerance, and there is a fixed point nearby. (A search alone,
    /// before its ends are traced, says the first only.)
    Converged,
    /// No fixed point is nearby: its error is within the tolerance all the same, or it stands at a
    /// local minimum of q above it.
    Slow,
    /// Neither, when the search ended.
    Failed,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Ends {
    /// [c, s]
    pub states: Vec<f64>,
    /// The mean over the state of (F - h)^2, of the states here and of no others.
    pub errors: Vec<f64>,
    /// Updates made of each.
    pub steps: Vec<usize>,
    pub labels: Vec<Label>,
    /// Whether the user ended the search; what was not done by then failed.
    pub interrupted: bool,
}

impl Label {
    pub fn word(self) -> &'static str {
        match self {
            Label::Converged => "converged",
            Label::Slow => "slow point",
            Label::Failed => "failed",
        }
    }

    /// The label that is called so.
    pub fn of(word: &str) -> Option<Label> {
        let all = [Label::Converged, Label::Slow, Label::Failed];
        all.into_iter().find(|label| label.word() == word)
    }
}

impl Candidates {
    pub fn count(&self) -> usize {
        self.states.len() / self.state
    }

    /// Errors: `Range` if there are none; `NotFinite` for the first number that is not
    pub fn check(&self) -> Result<()> {
        if self.states.is_empty() {
            return Err(Error::Range {
                of: "fixed_points::find".into(),
                name: "candidates".into(),
                expected: "of 1 or more states".into(),
                found: "none".into(),
            });
        }
        for (what, numbers) in [("candidates", &self.states), ("input", &self.x)] {
            if let Some(index) = numbers.iter().position(|x| !x.is_finite()) {
                return Err(Error::NotFinite {
                    of: "fixed_points::find",
                    what: format!("a number of `{what}`"),
                    found: numbers[index],
                    index,
                });
            }
        }
        Ok(())
    }

    /// Each start once, in the order in which they first come, and for each candidate the place of
    /// its own among them.
    pub fn once(&self) -> (Candidates, Vec<usize>) {
        let mut places = HashMap::new();
        let mut alone = Candidates {
            states: Vec::new(),
            x: Vec::new(),
            ..*self
        };
        let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<u64>>();
        let leaders = (0..self.count()).map(|at| {
            let state = &self.states[at * self.state..][..self.state];
            let x = &self.x[at * self.inputs..][..self.inputs];
            let next = places.len();
            *places.entry([bits(state), bits(x)]).or_insert_with(|| {
                alone.states.extend_from_slice(state);
                alone.x.extend_from_slice(x);
                next
            })
        });
        let leaders = leaders.collect();
        (alone, leaders)
    }

    /// The root mean squared distance of the candidates from their mean.
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        let rows = self.states.chunks_exact(self.state);
        let squares: f64 = rows.map(|row| squared_distance(row, &mean)).sum();
        (squares / self.count() as f64).sqrt()
    }

    /// Some of the candidates, from these states.
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

    /// [s]
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

impl Ends {
    /// Nothing done yet.
    pub fn of(candidates: &Candidates) -> Ends {
        let count = candidates.count();
        Ends {
            states: candidates.states.clone(),
            errors: vec![f64::INFINITY; count],
            steps: vec![0; count],
            labels: vec![Label::Failed; count],
            interrupted: false,
        }
    }
}

impl Ends {
    /// The ends of candidates that each had the start of its leader.
    pub fn shared(&self, leaders: &[usize]) -> Ends {
        let s = self.states.len() / self.labels.len();
        let states = leaders.iter().flat_map(|at| &self.states[at * s..][..s]);
        Ends {
            states: states.copied().collect(),
            errors: leaders.iter().map(|at| self.errors[*at]).collect(),
            steps: leaders.iter().map(|at| self.steps[*at]).collect(),
            labels: leaders.iter().map(|at| self.labels[*at]).collect(),
            interrupted: self.interrupted,
        }
    }
}

pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
