//! The fused operations of all cells, compared with reference values, simple loops and finite
//! differences.

use attractor::ops::Lanes;

use case::{F32, F64, all_cells, all_sizes, case, error};
use reference_loop::reference_loop;

mod autograd;
pub mod case;
mod gradients;
mod losses;
mod reference_loop;
mod reference_values;
mod single_steps;
mod slices;

fn compare_with_reference_loop<T: Lanes>(tolerance: f64) {
    let mut max_error = 0.0_f64;
    for cell in all_cells() {
        for sizes in all_sizes() {
            let case = case::<T>(cell, sizes);
            let (states, outputs, loss) = reference_loop(&case);
            let actual = case.run();
            let mut errors = vec![("states", error(&actual.0, &states))];
            if case.spec.outputs > 0 {
                errors.push(("outputs", error(&actual.1, &outputs)));
                errors.push(("loss", error(&[case.loss()], &[loss])));
                assert_eq!(case.loss(), case.loss_gradient().0);
            }
            for (quantity, error) in errors {
                assert!(error < tolerance, "{cell:?} {sizes:?} {quantity}: {error}");
                max_error = max_error.max(error);
            }
        }
    }
    println!("{}: {max_error:.1e}", T::DTYPE.as_str());
}

#[test]
fn all_cells_and_stacks_agree_with_the_reference_loop() {
    compare_with_reference_loop::<f64>(F64);
    compare_with_reference_loop::<f32>(F32);
}
