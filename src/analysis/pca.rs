//! Principal components: the directions along which data vary most.

use crate::base::{Error, Result};
use crate::tensor::joined::without_gradient;
use crate::tensor::{DType, Tensor, linear, values};

/// What a mean of equal numbers may differ from them, relative to them.
const ROUNDING: f64 = 1e-13;

/// The components of some data.
#[derive(Debug, Clone)]
pub struct Pca {
    /// The mean of the data, [f].
    pub mean: Tensor,
    /// One in each row, of length 1, by decreasing variance, [k, f]; the entry of largest modulus
    /// is positive.
    pub components: Tensor,
    /// The variance of the data along each component, divided by samples - 1, [k].
    pub variance: Tensor,
    /// The same for all components that there are.
    pub all: Vec<f64>,
}

impl Pca {
    /// The first `count` components of data [.., f], whose leading axes are samples; all of them
    /// without it. Gradients through them are refused.
    ///
    /// Errors: `Shape` for fewer than two samples; `Range` for more components than there are;
    /// `NotFinite`; `Algebra` for samples that are all the same
    pub fn fit(data: &Tensor, count: Option<usize>) -> Result<Pca> {
        let features = data.dims().last().copied().unwrap_or(0);
        let samples = data.elem_count().checked_div(features).unwrap_or(0);
        if samples < 2 {
            return Err(Error::Shape {
                op: "pca::fit",
                what: "data",
                expected: "[.., features] of 2 samples or more".into(),
                found: data.dims().to_vec(),
            });
        }
        // Centred, one sample says nothing that the others do not.
        let most = features.min(samples - 1);
        let count = count.unwrap_or(most);
        if !(1..=most).contains(&count) {
            return Err(Error::Range {
                of: "pca::fit".into(),
                name: "components".into(),
                expected: format!("from 1 to {most}, the smaller of features and samples - 1"),
                found: count.to_string(),
            });
        }
        let flat = data
            .detach()
            .to_dtype(DType::F64)?
            .reshape((samples, features))?;
        let mean = flat.mean(0)?;
        check(&values::doubles(&flat)?, &values::doubles(&mean)?)?;
        let (rows, all) = decomposed(&flat.broadcast_sub(&mean)?, samples, most)?;
        let rows = rows.narrow(0, 0, count)?.contiguous()?;
        let components = upright(&values::doubles(&rows)?, features);
        let fixed = |value| without_gradient("pca::fit", data, value);
        Ok(Pca {
            mean: fixed(mean)?,
            components: fixed(values::of(components, &[count, features], DType::F64)?)?,
            variance: fixed(values::of(all[..count].to_vec(), &[count], DType::F64)?)?,
            all,
        })
    }

    /// The place of data along the components.
    ///
    /// Shapes: [.., f] -> [.., k]
    /// Errors: `Shape` for another number of features
    pub fn transform(&self, data: &Tensor) -> Result<Tensor> {
        let flat = self.rows("pca.transform", data, self.components.dims()[1])?;
        let places = flat
            .broadcast_sub(&self.mean)?
            .matmul(&self.components.t()?)?;
        shaped(places, data)
    }

    /// The data at places along the components.
    ///
    /// Shapes: [.., k] -> [.., f]
    /// Errors: `Shape` for another number of components
    pub fn inverse(&self, places: &Tensor) -> Result<Tensor> {
        let flat = self.rows("pca.inverse", places, self.components.dims()[0])?;
        shaped(
            flat.matmul(&self.components)?.broadcast_add(&self.mean)?,
            places,
        )
    }

    /// The part of the whole variance that lies along each component, [k].
    pub fn ratio(&self) -> Result<Tensor> {
        let whole: f64 = self.all.iter().sum();
        Ok((&self.variance / whole)?)
    }

    /// How many dimensions the data fill: (sum of variances)^2 / sum of their squares.
    pub fn participation(&self) -> f64 {
        let sum: f64 = self.all.iter().sum();
        sum * sum / self.all.iter().map(|x| x * x).sum::<f64>()
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

/// The result for rows of data in the shape of the data.
fn shaped(rows: Tensor, like: &Tensor) -> Result<Tensor> {
    let mut shape = like.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = rows.dims()[1];
    }
    Ok(rows.reshape(shape)?)
}

/// The first components as rows, and the variances along all of them.
///
/// They are singular vectors: in the covariance the small ones would be lost in the rounding of the
/// large ones.
fn decomposed(centred: &Tensor, samples: usize, most: usize) -> Result<(Tensor, Vec<f64>)> {
    let (s, v) = linear::right_singular(centred)?;
    let scale = 1.0 / (samples - 1) as f64;
    let all = values::doubles(&s)?.into_iter().map(|s| s * s * scale);
    Ok((v.t()?.contiguous()?, all.take(most).collect()))
}

/// Errors: `NotFinite`; `Algebra` for samples that are all the same up to rounding
fn check(numbers: &[f64], mean: &[f64]) -> Result<()> {
    let of = "pca::fit";
    if let Some(index) = numbers.iter().position(|x| !x.is_finite()) {
        let (what, found) = ("the data".into(), numbers[index]);
        return Err(Error::NotFinite {
            of,
            what,
            found,
            index,
        });
    }
    let mut samples = numbers.chunks_exact(mean.len());
    let same = |sample: &[f64]| {
        let mut pairs = sample.iter().zip(mean);
        pairs.all(|(x, m)| (x - m).abs() <= ROUNDING * m.abs())
    };
    if samples.all(same) {
        let fact = "the data do not vary: all samples are the same";
        return Err(Error::Algebra { op: of, fact });
    }
    Ok(())
}

/// Rows with the sign that makes the entry of largest modulus positive.
fn upright(rows: &[f64], width: usize) -> Vec<f64> {
    let turned = rows.chunks_exact(width).flat_map(|row| {
        let largest = row.iter().fold(
            0.0,
            |most: f64, x| if x.abs() > most.abs() { *x } else { most },
        );
        row.iter().map(move |x| if largest < 0.0 { -x } else { *x })
    });
    turned.collect()
}
