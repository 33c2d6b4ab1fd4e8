//! FORCE learning: the numbers of another program, and what must hold after many updates.

use attractor::io::{Tree, hdf5};
use attractor::ops::Lanes;
use attractor::ops::force::{
    Dense, End, Inverse, Learning, Matrix, Sequence, Sizes, State, Weights, Work,
};
use attractor::random::{Key, Layout};
use attractor::tensor::values;

const GOLDEN: Sizes = Sizes {
    units: 30,
    inputs: 1,
    outputs: 3,
};

fn golden() -> Tree {
    let path = format!("{}/tests/references/force.h5", env!("CARGO_MANIFEST_DIR"));
    hdf5::read(path).expect("a reference")
}

fn array<T: Lanes>(tree: &Tree, name: &str) -> Vec<T> {
    let tensor = tree.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    let numbers = values::doubles(tensor).expect("numbers");
    numbers.into_iter().map(T::of).collect()
}

fn weights<T: Lanes>(sizes: Sizes, [wi, wr, wf, wo]: [&[T]; 4]) -> Weights<T> {
    let Sizes {
        units: n,
        inputs: i,
        outputs: m,
    } = sizes;
    Weights {
        input: Dense::new(wi, n, i),
        recurrent: Matrix::new(wr, n, n),
        feedback: Dense::new(wf, n, m),
        output: Dense::new(wo, m, n),
    }
}

/// The largest difference, relative to the largest number.
fn error<T: Lanes>(found: &[T], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let pairs = found.iter().zip(expected);
    let most = pairs.fold(0.0, |most: f64, (a, b)| most.max((a.double() - b).abs()));
    most / largest
}

fn agrees_with_the_reference<T: Lanes>(tolerance: f64) {
    let tree = golden();
    let of = |name: &str| array::<T>(&tree, name);
    let n = GOLDEN.units;
    let mut weights = weights(GOLDEN, [&of("wI"), &of("wR"), &of("wF"), &of("wO0")]);
    let a = of("a0");
    let mut state = State {
        z: vec![T::of(0.0); 3],
        a,
    };
    // z0 = wO h0 is what is fed back first.
    let h0: Vec<T> = state.a.iter().map(|a| T::of(a.double().tanh())).collect();
    let mut first = vec![T::of(0.0); 32];
    first[..n].copy_from_slice(&h0);
    weights.output.add_product(0, &first, &mut state.z);
    let (x, f) = (of("x"), of("f"));
    let steps = x.len();
    let (mut z, mut h) = (vec![T::of(0.0); steps * 3], vec![T::of(0.0); steps * n]);
    let mut inverse = Inverse::new(n, T::of(1.0));
    let sequence = Sequence {
        steps,
        inputs: &x,
        targets: &f,
        outputs: &mut z,
        states: Some(&mut h),
    };
    let learning = Learning {
        every: 1,
        forgetting: T::of(1.0),
    };
    let end = Work::new(GOLDEN).run(
        (&mut weights, &mut state),
        T::of(0.1),
        sequence,
        Some((&mut inverse, learning)),
    );
    assert_eq!(end, End::Done);
    let found = [
        ("h", h),
        ("z", z),
        ("wO", weights.output.whole()),
        ("P", inverse.whole()),
    ];
    for (name, found) in found {
        let error = error(&found, &array::<f64>(&tree, name));
        assert!(error < tolerance, "{name}: {error:e}");
    }
}

#[test]
fn learning_agrees_with_the_reference_in_both_kinds_of_number() {
    agrees_with_the_reference::<f64>(1e-10);
    agrees_with_the_reference::<f32>(1e-4);
}
