"""Generates arrays.json: indexing, assignment and array functions, evaluated by NumPy.

    python tests/references/arrays.py          requires numpy (2.4.6 for the stored file)

Each case pairs an expression of a script (in Rhai, from which the Lua form is derived) with the
same expression in NumPy. All tensors are f64 unless the case converts them. A case whose first
entry contains `;` assigns to `t`, a copy of `q`, and shows `t`.
"""
import json
import os

import numpy as np

x = np.array([[0.5, -1.25, 2.0, 0.75], [-0.5, 0.25, 1.5, -2.0], [3.0, 0.1, -0.7, 0.9]])
y = np.array([0.3, -0.8, 1.7, 0.45, 2.2])
n = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan], [4.0, -2.0, 7.5]])
q = np.arange(24.0).reshape(2, 3, 4)
i = np.array([2, 0, -1])
i2 = np.array([[0, 1], [1, 0]])
mask = x > 0.2

INDEXING = [
    ("q[1]", "q[1]"),
    ("q[-1]", "q[-1]"),
    ("q[[1, 2, 3]]", "q[1, 2, 3]"),
    ("q[[-1, 0]]", "q[-1, 0]"),
    ('q[[":", 1]]', "q[:, 1]"),
    ('q[["...", 1]]', "q[..., 1]"),
    ('q[["...", -2, "1:3"]]', "q[..., -2, 1:3]"),
    ('q[[0, "1:", "::2"]]', "q[0, 1:, ::2]"),
    ('q[["::-1", "-2:", ":-1"]]', "q[::-1, -2:, :-1]"),
    ('q[["...", "3:0:-2"]]', "q[..., 3:0:-2]"),
    ("q[0..1]", "q[0:1]"),
    ("q[[0, 1..3]]", "q[0, 1:3]"),
    ("q[i2]", "q[i2]"),
    ('q[[":", i]]', "q[:, i]"),
    ("q[[0, i]]", "q[0, i]"),
    ('q[[":", i, i]]', "q[:, i, i]"),
    ('q[[i2, ":", i2]]', "q[i2, :, i2]"),
    ('q[[0, ":", i]]', "q[0, :, i]"),
    ("q[[[0, 1], [1, 2]]]", "q[[0, 1], [1, 2]]"),
    ('q[[":", [2, 0]]]', "q[:, [2, 0]]"),
    ('q[[":", i.reshape([3, 1]), i2.reshape([4])]]', "q[:, i.reshape(3, 1), i2.reshape(4)]"),
    ("q[q.gt(11)]", "q[q > 11]"),
    ("x[mask]", "x[mask]"),
    ("x[[y[0..3].gt(0)]]", "x[y[:3] > 0]"),
    ('x[[":", y[1..5].gt(0)]]', "x[:, y[1:5] > 0]"),
    ("x[x.gt(0) & x.lt(1)]", "x[(x > 0) & (x < 1)]"),
    ("x[x.lt(0) | x.gt(1)]", "x[(x < 0) | (x > 1)]"),
    ("x[mask.logical_not()]", "x[~mask]"),
    ("x[x.gt(0).logical_xor(x.gt(1))]", "x[(x > 0) ^ (x > 1)]"),
    ('q.at(1, ":", 2)', "q[1, :, 2]"),
    ('q.at(":", i)', "q[:, i]"),
    ("q.at([0, 1])", "q[0, 1]"),
    ("q.take(1, i)", "np.take(q, i, axis=1)"),
    ("q.take(1, i2)", "np.take(q, i2, axis=1)"),
    ("q.T()", "q.T"),
    ("x.T()", "x.T"),
    ("x.argsort()", "np.argsort(x, kind='stable')"),
    ("x[x.column(0).argsort()]", "x[np.argsort(x[:, 0])]"),
]

ASSIGNMENTS = [
    ("t[0] = 3;", "t[0] = 3"),
    ("t[[1, 2, 3]] = -1.5;", "t[1, 2, 3] = -1.5"),
    ('t[[":", 1]] = [1, 2, 3, 4];', "t[:, 1] = [1, 2, 3, 4]"),
    ('t[["...", "::2"]] = [[1, 2]];', "t[..., ::2] = [[1, 2]]"),
    ("t[t.gt(11)] = 0;", "t[t > 11] = 0"),
    ("t[[0, i]] = x;", "t[0, i] = x"),
    ('t[[":", i, [3, 2, 1]]] = [[1, 2, 3], [4, 5, 6]];', "t[:, i, [3, 2, 1]] = [[1, 2, 3], [4, 5, 6]]"),
    ("t[[[1, 1], [0, 0], [0, 0]]] = [5, 6];", "t[[1, 1], [0, 0], [0, 0]] = [5, 6]"),
    ('t[[0, ":", 0]] = t[[1, ":", 3]] * 2;', "t[0, :, 0] = t[1, :, 3] * 2"),
    ("t[0] = t[0] + 1;", "t[0] += 1"),
    ('t[["::-1", 0, "3:0:-1"]] = [7, 8, 9];', "t[::-1, 0, 3:0:-1] = [7, 8, 9]"),
]

FUNCTIONS = [
    ("x.clamp(-1, 1).asin()", "np.arcsin(np.clip(x, -1, 1))"),
    ("x.clamp(-1, 1).acos()", "np.arccos(np.clip(x, -1, 1))"),
    ("x.atan()", "np.arctan(x)"),
    ("x.sinh()", "np.sinh(x)"),
    ("x.cosh()", "np.cosh(x)"),
    ("x.asinh()", "np.arcsinh(x)"),
    ("(x.abs() + 1).acosh()", "np.arccosh(np.abs(x) + 1)"),
    ("(x / 4).atanh()", "np.arctanh(x / 4)"),
    ("x.atan2(x.flip(1))", "np.arctan2(x, x[:, ::-1])"),
    ("x.atan2(-2)", "np.arctan2(x, -2)"),
    ("zeros_like(i)", "np.zeros_like(i)"),
    ("ones_like(x)", "np.ones_like(x)"),
    ("full_like(x, 2.5)", "np.full_like(x, 2.5)"),
    ("x.diff()", "np.diff(x)"),
    ("x.diff(2, 0)", "np.diff(x, 2, 0)"),
    ("i.diff()", "np.diff(i)"),
    ("x.cumprod(0)", "np.cumprod(x, 0)"),
    ("x.cumprod(1)", "np.cumprod(x, 1)"),
    ("i.cumprod(0)", "np.cumprod(i)"),
    ("x.cov()", "np.cov(x)"),
    ("x.cov(0)", "np.cov(x, ddof=0)"),
    ("y.cov()", "np.cov(y)"),
    ("x.corrcoef()", "np.corrcoef(x)"),
    ("interp(x, [-1, 0.25, 0.5, 2], y[0..4])", "np.interp(x, [-1, 0.25, 0.5, 2], y[:4])"),
    ("interp(y, [0, 1], [5, 7])", "np.interp(y, [0, 1], [5, 7])"),
    ("convolve(y, x[0])", "np.convolve(y, x[0])"),
    ("convolve(x[0], y)", "np.convolve(x[0], y)"),
    ('convolve(y, x[0], #{ mode: "same" })', "np.convolve(y, x[0], 'same')"),
    ('convolve(x[0][0..3], y, #{ mode: "same" })', "np.convolve(x[0][:3], y, 'same')"),
    ('convolve(y, x[0][0..2], #{ mode: "same" })', "np.convolve(y, x[0][:2], 'same')"),
    ('convolve(y, x[0], #{ mode: "valid" })', "np.convolve(y, x[0], 'valid')"),
    ("n.nansum()", "np.nansum(n)"),
    ("n.nansum(1)", "np.nansum(n, 1)"),
    ("n.nanmean()", "np.nanmean(n)"),
    ("n.nanmean(0)", "np.nanmean(n, 0)"),
    ("n.nanmean(1, true)", "np.nanmean(n, 1, keepdims=True)"),
    ("n.nanvar(0)", "np.nanvar(n, 0)"),
    ("n.nanstd()", "np.nanstd(n)"),
    ("n.nanmax(0)", "np.nanmax(n, 0)"),
    ("n.nanmin(1)", "np.nanmin(n, 1)"),
    ("n.nanmedian()", "np.nanmedian(n)"),
    ("n.nanmedian(0)", "np.nanmedian(n, 0)"),
    ("n.nanmedian(1)", "np.nanmedian(n, 1)"),
    ("x.masked_sum(mask)", "np.sum(x, where=mask)"),
    ("x.masked_mean(mask, 0)", "np.mean(x, 0, where=mask)"),
    ("x.masked_var(mask, 1)", "np.var(x, 1, where=mask)"),
    ("x.masked_std(mask)", "np.std(x, where=mask)"),
    ("x.masked_max(mask, 1)", "np.max(x, 1, where=mask, initial=-np.inf)"),
    ("x.masked_min(mask, 0)", "np.min(x, 0, where=mask, initial=np.inf)"),
    ("where(mask, x, 0)", "np.where(mask, x, 0)"),
    ("mask.argwhere()", "np.argwhere(mask)"),
    ("x.flatten().sort()", "np.sort(x.flatten())"),
    ("(x * 4).round().unique()", "np.unique(np.round(x * 4))"),
    ("x.sign()", "np.sign(x)"),
    ("x.floor()", "np.floor(x)"),
    ("y.tile([2])", "np.tile(y, 2)"),
    ("x.tile([2])", "np.tile(x, 2)"),
    ("x.tile([3, 1])", "np.tile(x, (3, 1))"),
    ("x.tile([2, 3, 2])", "np.tile(x, (2, 3, 2))"),
    ("i.tile([2, 2])", "np.tile(i, (2, 2))"),
    ("q.T().tile([2, 1, 2])", "np.tile(q.T, (2, 1, 2))"),
    ("x.tile([0, 2])", "np.tile(x, (0, 2))"),
    ("x.repeat_interleave(2)", "np.repeat(x, 2)"),
    ("x.repeat_interleave(3, 0)", "np.repeat(x, 3, axis=0)"),
    ("q.repeat_interleave(2, 1)", "np.repeat(q, 2, axis=1)"),
    ("q.T().repeat_interleave(2, -1)", "np.repeat(q.T, 2, axis=-1)"),
    ("i.repeat_interleave(0)", "np.repeat(i, 0)"),
    ("x.tril()", "np.tril(x)"),
    ("x.triu()", "np.triu(x)"),
    ("x.tril(-1)", "np.tril(x, -1)"),
    ("x.triu(2)", "np.triu(x, 2)"),
    ("q.tril(1)", "np.tril(q, 1)"),
    ("n.triu(1)", "np.triu(n, 1)"),
    ("n.tril(-9)", "np.tril(n, -9)"),
    ("i2.triu()", "np.triu(i2)"),
    ("x.trace()", "np.trace(x)"),
    ("i2.trace()", "np.trace(i2)"),
    ("n.trace()", "np.trace(n)"),
    ("x.std([0, 1], false, 1)", "np.std(x, ddof=1)"),
    ("x.std(1, true, 1)", "np.std(x, axis=1, keepdims=True, ddof=1)"),
    ("q.variance([0, 2], false, 2)", "np.var(q, axis=(0, 2), ddof=2)"),
]

# Sums, maxima and so on along every combination of axes.
for axes in ["", "0", "1", "2", "[0, 1]", "[1, 2]", "[0, 2]"]:
    numpy_axes = f"axis={axes.replace('[', '(').replace(']', ')')}" if axes else ""
    for name, numpy_name in [("sum", "sum"), ("mean", "mean"), ("std", "std"), ("max", "max"),
                             ("min", "min"), ("prod", "prod")]:
        FUNCTIONS.append((f"(q / 8 - 1).sin().{name}({axes})",
                          f"np.{numpy_name}(np.sin(q / 8 - 1), {numpy_axes})"))
for axis in ["", "0", "1", "2"]:
    FUNCTIONS.append((f"(q * q).sin().argmax({axis})", f"np.argmax(np.sin(q * q), {axis or None})"))
    FUNCTIONS.append((f"(q * q).sin().argmin({axis})", f"np.argmin(np.sin(q * q), {axis or None})"))


def values(result):
    result = np.asarray(result)
    flat = [None if np.isnan(v) else v for v in result.astype(float).ravel().tolist()]
    return {"shape": list(result.shape), "values": flat}


def main():
    cases = []
    with np.errstate(all="ignore"):
        import warnings
        warnings.simplefilter("ignore")
        for script, expression in INDEXING + FUNCTIONS:
            cases.append({"script": script, **values(eval(expression))})
        for script, statement in ASSIGNMENTS:
            names = {**globals(), "t": q.copy()}
            exec(statement, names)
            cases.append({"script": script, **values(names["t"])})
    inputs = {name: values(globals()[name]) for name in ["x", "y", "n", "q", "i", "i2"]}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "arrays.json")
    with open(path, "w") as file:
        file.write('{"inputs": ' + json.dumps(inputs) + ',\n"cases": [\n')
        file.write(",\n".join(json.dumps(case) for case in cases) + "\n]}\n")


main()
