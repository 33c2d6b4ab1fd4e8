//! The script module `tsne`: t-SNE embeddings.

use super::context::Context;
use super::convert::ExactTensor;
use super::options::CallOptions;
use crate::analysis::tsne::Embedding;
use crate::tensor::{DType, Tensor};

crate::natives! {
    /// t-SNE: embeddings of data in two or three dimensions that preserve local neighbourhoods.
    /// Distances between well-separated groups are not meaningful in an embedding; principal
    /// components preserve them (see `pca`).
    module "tsne";

    /// A t-SNE embedding of the data, [.., features] -> [.., components].
    ///
    /// All axes but the last index samples. The Barnes-Hut approximation is used. The embedding is
    /// initialized with principal components, so the same data return the same result.
    ///
    /// > tsne::fit(random::normal(random::key(1), [60, 5]), #{ perplexity: 10, steps: 50 }).shape()
    /// = [60, 2]
    fn fit(cx: &Context, data: ExactTensor, options: CallOptions<Embedding>) -> Tensor {
        cx.check_memory("tsne::fit", data.dims(), DType::F64)?;
        Ok(cx.run_interruptible(move || options.embed(&data))??)
    }
}
