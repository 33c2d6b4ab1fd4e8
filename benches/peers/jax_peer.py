"""The JAX implementation of the training workloads, in the form that JAX runs fastest.

A workload has two functions: `init(key)` returns the parameters, and `loss(params, key, stored)`
samples a batch and returns its loss. All other code is shared. A complete run, including sampling
of the batches, is one compiled scan, so that no Python code runs between steps.

usage: jax_peer.py WORKLOAD first     start, compile and do one training step; print its loss
       jax_peer.py WORKLOAD STEPS     compile, then time STEPS training steps; print ms per step
                                      and loss
Output is one line of JSON.
"""

import json
import sys
import time
from functools import partial
from typing import Callable, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random

import jax_cells as cells
import jax_lfads as lfads


# Training step shared by all workloads -----------------------------------------------------------


class Workload(NamedTuple):
    init: Callable
    loss: Callable
    rate: float
    decay: float  # factor of the learning rate per step
    clip: float  # maximum gradient norm
    stored: Callable = lambda key: ()  # data to sample batches from, created once


def sum_of_squares(tree):
    return sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(tree))


def clip_to_norm(grads, limit):
    norm = jnp.sqrt(sum_of_squares(grads))
    return jax.tree.map(lambda g: g * jnp.minimum(1.0, limit / norm), grads)


def adam(params, mean, square, grads, count, rate, b1=0.9, b2=0.999, epsilon=0.1):
    """Adam with epsilon outside the square root; `count` is 1 at the first step."""
    mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, grads)
    square = jax.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, square, grads)
    scale = rate / (1 - b1**count)
    unbias = 1 / (1 - b2**count)
    update = lambda p, m, s: p - scale * m / (jnp.sqrt(s * unbias) + epsilon)
    return jax.tree.map(update, params, mean, square), mean, square


def training(workload, steps):
    """A compiled function: trains new parameters for `steps` steps, returns the last loss."""

    def run(key, stored):
        def step(carry, index):
            params, mean, square = carry
            batch = random.fold_in(batches, index)
            value, grads = jax.value_and_grad(workload.loss)(params, batch, stored)
            grads = clip_to_norm(grads, workload.clip)
            count = index.astype(jnp.float32)
            rate = workload.rate * workload.decay**count
            return adam(params, mean, square, grads, count + 1, rate), value

        start, batches = random.split(key)
        params = workload.init(start)
        zeros = jax.tree.map(jnp.zeros_like, params)
        _, losses = lax.scan(step, (params, zeros, zeros), jnp.arange(steps))
        return losses[-1]

    return jax.jit(run)


# integrator: a vanilla network of 100 units, 128 trials of 25 steps -----------------------------


def vanilla_init(key, i=1, n=100, o=1, gain=0.85):
    k_h0, k_in, k_rec, k_out = random.split(key, 4)
    return {
        "h0": 0.1 * random.normal(k_h0, (n,)),
        "w_in": random.normal(k_in, (i, n)) / i**0.5,
        "w_rec": gain * random.normal(k_rec, (n, n)) / n**0.5,
        "b_rec": jnp.zeros(n),
        "w_out": random.normal(k_out, (n, o)) / n**0.5,
        "b_out": jnp.zeros(o),
    }


def white_noise(key, b=128, t=25, bias=0.01, noise=0.025):
    """Trials of white noise around a bias per trial, time-major: [t, b, 1]."""
    k_bias, k_noise = random.split(key)
    level = 2 * bias * (random.normal(k_bias, (1, b, 1)) - 0.5)
    return level + noise * t**0.5 * random.normal(k_noise, (t, b, 1))


def integrator_loss(params, key, stored, l2=2e-4):
    x = white_noise(key)
    drive = x @ params["w_in"] + params["b_rec"]
    h0 = jnp.broadcast_to(params["h0"], drive.shape[1:])
    states = cells.vanilla(h0, drive, params["w_rec"])
    error = states @ params["w_out"] + params["b_out"] - jnp.cumsum(x, axis=0)
    return jnp.mean(error**2) + l2 * sum_of_squares(params)


# decision: a GRU of 100 units reports the sign of the sum at the end of 25 steps -----------------


# The fastest variant at the sizes of the two GRU workloads.
VARIANT = "joined, own"


def gru_init(key, i=1, n=100, o=1):
    return cells.init("gru", key, i, n, o)


def decision_loss(params, key, stored, l2=2e-5):
    x = white_noise(key)
    h = cells.states("gru", VARIANT, params, x)[-1]
    error = cells.readout(params, h) - jnp.sign(jnp.sum(x, axis=0))
    return jnp.mean(error**2) + l2 * sum_of_squares(params)


# context: a GRU with state noise and 12 one-hot inputs, trained on stored trials -----------------


def stored_trials(key, trials=1000, t=50, kinds=12):
    """Trial-major, the layout of a data set: x [trials, t, kinds], y [trials, t, 1]."""
    k_x, k_y = random.split(key)
    x = jax.nn.one_hot(random.randint(k_x, (trials, t), 0, kinds), kinds)
    return x, jnp.cumsum(random.normal(k_y, (trials, t, 1)), axis=1)


def context_loss(params, key, stored, b=128, l2=1e-4, noise=0.003):
    inputs, targets = stored
    k_trials, k_noise = random.split(key)
    indices = random.randint(k_trials, (b,), 0, len(inputs))
    x, y = (jnp.swapaxes(a[indices], 0, 1) for a in (inputs, targets))
    noise = noise * random.normal(k_noise, (*x.shape[:2], params["w_rec"][0].shape[0]))
    error = cells.readout(params, cells.states("gru", VARIANT, params, x, noise)) - y
    return jnp.mean(error**2) + l2 * sum_of_squares(params)


WORKLOADS = {
    "integrator": Workload(vanilla_init, integrator_loss, 0.025, 0.99975, 10.0),
    "decision": Workload(gru_init, decision_loss, 0.04, 0.9999, 10.0),
    "lfads": Workload(lfads.init, lfads.loss, 0.05, 0.9999, 10.0, lfads.stored_counts),
    "context": Workload(partial(gru_init, i=12), context_loss, 0.04, 0.9999, 10.0, stored_trials),
}


def main(name, mode):
    workload = WORKLOADS[name]
    key = random.key(0)
    stored = jax.jit(workload.stored)(random.key(1))
    if mode == "first":
        print(json.dumps({"loss": float(training(workload, 1)(key, stored))}))
        return
    steps = int(mode)
    run = training(workload, steps).lower(key, stored).compile()
    start = time.perf_counter()
    loss = float(run(key, stored))
    print(json.dumps({"step_ms": (time.perf_counter() - start) / steps * 1e3, "loss": loss}))


if __name__ == "__main__":
    main(*sys.argv[1:])
