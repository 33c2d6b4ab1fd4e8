//! Numbers as a script sees them, where rounding, huge sizes or corners once made wrong ones.
//! Expected values are exact, or NumPy's in double precision.

use attractor::api::value::Value;

use attractor::api::context::Language;

use crate::session;

/// What each script gives must be true.
fn all_hold(scripts: &[&str]) {
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
fn the_sum_of_millions_of_small_numbers_is_right_to_the_last_digit_along_any_axis() {
    // 0.1 as f32 is 13421773 / 2^27; the exact sums are rounded to f32 once.
    all_hold(&[
        "full([3_000_000], 0.1).sum().item() == (full([1], 0.1).f64() * 3e6).f32().item()",
        "full([3_000_000, 2], 0.1).sum(0)[1] == (full([1], 0.1).f64() * 3e6).f32().item()",
        "full([2, 3_000_000], 0.1).sum(1)[1] == (full([1], 0.1).f64() * 3e6).f32().item()",
        "full([3_000_000, 2], 0.1).mean(0)[0] == full([1], 0.1).item()",
        "full([1_000_000, 3], 0.1).std(0).max().item() == 0.0",
        "(full([3_000_000], 0.5).norm().item() - 866.0254).abs() < 1e-4",
    ]);
}

#[test]
fn the_spread_along_the_first_axis_survives_a_large_offset() {
    // Ones and minus ones around 10^4: the variance is 1 exactly.
    all_hold(&[
        "let x = (arange(0, 4096) % 2 * 2 - 1 + 10_000).reshape([2048, 2]).transpose(); \
         let y = cat([x, x + 2], 1); y.variance(1).same(ones(2)) && y.transpose().variance(0).same(ones(2))",
    ]);
}

#[test]
fn whole_numbers_above_2_to_the_53_stay_themselves() {
    all_hold(&[
        "tensor([9007199254740993], #{ dtype: \"i64\" })[0] == 9007199254740993",
        "tensor([9007199254740992], #{ dtype: \"i64\" }).eq(9007199254740993)[0] == 0",
        "(tensor([0], #{ dtype: \"i64\" }) + 9007199254740993)[0] == 9007199254740993",
        "tensor([-16777217], #{ dtype: \"i64\" }).abs()[0] == 16777217",
        "tensor([-3, 0, 5], #{ dtype: \"i64\" }).sign().to_list() == [-1, 0, 1]",
        "tensor([true, false, 2]).to_list() == [1.0, 0.0, 2.0]",
    ]);
}

#[test]
fn a_remainder_is_exact_and_keeps_small_numbers_below_infinity() {
    all_hold(&[
        "let f = #{ dtype: \"f64\" }; (tensor([1.0], f) % tensor([0.1], f))[0] == 0.09999999999999995",
        "(tensor([7.0]) % (tensor([1.0]) / 0))[0] == 7.0",
        "(tensor([1e17], #{ dtype: \"f64\" }) % 3)[0] == 1.0",
        "tensor([5.0, -5.0, 5.0, -5.0]) % tensor([3.0, 3.0, -3.0, -3.0]) == tensor([2.0, 1.0, -1.0, -2.0])",
        "let g = value_and_grad(|p| (p.a % p.b).sum(), #{ a: tensor([7.5]), b: tensor([2.0]) }).grad; \
         g.a[0] == 1.0 && g.b[0] == -3.0",
    ]);
}

#[test]
fn a_range_picks_the_first_parts_of_a_tensor() {
    all_hold(&[
        "tensor([1, 2, 3, 4])[1..3] == tensor([2, 3])",
        "tensor([1, 2, 3, 4])[1..=3] == tensor([2, 3, 4])",
        "grad(|x| x[0..2].square().sum(), tensor([1, 2, 3])) == tensor([2, 4, 0])",
    ]);
}

#[test]
fn an_empty_tensor_has_an_empty_softmax() {
    all_hold(&[
        "zeros([0, 3]).softmax().shape() == [0, 3]",
        "zeros([3, 0]).softmax().shape() == [3, 0]",
        "zeros([0, 3]).log_softmax(0).shape() == [0, 3]",
    ]);
}

#[test]
fn not_a_number_is_unique_once() {
    let two = "let x = tensor([0.0, 1.0, 0.0, 5.0]) / tensor([0.0, 1.0, 0.0, 1.0]);";
    all_hold(&[&format!("{two} x.unique().shape() == [3]")]);
}

#[test]
fn the_determinant_of_zeros_is_zero() {
    all_hold(&[
        "zeros([4, 4]).det().item() == 0.0",
        "tensor([[0, 1, 2], [0, 3, 4], [0, 5, 6]]).det().item() == 0.0",
    ]);
}

#[test]
fn a_matrix_of_vanishing_numbers_is_refused_and_not_decomposed_wrongly() {
    let tiny = "let a = tensor([[1.0, 2.0], [3.0, -1.0]], #{ dtype: \"f64\" }) * 1e-200;";
    for method in ["svd", "eig", "pinv"] {
        let run = session::run(&format!("{tiny} a.{method}()"), Language::Rhai);
        let fault = run.outcome.expect_err(method).to_string();
        assert!(
            fault.contains("too small or too large"),
            "{method}: {fault}"
        );
    }
}

#[test]
fn stacks_of_matrices_meet_whatever_their_leading_axes() {
    all_hold(&[
        "let w = arange(0, 20).reshape([5, 1, 4]); let d = arange(0, 20).reshape([1, 1, 1, 4, 5]); \
         let p = w.matmul(d); p.shape() == [1, 1, 5, 1, 5] \
         && p[[0, 0, 4, 0]] == w[[4, 0]].matmul(d[[0, 0, 0]])",
        "let g = grad(|w| w.matmul(arange(0, 20).reshape([1, 1, 1, 4, 5])).sum(), ones([5, 1, 4])); \
         g[[3, 0]] == tensor([10, 35, 60, 85])",
    ]);
}

#[test]
fn a_plain_number_beside_f64_tensors_is_not_rounded_when_it_is_differentiated() {
    all_hold(&[
        "let x = #{ a: 0.1, b: tensor([1.0], #{ dtype: \"f64\" }) }; \
         let found = value_and_grad(|p| (p.a * p.b).sum(), x); \
         found.value.item() == 0.1 && found.grad.b[0] == 0.1 && found.grad.a.dtype() == \"f64\"",
    ]);
}

#[test]
fn a_network_in_double_precision_takes_plain_numbers_unrounded() {
    all_hold(&[
        "let net = rnn::vanilla(#{ units: 1, dtype: \"f64\" }); net.load_params(#{ h0: [0.1] }); \
         net.set(\"bR\", [0.3]); net.params().h0[0] == 0.1 && net.params().bR[0] == 0.3",
    ]);
}
