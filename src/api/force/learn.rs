//! Script module `force`, second part: training.

use std::cell::RefMut;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::args::{checked_inputs, finite, length};
use super::{AnyPrecision, Force};
use crate::api::context::Context;
use crate::api::convert::ExactTensor;
use crate::api::diagnostic::Diagnostic;
use crate::api::native::FromValue;
use crate::api::options::CallOptions;
use crate::api::precision::match_precision;
use crate::api::rnn::map;
use crate::api::train::Watched;
use crate::api::value::{Map, Value};
use crate::base::{Error, Outcome};
use crate::models::force::{self, Fit, Network, Student, TrainingOptions};
use crate::ops::Lanes;
use crate::ops::force::Sizes;
use crate::tensor::{DType, Tensor, convert};

crate::natives! {
    /// FORCE learning: a chaotic network with output feedback, whose readout is trained online by
    /// recursive least squares.
    module "force";

    /// Trains the readout by recursive least squares on targets [t, outputs] with inputs [t,
    /// inputs] (nil for zeros). At every time step, or every `every` steps: q = P h, P <- P - q q'
    /// / (1 + h . q), wO <- wO - (z - f) q' / (1 + h . q). The network stores P, so that a further
    /// training continues where this one stopped. Returns a map: `outcome`, `error` [epochs], the
    /// mean of |z - f| in each pass with z before the weight update, and `outputs` [t, outputs] of
    /// the last pass.
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
        cx: &Context, net: Learners, inputs: Value, targets: ExactTensor,
        options: CallOptions<TrainingOptions>,
    ) -> Map {
        let of = "force::train";
        let mut learners = net.all.iter().map(|net| net.changing()).collect::<Result<Vec<_>, _>>()?;
        for net in &learners {
            new_alpha(of, net, &options)?;
        }
        let call = Call { cx, of, inputs, targets: &targets, options: &options };
        match learners.first().map(|net| &**net) {
            None => Err(Diagnostic::new(format!("{of}: the list of networks is empty"))),
            Some(AnyPrecision::F32(_)) => call.train::<f32>(&mut learners, net.many),
            Some(AnyPrecision::F64(_)) => call.train::<f64>(&mut learners, net.many),
        }
    }

    /// Trains the readout and the recurrent weights of a network with a teacher network
    /// (full-FORCE). The teacher has the same number of units, inputs and outputs; the targets f
    /// are fed back in place of its outputs (teacher forcing). Its currents, goal = wR h + wF f,
    /// are the targets for the currents of the trained network: at every step wR <- wR - (wR h + wF
    /// z - goal) q' / (1 + h . q), with the q = P h of the readout. Without feedback weights
    /// (`feedback_scale: 0.0`) this is the algorithm of DePasquale et al. 2018. Options and
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
            let words = format!("{of}: the teacher is the network itself");
            let hint = "make it another one, with `copy()` if need be";
            return Err(Diagnostic::new(words).hint(hint));
        }
        let (mut net, mut teacher) = (net.changing()?, teacher.changing()?);
        new_alpha(of, &net, &options)?;
        let call = Call { cx, of, inputs, targets: &targets, options: &options };
        match &*teacher {
            AnyPrecision::F32(_) => call.full_force::<f32>(&mut net, &mut teacher),
            AnyPrecision::F64(_) => call.full_force::<f64>(&mut net, &mut teacher),
        }
    }
}

const LOST: &str = "`reset_p: true` begins it again; a `forgetting` nearer to 1, or a network with \
                    dtype \"f64\", keeps it longer";
const DIVERGED: &str = "are the weights and the scale of the targets sensible? `restart()` begins \
                        again; a smaller `alpha` learns more slowly";

/// A network, or a list of networks.
struct Learners {
    all: Vec<Rc<Force>>,
    /// Whether the argument was a list.
    many: bool,
}

impl FromValue for Learners {
    fn kind() -> String {
        "force network or a list of them".into()
    }
    fn from_value(value: Value) -> Result<Self, Value> {
        let Value::List(list) = &value else {
            return Rc::from_value(value).map(|net| Learners {
                all: vec![net],
                many: false,
            });
        };
        let all = list.iter().cloned().map(Rc::from_value);
        match all.collect::<Result<_, _>>() {
            Ok(all) => Ok(Learners { all, many: true }),
            Err(_) => Err(value),
        }
    }
}

/// Errors: `alpha` is set although the network already has a P
fn new_alpha(
    of: &str,
    net: &AnyPrecision,
    options: &CallOptions<TrainingOptions>,
) -> Result<(), Diagnostic> {
    let known = match_precision!(net, net => net.inverse.is_some());
    if options.is_set("alpha") && !options.reset_p && known {
        let words = format!("{of}: option `alpha`: the network has a P from its last training");
        let hint = "leave `alpha` out to continue that training, or reset P with `reset_p: true`";
        return Err(Diagnostic::new(words).hint(hint));
    }
    Ok(())
}

/// The arguments of a call.
struct Call<'a> {
    cx: &'a Context,
    of: &'static str,
    inputs: Value,
    targets: &'a Tensor,
    options: &'a TrainingOptions,
}

impl Call<'_> {
    fn train<T: Kind>(
        self,
        learners: &mut [RefMut<'_, AnyPrecision>],
        many: bool,
    ) -> Result<Map, Diagnostic> {
        let nets = learners.iter_mut().map(|net| self.network::<T>(net));
        let mut nets = nets.collect::<Result<Vec<_>, _>>()?;
        let Sizes {
            inputs, outputs, ..
        } = nets[0].sizes;
        for net in &nets {
            self.same("inputs", inputs, net.sizes.inputs)?;
            self.same("outputs", outputs, net.sizes.outputs)?;
        }
        let (k, dims) = (nets.len(), self.targets.dims());
        let own = many && dims.len() == 3;
        if own && dims[0] != k {
            let expected = format!("[t, {outputs}] or [{k}, t, {outputs}]");
            return Err(self.shape(expected));
        }
        let steps = match own {
            true => length(self.of, "targets", &self.targets.get(0)?, outputs)?,
            false => length(self.of, "targets", self.targets, outputs)?,
        };
        let [x, f] = self.numbers::<T>(steps, inputs)?;
        let each = if own { steps * outputs } else { 0 };
        let students = nets.iter_mut().enumerate();
        let students =
            students.map(|(at, net)| Student::new(net, &f[at * each..][..steps * outputs]));
        let mut students = students.collect::<Vec<_>>();
        self.watched(|progress| force::train(&mut students, &x, self.options, progress));
        let fits = students.into_iter().map(|student| student.fit);
        match many {
            true => told_of_many(fits.collect(), [steps, outputs]),
            false => {
                let mut fits = fits;
                result_map(self.of, fits.next().expect("one network"), [steps, outputs])
            }
        }
    }

    fn full_force<T: Kind>(
        self,
        net: &mut AnyPrecision,
        teacher: &mut AnyPrecision,
    ) -> Result<Map, Diagnostic> {
        let (net, teacher) = (self.network::<T>(net)?, self.network::<T>(teacher)?);
        let Sizes {
            units,
            inputs,
            outputs,
        } = net.sizes;
        self.same("units", units, teacher.sizes.units)?;
        self.same("inputs", inputs, teacher.sizes.inputs)?;
        self.same("outputs", outputs, teacher.sizes.outputs)?;
        let steps = length(self.of, "targets", self.targets, outputs)?;
        let [x, f] = self.numbers::<T>(steps, inputs)?;
        let mut students = [Student {
            teacher: Some(teacher),
            ..Student::new(net, &f)
        }];
        self.watched(|progress| force::train(&mut students, &x, self.options, progress));
        let [student] = students;
        result_map(self.of, student.fit, [steps, outputs])
    }

    /// The inputs and the targets, as vectors.
    fn numbers<T: Kind>(&self, steps: usize, inputs: usize) -> Result<[Vec<T>; 2], Diagnostic> {
        let epochs = self.options.epochs;
        self.cx
            .check_option_memory(self.of, &[("epochs", epochs)], &[epochs], DType::F64)?;
        let x = checked_inputs(self.of, self.inputs.clone(), [steps, inputs])?;
        let f = convert::to_vec(self.targets)?;
        finite(self.of, "targets", &f)?;
        Ok([x, f])
    }

    fn watched(&self, work: impl FnOnce(&mut Watched<'_>)) {
        let mut progress = Watched::new(self.cx, self.of);
        work(&mut progress);
        self.cx.interrupt.store(false, Ordering::Relaxed);
    }

    fn network<'n, T: Kind>(
        &self,
        net: &'n mut AnyPrecision,
    ) -> Result<&'n mut Network<T>, Diagnostic> {
        let word = net.dtype().as_str();
        T::network(net).ok_or_else(|| {
            let (of, asked) = (self.of, T::DTYPE.as_str());
            let words = format!("{of}: expected networks of one dtype, found {asked} and {word}");
            Diagnostic::new(words)
        })
    }

    fn same(&self, what: &str, expected: usize, found: usize) -> Result<(), Diagnostic> {
        let of = self.of;
        let words =
            format!("{of}: expected networks of as many {what}, found {expected} and {found}");
        (expected == found)
            .then_some(())
            .ok_or_else(|| Diagnostic::new(words))
    }

    fn shape(&self, expected: String) -> Diagnostic {
        let found = self.targets.dims().to_vec();
        Error::Shape {
            op: self.of,
            what: "targets",
            expected,
            found,
        }
        .into()
    }
}

/// A precision of the network.
trait Kind: Lanes {
    fn network(either: &mut AnyPrecision) -> Option<&mut Network<Self>>;
}

impl Kind for f32 {
    fn network(either: &mut AnyPrecision) -> Option<&mut Network<f32>> {
        match either {
            AnyPrecision::F32(net) => Some(net),
            AnyPrecision::F64(_) => None,
        }
    }
}

impl Kind for f64 {
    fn network(either: &mut AnyPrecision) -> Option<&mut Network<f64>> {
        match either {
            AnyPrecision::F32(_) => None,
            AnyPrecision::F64(net) => Some(net),
        }
    }
}

/// Converts the fit to a map.
///
/// Errors: the activity or P became non-finite, or P lost positive definiteness
fn result_map<T: Lanes>(of: &str, fit: Fit<T>, [steps, m]: [usize; 2]) -> Result<Map, Diagnostic> {
    if let Outcome::Diverged { at } = fit.outcome {
        let (what, hint) = match fit.p_not_positive {
            true => ("P is no longer positive and finite", LOST),
            false => ("the activity is not finite", DIVERGED),
        };
        let (pass, step) = (at / steps, at % steps);
        let words = format!("{of}: {what} at step {step} of pass {pass}");
        return Err(Diagnostic::new(words).hint(hint));
    }
    let epochs = fit.errors.len();
    let mut map = map([
        (
            "error",
            convert::from_f64(fit.errors, &[epochs], DType::F64)?,
        ),
        ("outputs", convert::from_slice(&fit.outputs, &[steps, m])?),
    ]);
    map.insert("outcome".into(), Value::Text(fit.outcome.name().into()));
    Ok(map)
}

/// Converts the fits of several networks to a map; passes and outputs of networks that diverged are
/// NaN.
fn told_of_many<T: Lanes>(fits: Vec<Fit<T>>, [steps, m]: [usize; 2]) -> Result<Map, Diagnostic> {
    let k = fits.len();
    let done = fits.iter().map(|fit| fit.errors.len()).max().unwrap_or(0);
    let (mut errors, mut outputs, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for mut fit in fits {
        fit.errors.resize(done, f64::NAN);
        errors.append(&mut fit.errors);
        if matches!(fit.outcome, Outcome::Diverged { .. }) {
            fit.outputs.fill(T::of(f64::NAN));
        }
        outputs.append(&mut fit.outputs);
        outcomes.push(Value::Text(fit.outcome.name().into()));
    }
    let mut map = map([
        ("error", convert::from_f64(errors, &[k, done], DType::F64)?),
        ("outputs", convert::from_slice(&outputs, &[k, steps, m])?),
    ]);
    map.insert("outcome".into(), Value::List(outcomes));
    Ok(map)
}
