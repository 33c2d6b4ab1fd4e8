//! The script module `pca`: principal component analysis.

use std::rc::Rc;

use super::context::Context;
use super::convert::{ExactTensor, New};
use super::options::CallOptions;
use super::value::ScriptObject;
use crate::analysis::pca::Pca;
use crate::base::options::Span;
use crate::tensor::{DType, Tensor};

crate::options! {
    /// Options of `pca::fit`.
    pub struct PcaOptions for "pca::fit" {
        /// Number of components to retain.
        components: Option<usize> = None, default "all", in Span::at_least(1.0);
    }
}

/// The script object for fitted principal components.
pub struct Components(pub Pca);

impl ScriptObject for Components {
    const KIND: &'static str = "principal components";
    fn display(&self) -> String {
        let [k, f] = [0, 1].map(|axis| self.0.components.dims()[axis]);
        let total: f64 = self.0.all_variances.iter().sum();
        let retained: f64 = self.0.all_variances[..k].iter().sum();
        format!(
            "principal components: {k} of {f} features, {:.1} % of the variance, participation \
             ratio {:.2}",
            100.0 * retained / total,
            self.0.participation_ratio(),
        )
    }
}

crate::natives! {
    /// Principal component analysis: the directions of largest variance in data.
    module "pca";

    /// The principal components of data [.., features].
    ///
    /// All axes but the last index samples. Signs are chosen so that the entry of largest magnitude
    /// in each component is positive.
    ///
    /// > let x = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]];
    /// > pca::fit(x, #{ components: 1 })
    /// = principal components: 1 of 2 features, 100.0 % of the variance, participation ratio 1.00
    fn fit(cx: &Context, data: ExactTensor, options: CallOptions<PcaOptions>) -> New<Components> {
        cx.check_memory("pca::fit", data.dims(), DType::F64)?;
        let count = options.components;
        let pca = cx.run_interruptible(move || Pca::fit(&data, count))?;
        Ok(New(Components(pca?)))
    }

    /// The projection of data onto the components, [.., features] -> [.., components].
    ///
    /// > let x = [[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]];
    /// > pca::fit(x, #{ components: 1 }).transform(x).to_list()
    /// = [[-2.0], [0.0], [2.0]]
    fn transform(cx: &Context, this: Rc<Components>, data: ExactTensor) -> Tensor {
        let components = this.0.clone();
        Ok(cx.compute(data.elem_count(), move || components.transform(&data))??)
    }

    /// The reconstruction of data from component scores, [.., components] -> [.., features].
    ///
    /// > let x = [[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]];
    /// > pca::fit(x, #{ components: 1 }).inverse_transform([[2.0]]).to_list()
    /// = [[4.0, 1.0]]
    fn inverse_transform(cx: &Context, this: Rc<Components>, scores: ExactTensor) -> Tensor {
        let components = this.0.clone();
        Ok(cx.compute(scores.elem_count(), move || components.inverse_transform(&scores))??)
    }

    /// The components as rows of unit length, [components, features].
    ///
    /// > pca::fit([[0.0, 1.0], [2.0, 1.0]]).components().slice(0, 0, 1).to_list()
    /// = [[1.0, 0.0]]
    fn components(this: Rc<Components>) -> Tensor { Ok(this.0.components.clone()) }

    /// The mean of the data, [features].
    ///
    /// > pca::fit([[0.0, 1.0], [2.0, 1.0]]).mean().to_list()
    /// = [1.0, 1.0]
    fn mean(this: Rc<Components>) -> Tensor { Ok(this.0.mean.clone()) }

    /// The variance along each component, [components], with divisor samples - 1.
    ///
    /// > let x = [[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]];
    /// > fixed(pca::fit(x, #{ components: 1 }).variance()[0], 6)
    /// = 4.000000
    fn variance(this: Rc<Components>) -> Tensor { Ok(this.0.variance.clone()) }

    /// The fraction of the total variance along each component, [components].
    ///
    /// > let components = pca::fit([[0.0, 1.0], [2.0, 1.0]], #{ components: 1 });
    /// > components.explained_variance_ratio().to_list()
    /// = [1.0]
    fn explained_variance_ratio(this: Rc<Components>) -> Tensor {
        Ok(this.0.explained_variance_ratio()?)
    }

    /// The participation ratio, a measure of the dimensionality of the data.
    ///
    /// It is (sum of all variances)^2 / (sum of their squares).
    ///
    /// > pca::fit([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).participation()
    /// = 2.0
    fn participation(this: Rc<Components>) -> f64 { Ok(this.0.participation_ratio()) }
}
