//! Damped Newton steps on F(h, x) - h = 0, all candidates by themselves, with exact Jacobians.
//!
//! ```text
//! A = dF/dh - 1     r = F(h, x) - h     d = -A' (A A' + m 1)^-1 r     m = k |r|^2 / size^2
//! ```
//!
//! d is the shortest step of those that remove as much of r. With a damping of the order of |r|^2
//! the steps converge quadratically even where zeros are not isolated, and to one near the start:
//! along a direction in which h is slow, A is small beside m and h hardly moves. So a line of
//! nearly fixed points stays a line.
//!
//! Source: Levenberg 1944; Marquardt 1963; Yamashita and Fukushima 2001 for the damping

use faer::Par;
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator,
    IntoParallelRefMutIterator, ParallelIterator,
};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::local::{Local, Number, squares};
use super::runner::{Landing, Runner, inputs, landed, less_one, new_minima, starts};
use super::search::{Candidates, Ends, Label};
use crate::base::{Progress, Report, Result, Standing};
use crate::nn::Flow;

/// Candidates that go on side by side.
const ABREAST: usize = 128;
/// Errors down to which single precision is good enough to go, relative to scale^2.
const ROUGH: f64 = 1e-9;
/// Dampings that are tried with one Jacobian.
const TRIES: i32 = 6;
/// The part of the foretold decrease that must come true.
const TRUST: f64 = 1e-3;
/// What k is multiplied by where a step made q larger; by its square where the next one did too,
/// and so on.
const UP: f64 = 4.0;
/// And where it made q about as small as foretold: this part of the decrease came true.
const DOWN: f64 = 0.2;
const AS_FORETOLD: f64 = 0.9;
/// Further steps that are taken with one Jacobian, as long as each makes |r|^2 smaller by this.
const GLIDES: usize = 6;
const GAIN: f64 = 0.98;
/// Errors this far below the mean square of a state, or below scale^2, are rounding alone.
const EXACT: f64 = 1e-31;

/// How a search by Newton's method is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Newton {
    /// A candidate stops where its error is this small.
    pub tolerance: f64,
    /// Whether it goes on to where rounding ends it, along slow directions too.
    pub polish: bool,
    /// Jacobians of a candidate at most; each is good for a few updates.
    pub steps: usize,
    /// A candidate that comes this near to a minimum of q where another one ended, with a lower q,
    /// ends there too. Ends this near to each other count as one point.
    pub unique: f64,
    /// The largest modulus of the states: the unit of all lengths, so that a change of units
    /// changes no result.
    pub scale: f64,
}

/// A candidate and what is known around it.
type Try<'a, T> = (&'a mut Runner<T>, Local<'a, T>);

/// A step and the decrease of |r|^2 that it foretells.
type Step<T> = (Vec<T>, f64);

/// Matrices of all candidates that go on.
#[derive(Default)]
struct Room<T> {
    /// A of each.
    a: Vec<T>,
    squares: Vec<T>,
    factors: Vec<T>,
}

impl Newton {
    /// Goes from all candidates: at first in single precision, which is twice as fast, then on
    /// from where that ends. What is found is found in double precision.
    ///
    /// Errors: those of the flows
    pub fn search(
        &self,
        single: &mut dyn Flow<f32>,
        double: &mut dyn Flow<f64>,
        from: &Candidates,
        progress: &mut dyn Progress,
    ) -> Result<Ends> {
        let rough = Newton {
            tolerance: self.tolerance.max(ROUGH * self.scale * self.scale),
            polish: false,
            ..*self
        };
        let mut first = rough.descend(single, from, &vec![1; from.count()], progress)?;
        if first.interrupted {
            // What is this far only is not what was asked for.
            let rough = |error: &f64| self.polish || *error > self.tolerance;
            let labels = first.labels.iter_mut().zip(&first.errors);
            let labels = labels.filter(|(_, error)| rough(error));
            labels.for_each(|(label, _)| *label = Label::Failed);
            return Ok(first);
        }
        // A start that rounding threw out of bounds begins anew.
        let lost = |(h, start): (&f64, &f64)| if h.is_finite() { *h } else { *start };
        let states = first.states.iter().zip(&from.states).map(lost);
        let near = Candidates {
            states: states.collect(),
            ..from.clone()
        };
        // Those that ended at one minimum go on as one.
        let (alone, leaders) = near.once();
        let mut shares = vec![0; alone.count()];
        leaders.iter().for_each(|at| shares[*at] += 1);
        let mut ends = self
            .descend(double, &alone, &shares, progress)?
            .shared(&leaders);
        for (steps, before) in ends.steps.iter_mut().zip(first.steps) {
            *steps += before;
        }
        Ok(ends)
    }

    /// Searches from all of some candidates in one precision; progress counts each by its share.
    pub(super) fn descend<T: Number>(
        &self,
        flow: &mut dyn Flow<T>,
        from: &Candidates,
        shares: &[usize],
        progress: &mut dyn Progress,
    ) -> Result<Ends> {
        faer::set_global_parallelism(Par::Seq);
        let (mut ends, mut room) = (Ends::of(from), Room::<T>::default());
        let (count, mut begun, mut done) = (from.count(), 0, 0);
        let mut told = 0;
        let total = shares.iter().sum();
        let mut runners: Vec<Runner<T>> = Vec::new();
        let mut minima: Vec<Runner<T>> = Vec::new();
        while done < count && !ends.interrupted {
            // Whoever ends makes room for the next: all threads have work until the last ones.
            let next = begun..count.min(begun + ABREAST - runners.len());
            begun = next.end;
            runners.extend(starts(flow, from, next)?);
            let going = runners.par_iter_mut().filter(|runner| !self.done(runner));
            going.for_each(|runner| runner.join(&minima, (self.unique, from)));
            self.round(flow, from, &mut runners, &mut room)?;
            let ended: Vec<Runner<T>> = runners.extract_if(.., |r| self.done(r)).collect();
            minima.extend(new_minima(&minima, &ended, (self.unique, self.tolerance)));
            done += ended.len();
            ended.iter().for_each(|runner| self.end(runner, &mut ends));
            let share = |runner: &Runner<T>| shares[runner.at];
            told += ended.iter().map(share).sum::<usize>();
            let converged = ends.errors.iter().zip(shares);
            let converged = converged.filter(|(error, _)| **error <= self.tolerance);
            progress.report(Report {
                done: told,
                total,
                standing: Standing::Search {
                    converged: converged.map(|(_, share)| share).sum(),
                },
            });
            ends.interrupted = progress.stopped();
        }
        Ok(ends)
    }

    /// One Jacobian of each, and the steps that it is good for.
    fn round<T: Number>(
        &self,
        flow: &mut dyn Flow<T>,
        from: &Candidates,
        runners: &mut [Runner<T>],
        room: &mut Room<T>,
    ) -> Result<()> {
        let going = runners.iter_mut().filter(|runner| !self.done(runner));
        let going: Vec<&mut Runner<T>> = going.collect();
        if going.is_empty() {
            return Ok(());
        }
        less_one(flow, from, &going, &mut room.a)?;
        room.squares.resize(room.a.len(), T::of(0.0));
        room.factors.resize(room.a.len(), T::of(0.0));
        let each = from.state * from.state;
        let squares = room.squares.par_chunks_mut(each);
        let matrices = squares.zip(room.factors.par_chunks_mut(each));
        let tried = going
            .into_par_iter()
            .zip(room.a.par_chunks(each).zip(matrices))
            .filter_map(|(runner, (a, (square, factor)))| {
                let local = Local::new(a, square, factor);
                let stays = runner.stays(local.reach(&runner.r));
                (!stays).then_some((runner, local))
            });
        let mut moved = leap(flow, (from, self.scale), tried.collect())?;
        for _ in 0..GLIDES {
            moved.retain(|(runner, _)| !self.done(runner));
            moved = glide(flow, from, moved)?;
        }
        Ok(())
    }

    fn done<T: Number>(&self, runner: &Runner<T>) -> bool {
        let error = runner.square / runner.h.len() as f64;
        let size = squares(&runner.h) / runner.h.len() as f64;
        let exact = error <= EXACT * size.max(self.scale * self.scale);
        let near = error <= self.tolerance && !self.polish;
        let over = runner.stuck || runner.minimum || runner.rounds >= self.steps;
        exact || near || over || !runner.square.is_finite()
    }

    fn end<T: Number>(&self, runner: &Runner<T>, ends: &mut Ends) {
        let (at, s) = (runner.at, runner.h.len());
        let state = ends.states[at * s..][..s].iter_mut();
        state.zip(&runner.h).for_each(|(to, h)| *to = h.double());
        ends.errors[at] = runner.square / s as f64;
        ends.steps[at] = runner.steps;
        let near = ends.errors[at] <= self.tolerance;
        // A polished search that stops early, at a minimum of q, has not shown a zero.
        let short = self.polish && runner.minimum;
        ends.labels[at] = match (near, runner.minimum) {
            (true, _) if !short => Label::Converged,
            (_, true) => Label::Slow,
            _ => Label::Failed,
        };
    }
}

/// Where steps lead.
fn arrived<T: Number>(
    flow: &mut dyn Flow<T>,
    from: &Candidates,
    tried: &[Try<'_, T>],
    steps: &[Step<T>],
) -> Result<Vec<Landing<T>>> {
    let all = tried.iter().zip(steps);
    let h = all.flat_map(|((runner, _), (d, _))| runner.h.iter().zip(d).map(|(h, d)| *h + *d));
    let x = inputs(from, tried.iter().map(|(runner, _)| &**runner));
    landed(flow, from.state, h.collect(), &x)
}

/// Takes a step of each, with more damping where it makes the error larger; gives those that moved.
fn leap<'a, T: Number>(
    flow: &mut dyn Flow<T>,
    (from, scale): (&Candidates, f64),
    mut tried: Vec<Try<'a, T>>,
) -> Result<Vec<Try<'a, T>>> {
    let mut moved = Vec::new();
    for attempt in 1..=TRIES {
        if tried.is_empty() {
            break;
        }
        let step = |(runner, local): &mut Try<'_, T>| {
            let largest = runner
                .h
                .iter()
                .fold(scale, |most, h| most.max(h.double().abs()));
            let damping = runner.damping * runner.square / (largest * largest);
            let none = || (vec![T::of(0.0); runner.r.len()], 0.0);
            local.damped(&runner.r, damping).unwrap_or_else(none)
        };
        let steps: Vec<Step<T>> = tried.par_iter_mut().map(step).collect();
        let found = arrived(flow, from, &tried, &steps)?;
        let mut again = Vec::new();
        for (((runner, local), (_, foretold)), found) in tried.into_iter().zip(steps).zip(found) {
            let true_part = (runner.square - found.2) / foretold;
            if foretold > 0.0 && true_part > TRUST {
                if true_part > AS_FORETOLD {
                    runner.damping *= DOWN;
                }
                runner.go(found);
                moved.push((runner, local));
            } else {
                runner.damping *= UP.powi(attempt);
                again.push((runner, local));
            }
        }
        tried = again;
    }
    for (runner, _) in tried {
        runner.stuck = true;
    }
    Ok(moved)
}

/// One more step of each with the Jacobian from before; gives those that it did well.
fn glide<'a, T: Number>(
    flow: &mut dyn Flow<T>,
    from: &Candidates,
    tried: Vec<Try<'a, T>>,
) -> Result<Vec<Try<'a, T>>> {
    if tried.is_empty() {
        return Ok(tried);
    }
    let all = tried.par_iter();
    let step = |(runner, local): &Try<'_, T>| (local.again(&runner.r), 0.0);
    let steps: Vec<Step<T>> = all.map(step).collect();
    let found = arrived(flow, from, &tried, &steps)?;
    let mut well = Vec::new();
    for ((runner, local), found) in tried.into_iter().zip(found) {
        if found.2 < GAIN * runner.square {
            runner.go(found);
            well.push((runner, local));
        }
    }
    Ok(well)
}
