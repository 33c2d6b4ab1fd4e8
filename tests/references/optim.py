"""Generates optim.h5: the parameters after each of 30 steps of every optimizer.

Implements the formulas of the papers (and PyTorch's variants of amsgrad, AdamW and Nesterov) with
double-precision scalars. The gradients are fixed and do not depend on the parameters.
"""
import math
import h5py
import numpy as np

rng = np.random.default_rng(7)
COUNT, STEPS = 37, 30
start = rng.normal(size=COUNT)
# The gradients decrease over time, so that amsgrad differs from Adam.
gradients = rng.normal(size=(STEPS, COUNT)) * np.geomspace(3.0, 0.03, STEPS)[:, None]


def clipped_gradient(p, g, l2, clip):
    """Gradient of loss + l2 * sum of squares, clipped to the global norm `clip`."""
    total = [gi + 2 * l2 * pi for gi, pi in zip(g, p)]
    norm = math.sqrt(math.fsum(x * x for x in total))
    return [x * clip / norm for x in total] if norm > clip else total


def adam(rate, b1=0.9, b2=0.999, eps=1e-8, amsgrad=False, decay=0.0, l2=0.0, clip=math.inf):
    p = list(start)
    first, second, largest = [0.0] * COUNT, [0.0] * COUNT, [0.0] * COUNT
    rows = []
    for t in range(1, STEPS + 1):
        g = clipped_gradient(p, gradients[t - 1], l2, clip)
        lr = rate(t - 1)
        for j in range(COUNT):
            p[j] -= lr * decay * p[j]
            first[j] = b1 * first[j] + (1 - b1) * g[j]
            second[j] = b2 * second[j] + (1 - b2) * g[j] ** 2
            largest[j] = max(largest[j], second[j])
            used = largest[j] if amsgrad else second[j]
            root = math.sqrt(used) / math.sqrt(1 - b2**t)
            p[j] -= lr / (1 - b1**t) * first[j] / (root + eps)
        rows.append(list(p))
    return np.array(rows)


def sgd(rate, momentum=0.0, nesterov=False, l2=0.0, clip=math.inf):
    p = list(start)
    buffer = None
    rows = []
    for t in range(STEPS):
        g = clipped_gradient(p, gradients[t], l2, clip)
        buffer = g if buffer is None else [momentum * b + x for b, x in zip(buffer, g)]
        step = [x + momentum * b for x, b in zip(g, buffer)] if nesterov else buffer
        p = [pj - rate(t) * m for pj, m in zip(p, step)]
        rows.append(list(p))
    return np.array(rows)


constant = lambda r: (lambda t: r)
exponential = lambda r, d: (lambda t: r * d**t)
with h5py.File("optim.h5", "w") as f:
    f.attrs["made_by"] = "optim.py"
    f["start"], f["gradients"] = start, gradients
    f["adam"] = adam(constant(0.05))
    f["adam_amsgrad"] = adam(constant(0.05), b2=0.9, amsgrad=True)
    f["adam_no_amsgrad"] = adam(constant(0.05), b2=0.9)
    f["adam_decay"] = adam(constant(0.05), decay=0.3)
    f["adam_tutorial"] = adam(exponential(0.025, 0.99), eps=0.1, l2=0.02, clip=5.0)
    f["sgd"] = sgd(constant(0.05))
    f["sgd_momentum"] = sgd(constant(0.05), momentum=0.8, l2=0.01, clip=2.0)
    f["sgd_nesterov"] = sgd(constant(0.05), momentum=0.8, nesterov=True)
