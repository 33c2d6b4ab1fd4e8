//! Principal component analysis (PCA): the orthogonal directions of largest variance.

use crate::base::{Error, Result};
use crate::tensor::custom_op::without_gradient;
use crate::tensor::{DType, Tensor, convert, linear};

/// Relative deviation from their mean that equal values can have through rounding.
const ROUNDING: f64 = 1e-13;

/// The principal components of a data set.
#[derive(Debug, Clone)]
pub struct Pca {
    /// The mean of the data, [f].
    pub mean: Tensor,
    /// The components as rows of length 1, by decreasing variance, [k, f]. The sign is such that
    /// the entry of largest modulus is positive.
    pub components: Tensor,
    /// The variance of the data along each component, with the divisor samples - 1, [k].
    pub variance: Tensor,
    /// The variances along all components, including those that were not requested.
    pub all_variances: Vec<f64>,
}

impl Pca {
    /// The first `count` components of data [.., f], whose leading axes are samples; all components
    /// if `count` is None. A backward pass through the result is an error.
    ///
    /// Errors: `Shape` for fewer than two samples; `Range` for more components than exist;
    /// `NotFinite`; `Algebra` for samples that are all equal
    pub fn fit(data: &Tensor, count: Option<usize>) -> Result<Pca> {
        Pca::fit_for("pca::fit", data, count)
    }

    /// Same as [`Pca::fit`] for the function `of`, which is named in errors.
    ///
    /// Errors: as [`Pca::fit`]
    pub fn fit_for(of: &'static str, data: &Tensor, count: Option<usize>) -> Result<Pca> {
        let (features, samples) = sample_size(of, data)?;
        let (count, max) = component_count(of, count, [features, samples])?;
        let flat = data
            .detach()
            .to_dtype(DType::F64)?
            .reshape((samples, features))?;
        let mean = flat.mean(0)?;
        validate(of, &convert::to_f64(&flat)?, &convert::to_f64(&mean)?)?;
        let (rows, all) = decompose(&flat.broadcast_sub(&mean)?, samples, max)?;
        let rows = rows.narrow(0, 0, count)?.contiguous()?;
        let components = fix_signs(&convert::to_f64(&rows)?, features);
        let tensor = |values, shape: &[usize]| convert::from_f64(values, shape, DType::F64);
        let detached = |value| without_gradient(of, data, value);
        Ok(Pca {
            mean: detached(mean)?,
            components: detached(tensor(components, &[count, features])?)?,
            variance: detached(tensor(all[..count].to_vec(), &[count])?)?,
            all_variances: all,
        })
    }

    /// The coordinates of data along the components.
    ///
    /// Shapes: [.., f] -> [.., k]
    /// Errors: `Shape` for a different number of features
    pub fn transform(&self, data: &Tensor) -> Result<Tensor> {
        let flat = self.rows("pca.transform", data, self.components.dims()[1])?;
        let coordinates = flat
            .broadcast_sub(&self.mean)?
            .matmul(&self.components.t()?)?;
        reshape_rows(coordinates, data)
    }

    /// The data at the given coordinates along the components.
    ///
    /// Shapes: [.., k] -> [.., f]
    /// Errors: `Shape` for a different number of components
    pub fn inverse_transform(&self, coordinates: &Tensor) -> Result<Tensor> {
        let flat = self.rows("pca.inverse", coordinates, self.components.dims()[0])?;
        reshape_rows(
            flat.matmul(&self.components)?.broadcast_add(&self.mean)?,
            coordinates,
        )
    }

    /// The fraction of the total variance along each component, [k].
    pub fn explained_variance_ratio(&self) -> Result<Tensor> {
        let total: f64 = self.all_variances.iter().sum();
        Ok((&self.variance / total)?)
    }

    /// The participation ratio, an effective dimensionality: (sum of variances)^2 / sum of squared
    /// variances.
    pub fn participation_ratio(&self) -> f64 {
        let sum: f64 = self.all_variances.iter().sum();
        sum * sum / self.all_variances.iter().map(|x| x * x).sum::<f64>()
    }

    fn rows(&self, op: &'static str, data: &Tensor, width: usize) -> Result<Tensor> {
        if data.dims().last() != Some(&width) {
            return Err(Error::Shape {
                op,
                what: "data",
                expected: format!("[.., {width}]"),
                found: data.dims().to_vec(),
            });
        }
        Ok(data.to_dtype(DType::F64)?.reshape(((), width))?)
    }
}

/// Reshapes rows of results to the leading axes of the data.
fn reshape_rows(rows: Tensor, like: &Tensor) -> Result<Tensor> {
    let mut shape = like.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = rows.dims()[1];
    }
    Ok(rows.reshape(shape)?)
}

/// The numbers of features and samples.
///
/// Errors: `Shape` for fewer than two samples
fn sample_size(of: &'static str, data: &Tensor) -> Result<(usize, usize)> {
    let features = data.dims().last().copied().unwrap_or(0);
    let samples = data.elem_count().checked_div(features).unwrap_or(0);
    if samples < 2 {
        return Err(Error::Shape {
            op: of,
            what: "data",
            expected: "[.., features] of 2 samples or more".into(),
            found: data.dims().to_vec(),
        });
    }
    Ok((features, samples))
}

/// The number of requested components, and of all.
///
/// Errors: `Range` for more components than exist
fn component_count(
    of: &'static str,
    count: Option<usize>,
    [features, samples]: [usize; 2],
) -> Result<(usize, usize)> {
    // Centring removes one degree of freedom.
    let max = features.min(samples - 1);
    let count = count.unwrap_or(max);
    if !(1..=max).contains(&count) {
        return Err(Error::Range {
            of: of.into(),
            name: "components".into(),
            expected: format!("from 1 to {max}, the smaller of features and samples - 1"),
            found: count.to_string(),
        });
    }
    Ok((count, max))
}

/// The first components as rows, and the variances along all of them.
///
/// Computed from singular vectors: in the covariance matrix, small variances would be lost in the
/// rounding of large ones.
fn decompose(centred: &Tensor, samples: usize, max: usize) -> Result<(Tensor, Vec<f64>)> {
    let (s, v) = linear::right_singular_vectors(centred)?;
    let scale = 1.0 / (samples - 1) as f64;
    let all = convert::to_f64(&s)?.into_iter().map(|s| s * s * scale);
    Ok((v.t()?.contiguous()?, all.take(max).collect()))
}

/// Errors: `NotFinite`; `Algebra` for samples that are all equal up to rounding
fn validate(of: &'static str, values: &[f64], mean: &[f64]) -> Result<()> {
    if let Some(index) = values.iter().position(|x| !x.is_finite()) {
        let (what, found) = ("the data".into(), values[index]);
        return Err(Error::NotFinite {
            of,
            what,
            found,
            index,
        });
    }
    let mut samples = values.chunks_exact(mean.len());
    let same = |sample: &[f64]| {
        let mut pairs = sample.iter().zip(mean);
        pairs.all(|(x, m)| (x - m).abs() <= ROUNDING * m.abs())
    };
    if samples.all(same) {
        let fact = "the variance of the data is zero: all samples are equal";
        return Err(Error::Algebra { op: of, fact });
    }
    Ok(())
}

/// Rows with the sign that makes the entry of largest modulus positive.
fn fix_signs(rows: &[f64], width: usize) -> Vec<f64> {
    let signed = rows.chunks_exact(width).flat_map(|row| {
        let largest = row.iter().fold(
            0.0,
            |max: f64, x| if x.abs() > max.abs() { *x } else { max },
        );
        row.iter().map(move |x| if largest < 0.0 { -x } else { *x })
    });
    signed.collect()
}
