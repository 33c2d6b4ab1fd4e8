//! The table `tsne`: near neighbours in the plane.

use super::context::Context;
use super::convert::ExactTensor;
use super::options::CallOptions;
use crate::analysis::tsne::Embedding;
use crate::tensor::{DType, Tensor};

crate::natives! {
    /// t-SNE: places in the plane, or in space, at which near neighbours stay near. Distances
    /// between far groups say little there; principal components keep them (see `pca`).
    module "tsne";

    /// Places [.., components] of data [.., features], by the method of trees; all axes but the
    /// last are samples. They begin along the principal components, so that the same data always
    /// come to the same places.
    ///
    /// > tsne::fit(random::normal(random::key(1), [60, 5]), #{ perplexity: 10, steps: 50 }).shape()
    /// = [60, 2]
    fn fit(cx: &Context, data: ExactTensor, options: CallOptions<Embedding>) -> Tensor {
        cx.check_memory("tsne::fit", data.dims(), DType::F64)?;
        Ok(cx.run_interruptible(move || options.embed(&data))??)
    }
}
