//! LFADS: comparison with reference values, finite differences, and models.

mod gradients;
mod model;

use attractor::io::{Tree, hdf5};
use attractor::ops::Lanes;
use attractor::ops::lfads::{Constants, Inputs, Losses, Noise, Operation, Results, Sizes, layout};
use attractor::tensor::convert;

use crate::rnn::case::error;

const SIZES: Sizes = Sizes {
    batch: 3,
    time: 9,
    channels: 8,
    encoder: 4,
    controller: 6,
    inferred: 2,
    generator: 5,
    factors: 3,
    gaussian: false,
};
const VAR_MIN: f64 = 1e-3;
const KL_SCALE: f64 = 0.6;
const L2: f64 = 2e-5;

fn load_reference() -> Tree {
    let path = format!("{}/tests/references/lfads.h5", env!("CARGO_MANIFEST_DIR"));
    hdf5::read(path).expect("a reference")
}

fn read_f64(tree: &Tree, path: &str) -> Vec<f64> {
    let entry = tree.at(path).unwrap_or_else(|| panic!("no {path}"));
    match entry {
        Tree::Tensor(tensor) => convert::to_f64(tensor).expect("values"),
        Tree::Float(x) => vec![*x],
        other => panic!("{path}: {}", other.kind()),
    }
}

fn read_array<T: Lanes>(tree: &Tree, path: &str) -> Vec<T> {
    read_f64(tree, path).into_iter().map(T::of).collect()
}

/// The path in the reference file of the block with this name in the layout.
fn reference_path(name: &str) -> String {
    let (name, direction) = match name.strip_suffix("_reverse") {
        Some(name) => (name, "bwd"),
        None => (name, "fwd"),
    };
    let paths = [
        ("initial_w", "gen_ic/w"),
        ("initial_b", "gen_ic/b"),
        ("initial_prior_mean", "ic_prior/mean"),
        ("initial_prior_logvar", "ic_prior/logvar"),
        ("inferred_w", "con_out/w"),
        ("inferred_b", "con_out/b"),
        ("inferred_prior_mean", "ii_prior/mean"),
        ("inferred_prior_logtau", "ii_prior/logatau"),
        ("inferred_prior_logvar", "ii_prior/lognvar"),
        ("factors_w", "factors/w"),
        ("rates_w", "logrates/w"),
        ("rates_b", "logrates/b"),
    ];
    if let Some((_, path)) = paths.iter().find(|(block_name, _)| *block_name == name) {
        return path.to_string();
    }
    let (network, part) = name.split_once('_').expect("a component name");
    match network {
        "enc" => format!("ic_enc/{direction}/{part}"),
        network => format!("{network}/{part}"),
    }
}

/// The values below `root` in the order of the layout.
fn read_params<T: Lanes>(tree: &Tree, root: &str) -> Vec<T> {
    let layout = layout::<T>(SIZES);
    let names = layout.blocks().iter().map(|block| &block.name);
    names
        .flat_map(|name| read_array::<T>(tree, &format!("{root}/{}", reference_path(name))))
        .collect()
}

struct Samples<T> {
    x: Vec<T>,
    normals: [Vec<T>; 3],
    masks: [Vec<T>; 4],
}

impl<T: Lanes> Samples<T> {
    fn of(tree: &Tree) -> Samples<T> {
        Samples {
            x: read_array(tree, "x"),
            normals: ["noise/eps_g0", "noise/eps_ii", "noise/eps_kl"]
                .map(|at| read_array(tree, at)),
            masks: ["mask_x", "mask_enc", "mask_ends", "mask_gen"]
                .map(|at| read_array(tree, &format!("noise/{at}"))),
        }
    }

    fn op_inputs<'a>(&'a self, params: &'a [T]) -> Inputs<'a, T> {
        Inputs {
            params,
            observed: &self.x,
            noise: Noise {
                initial: Some(&self.normals[0]),
                inferred: Some(&self.normals[1]),
                kl_sample: Some(&self.normals[2]),
                dropout_observed: Some(&self.masks[0]),
                dropout_encoded: Some(&self.masks[1]),
                dropout_final: Some(&self.masks[2]),
                dropout_generator: Some(&self.masks[3]),
            },
            constants: Constants {
                var_min: T::of(VAR_MIN),
                kl_weight: T::of(KL_SCALE),
            },
        }
    }
}

fn check_against_reference<T: Lanes>(tolerance: f64) {
    let tree = load_reference();
    let params = read_params::<T>(&tree, "param");
    let samples = Samples::<T>::of(&tree);
    let s = SIZES;
    let zeros = |count: usize| vec![T::of(0.0); count];
    let steps = s.batch * s.time;
    let (mut rates, mut factors) = (zeros(steps * s.channels), zeros(steps * s.factors));
    let (mut generator, mut controller) = (zeros(steps * s.generator), zeros(steps * s.controller));
    let (mut inferred, mut posterior) = (zeros(steps * s.inferred), zeros(steps * 2 * s.inferred));
    let (mut initial, mut initial_posterior) = (
        zeros(s.batch * s.generator),
        zeros(s.batch * 2 * s.generator),
    );
    let mut gradient = zeros(params.len());
    let results = Results {
        log_rates: &mut rates,
        factors: &mut factors,
        generator: &mut generator,
        controller: &mut controller,
        inferred: &mut inferred,
        inferred_posterior: &mut posterior,
        initial: &mut initial,
        initial_posterior: &mut initial_posterior,
    };
    let mut operation = Operation::default();
    let losses = operation.gradient(s, samples.op_inputs(&params), results, &mut gradient);
    let mean_and_logvar = |mean: &str, logvar: &str, width: usize| -> Vec<f64> {
        let (mean, logvar) = (read_f64(&tree, mean), read_f64(&tree, logvar));
        let rows = mean.chunks(width).zip(logvar.chunks(width));
        rows.flat_map(|(m, v)| [m, v].concat()).collect()
    };
    let mut max_error: f64 = 0.0;
    let mut check = |name: &str, error: f64| {
        println!("{name:24} {error:.1e}");
        max_error = max_error.max(error);
    };
    check("log-rates", error(&rates, &read_f64(&tree, "out/lograte")));
    check("factors", error(&factors, &read_f64(&tree, "out/factors")));
    check("generator", error(&generator, &read_f64(&tree, "out/gen")));
    check(
        "controller",
        error(&controller, &read_f64(&tree, "out/con")),
    );
    check("inferred", error(&inferred, &read_f64(&tree, "out/ii")));
    let expected = mean_and_logvar("out/ii_mean", "out/ii_logvar", s.inferred);
    check("posterior of inputs", error(&posterior, &expected));
    let expected = mean_and_logvar("out/ic_mean", "out/ic_logvar", s.generator);
    check("posterior of g_0", error(&initial_posterior, &expected));
    let Losses {
        nll,
        kl_initial,
        kl_inferred,
    } = losses;
    let scaled_kl = [KL_SCALE * kl_initial, KL_SCALE * kl_inferred];
    let squares: f64 = params.iter().map(|p| p.double() * p.double()).sum();
    for (name, actual) in [
        ("loss/nll", nll),
        ("loss/kl_g0", kl_initial),
        ("loss/kl_ii", kl_inferred),
        ("loss/l2", L2 * squares),
        (
            "loss/total",
            nll + scaled_kl[0] + scaled_kl[1] + L2 * squares,
        ),
    ] {
        let expected = read_f64(&tree, name)[0];
        println!("{name}: {actual} {expected}");
        check(name, (actual - expected).abs() / expected.abs());
    }
    for (d, p) in gradient.iter_mut().zip(&params) {
        *d += T::of(2.0 * L2) * *p;
    }
    let expected = read_params::<f64>(&tree, "grad");
    for block in layout::<T>(s).blocks() {
        let range = block.range.clone();
        check(
            &block.name,
            error(&gradient[range.clone()], &expected[range]),
        );
    }
    assert!(max_error < tolerance, "{max_error:e}");
}

#[test]
fn results_losses_and_gradients_agree_with_the_reference_in_both_dtypes() {
    check_against_reference::<f64>(1e-10);
    check_against_reference::<f32>(1e-4);
}
