//! The network as its equations stand, in plain loops and double precision.

use attractor::ops::Lanes;
use attractor::ops::rnn::vanilla::layout;
use attractor::ops::rnn::{Nonlinearity, Sizes};

use super::case::Case;

pub fn f(nonlinearity: Nonlinearity, x: f64) -> f64 {
    match nonlinearity {
        Nonlinearity::Tanh => x.tanh(),
        Nonlinearity::Relu => x.max(0.0),
        Nonlinearity::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Nonlinearity::Linear => x,
    }
}

/// States, outputs and loss, written as the equations stand.
pub fn plain<T: Lanes>(case: &Case<T>) -> (Vec<f64>, Vec<f64>, f64) {
    let Sizes {
        batch,
        time,
        inputs: i,
        units: n,
        outputs: o,
    } = case.sizes;
    let layout = layout(i, n, o);
    let block = |name| -> Vec<f64> {
        let range = layout
            .block(name)
            .expect("a block of the layout")
            .range
            .clone();
        case.params[range].iter().map(|x| x.double()).collect()
    };
    let [w_in, w_rec, w_out] = ["wI", "wR", "wO"].map(block);
    let [first, b_rec, b_out] = ["h0", "bR", "bO"].map(block);
    let dot = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    let (mut states, mut outputs, mut loss, mut count) = (vec![], vec![], 0.0, 0.0);
    for b in 0..batch {
        let mut h = first.clone();
        if let Some(h0) = &case.h0 {
            h = h0[b * n..][..n].iter().map(|x| x.double()).collect();
        }
        for at in b * time..(b + 1) * time {
            let x: Vec<f64> = case.inputs[at * i..][..i]
                .iter()
                .map(|x| x.double())
                .collect();
            let sum =
                |r: usize| dot(&w_in[r * i..][..i], &x) + dot(&w_rec[r * n..][..n], &h) + b_rec[r];
            let noise = |r: usize| {
                case.noise
                    .as_ref()
                    .map_or(0.0, |noise| noise[at * n + r].double())
            };
            h = (0..n)
                .map(|r| f(case.nonlinearity, sum(r)) + noise(r))
                .collect();
            states.extend(&h);
            let weight = case.mask.as_ref().map_or(1.0, |mask| mask[at].double());
            for r in 0..o {
                let output = dot(&w_out[r * n..][..n], &h) + b_out[r];
                loss += weight * (output - case.targets[at * o + r].double()).powi(2);
                count += weight;
                outputs.push(output);
            }
        }
    }
    let mean = if count == 0.0 { 0.0 } else { loss / count };
    (states, outputs, mean)
}

/// Back through time as it stands in a textbook, for tanh: parameters, inputs, h0.
pub fn plain_backward(case: &Case<f64>, arriving: &[f64]) -> [Vec<f64>; 3] {
    let Sizes {
        batch,
        time,
        inputs: i,
        units: n,
        outputs: o,
    } = case.sizes;
    let states = plain(case).0;
    let (w_in, w_rec, b_rec) = (n, n + n * i, n + n * i + n * n + o * n);
    let mut params = vec![0.0; case.params.len()];
    let (mut d_inputs, mut d_h0) = (vec![0.0; batch * time * i], vec![0.0; batch * n]);
    let (h0, noise) = (
        case.h0.as_ref().expect("given"),
        case.noise.as_ref().expect("given"),
    );
    for b in 0..batch {
        let mut arrived = vec![0.0; n];
        for at in (b * time..(b + 1) * time).rev() {
            let before = if at == b * time {
                &h0[b * n..][..n]
            } else {
                &states[(at - 1) * n..][..n]
            };
            let mut next = vec![0.0; n];
            for r in 0..n {
                let y = states[at * n + r] - noise[at * n + r];
                let delta = (arrived[r] + arriving[at * n + r]) * (1.0 - y * y);
                params[b_rec + r] += delta;
                for k in 0..n {
                    params[w_rec + r * n + k] += delta * before[k];
                    next[k] += delta * case.params[w_rec + r * n + k];
                }
                for k in 0..i {
                    params[w_in + r * i + k] += delta * case.inputs[at * i + k];
                    d_inputs[at * i + k] += delta * case.params[w_in + r * i + k];
                }
            }
            arrived = next;
        }
        d_h0[b * n..][..n].copy_from_slice(&arrived);
    }
    [params, d_inputs, d_h0]
}
