//! Script module `force`: training.

use std::cell::RefMut;
use std::rc::Rc;

use super::args::{check_finite, input_values, sequence_length};
use super::{AnyNetwork, Force};
use crate::api::context::Context;
use crate::api::convert::{ExactTensor, tensor_map};
use crate::api::diagnostic::Diagnostic;
use crate::api::options::CallOptions;
use crate::api::shape_error::shape_error;
use crate::api::value::{FromValue, Map, Value};
use crate::base::Outcome;
use crate::models::force::{self, Fit, Network, Student, TrainingOptions};
use crate::ops::Lanes;
use crate::ops::force::Sizes;
use crate::tensor::precision::{Select, match_precision, with_precision};
use crate::tensor::{DType, Real, Tensor, convert};

/// Hint for a P that is not positive and finite.
const P_HINT: &str = "reset P with `reset_p: true`; a `forgetting` nearer to 1, or a network with \
                      dtype \"f64\", preserves it longer";
/// Hint for an activity that is not finite.
const DIVERGENCE_HINT: &str = "check the scale of the weights and of the targets, and reset the \
                               state with `restart()`; a smaller `alpha` reduces the updates";

crate::natives! {
    /// FORCE learning: a chaotic network with output feedback, whose readout is trained online by
    /// recursive least squares.
    module "force";

    /// Trains the readout by recursive least squares on targets [t, outputs] with inputs [t,
    /// inputs] (nil for zeros).
    ///
    /// At every time step, or every `every` steps: q = P h, P <- P - q q' / (1 + h . q),
    /// wO <- wO - (z - f) q' / (1 + h . q). Here h [units] are the rates tanh(a) of the currents a,
    /// z = wO h [outputs] the outputs before the update, f [outputs] the targets of the time step,
    /// and P [units, units] the estimated inverse correlation matrix of the rates; ' is the
    /// transpose. The network stores P, so that a further training continues where this one
    /// stopped.
    ///
    /// Returns a map: `outcome`, `error` [epochs], the mean of |z - f| over time steps and outputs
    /// in each pass, and `outputs` [t, outputs] of the last pass.
    ///
    /// A list of k networks is trained in parallel, each network independently, on targets [t,
    /// outputs] or individual targets [k, t, outputs]. In the returned map `outcome` is then a
    /// list, `error` has shape [k, epochs] and `outputs` [k, t, outputs]; the missing values of a
    /// network that diverged are NaN.
    ///
    /// > let net = force::network(#{ units: 100, seed: 1 });
    /// > let sine = signals::sines(300, #{ period: 100 });
    /// > let fit = force::train(net, zeros([300, 1]), sine, #{ epochs: 10 });
    /// > fit.error[9] < 0.1
    /// = true
    fn train(
        cx: &Context, net: NetworkList, inputs: Value, targets: ExactTensor,
        options: CallOptions<TrainingOptions>,
    ) -> Map {
        let of = "force::train";
        let networks = net.networks.iter().map(|net| net.borrow_mut_checked());
        let mut networks = networks.collect::<Result<Vec<_>, _>>()?;
        for net in &networks {
            check_alpha(of, net, &options)?;
        }
        let call = TrainingCall { cx, of, inputs, targets: &targets, options: &options };
        let Some(first) = networks.first() else {
            return Err(Diagnostic::new(format!("{of}: the list of networks is empty")));
        };
        with_precision!(first.precision(), T => call.train::<T>(&mut networks, net.is_list))
    }

    /// Trains the readout and the recurrent weights of a network with a teacher network
    /// (full-FORCE). The teacher has the same number of units, inputs and outputs; the targets f
    /// are fed back in place of its outputs (teacher forcing). The recurrent and feedback input of
    /// its units, goal = wR h + wF f with its own weights and rates h, is the target for that of
    /// the trained network: at every step wR <- wR - (wR h + wF z - goal) q' / (1 + h . q), with
    /// the weights, rates h and outputs z of the trained network and q = P h. Without feedback
    /// weights (`feedback_scale: 0.0`) this is the algorithm of DePasquale et al. 2018. Options and
    /// returned map are those of `train`.
    ///
    /// > let teacher = force::network(#{ units: 100, gain: 1.3, seed: 1 });
    /// > let net = force::network(#{ units: 100, gain: 1.3, feedback_scale: 0.0, seed: 2 });
    /// > let sine = signals::sines(300, #{ period: 100 });
    /// > let fit = force::full_force(net, teacher, zeros([300, 1]), sine, #{ epochs: 10 });
    /// > fit.error[9] < 0.05
    /// = true
    fn full_force(
        cx: &Context, net: Rc<Force>, teacher: Rc<Force>, inputs: Value, targets: ExactTensor,
        options: CallOptions<TrainingOptions>,
    ) -> Map {
        let of = "force::full_force";
        if Rc::ptr_eq(&net, &teacher) {
            let message = format!("{of}: the teacher is the network itself");
            let hint = "pass a different network as teacher, such as `net.copy()`";
            return Err(Diagnostic::new(message).hint(hint));
        }
        let (mut net, mut teacher) = (net.borrow_mut_checked()?, teacher.borrow_mut_checked()?);
        check_alpha(of, &net, &options)?;
        let call = TrainingCall { cx, of, inputs, targets: &targets, options: &options };
        with_precision!(teacher.precision(), T => call.full_force::<T>(&mut net, &mut teacher))
    }
}

/// A network, or a list of networks.
struct NetworkList {
    networks: Vec<Rc<Force>>,
    /// Whether the argument was a list.
    is_list: bool,
}

impl FromValue for NetworkList {
    fn kind() -> String {
        "force network or a list of them".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::List(list) = &value else {
            return Rc::from_value(value).map(|net| NetworkList {
                networks: vec![net],
                is_list: false,
            });
        };
        let networks = list.iter().cloned().map(Rc::from_value);
        match networks.collect::<Result<_, _>>() {
            Ok(networks) => Ok(NetworkList {
                networks,
                is_list: true,
            }),
            Err(_) => Err(value),
        }
    }
}

/// Errors: `alpha` is set although the network already has a P
fn check_alpha(
    of: &str,
    net: &AnyNetwork,
    options: &CallOptions<TrainingOptions>,
) -> Result<(), Diagnostic> {
    let has_p = match_precision!(net, net => net.inverse.is_some());
    if options.is_set("alpha") && !options.reset_p && has_p {
        let message = format!("{of}: option `alpha`: the network has a P from its last training");
        let hint = "omit `alpha` to continue that training, or reset P with `reset_p: true`";
        return Err(Diagnostic::new(message).hint(hint));
    }
    Ok(())
}

/// The arguments of a call.
struct TrainingCall<'a> {
    cx: &'a Context,
    of: &'static str,
    inputs: Value,
    targets: &'a Tensor,
    options: &'a TrainingOptions,
}

impl TrainingCall<'_> {
    fn train<T: Lanes>(
        self,
        networks: &mut [RefMut<'_, AnyNetwork>],
        is_list: bool,
    ) -> Result<Map, Diagnostic>
    where
        AnyNetwork: Select<T, Value = Network<T>>,
    {
        let nets = networks.iter_mut().map(|net| self.select::<T>(net));
        let mut nets = nets.collect::<Result<Vec<_>, _>>()?;
        let Sizes {
            inputs, outputs, ..
        } = nets[0].sizes;
        for net in &nets {
            self.check_size("inputs", inputs, net.sizes.inputs)?;
            self.check_size("outputs", outputs, net.sizes.outputs)?;
        }
        let individual = is_list && self.targets.rank() == 3;
        let steps = self.target_steps(individual.then_some(nets.len()), outputs)?;
        let [x, f] = self.sequences::<T>(steps, inputs)?;
        let stride = if individual { steps * outputs } else { 0 };
        let students = nets.iter_mut().enumerate();
        let students =
            students.map(|(k, net)| Student::new(net, &f[k * stride..][..steps * outputs]));
        let mut students = students.collect::<Vec<_>>();
        self.run(&mut students, &x)?;
        let mut fits = students.into_iter().map(|student| student.fit);
        match is_list {
            true => result_map_of_list(fits.collect(), [steps, outputs]),
            false => result_map(self.of, fits.next().expect("one network"), [steps, outputs]),
        }
    }

    /// The number of time steps of the targets: [t, outputs], or [k, t, outputs] if `count` is k.
    fn target_steps(&self, count: Option<usize>, outputs: usize) -> Result<usize, Diagnostic> {
        let Some(k) = count else {
            return Ok(sequence_length(self.of, "targets", self.targets, outputs)?);
        };
        if self.targets.dims()[0] != k {
            return Err(shape_error(
                self.of,
                "targets",
                format!("[t, {outputs}] or [{k}, t, {outputs}]"),
                self.targets,
            )
            .into());
        }
        let first = self.targets.get(0)?;
        Ok(sequence_length(self.of, "targets", &first, outputs)?)
    }

    fn full_force<T: Lanes>(
        self,
        net: &mut AnyNetwork,
        teacher: &mut AnyNetwork,
    ) -> Result<Map, Diagnostic>
    where
        AnyNetwork: Select<T, Value = Network<T>>,
    {
        let (net, teacher) = (self.select::<T>(net)?, self.select::<T>(teacher)?);
        let Sizes {
            units,
            inputs,
            outputs,
        } = net.sizes;
        self.check_size("units", units, teacher.sizes.units)?;
        self.check_size("inputs", inputs, teacher.sizes.inputs)?;
        self.check_size("outputs", outputs, teacher.sizes.outputs)?;
        let steps = sequence_length(self.of, "targets", self.targets, outputs)?;
        let [x, f] = self.sequences::<T>(steps, inputs)?;
        let mut students = [Student {
            teacher: Some(teacher),
            ..Student::new(net, &f)
        }];
        self.run(&mut students, &x)?;
        let [student] = students;
        result_map(self.of, student.fit, [steps, outputs])
    }

    /// The inputs and the targets, as vectors.
    fn sequences<T: Lanes>(&self, steps: usize, inputs: usize) -> Result<[Vec<T>; 2], Diagnostic> {
        let epochs = self.options.epochs;
        self.cx
            .check_option_memory(self.of, &[("epochs", epochs)], &[epochs], DType::F64)?;
        let x = input_values(self.of, self.inputs.clone(), [steps, inputs])?;
        let f = convert::to_vec(self.targets)?;
        check_finite(self.of, "targets", &f)?;
        Ok([x, f])
    }

    /// Trains the students with the inputs `x`.
    fn run<T: Lanes>(&self, students: &mut [Student<'_, T>], x: &[T]) -> Result<(), Diagnostic> {
        self.cx.run_stoppable(self.of, |progress| {
            force::train(students, x, self.options, progress);
            Ok(())
        })
    }

    /// The network, if its dtype is `T`.
    fn select<'n, T: Real>(&self, net: &'n mut AnyNetwork) -> Result<&'n mut Network<T>, Diagnostic>
    where
        AnyNetwork: Select<T, Value = Network<T>>,
    {
        let found = net.dtype().as_str();
        net.select_mut().ok_or_else(|| {
            let (of, expected) = (self.of, T::DTYPE.as_str());
            Diagnostic::new(format!(
                "{of}: expected networks of one dtype, found {expected} and {found}"
            ))
        })
    }

    /// Errors: the networks differ in a size
    fn check_size(&self, what: &str, expected: usize, found: usize) -> Result<(), Diagnostic> {
        if expected == found {
            return Ok(());
        }
        let of = self.of;
        Err(Diagnostic::new(format!(
            "{of}: expected networks with equal numbers of {what}, found {expected} and {found}"
        )))
    }
}

/// Converts the fit to a map.
///
/// Errors: the activity or P became non-finite, or P lost positive definiteness
fn result_map<T: Lanes>(of: &str, fit: Fit<T>, [steps, m]: [usize; 2]) -> Result<Map, Diagnostic> {
    if let Outcome::Diverged { at } = fit.outcome {
        let (what, hint) = match fit.p_not_positive {
            true => ("P is no longer positive and finite", P_HINT),
            false => ("the activity is not finite", DIVERGENCE_HINT),
        };
        let (epoch, step) = (at / steps, at % steps);
        let message = format!("{of}: {what} at step {step} of epoch {epoch}");
        return Err(Diagnostic::new(message).hint(hint));
    }
    let epochs = fit.errors.len();
    let mut map = tensor_map([
        (
            "error",
            convert::from_f64(fit.errors, &[epochs], DType::F64)?,
        ),
        ("outputs", convert::from_slice(&fit.outputs, &[steps, m])?),
    ]);
    map.insert("outcome".into(), Value::Text(fit.outcome.name().into()));
    Ok(map)
}

/// Converts the fits of several networks to a map; epochs and outputs of networks that diverged are
/// NaN.
fn result_map_of_list<T: Lanes>(
    fits: Vec<Fit<T>>,
    [steps, m]: [usize; 2],
) -> Result<Map, Diagnostic> {
    let k = fits.len();
    let epochs = fits.iter().map(|fit| fit.errors.len()).max().unwrap_or(0);
    let (mut errors, mut outputs, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for mut fit in fits {
        fit.errors.resize(epochs, f64::NAN);
        errors.append(&mut fit.errors);
        if matches!(fit.outcome, Outcome::Diverged { .. }) {
            fit.outputs.fill(T::of(f64::NAN));
        }
        outputs.append(&mut fit.outputs);
        outcomes.push(Value::Text(fit.outcome.name().into()));
    }
    let mut map = tensor_map([
        (
            "error",
            convert::from_f64(errors, &[k, epochs], DType::F64)?,
        ),
        ("outputs", convert::from_slice(&outputs, &[k, steps, m])?),
    ]);
    map.insert("outcome".into(), Value::List(outcomes));
    Ok(map)
}
