//! t-SNE: places in two or three dimensions at which near neighbours stay near.
//!
//! Source: van der Maaten and Hinton 2008; van der Maaten 2014 for the trees

use bhtsne::tSNE;

use crate::analysis::pca::Pca;
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::options;
use crate::tensor::joined::without_gradient;
use crate::tensor::{DType, Tensor, values};

/// The descent, in D dimensions.
macro_rules! run {
    ($d:literal, $options:expr, $rows:expr, $start:expr) => {{
        let mut descent: tSNE<'_, f64, &[f64], $d> = tSNE::new($rows);
        descent
            .perplexity($options.perplexity)
            .epochs($options.steps);
        descent.initial_embedding($start);
        if let Some(rate) = $options.rate {
            descent.learning_rate(rate);
        }
        descent.barnes_hut($options.theta, |a, b| {
            let squares = a.iter().zip(*b).map(|(x, y)| (x - y) * (x - y));
            squares.sum::<f64>().sqrt()
        });
        descent.embedding()
    }};
}

/// The standard deviation of the first component at the start.
const START: f64 = 1e-4;

options! {
    /// How places are sought.
    pub struct Embedding for "tsne::fit" {
        /// Dimensions of the places, 2 or 3.
        components: usize = 2, in Span::between(2.0, 3.0);
        /// How many neighbours of a sample count as near, roughly; there must be more than three
        /// times as many samples.
        perplexity: f64 = 30.0, in Span::from(2.0);
        /// Steps of gradient descent.
        steps: usize = 1000, in Span::between(1.0, 1e6);
        /// Factor on the gradient: samples / 48, at least 50, without it.
        rate: Option<f64> = None, in Span::above(0.0);
        /// How coarsely far samples are taken together: towards 0 exact and slow.
        theta: f64 = 0.5, in Span::between(0.05, 1.0);
    }
}

impl Embedding {
    /// Places [.., components] of samples [.., f], by distances in all features. They begin along
    /// the principal components, so the same data always come to the same places; one thread does
    /// all sums, for the same reason. Gradients through them are refused.
    ///
    /// Errors: `Shape` for too few samples or features; `NotFinite`; `Algebra` for samples that
    /// are all the same
    pub fn places(&self, data: &Tensor) -> Result<Tensor> {
        let features = data.dims().last().copied().unwrap_or(0);
        let samples = data.elem_count().checked_div(features).unwrap_or(0);
        let least = ((3.0 * self.perplexity).floor() as usize).saturating_add(1);
        if samples < least || features < self.components {
            return Err(Error::Shape {
                op: "tsne::fit",
                what: "data",
                expected: format!(
                    "[.., features] of {least} samples or more, for a perplexity of {}, and \
                     {} features or more",
                    self.perplexity, self.components
                ),
                found: data.dims().to_vec(),
            });
        }
        let plane = Pca::fit(data, Some(self.components))?;
        let flat = data.detach().to_dtype(DType::F64)?;
        let widest = values::doubles(&plane.variance)?[0].sqrt();
        let start = (plane.transform(&flat)? * (START / widest))?;
        let (flat, start) = (values::doubles(&flat)?, values::doubles(&start)?);
        let rows: Vec<&[f64]> = flat.chunks_exact(features).collect();
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let alone = alone.map_err(|_| Error::Algebra {
            op: "tsne::fit",
            fact: "the system gave no thread to work on",
        })?;
        let found = alone.install(|| match self.components {
            2 => run!(2, self, &rows, start),
            _ => run!(3, self, &rows, start),
        });
        let mut shape = data.dims().to_vec();
        shape.pop();
        shape.push(self.components);
        without_gradient("tsne::fit", data, values::of(found, &shape, data.dtype())?)
    }
}
