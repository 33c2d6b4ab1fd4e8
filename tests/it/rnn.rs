//! The fused networks of every cell against numbers from elsewhere, against loops written for
//! reading, and against finite differences.

use attractor::ops::Lanes;

use case::{F32, F64, case, cells, error, many_sizes};
use plain::plain;

pub mod case;
mod golden;
mod gradients;
mod plain;
mod slices;
mod tensors;
mod values;

fn compare_with_plain<T: Lanes>(tolerance: f64) {
    let mut largest = 0.0_f64;
    for cell in cells() {
        for sizes in many_sizes() {
            let case = case::<T>(cell, sizes);
            let (states, outputs, loss) = plain(&case);
            let found = case.run();
            let mut errors = vec![("states", error(&found.0, &states))];
            if case.spec.outputs > 0 {
                errors.push(("outputs", error(&found.1, &outputs)));
                errors.push(("loss", error(&[case.loss()], &[loss])));
                assert_eq!(case.loss(), case.loss_gradient().0);
            }
            for (what, error) in errors {
                assert!(error < tolerance, "{cell:?} {sizes:?} {what}: {error}");
                largest = largest.max(error);
            }
        }
    }
    println!("{}: {largest:.1e}", T::DTYPE.as_str());
}

#[test]
fn every_cell_and_stack_gives_what_a_plain_loop_gives() {
    compare_with_plain::<f64>(F64);
    compare_with_plain::<f32>(F32);
}
