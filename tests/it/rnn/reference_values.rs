//! Reference values of other programs.
//!
//! `gru.h5`, `ctrnn.h5`, `vanilla.h5`: computed with JAX 0.10 in double precision from the equation
//! in their attributes; loss = mean((o - y)^2), gradients and Jacobians with `grad` and `jacrev`,
//! eigenvalues with NumPy. `torch_*.h5`: computed with PyTorch 2.15 in double precision with the
//! parameters of the `.pt` file of the same name; the loss is mean(o^2), the initial state zero.

use attractor::nn::{Cell, Spec};
use attractor::ops::Lanes;
use attractor::ops::rnn::Loss;
use attractor::ops::rnn::cells::Ctrnn;
use attractor::tensor::{Device, Tensor, linear};

use super::case::{Case, error};

/// Rounding of some hundred sums, relative to the largest value.
const F64: f64 = 1e-14;
const F32: f64 = 2e-6;

struct Reference(hdf5::File);

impl Reference {
    fn open(name: &str) -> Reference {
        let path = format!("{}/tests/references/{name}.h5", env!("CARGO_MANIFEST_DIR"));
        Reference(hdf5::File::open(path).expect("the reference file is part of the project"))
    }

    fn read(&self, name: &str) -> Vec<f64> {
        let data = self
            .0
            .dataset(name)
            .expect("an entry of the reference file");
        data.read_raw::<f64>().expect("values")
    }

    fn read_as<T: Lanes>(&self, name: &str) -> Vec<T> {
        self.read(name).into_iter().map(T::of).collect()
    }
}

fn tutorial_cell(name: &str) -> Cell {
    match name {
        "gru" => Cell::Gru(Default::default()),
        "vanilla" => Cell::Vanilla(Default::default()),
        _ => Cell::Ctrnn(Ctrnn {
            dt: 0.05,
            tau: 1.0,
            ..Ctrnn::default()
        }),
    }
}

/// The entries of the reference in the order of the layout; missing entries are zero.
fn read_params(reference: &Reference, spec: Spec, folder: &str) -> Vec<f64> {
    let layout = spec.layout();
    let mut all = vec![0.0; layout.len()];
    for block in layout.blocks().iter().filter(|block| block.name != "h0") {
        let entry = reference.read(&format!("{folder}/{}", block.name));
        all[block.range.clone()].copy_from_slice(&entry);
    }
    all
}

fn load_case<T: Lanes>(reference: &Reference, name: &str) -> Case<T> {
    let spec = Spec::new(tutorial_cell(name), [4, 11, 2]);
    let params = read_params(reference, spec, "param");
    Case {
        spec,
        size: [3, 9],
        params: params.into_iter().map(T::of).collect(),
        inputs: reference.read_as("x"),
        h0: Some(reference.read_as("h0")),
        noise: None,
        dropout: None,
        targets: reference.read_as("y"),
        mask: None,
        loss_function: Loss::Mse,
        lengths: None,
        slice: None,
    }
}

fn errors_against_reference<T: Lanes>(name: &str) -> Vec<(String, f64)> {
    let reference = Reference::open(name);
    let case = load_case::<T>(&reference, name);
    let (states, outputs) = case.run();
    let (loss, loss_gradient) = case.loss_gradient();
    let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
    let expected = read_params(&reference, case.spec, "grad");
    let mut errors = vec![
        ("states".into(), error(&states, &reference.read("h"))),
        ("outputs".into(), error(&outputs, &reference.read("o"))),
        ("loss".into(), error(&[loss], &reference.read("loss"))),
        (
            "gradient of inputs".into(),
            error(&inputs, &reference.read("grad/x")),
        ),
        (
            "gradient of h0".into(),
            error(&h0, &reference.read("grad/h0")),
        ),
    ];
    for block in case.spec.layout().blocks() {
        let (range, name) = (block.range.clone(), &block.name);
        for (method, actual) in [("loss", &loss_gradient), ("back", &params)] {
            let error = error(&actual[range.clone()], &expected[range.clone()]);
            errors.push((format!("gradient of {name} ({method})"), error));
        }
    }
    let at = Case {
        size: [4, 1],
        inputs: reference.read_as("jac_x"),
        h0: Some(reference.read_as("jac_h")),
        ..case
    };
    let [by_state, by_input] = at.jacobians();
    errors.push(("dF/dh".into(), error(&by_state, &reference.read("dF_dh"))));
    errors.push(("dF/dx".into(), error(&by_input, &reference.read("dF_dx"))));
    errors.push((
        "eigenvalues".into(),
        eigenvalue_error(&by_state, &reference),
    ));
    errors
}

/// The largest distance between an eigenvalue of the reference and the nearest computed eigenvalue.
fn eigenvalue_error<T: Lanes>(by_state: &[T], reference: &Reference) -> f64 {
    let matrices = Tensor::from_slice(by_state, (4, 11, 11), &Device::Cpu).expect("matching sizes");
    let (re, im) = linear::eigenvalues(&matrices).expect("eigenvalues");
    let flat = |x: Tensor| {
        let x = x
            .to_dtype(attractor::tensor::DType::F64)
            .expect("a real number");
        x.flatten_all()
            .and_then(|x| x.to_vec1::<f64>())
            .expect("values")
    };
    let (re, im) = (flat(re), flat(im));
    let expected = reference
        .read("eig_real")
        .into_iter()
        .zip(reference.read("eig_imag"));
    let errors = expected.enumerate().map(|(k, (a, b))| {
        let block = k / 11 * 11..(k / 11 + 1) * 11;
        let distances = block.map(|k| (re[k] - a).hypot(im[k] - b));
        distances.fold(f64::INFINITY, f64::min)
    });
    errors.fold(0.0, f64::max)
}

#[test]
fn states_loss_gradients_and_jacobians_agree_with_jax() {
    for name in ["vanilla", "gru", "ctrnn"] {
        for (quantity, error) in errors_against_reference::<f64>(name) {
            println!("{name} f64 {quantity}: {error:.1e}");
            assert!(error < F64, "{name} f64 {quantity}: {error}");
        }
        for (quantity, error) in errors_against_reference::<f32>(name) {
            println!("{name} f32 {quantity}: {error:.1e}");
            assert!(error < F32, "{name} f32 {quantity}: {error}");
        }
    }
}
