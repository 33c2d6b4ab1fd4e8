"""Losses, gradients and a training run in PyTorch, for tests/it/training_options.rs.

    python -P torch_losses.py       needs torch, h5py and numpy; writes torch_losses.h5 beside this file

A tanh network with parameters h0, wI, wR, bR, wO and bO, in double precision. For each loss: its
value on one batch and the gradients, with and without a mask. `trained`: the parameters after 20
steps of Adam on that batch, with wI frozen, a mask on wR, l2 penalties of two parameters and
penalties of the activity.
"""

from pathlib import Path

import h5py
import numpy as np
import torch
from torch.nn import functional as F

INPUTS, UNITS, OUTPUTS, TRIALS, STEPS = 2, 5, 3, 4, 6
SHAPES = {
    "h0": [UNITS],
    "wI": [UNITS, INPUTS],
    "wR": [UNITS, UNITS],
    "bR": [UNITS],
    "wO": [OUTPUTS, UNITS],
    "bO": [OUTPUTS],
}
LOSSES = {
    "mse": lambda o, y: F.mse_loss(o, y, reduction="none"),
    "bce": lambda o, y: F.binary_cross_entropy_with_logits(o, y, reduction="none"),
    "poisson": lambda o, y: F.poisson_nll_loss(o, y, log_input=True, full=False, reduction="none"),
    "cross_entropy": lambda o, y: F.cross_entropy(
        o.flatten(0, 1), y.flatten(0, 1), reduction="none"
    ).reshape(o.shape[:2]),
}
L2 = {"wR": 1e-2, "bO": 0.1}
ACTIVITY_L1, ACTIVITY_L2 = 0.05, 0.2


def run(p, x):
    """Rates [b, t, n] and outputs [b, t, o]."""
    h, rates = p["h0"].expand(len(x), UNITS), []
    for t in range(x.shape[1]):
        h = torch.tanh(h @ p["wR"].T + x[:, t] @ p["wI"].T + p["bR"])
        rates.append(h)
    rates = torch.stack(rates, 1)
    return rates, rates @ p["wO"].T + p["bO"]


def mean(losses, mask):
    weights = torch.ones(losses.shape[:2]) if mask is None else mask
    if losses.dim() == 3:
        weights = weights[..., None].expand(losses.shape)
    return (losses * weights).sum() / weights.sum()


def main():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    initial = {name: 0.5 * torch.randn(shape) for name, shape in SHAPES.items()}
    x = torch.randn(TRIALS, STEPS, INPUTS)
    labels = torch.randint(OUTPUTS, (TRIALS, STEPS))
    targets = {
        "mse": torch.randn(TRIALS, STEPS, OUTPUTS),
        "bce": torch.rand(TRIALS, STEPS, OUTPUTS),
        "poisson": torch.poisson(torch.full((TRIALS, STEPS, OUTPUTS), 2.0)),
        "cross_entropy": F.one_hot(labels, OUTPUTS).double(),
    }
    mask = (torch.rand(TRIALS, STEPS) > 0.3).double()
    weight_mask = (torch.rand(UNITS, UNITS) > 0.4).double()
    with h5py.File(Path(__file__).with_name("torch_losses.h5"), "w") as file:
        file.update({"x": x.numpy(), "mask": mask.numpy(), "weight_mask": weight_mask.numpy()})
        for name, value in initial.items():
            file[f"initial/{name}"] = value.numpy()
        for name, loss in LOSSES.items():
            file[f"{name}/targets"] = targets[name].numpy()
            for kind, weights in [("all", None), ("masked", mask)]:
                p = {n: v.clone().requires_grad_() for n, v in initial.items()}
                value = mean(loss(run(p, x)[1], targets[name]), weights)
                value.backward()
                file[f"{name}/{kind}/loss"] = value.item()
                for n, v in p.items():
                    file[f"{name}/{kind}/grad/{n}"] = v.grad.numpy()
        for name, value in train(initial, x, targets["bce"], mask, weight_mask).items():
            file[f"trained/{name}"] = value


def train(initial, x, targets, mask, weight_mask):
    p = {n: v.clone() for n, v in initial.items()}
    p["wR"] *= weight_mask
    trained = [v.requires_grad_() for n, v in p.items() if n != "wI"]
    optimizer = torch.optim.Adam(trained, lr=0.02)
    for _ in range(20):
        optimizer.zero_grad()
        rates, outputs = run(p, x)
        loss = mean(LOSSES["bce"](outputs, targets), mask)
        loss = loss + ACTIVITY_L1 * rates.abs().mean() + ACTIVITY_L2 * rates.square().mean()
        loss = loss + sum(weight * p[n].square().sum() for n, weight in L2.items())
        loss.backward()
        p["wR"].grad *= weight_mask
        optimizer.step()
    return {n: v.detach().numpy() for n, v in p.items()}


main()
