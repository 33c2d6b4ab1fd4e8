//! Losses of the outputs of a network against targets, with their gradients.

use crate::choices;
use crate::tensor::Real;

choices! {
    /// The loss of outputs o against targets y: a mean over trials and time steps, weighted by the
    /// mask, and, except for `CrossEntropy`, over outputs.
    ///
    /// Source: the definitions of PyTorch (`mse_loss`, `cross_entropy` with probabilities as
    /// targets, `binary_cross_entropy_with_logits`, `poisson_nll_loss` with `log_input`)
    pub enum Loss {
        /// (o - y)^2.
        #[default]
        Mse = "mse",
        /// The sum over outputs of -y log softmax(o); y are probabilities or one-hot vectors.
        CrossEntropy = "cross_entropy",
        /// -y log sigmoid(o) - (1 - y) log(1 - sigmoid(o)); y is 0, 1 or a probability.
        Bce = "bce",
        /// exp(o) - y o, the negative log-likelihood of counts y with the log-rates o, without the
        /// term log(y!).
        Poisson = "poisson",
    }
}

impl Loss {
    /// The number of terms that the mean divides by, per trial and time step with weight 1.
    pub fn terms(self, outputs: usize) -> usize {
        match self {
            Loss::CrossEntropy => 1,
            Loss::Mse | Loss::Bce | Loss::Poisson => outputs,
        }
    }

    /// The number by which the derivatives of [`Loss::evaluate`] are multiplied.
    pub fn derivative_factor(self) -> f64 {
        match self {
            Loss::Mse => 2.0,
            Loss::CrossEntropy | Loss::Bce | Loss::Poisson => 1.0,
        }
    }

    /// The valid range of a target, for errors; `None` if every value is valid.
    pub fn target_range(self) -> Option<&'static str> {
        match self {
            Loss::Mse => None,
            Loss::CrossEntropy | Loss::Bce => Some("from 0 to 1"),
            Loss::Poisson => Some("of 0 or more"),
        }
    }

    /// Whether the loss is defined for the target.
    pub fn accepts(self, target: f64) -> bool {
        match self {
            Loss::Mse => true,
            Loss::CrossEntropy | Loss::Bce => (0.0..=1.0).contains(&target),
            Loss::Poisson => target >= 0.0,
        }
    }

    /// The loss of one output, and its derivative divided by [`Loss::derivative_factor`].
    /// `CrossEntropy` combines all outputs: see [`Loss::softmax`].
    #[inline(always)]
    pub fn pointwise<T: Real>(self, output: T, target: T) -> (f64, T) {
        let (o, y) = (output.double(), target.double());
        match self {
            Loss::Mse | Loss::CrossEntropy => {
                let error = output - target;
                (error.double() * error.double(), error)
            }
            Loss::Bce => {
                // Neither exponential overflows.
                let tail = (-o.abs()).exp();
                let sigmoid = if o >= 0.0 { 1.0 } else { tail } / (1.0 + tail);
                (o.max(0.0) - o * y + tail.ln_1p(), T::of(sigmoid - y))
            }
            Loss::Poisson => {
                let rate = o.exp();
                (rate - y * o, T::of(rate - y))
            }
        }
    }

    /// The cross-entropy of one time step of one trial, whose outputs are `stride` elements apart.
    /// Replaces the outputs by its derivatives.
    pub fn softmax<T: Real>(targets: &[T], outputs: &mut [T], stride: usize) -> f64 {
        let maximum = |max: f64, x: &T| max.max(x.double());
        let maximum = outputs
            .iter()
            .step_by(stride)
            .fold(f64::NEG_INFINITY, maximum);
        let exponentials = outputs.iter().step_by(stride);
        let sum: f64 = exponentials.map(|x| (x.double() - maximum).exp()).sum();
        let log_sum = maximum + sum.ln();
        let total: f64 = targets.iter().map(|y| y.double()).sum();
        let mut loss = 0.0;
        for (x, y) in outputs.iter_mut().step_by(stride).zip(targets) {
            let log_probability = x.double() - log_sum;
            loss -= y.double() * log_probability;
            *x = T::of(total * log_probability.exp() - y.double());
        }
        loss
    }

    /// The loss of one time step of one trial, a sum over its outputs, which are replaced by the
    /// derivatives, divided by [`Loss::derivative_factor`].
    pub fn row<T: Real>(self, outputs: &mut [T], targets: &[T]) -> f64 {
        if self == Loss::CrossEntropy {
            return Loss::softmax(targets, outputs, 1);
        }
        let mut sum = 0.0;
        for (x, y) in outputs.iter_mut().zip(targets) {
            let (loss, derivative) = self.pointwise(*x, *y);
            sum += loss;
            *x = derivative;
        }
        sum
    }
}
