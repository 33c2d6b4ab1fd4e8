//! Regression tests for numerical errors: rounding, large sizes and special values. Expected values
//! are exact or computed by NumPy in double precision.

use attractor::api::value::Value;

use attractor::api::context::Language;

use crate::session;

/// Asserts that each script returns `true`.
fn assert_true(scripts: &[&str]) {
    for text in scripts {
        let run = session::run(text, Language::Rhai);
        assert!(
            matches!(run.outcome, Ok(Value::Bool(true))),
            "{text}: {:?}",
            run.outcome
        );
    }
}

#[test]
fn sums_of_millions_of_small_values_are_correctly_rounded_along_any_axis() {
    // 0.1 as f32 is 13421773 / 2^27; the exact sums are rounded to f32 once.
    assert_true(&[
        "full([3_000_000], 0.1).sum().item() == (full([1], 0.1).f64() * 3e6).f32().item()",
        "full([3_000_000, 2], 0.1).sum(0)[1] == (full([1], 0.1).f64() * 3e6).f32().item()",
        "full([2, 3_000_000], 0.1).sum(1)[1] == (full([1], 0.1).f64() * 3e6).f32().item()",
        "full([3_000_000, 2], 0.1).mean(0)[0] == full([1], 0.1).item()",
        "full([1_000_000, 3], 0.1).std(0).max().item() == 0.0",
        "(full([3_000_000], 0.5).norm().item() - 866.0254).abs() < 1e-4",
    ]);
}

#[test]
fn the_variance_is_accurate_for_values_with_a_large_offset() {
    // Ones and minus ones around 10^4: the variance is 1 exactly.
    assert_true(&[
        "let x = (arange(0, 4096) % 2 * 2 - 1 + 10_000).reshape([2048, 2]).transpose(); \
         let y = cat([x, x + 2], 1); \
         y.variance(1).equal(ones(2)) && y.transpose().variance(0).equal(ones(2))",
    ]);
}

#[test]
fn operations_on_integers_above_two_to_the_53_are_exact() {
    assert_true(&[
        "tensor([9007199254740993], #{ dtype: \"i64\" })[0] == 9007199254740993",
        "tensor([9007199254740992], #{ dtype: \"i64\" }).eq(9007199254740993)[0] == 0",
        "(tensor([0], #{ dtype: \"i64\" }) + 9007199254740993)[0] == 9007199254740993",
        "tensor([-16777217], #{ dtype: \"i64\" }).abs()[0] == 16777217",
        "tensor([-3, 0, 5], #{ dtype: \"i64\" }).sign().to_list() == [-1, 0, 1]",
        "tensor([true, false, 2]).to_list() == [1.0, 0.0, 2.0]",
    ]);
}

#[test]
fn the_remainder_is_exact() {
    assert_true(&[
        "let f = #{ dtype: \"f64\" }; \
         (tensor([1.0], f) % tensor([0.1], f))[0] == 0.09999999999999995",
        "(tensor([7.0]) % (tensor([1.0]) / 0))[0] == 7.0",
        "(tensor([1e17], #{ dtype: \"f64\" }) % 3)[0] == 1.0",
        "(tensor([5.0, -5.0, 5.0, -5.0]) % tensor([3.0, 3.0, -3.0, -3.0])) \
         .equal(tensor([2.0, 1.0, -1.0, -2.0]))",
        "let p = #{ a: tensor([7.5]), b: tensor([2.0]) }; \
         let g = value_and_grad(|p| (p.a % p.b).sum(), p).grad; \
         g.a[0] == 1.0 && g.b[0] == -3.0",
    ]);
}

#[test]
fn a_range_index_selects_a_slice() {
    assert_true(&[
        "tensor([1, 2, 3, 4])[1..3].equal(tensor([2, 3]))",
        "tensor([1, 2, 3, 4])[1..=3].equal(tensor([2, 3, 4]))",
        "grad(|x| x[0..2].square().sum(), tensor([1, 2, 3])).equal(tensor([2, 4, 0]))",
    ]);
}

#[test]
fn an_empty_tensor_has_an_empty_softmax() {
    assert_true(&[
        "zeros([0, 3]).softmax().shape() == [0, 3]",
        "zeros([3, 0]).softmax().shape() == [3, 0]",
        "zeros([0, 3]).log_softmax(0).shape() == [0, 3]",
    ]);
}

#[test]
fn unique_returns_nan_once() {
    let setup = "let x = tensor([0.0, 1.0, 0.0, 5.0]) / tensor([0.0, 1.0, 0.0, 1.0]);";
    assert_true(&[&format!("{setup} x.unique().shape() == [3]")]);
}

#[test]
fn the_determinant_of_zeros_is_zero() {
    assert_true(&[
        "zeros([4, 4]).det().item() == 0.0",
        "tensor([[0, 1, 2], [0, 3, 4], [0, 5, 6]]).det().item() == 0.0",
    ]);
}

#[test]
fn decompositions_reject_matrices_with_extremely_small_values() {
    let setup = "let a = tensor([[1.0, 2.0], [3.0, -1.0]], #{ dtype: \"f64\" }) * 1e-200;";
    for method in ["svd", "eig", "pinv"] {
        let run = session::run(&format!("{setup} a.{method}()"), Language::Rhai);
        let error = run.outcome.expect_err(method).to_string();
        assert!(
            error.contains("too small or too large"),
            "{method}: {error}"
        );
    }
}

#[test]
fn matmul_broadcasts_the_leading_axes() {
    assert_true(&[
        "let w = arange(0, 20).reshape([5, 1, 4]); let d = arange(0, 20).reshape([1, 1, 1, 4, 5]); \
         let p = w.matmul(d); p.shape() == [1, 1, 5, 1, 5] \
         && p[[0, 0, 4, 0]].equal(w[[4, 0]].matmul(d[[0, 0, 0]]))",
        "let d = arange(0, 20).reshape([1, 1, 1, 4, 5]); \
         let g = grad(|w| w.matmul(d).sum(), ones([5, 1, 4])); \
         g[[3, 0]].equal(tensor([10, 35, 60, 85]))",
    ]);
}

#[test]
fn a_float_parameter_is_not_rounded_to_f32_when_it_is_differentiated() {
    assert_true(&[
        "let x = #{ a: 0.1, b: tensor([1.0], #{ dtype: \"f64\" }) }; \
         let result = value_and_grad(|p| (p.a * p.b).sum(), x); \
         result.value.item() == 0.1 && result.grad.b[0] == 0.1 && result.grad.a.dtype() == \"f64\"",
    ]);
}

#[test]
fn parameters_of_an_f64_network_are_not_rounded_to_f32() {
    assert_true(&[
        "let net = rnn::vanilla(#{ units: 1, dtype: \"f64\" }); net.load_params(#{ h0: [0.1] }); \
         net.set(\"bR\", [0.3]); net.params().h0[0] == 0.1 && net.params().bR[0] == 0.3",
    ]);
}
