//! The fused vanilla network against numbers from elsewhere, against a loop written for reading,
//! and against finite differences.

use attractor::ops::Lanes;
use attractor::ops::rnn::{Nonlinearity, Sizes};

use case::{ALL, Case, F64, error, many_sizes};
use plain::plain;

mod case;
mod gradients;
mod plain;
mod slices;
mod tensors;
mod values;

/// Single precision: some 2^-24 times the number of steps and of terms.
const F32: f64 = 2e-6;

/// `golden`: h' = tanh(wI x + wR h + bR), loss = mean((o - y)^2); made with JAX in double
/// precision, the gradients by its `grad`.
fn golden(name: &str) -> Vec<f64> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/references/vanilla.h5");
    let file = hdf5::File::open(path).expect("the reference file is part of the project");
    let data = file.dataset(name).expect("an entry of the reference file");
    data.read_raw::<f64>().expect("f64 numbers")
}

fn golden_case<T: Lanes>() -> Case<T> {
    let read = |name: &str| golden(name).into_iter().map(T::of).collect::<Vec<T>>();
    let mut params = vec![T::of(0.0); 11];
    for name in ["param/wI", "param/wR", "param/wO", "param/bR", "param/bO"] {
        params.extend(read(name));
    }
    Case {
        sizes: Sizes {
            batch: 3,
            time: 9,
            inputs: 4,
            units: 11,
            outputs: 2,
        },
        nonlinearity: Nonlinearity::Tanh,
        params,
        inputs: read("x"),
        h0: Some(read("h0")),
        noise: None,
        targets: read("y"),
        mask: None,
    }
}

fn golden_errors<T: Lanes>() -> Vec<(&'static str, f64)> {
    let case = golden_case::<T>();
    let (states, outputs) = case.run();
    let (loss, direct) = case.loss_gradient();
    let [params, inputs, h0] = case.backward(None, Some(&case.d_outputs(&outputs)));
    let mut expected = vec![0.0; 11];
    for name in ["grad/wI", "grad/wR", "grad/wO", "grad/bR", "grad/bO"] {
        expected.extend(golden(name));
    }
    vec![
        ("states", error(&states, &golden("h"))),
        ("outputs", error(&outputs, &golden("o"))),
        ("loss", error(&[loss], &golden("loss"))),
        ("gradient of loss", error(&direct, &expected)),
        ("gradient of parameters", error(&params, &expected)),
        ("gradient of inputs", error(&inputs, &golden("grad/x"))),
        ("gradient of h0", error(&h0, &golden("grad/h0"))),
    ]
}

#[test]
fn states_loss_and_gradients_equal_those_of_jax() {
    for (what, error) in golden_errors::<f64>() {
        println!("f64 {what}: {error:.1e}");
        assert!(error < 1e-14, "f64 {what}: {error}");
    }
    for (what, error) in golden_errors::<f32>() {
        println!("f32 {what}: {error:.1e}");
        assert!(error < 2e-6, "f32 {what}: {error}");
    }
}

fn compare_with_plain<T: Lanes>(tolerance: f64) {
    let mut largest = 0.0_f64;
    for sizes in many_sizes() {
        for nonlinearity in ALL {
            let case = Case::<T>::random(sizes, nonlinearity);
            let (states, outputs, loss) = plain(&case);
            let found = case.run();
            let mut errors = vec![("states", error(&found.0, &states))];
            if sizes.outputs > 0 {
                errors.push(("outputs", error(&found.1, &outputs)));
                errors.push(("loss", error(&[case.loss()], &[loss])));
                assert_eq!(case.loss(), case.loss_gradient().0);
            }
            for (what, error) in errors {
                assert!(
                    error < tolerance,
                    "{sizes:?} {nonlinearity:?} {what}: {error}"
                );
                largest = largest.max(error);
            }
        }
    }
    println!("{}: {largest:.1e}", T::DTYPE.as_str());
}

#[test]
fn all_sizes_give_what_a_plain_loop_gives() {
    compare_with_plain::<f64>(F64);
    compare_with_plain::<f32>(F32);
}
