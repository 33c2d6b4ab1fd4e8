//! Descent on the mean of the errors, as the notebooks search: one run of Adam over the numbers of
//! all candidates together.

use super::search::{Candidates, Ends, Label};
use crate::base::{Progress, Report, Result, Standing};
use crate::nn::Flow;
use crate::ops::Lanes;
use crate::optim::{Descent, Optimizer, Pull};

/// Steps between two reports.
const BETWEEN: usize = 20;

/// How a search by descent is done.
#[derive(Clone)]
pub struct Adam {
    /// A candidate stops where its error is this small.
    pub tolerance: f64,
    /// Updates at most.
    pub steps: usize,
    pub optimizer: Optimizer,
}

impl Adam {
    /// Goes from all candidates. The gradient is that of the mean over candidates of the errors,
    /// so that epsilon weighs as in the notebooks.
    ///
    /// Errors: those of the flow
    pub fn search<T: Lanes>(
        &self,
        flow: &mut dyn Flow<T>,
        from: &Candidates,
        progress: &mut dyn Progress,
    ) -> Result<Ends> {
        let all = |numbers: &[f64]| numbers.iter().map(|x| T::of(*x)).collect::<Vec<T>>();
        let (mut h, x) = (all(&from.states), all(&from.x));
        let mut ends = Ends::of(from);
        let mut still = vec![false; from.count()];
        let mut descent = Descent::<T>::new(self.optimizer.clone(), h.len());
        let [mut r, mut gradient] = [(); 2].map(|()| vec![T::of(0.0); h.len()]);
        for step in 0..=self.steps {
            let loss = self.errors(flow, from, [&h, &x], &mut r, &mut still, &mut ends)?;
            let done = still.iter().all(|still| *still) || step == self.steps;
            ends.interrupted = progress.stopped();
            if done || ends.interrupted {
                break;
            }
            slope(flow, from, [&h, &x], &r, &mut gradient)?;
            hold(&still, &mut gradient);
            let pull = Pull {
                rate: descent.rate(),
                l2: 0.0,
                scale: 1.0,
            };
            let before = h.clone();
            if !descent.step(&mut h, &gradient, &pull) {
                break;
            }
            keep(&still, &before, &mut h);
            descent.see(loss);
            for (steps, still) in ends.steps.iter_mut().zip(&still) {
                *steps += usize::from(!still);
            }
            if step % BETWEEN == 0 {
                progress.report(Report {
                    done: step,
                    total: self.steps,
                    standing: Standing::Descent {
                        loss,
                        rate: pull.rate,
                    },
                });
            }
        }
        ends.states = h.iter().map(|x| x.double()).collect();
        Ok(ends)
    }

    /// Fills r = h - F and the errors, and stops the candidates that are near; gives the mean.
    fn errors<T: Lanes>(
        &self,
        flow: &mut dyn Flow<T>,
        from: &Candidates,
        [h, x]: [&[T]; 2],
        r: &mut [T],
        still: &mut [bool],
        ends: &mut Ends,
    ) -> Result<f64> {
        flow.step(h, x, r)?;
        let s = from.state;
        let rows = r.chunks_exact_mut(s).zip(h.chunks_exact(s));
        for (at, (r, h)) in rows.enumerate() {
            let mut square = 0.0;
            for (r, h) in r.iter_mut().zip(h) {
                *r = *h - *r;
                square += r.double() * r.double();
            }
            ends.errors[at] = square / s as f64;
            still[at] = ends.errors[at] <= self.tolerance;
            ends.labels[at] = if still[at] {
                Label::Converged
            } else {
                Label::Failed
            };
        }
        Ok(ends.errors.iter().sum::<f64>() / ends.errors.len() as f64)
    }
}

/// The gradient of the mean of the errors: 2 / (s c) (r - r dF/dh).
fn slope<T: Lanes>(
    flow: &mut dyn Flow<T>,
    from: &Candidates,
    at: [&[T]; 2],
    r: &[T],
    gradient: &mut [T],
) -> Result<()> {
    flow.pull(at, r, gradient)?;
    let weight = T::of(2.0 / (from.state * from.count()) as f64);
    for (g, r) in gradient.iter_mut().zip(r) {
        *g = weight * (*r - *g);
    }
    Ok(())
}

/// No gradient for candidates that have stopped.
fn hold<T: Lanes>(still: &[bool], gradient: &mut [T]) {
    let s = gradient.len() / still.len();
    for (row, _) in gradient
        .chunks_exact_mut(s)
        .zip(still)
        .filter(|(_, still)| **still)
    {
        row.fill(T::of(0.0));
    }
}

/// Candidates that have stopped do not go on with what Adam remembers of their way.
fn keep<T: Lanes>(still: &[bool], before: &[T], h: &mut [T]) {
    let s = h.len() / still.len();
    let rows = h.chunks_exact_mut(s).zip(before.chunks_exact(s)).zip(still);
    for ((row, before), _) in rows.filter(|(_, still)| **still) {
        row.copy_from_slice(before);
    }
}
