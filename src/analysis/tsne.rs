//! t-SNE: an embedding of data in two or three dimensions that preserves neighbourhoods.
//!
//! Source: van der Maaten and Hinton 2008; van der Maaten 2014 for the Barnes-Hut approximation

use bhtsne::tSNE;

use crate::analysis::pca::Pca;
use crate::base::options::Span;
use crate::base::{Error, Result};
use crate::options;
use crate::tensor::custom_op::without_gradient;
use crate::tensor::{DType, Tensor, convert};

/// Runs the gradient descent in `$d` dimensions.
macro_rules! embed {
    ($d:literal, $options:expr, $rows:expr, $start:expr) => {{
        let mut descent: tSNE<'_, f64, &[f64], $d> = tSNE::new($rows);
        descent
            .perplexity($options.perplexity)
            .epochs($options.steps);
        descent.initial_embedding($start);
        if let Some(lr) = $options.lr {
            descent.learning_rate(lr);
        }
        descent.barnes_hut($options.theta, |a, b| {
            let squares = a.iter().zip(*b).map(|(x, y)| (x - y) * (x - y));
            squares.sum::<f64>().sqrt()
        });
        descent.embedding()
    }};
}

/// Standard deviation of the first component of the initial embedding.
const INITIAL_STD: f64 = 1e-4;

options! {
    /// Options of a t-SNE embedding.
    pub struct Embedding for "tsne::fit" {
        /// Number of dimensions of the embedding, 2 or 3.
        components: usize = 2, in Span::between(2.0, 3.0);
        /// Effective number of neighbours of a sample; the data must have more than three times as
        /// many samples.
        perplexity: f64 = 30.0, in Span::at_least(2.0);
        /// Number of iterations of gradient descent.
        steps: usize = 1000, in Span::between(1.0, 1e6);
        /// Learning rate of the gradient descent.
        lr: Option<f64> = None, default "samples / 48, at least 50", in Span::above(0.0);
        /// Barnes-Hut accuracy: values near 0 are exact and slow, larger ones faster and less
        /// accurate.
        theta: f64 = 0.5, in Span::between(0.05, 1.0);
    }
}

impl Embedding {
    /// The embedding [.., components] of samples [.., f], from Euclidean distances over all
    /// features. It is deterministic: the initial embedding is along the principal components, and
    /// all sums run on one thread. A backward pass through the result is an error.
    ///
    /// Errors: `Shape` for too few samples or features; `NotFinite`; `Algebra` for samples that are
    /// all equal
    pub fn embed(&self, data: &Tensor) -> Result<Tensor> {
        let features = data.dims().last().copied().unwrap_or(0);
        let samples = data.elem_count().checked_div(features).unwrap_or(0);
        let min_samples = ((3.0 * self.perplexity).floor() as usize).saturating_add(1);
        if samples < min_samples || features < self.components {
            return Err(Error::Shape {
                op: "tsne::fit",
                what: "data",
                expected: format!(
                    "[.., features] of {min_samples} samples or more, for a perplexity of {}, and \
                     {} features or more",
                    self.perplexity, self.components
                ),
                found: data.dims().to_vec(),
            });
        }
        let pca = Pca::fit_for("tsne::fit", data, Some(self.components))?;
        let flat = data.detach().to_dtype(DType::F64)?;
        let std = convert::to_f64(&pca.variance)?[0].sqrt();
        let start = (pca.transform(&flat)? * (INITIAL_STD / std))?;
        let (flat, start) = (convert::to_f64(&flat)?, convert::to_f64(&start)?);
        let rows: Vec<&[f64]> = flat.chunks_exact(features).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let pool = pool.map_err(|_| Error::Algebra {
            op: "tsne::fit",
            fact: "the system could not create a thread",
        })?;
        let embedding = pool.install(|| match self.components {
            2 => embed!(2, self, &rows, start),
            _ => embed!(3, self, &rows, start),
        });
        let mut shape = data.dims().to_vec();
        shape.pop();
        shape.push(self.components);
        without_gradient(
            "tsne::fit",
            data,
            convert::from_f64(embedding, &shape, data.dtype())?,
        )
    }
}
