//! Where things stand in the flat arrays: parameters in the arena, and the sums that make their
//! gradients.

use std::ops::Range;

use super::Sizes;
use crate::ops::Lanes;
use crate::ops::rnn::gru::Gru;
use crate::ops::rnn::update::{Strand, Update};
use crate::ops::simd::sums::padded;
use crate::tensor::Layout;

/// The blocks of all parameters in the flat arena. Recurrent networks have the blocks of a GRU;
/// those of the encoder from the back end in `_reverse`. `gen_h0` is there because it is one of
/// them, and is not used.
pub fn layout<T: Lanes>(sizes: Sizes) -> Layout {
    let Sizes {
        encoder: e,
        controller: c,
        inferred: u,
        generator: g,
        factors: k,
        channels: d,
        ..
    } = sizes;
    let mut blocks: Vec<(String, Vec<usize>)> = Vec::new();
    let recurrent = |blocks: &mut Vec<_>, name: &str, strand: Strand, end: &str| {
        let of = <Gru as Update<T>>::blocks(strand.inputs, strand.units);
        blocks.extend(
            of.into_iter()
                .map(|(part, shape)| (format!("{name}_{part}{end}"), shape)),
        );
    };
    let plain = |blocks: &mut Vec<(String, Vec<usize>)>, all: &[(&str, &[usize])]| {
        blocks.extend(
            all.iter()
                .map(|(name, shape)| (name.to_string(), shape.to_vec())),
        );
    };
    recurrent(&mut blocks, "enc", sizes.encoder_strand(), "");
    recurrent(&mut blocks, "enc", sizes.encoder_strand(), "_reverse");
    plain(
        &mut blocks,
        &[
            ("initial_w", &[2 * g, 2 * e]),
            ("initial_b", &[2 * g]),
            ("initial_prior_mean", &[g]),
            ("initial_prior_logvar", &[g]),
        ],
    );
    if c > 0 {
        recurrent(&mut blocks, "con", sizes.controller_strand(), "");
        plain(
            &mut blocks,
            &[
                ("inferred_w", &[2 * u, c]),
                ("inferred_b", &[2 * u]),
                ("inferred_prior_mean", &[u]),
                ("inferred_prior_logtau", &[u]),
                ("inferred_prior_logvar", &[u]),
            ],
        );
    }
    recurrent(&mut blocks, "gen", sizes.generator_strand(), "");
    plain(
        &mut blocks,
        &[
            ("factors_w", &[k, g]),
            ("rates_w", &[d, k]),
            ("rates_b", &[d]),
        ],
    );
    if sizes.gaussian {
        plain(&mut blocks, &[("noise_logvar", &[d])]);
    }
    Layout::new(blocks)
}

/// Where parameters stand in the arena. A recurrent network's are all together.
#[derive(Debug, Clone)]
pub struct Places {
    pub encoders: [Range<usize>; 2],
    pub initial_w: Range<usize>,
    pub initial_b: Range<usize>,
    pub initial_prior: Prior,
    pub controller: Range<usize>,
    pub inferred_w: Range<usize>,
    pub inferred_b: Range<usize>,
    pub inferred_prior: Prior,
    pub generator: Range<usize>,
    pub factors: Range<usize>,
    pub rates_w: Range<usize>,
    pub rates_b: Range<usize>,
    pub noise_logvar: Range<usize>,
}

/// The parameters of a prior; logtau of the autoregressive one alone.
#[derive(Debug, Clone)]
pub struct Prior {
    pub mean: Range<usize>,
    pub logtau: Range<usize>,
    pub logvar: Range<usize>,
}

impl Places {
    pub fn of(sizes: Sizes) -> Places {
        let Sizes {
            encoder: e,
            controller: c,
            inferred: u,
            generator: g,
            factors: k,
            channels: d,
            gaussian,
            ..
        } = sizes;
        let mut at = 0;
        let mut next = |count: usize| {
            at += count;
            at - count..at
        };
        let gru = |strand: Strand| match strand.units {
            0 => 0,
            n => <Gru as Update<f32>>::count(strand.inputs, n),
        };
        Places {
            encoders: [
                next(gru(sizes.encoder_strand())),
                next(gru(sizes.encoder_strand())),
            ],
            initial_w: next(4 * g * e),
            initial_b: next(2 * g),
            initial_prior: Prior {
                mean: next(g),
                logtau: 0..0,
                logvar: next(g),
            },
            controller: next(gru(sizes.controller_strand())),
            inferred_w: next(2 * u * c),
            inferred_b: next(2 * u),
            inferred_prior: Prior {
                mean: next(u),
                logtau: next(u),
                logvar: next(u),
            },
            generator: next(gru(sizes.generator_strand())),
            factors: next(k * g),
            rates_w: next(d * k),
            rates_b: next(d),
            noise_logvar: next(if gaussian { d } else { 0 }),
        }
    }
}

/// The sums of one run.
#[derive(Debug, Clone)]
pub struct SumPlaces {
    pub encoders: [Recurrent; 2],
    /// [2 g, 2 e + 1]
    pub initial: Range<usize>,
    pub controller: Recurrent,
    /// [2 u, c + 1]
    pub inferred: Range<usize>,
    pub generator: Recurrent,
    /// [k, g]
    pub factors: Range<usize>,
    /// [d, k + 1]
    pub rates: Range<usize>,
    pub initial_prior: Prior,
    pub inferred_prior: Prior,
    pub noise_logvar: Range<usize>,
}

/// The sums of a recurrent network: by its first state, and those of its two products.
#[derive(Debug, Clone)]
pub struct Recurrent {
    pub first: Range<usize>,
    pub products: [Range<usize>; 2],
}

impl SumPlaces {
    pub fn of(sizes: Sizes) -> SumPlaces {
        let Sizes {
            encoder: e,
            controller: c,
            inferred: u,
            generator: g,
            factors: k,
            channels: d,
            gaussian,
            ..
        } = sizes;
        let mut at = 0;
        let mut next = |rows: usize, width: usize| {
            at += rows * width;
            at - rows * width..at
        };
        let recurrent = |next: &mut dyn FnMut(usize, usize) -> Range<usize>, s: Strand| {
            let mut product = |k: usize| match <Gru as Update<f32>>::product(s, k) {
                Some(product) if s.units > 0 => {
                    next(product.gates.len(), padded(product.states.len()))
                }
                _ => next(0, 0),
            };
            let products = [product(0), product(1)];
            Recurrent {
                first: next(s.units, 1),
                products,
            }
        };
        let encoders = [0, 1].map(|_| recurrent(&mut next, sizes.encoder_strand()));
        SumPlaces {
            encoders,
            initial: next(2 * g, padded(2 * e + 1)),
            controller: recurrent(&mut next, sizes.controller_strand()),
            inferred: next(2 * u, padded(c + 1)),
            generator: recurrent(&mut next, sizes.generator_strand()),
            factors: next(k, padded(g)),
            rates: next(d, padded(k + 1)),
            initial_prior: Prior {
                mean: next(g, 1),
                logtau: 0..0,
                logvar: next(g, 1),
            },
            inferred_prior: Prior {
                mean: next(u, 1),
                logtau: next(u, 1),
                logvar: next(u, 1),
            },
            noise_logvar: next(if gaussian { d } else { 0 }, 1),
        }
    }

    pub fn count(&self) -> usize {
        self.noise_logvar.end
    }
}
