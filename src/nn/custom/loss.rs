//! The loss of a batch and its gradient: forward through all times, the states being kept, then
//! back through them, one step on autograd's tape at a time. A tape over all times would be walked
//! by recursion, and would hold all that lies between the states.

use candle_core::Var;
use candle_core::backprop::GradStore;

use super::{Custom, Named, Rule, times};
use crate::base::Result;
use crate::ops::rnn::{Aim, Given};
use crate::random::Key;
use crate::tensor::{Device, Real, Tensor, values};
use crate::train::Trials;

/// A batch of trials, time by time.
struct Batch<'a, T: Real> {
    net: &'a Custom<T>,
    trials: &'a Trials<T>,
    inputs: Vec<Tensor>,
    noise: Option<Vec<Tensor>>,
    /// Of one squared error in the mean.
    weight: f64,
}

/// Variables of autograd that parameters stand for.
struct Followed {
    vars: Vec<Var>,
    named: Named,
}

impl<T: Real> Custom<T> {
    pub(super) fn batch_loss(&self, trials: &Trials<T>, key: Option<&Key>) -> Result<T> {
        let batch = Batch::new(self, trials, key)?;
        let params = self.named()?;
        let mut h = self.first(trials.trials, &params)?;
        let mut sum = 0.0;
        for time in 0..trials.time {
            h = batch.step(&h, time, &params)?;
            sum += batch.errors(&self.read(&h, &params)?, time)?.0;
        }
        Ok(T::of(sum * batch.weight))
    }

    pub(super) fn batch_gradient(
        &self,
        trials: &Trials<T>,
        key: Option<&Key>,
        gradient: &mut [T],
    ) -> Result<T> {
        let batch = Batch::new(self, trials, key)?;
        let expect = self.expect([trials.trials, trials.time]);
        expect.gradient(gradient)?;
        let states = batch.states()?;
        let followed = self.followed()?;
        let mut sums = vec![0.0; gradient.len()];
        let mut losses = vec![0.0; trials.time];
        let mut carried = states[0].zeros_like()?;
        for time in (0..trials.time).rev() {
            let (loss, pull) = batch.read_back(&states[time + 1], time, &followed, &mut sums)?;
            losses[time] = loss;
            let pull = (carried + pull)?;
            carried = batch.step_back(&states[time], time, (&pull, &followed), &mut sums)?;
        }
        if let Ok(block) = self.params.layout().block("h0") {
            add(&carried.sum(0)?, &mut sums[block.range.clone()])?;
        }
        for (slope, sum) in gradient.iter_mut().zip(sums) {
            *slope = T::of(sum);
        }
        Ok(T::of(losses.iter().sum::<f64>() * batch.weight))
    }

    fn followed(&self) -> Result<Followed> {
        let params = self.params.tensors()?;
        let vars: candle_core::Result<Vec<Var>> = params.iter().map(Var::from_tensor).collect();
        let vars = vars?;
        let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
        let named = self.by_name(&tensors);
        Ok(Followed { vars, named })
    }

    /// Adds the derivatives by the parameters.
    fn gather(&self, slopes: &GradStore, followed: &Followed, sums: &mut [f64]) -> Result<()> {
        for (block, var) in self.params.layout().blocks().iter().zip(&followed.vars) {
            if let Some(slope) = slopes.get(var) {
                add(slope, &mut sums[block.range.clone()])?;
            }
        }
        Ok(())
    }
}

impl<'a, T: Real> Batch<'a, T> {
    /// Errors: `Shape` if the trials do not fit the network; `Range` if the mask counts nothing
    fn new(net: &'a Custom<T>, trials: &'a Trials<T>, key: Option<&Key>) -> Result<Self> {
        let mut batch = Batch {
            net,
            trials,
            inputs: Vec::new(),
            noise: None,
            weight: 0.0,
        };
        let given = Given {
            params: &net.params.data,
            inputs: &trials.inputs,
            h0: None,
            noise: None,
            dropout: None,
            lengths: trials.lengths.as_deref(),
        };
        let aim = Aim {
            targets: &trials.targets,
            mask: trials.mask.as_deref(),
        };
        let [b, t] = [trials.trials, trials.time];
        let expect = net.expect([b, t]);
        expect.given(&given)?;
        batch.weight = expect.aim(&aim)?.double();
        let inputs = Tensor::from_slice(&trials.inputs, (b, t, net.inputs), &Device::Cpu)?;
        batch.inputs = times(&inputs)?;
        let noise = net.noise([b, t], key)?;
        batch.noise = noise.as_ref().map(times).transpose()?;
        Ok(batch)
    }

    /// Which trials go on at a time, [b, n] of ones and zeros; none where all do.
    fn going(&self, time: usize) -> Result<Option<Tensor>> {
        let going = self.net.going(self.trials.lengths.as_deref(), time)?;
        let shape = (self.trials.trials, self.net.units);
        let going = going.map(|going| going.broadcast_as(shape));
        Ok(going.transpose()?)
    }

    /// The states of the next time, off any tape.
    fn step(&self, h: &Tensor, time: usize, params: &Named) -> Result<Tensor> {
        let next = self.net.moved([h, &self.inputs[time]], params)?;
        let next = match &self.noise {
            Some(noise) => (next + &noise[time])?,
            None => next,
        };
        let next = match self.going(time)? {
            Some(going) => going.where_cond(&next, h)?,
            None => next,
        };
        Ok(next.detach().contiguous()?)
    }

    /// The states before the first input and after each.
    fn states(&self) -> Result<Vec<Tensor>> {
        let params = self.net.named()?;
        let mut states = vec![self.net.first(self.trials.trials, &params)?];
        for time in 0..self.trials.time {
            let next = self.step(&states[time], time, &params)?;
            states.push(next);
        }
        Ok(states)
    }

    /// The sum of the squared errors at one time, and the derivatives of the loss by the outputs
    /// [b, o].
    fn errors(&self, outputs: &Tensor, time: usize) -> Result<(f64, Tensor)> {
        let (b, t, o) = (self.trials.trials, self.trials.time, self.net.outputs);
        let mut slopes = vec![T::of(0.0); b * o];
        let mut sum = 0.0;
        let rows = values::reals::<T>(outputs)?;
        let rows = rows.chunks_exact(o).zip(slopes.chunks_exact_mut(o));
        for (trial, (row, slopes)) in rows.enumerate() {
            let at = trial * t + time;
            let counts = self
                .trials
                .mask
                .as_ref()
                .map_or(1.0, |mask| mask[at].double());
            if counts == 0.0 {
                continue;
            }
            let targets = &self.trials.targets[at * o..][..o];
            for ((output, target), slope) in row.iter().zip(targets).zip(slopes) {
                let error = output.double() - target.double();
                sum += counts * error * error;
                *slope = T::of(2.0 * self.weight * counts * error);
            }
        }
        Ok((sum, Tensor::from_vec(slopes, (b, o), &Device::Cpu)?))
    }

    /// The squared errors at one time, and what comes back from them to the states h [b, n].
    fn read_back(
        &self,
        h: &Tensor,
        time: usize,
        followed: &Followed,
        sums: &mut [f64],
    ) -> Result<(f64, Tensor)> {
        let h = Var::from_tensor(h)?;
        let outputs = self.net.read(&h, &followed.named)?;
        let (loss, pull) = self.errors(&outputs, time)?;
        let slopes = pulled(self.net.rules.readout.as_ref(), &outputs, &pull)?;
        self.net.gather(&slopes, followed, sums)?;
        Ok((loss, of(&slopes, &h)?))
    }

    /// What comes back through one step to the states h [b, n] before it.
    fn step_back(
        &self,
        h: &Tensor,
        time: usize,
        (pull, followed): (&Tensor, &Followed),
        sums: &mut [f64],
    ) -> Result<Tensor> {
        // The input is followed too: a step may depend on nothing else.
        let [h, x] = [Var::from_tensor(h)?, Var::from_tensor(&self.inputs[time])?];
        let next = self.net.moved([&h, &x], &followed.named)?;
        let going = self.going(time)?;
        let zero = pull.zeros_like()?;
        let [moving, still] = match &going {
            Some(going) => [
                going.where_cond(pull, &zero)?,
                going.where_cond(&zero, pull)?,
            ],
            None => [pull.clone(), zero],
        };
        let slopes = pulled(Some(&self.net.rules.step), &next, &moving)?;
        self.net.gather(&slopes, followed, sums)?;
        Ok((of(&slopes, &h)? + still)?)
    }
}

/// The derivatives of a loss by all that is followed, from those by `given`, [b, f] both.
fn pulled(rule: Option<&Rule>, given: &Tensor, pull: &Tensor) -> Result<GradStore> {
    let Some(rule) = rule else {
        return Ok((given * pull)?.sum_all()?.backward()?);
    };
    rule.followed(given)?;
    let found = (given * pull).and_then(|x| x.sum_all()?.backward());
    found.map_err(|fault| (rule.blame)(fault.into()))
}

/// The derivatives by one variable, zero where it does not matter.
fn of(slopes: &GradStore, var: &Var) -> Result<Tensor> {
    match slopes.get(var) {
        Some(slope) => Ok(slope.detach()),
        None => Ok(var.zeros_like()?.detach()),
    }
}

/// Sums over many times are kept in double precision.
fn add(slope: &Tensor, sums: &mut [f64]) -> Result<()> {
    for (sum, x) in sums.iter_mut().zip(values::doubles(slope)?) {
        *sum += x;
    }
    Ok(())
}
