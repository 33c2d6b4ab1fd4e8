//! Networks as simple loops over the equations in double precision.

use attractor::nn::Cell;
use attractor::ops::Lanes;
use attractor::ops::rnn::{Nonlinearity, suffix};

use super::case::Case;

pub fn apply_nonlinearity(nonlinearity: Nonlinearity, x: f64) -> f64 {
    match nonlinearity {
        Nonlinearity::Tanh => x.tanh(),
        Nonlinearity::Relu => x.max(0.0),
        Nonlinearity::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Nonlinearity::Linear => x,
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The product w x + b.
fn affine(w: &[f64], x: &[f64], b: &[f64]) -> Vec<f64> {
    let dot = |w: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    match x.len() {
        0 => b.to_vec(),
        width => w.chunks(width).zip(b).map(|(w, b)| dot(w) + b).collect(),
    }
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// The next state, with the parameters that `block` returns.
pub fn step(cell: Cell, block: &dyn Fn(&str) -> Vec<f64>, state: &[f64], x: &[f64]) -> Vec<f64> {
    let zeros = |n: usize| vec![0.0; n];
    let pre_activations = |rates: &[f64]| {
        let bias = block("bR");
        let by_input = affine(&block("wI"), x, &zeros(bias.len()));
        add(&by_input, &affine(&block("wR"), rates, &bias))
    };
    match cell {
        Cell::Vanilla(vanilla) => {
            let pre_activations = pre_activations(state).into_iter();
            pre_activations
                .map(|x| apply_nonlinearity(vanilla.nonlinearity, x))
                .collect()
        }
        Cell::Ctrnn(ctrnn) => {
            let rates: Vec<f64> = state
                .iter()
                .map(|a| apply_nonlinearity(ctrnn.nonlinearity, *a))
                .collect();
            let pairs = state.iter().zip(pre_activations(&rates));
            pairs
                .map(|(a, sum)| a + ctrnn.dt / ctrnn.tau * (sum - a))
                .collect()
        }
        Cell::Gru(gru) => {
            let n = state.len();
            let ru = affine(&block("wRUHX"), &[state, x].concat(), &block("bRU"));
            let r: Vec<f64> = ru[..n].iter().map(|x| sigmoid(*x)).collect();
            let u: Vec<f64> = ru[n..]
                .iter()
                .map(|x| sigmoid(x + gru.update_bias))
                .collect();
            let reset: Vec<f64> = r.iter().zip(state).map(|(r, h)| r * h).collect();
            let c = affine(&block("wCHX"), &[&reset, x].concat(), &block("bC"));
            (0..n)
                .map(|k| u[k] * state[k] + (1.0 - u[k]) * c[k].tanh())
                .collect()
        }
        Cell::GruTorch(_) => {
            let n = state.len();
            let a = affine(&block("wI"), x, &block("bI"));
            let q = affine(&block("wR"), state, &block("bR"));
            let next_value = |k: usize| {
                let (r, z) = (sigmoid(a[k] + q[k]), sigmoid(a[n + k] + q[n + k]));
                let new = (a[2 * n + k] + r * q[2 * n + k]).tanh();
                (1.0 - z) * new + z * state[k]
            };
            (0..n).map(next_value).collect()
        }
        Cell::Ugrnn(ugrnn) => {
            let (s, n) = (pre_activations(state), state.len());
            let next_value = |k: usize| {
                let g = sigmoid(s[n + k] + ugrnn.update_bias);
                g * state[k] + (1.0 - g) * s[k].tanh()
            };
            (0..n).map(next_value).collect()
        }
        Cell::Lstm(_) => {
            let (h, c) = state.split_at(state.len() / 2);
            let (s, n) = (pre_activations(h), h.len());
            let new_cell_state =
                |k: usize| sigmoid(s[n + k]) * c[k] + sigmoid(s[k]) * s[2 * n + k].tanh();
            let c: Vec<f64> = (0..n).map(new_cell_state).collect();
            let h = (0..n).map(|k| sigmoid(s[3 * n + k]) * c[k].tanh());
            h.chain(c.clone()).collect()
        }
    }
}

/// The values that the weight matrices multiply: the rates of a CTRNN, otherwise h.
fn rates(cell: Cell, state: &[f64], n: usize) -> Vec<f64> {
    match cell {
        Cell::Ctrnn(ctrnn) => state
            .iter()
            .map(|a| apply_nonlinearity(ctrnn.nonlinearity, *a))
            .collect(),
        _ => state[..n].to_vec(),
    }
}

/// States [b, t, s], outputs [b, t, o] and loss.
pub fn reference_loop<T: Lanes>(case: &Case<T>) -> (Vec<f64>, Vec<f64>, f64) {
    let (s, spec) = (case.sizes(), case.spec);
    let layout = spec.layout();
    let double = |all: &[T]| -> Vec<f64> { all.iter().map(|x| x.double()).collect() };
    let block = |name: &str| {
        let range_block = layout.block(name).expect("a block of the layout");
        double(&case.params[range_block.range.clone()])
    };
    let (n, t, width) = (s.units, s.time, spec.state() / s.sublayers());
    let mut states = vec![0.0; s.batch * t * spec.state()];
    let (mut outputs, mut loss, mut count) = (vec![], 0.0, 0.0);
    for b in 0..s.batch {
        let mut layer_inputs: Vec<Vec<f64>> = (0..t)
            .map(|time| double(&case.inputs[(b * t + time) * s.inputs..][..s.inputs]))
            .collect();
        for layer in 0..s.layers {
            let mut layer_outputs = vec![Vec::new(); t];
            for direction in 0..s.directions {
                let sublayer = layer * s.directions + direction;
                let name_suffix = suffix(s, sublayer);
                let sublayer_block = |name: &str| block(&format!("{name}{name_suffix}"));
                let mut state = sublayer_block("h0");
                if width > n {
                    state.extend(sublayer_block("c0"));
                }
                if let Some(h0) = &case.h0 {
                    state = double(&h0[b * spec.state() + sublayer * width..][..width]);
                }
                for at in 0..t {
                    let time = if direction == 0 { at } else { t - 1 - at };
                    if case
                        .lengths
                        .as_ref()
                        .is_none_or(|lengths| time < lengths[b])
                    {
                        state = step(spec.cell, &sublayer_block, &state, &layer_inputs[time]);
                        let from = (b * t + time) * s.total_units() + sublayer * n;
                        let noise = case.noise.iter().flat_map(|noise| &noise[from..]);
                        for (x, noise) in state[..n].iter_mut().zip(noise) {
                            *x += noise.double();
                        }
                    }
                    states[(b * t + time) * spec.state() + sublayer * width..][..width]
                        .copy_from_slice(&state);
                    layer_outputs[time].extend(rates(spec.cell, &state, n));
                }
            }
            if let Some(dropout) = case.dropout.as_ref().filter(|_| layer + 1 < s.layers) {
                for (time, x) in layer_outputs.iter_mut().enumerate() {
                    let scale =
                        &dropout[(b * t + time) * s.dropout_width() + layer * s.layer_width()..];
                    for (x, scale) in x.iter_mut().zip(scale) {
                        *x *= scale.double();
                    }
                }
            }
            layer_inputs = layer_outputs;
        }
        for (time, readout_input) in layer_inputs.iter().enumerate() {
            let at = b * t + time;
            let weight = case.mask.as_ref().map_or(1.0, |mask| mask[at].double());
            for (r, output) in affine(&block("wO"), readout_input, &block("bO"))
                .into_iter()
                .enumerate()
            {
                loss += weight * (output - case.targets[at * s.outputs + r].double()).powi(2);
                count += weight;
                outputs.push(output);
            }
        }
    }
    (states, outputs, loss / count)
}
