//! Gradients of tensor operations: comparison with finite differences, and missing gradients.

use super::{array, assert_near, values};
use attractor::base::{Error, Result};
use attractor::tensor::reduce::Reduction;
use attractor::tensor::structure::Triangle;
use attractor::tensor::{
    Tensor, arith, convert, gradient, indexing, linear, pointwise, reduce, sigmoid, sort,
    structure, tanh,
};

/// Central differences in f64 with this step are accurate to about 1e-9.
const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-7;

/// A weighted sum of all elements. The weights have no symmetries that could hide an error.
fn weighted_sum(t: &Tensor) -> Result<Tensor> {
    let n = t.elem_count();
    let weights = (0..n)
        .map(|i| 0.3 + 0.17 * (i as f64 * 1.7).sin())
        .collect();
    let weights = convert::from_f64(weights, &[n], t.dtype())?;
    reduce::sum(
        &arith::mul(&t.flatten_all()?, &weights)?,
        &Reduction::default(),
    )
}

pub type Unary = fn(&Tensor) -> Result<Tensor>;

fn max_gradient_error(f: Unary, at: &Tensor) -> f64 {
    let mut loss = |x: &[Tensor]| weighted_sum(&f(&x[0])?);
    let (_, gradients) = gradient(&mut loss, std::slice::from_ref(at)).unwrap();
    let (gradient_values, base_values) = (values(&gradients[0]), values(at));
    let loss_at = |i: usize, by: f64| {
        let mut shifted = base_values.clone();
        shifted[i] += by;
        values(&weighted_sum(&f(&array(&shifted, at.dims())).unwrap()).unwrap())[0]
    };
    let differences =
        (0..base_values.len()).map(|i| (loss_at(i, STEP) - loss_at(i, -STEP)) / (2.0 * STEP));
    gradient_values
        .iter()
        .zip(differences)
        .map(|(s, d)| (s - d).abs())
        .fold(0.0, f64::max)
}

#[test]
fn gradients_agree_with_finite_differences() {
    fn reduce_axis(axis: i64) -> Reduction {
        Reduction {
            axes: Some(vec![axis]),
            keepdims: true,
        }
    }
    fn weights() -> Tensor {
        array(&[0.5, -1.0, 2.0, 0.25, 1.5, -0.75], &[3, 2])
    }
    fn square_matrix() -> Tensor {
        array(&[2.0, 1.0, 0.5, -1.0, 3.0, 0.25, 1.5, 0.75, 4.0], &[3, 3])
    }
    let table: &[(&str, Unary)] = &[
        ("add", |x| arith::add(x, &array(&[1.0, 2.0, 3.0], &[3]))),
        ("sub", |x| arith::sub(&array(&[1.0], &[1]), x)),
        ("mul", |x| arith::mul(x, x)),
        ("div", |x| arith::div(&array(&[1.0, -2.0], &[2, 1]), x)),
        ("rem", |x| arith::rem(x, &array(&[0.65], &[]))),
        ("maximum", |x| arith::maximum(x, &array(&[0.1], &[]))),
        ("pow whole", |x| arith::pow(x, &array(&[3.0], &[]))),
        ("pow 0", |x| arith::pow(x, &array(&[0.0], &[]))),
        ("pow as exponent", |x| arith::pow(&array(&[2.5], &[]), x)),
        ("pow both", |x| {
            arith::pow(&pointwise::apply(pointwise::ABS, x)?, x)
        }),
        ("select", |x| {
            arith::where_cond(&array(&[1.0, 0.0, 1.0], &[3]), &arith::mul(x, x)?, x)
        }),
        ("matmul", |x| arith::matmul(x, &weights())),
        ("matmul stacked", |x| {
            arith::matmul(&x.unsqueeze(0)?, &weights())
        }),
        ("matmul turned", |x| {
            arith::matmul(&weights(), &x.contiguous()?)
        }),
        ("matmul vector", |x| {
            arith::matmul(x, &array(&[1.0, 2.0, -1.0], &[3]))
        }),
        ("vector matmul", |x| {
            arith::matmul(&array(&[1.0, 2.0], &[2]), x)
        }),
        ("abs", |x| pointwise::apply(pointwise::ABS, x)),
        ("relu", |x| pointwise::apply(pointwise::RELU, x)),
        ("sigmoid", |x| sigmoid::sigmoid(x)),
        ("softplus", |x| pointwise::apply(pointwise::SOFTPLUS, x)),
        ("expm1", |x| pointwise::apply(pointwise::EXPM1, x)),
        ("log1p", |x| pointwise::apply(pointwise::LOG1P, &x.sqr()?)),
        ("round", |x| pointwise::apply(pointwise::ROUND, x)),
        ("sign", |x| pointwise::apply(pointwise::SIGN, x)),
        ("softmax", |x| pointwise::softmax(x, -1)),
        ("log_softmax", |x| pointwise::log_softmax(x, 0)),
        ("exp", |x| Ok(x.exp()?)),
        ("log", |x| Ok(x.sqr()?.log()?)),
        ("sqrt", |x| Ok(x.sqr()?.sqrt()?)),
        ("sin", |x| Ok(x.sin()?)),
        ("cos", |x| Ok(x.cos()?)),
        ("tanh", tanh::tanh),
        ("broadcast rows", |x| {
            let factors = [1.0, -2.0, 3.0, 0.5, 2.0, 1.5, 0.1, 4.0, -1.0, 2.0, 0.3, 0.7];
            arith::mul(&array(&factors, &[2, 2, 3]), x)
        }),
        ("broadcast one", |x| {
            arith::mul(&reduce::sum(x, &Reduction::default())?, &weights())
        }),
        ("matmul transposed", |x| arith::matmul(&x.t()?, x)),
        ("matmul of stacks", |x| {
            let stack = Tensor::stack(&[x.clone(), (x * 2.0)?], 0)?;
            arith::matmul(&stack, &stack.transpose(1, 2)?)
        }),
        ("erf", |x| Ok(x.erf()?)),
        ("floor", |x| Ok(x.floor()?)),
        ("ceil", |x| Ok((x.ceil()? + x)?)),
        ("sum", |x| reduce::sum(x, &reduce_axis(0))),
        ("mean", |x| reduce::mean(x, &Reduction::default())),
        ("var", |x| reduce::var(x, &reduce_axis(-1), 1)),
        ("norm", |x| reduce::norm(x, &reduce_axis(0))),
        ("max", |x| {
            reduce::extremum("max", x, &reduce_axis(1), false)
        }),
        ("min of all", |x| {
            reduce::extremum("min", x, &Reduction::default(), true)
        }),
        ("prod", |x| reduce::prod(x, &reduce_axis(1))),
        ("cumsum 0", |x| reduce::cumsum(x, 0)),
        ("cumsum -1", |x| reduce::cumsum(x, -1)),
        ("sort", |x| sort::sort(x, 1, false)),
        ("quantile", |x| sort::quantile(x, 0.3, Some(1))),
        ("median", |x| sort::quantile(x, 0.5, None)),
        ("slice", |x| indexing::slice(x, 1, -2, None, 1)),
        ("slice by two", |x| indexing::slice(x, 1, 0, None, 2)),
        ("take", |x| indexing::take(x, 0, &[1, 1, 0, -1])),
        ("at", |x| indexing::at(x, &[-1, 0])),
        ("put into", |x| {
            indexing::slice_assign(x, 0, 0, &array(&[9.0, 9.0, 9.0], &[1, 3]))
        }),
        ("put", |x| {
            indexing::slice_assign(&array(&[0.0; 12], &[4, 3]), 0, 1, x)
        }),
        ("cat", |x| indexing::cat(&[x.clone(), arith::mul(x, x)?], 1)),
        ("stack", |x| {
            indexing::stack(&[x.clone(), arith::mul(x, x)?], -1)
        }),
        ("roll", |x| indexing::roll(x, 1, -1)),
        ("flip", |x| indexing::flip(x, 1)),
        ("permute", |x| indexing::permute(x, &[1, 0])),
        ("diag", |x| indexing::diag(x)),
        ("trace", structure::trace),
        ("tile", |x| structure::tile(x, &[2, 3, 2])),
        ("repeat_interleave", |x| {
            structure::repeat_interleave(x, 3, 1)
        }),
        ("tril", |x| {
            structure::triangle("tril", x, Triangle::Lower, 1)
        }),
        ("triu", |x| {
            structure::triangle("triu", x, Triangle::Upper, -1)
        }),
        ("diag of a vector", |x| {
            indexing::diag(&indexing::at(x, &[0])?)
        }),
        ("outer", |x| {
            indexing::outer(&indexing::at(x, &[0])?, &indexing::at(x, &[1])?)
        }),
        ("inverse", |x| {
            linear::inverse(&arith::add(&square_matrix(), &indexing::at(x, &[0])?)?)
        }),
        ("det", |x| {
            linear::det(&arith::add(&square_matrix(), &indexing::at(x, &[1])?)?)
        }),
        ("solve, matrix", |x| {
            linear::solve(
                &arith::add(&square_matrix(), &indexing::at(x, &[0])?)?,
                &weights(),
            )
        }),
        ("solve, right side", |x| {
            linear::solve(&square_matrix(), &x.t()?)
        }),
        ("solve, both", |x| {
            linear::solve(
                &arith::add(&square_matrix(), &indexing::at(x, &[0])?)?,
                &x.t()?,
            )
        }),
    ];
    assert_gradients(table, &array(&[0.3, -1.2, 2.1, -0.4, 0.9, 1.6], &[2, 3]));
}

/// Compares the gradient of each operation with finite differences.
pub fn assert_gradients(table: &[(&str, Unary)], at: &Tensor) {
    let mut max_error: f64 = 0.0;
    for (name, f) in table {
        let error = max_gradient_error(*f, at);
        assert!(
            error <= TOLERANCE,
            "{name}: the error of the gradient is {error:e}"
        );
        max_error = max_error.max(error);
    }
    println!(
        "largest gradient error {max_error:e} over {} operations",
        table.len()
    );
}

#[test]
fn a_missing_gradient_is_an_error_and_not_zero() {
    let x = array(&[2.0, 1.0, 1.0, 3.0], &[2, 2]);
    let full_reduction = Reduction::default();
    type Loss<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;
    let table: [(&str, Loss); 4] = [
        ("svd", &|x| reduce::sum(&linear::svd(x)?.1, &full_reduction)),
        ("eig", &|x| {
            reduce::sum(&linear::eigen(x)?.re, &full_reduction)
        }),
        ("a second derivative", &|x| {
            let mut inner_loss =
                |y: &[Tensor]| reduce::sum(&arith::mul(&y[0], &y[0])?, &full_reduction);
            reduce::sum(
                &gradient(&mut inner_loss, std::slice::from_ref(x))?.1[0],
                &full_reduction,
            )
        }),
        ("a second derivative by capture", &|x| {
            let mut inner_loss =
                |y: &[Tensor]| reduce::sum(&arith::mul(&y[0], x)?, &full_reduction);
            let at = array(&[1.0; 4], &[2, 2]);
            reduce::sum(&gradient(&mut inner_loss, &[at])?.1[0], &full_reduction)
        }),
    ];
    for (name, f) in table {
        let mut loss = |x: &[Tensor]| f(&x[0]);
        let result = gradient(&mut loss, std::slice::from_ref(&x));
        assert!(
            result.is_err(),
            "{name}: found {:?}",
            result.map(|f| values(&f.1[0]))
        );
    }
}

#[test]
fn the_gradient_of_an_unused_input_is_zero() {
    let (a, b) = (array(&[1.0, 2.0], &[2]), array(&[3.0], &[1]));
    let mut loss = |x: &[Tensor]| reduce::sum(&x[0], &Reduction::default());
    let (_, gradients) = gradient(&mut loss, &[a.clone(), b]).unwrap();
    assert_eq!(values(&gradients[1]), [0.0]);
    let mut constant = |_: &[Tensor]| Ok(array(&[1.0], &[]));
    assert!(matches!(
        gradient(&mut constant, std::slice::from_ref(&a)),
        Err(Error::Algebra { .. })
    ));
    let mut vector_output = |x: &[Tensor]| Ok(x[0].clone());
    assert!(matches!(
        gradient(&mut vector_output, &[a]),
        Err(Error::Shape { .. })
    ));
}

#[test]
fn the_gradient_of_a_chain_of_a_hundred_thousand_operations_is_accurate() {
    let mut loss = |x: &[Tensor]| {
        let mut y = x[0].clone();
        for _ in 0..100_000 {
            y = (y * 1.00001)?;
        }
        Ok(y)
    };
    let (_, gradients) = gradient(&mut loss, &[array(&[1.0], &[])]).unwrap();
    assert_near(&values(&gradients[0]), &[1.00001f64.powi(100_000)], 1e-9);
}

#[test]
fn derivatives_at_kinks_are_zero() {
    let at = array(&[0.0], &[]);
    let kinks: [(&str, Unary); 3] = [
        ("abs", |x| pointwise::apply(pointwise::ABS, x)),
        ("relu", |x| pointwise::apply(pointwise::RELU, x)),
        ("x^0", |x| arith::pow(x, &array(&[0.0], &[]))),
    ];
    for (name, f) in kinks {
        let mut loss = |x: &[Tensor]| f(&x[0]);
        let (_, gradients) = gradient(&mut loss, std::slice::from_ref(&at)).unwrap();
        assert_eq!(values(&gradients[0]), [0.0], "{name}");
    }
}
