"""LFADS in the form that JAX runs fastest: products that do not depend on the state are computed
once for all time steps. The two encoders are one scan each; the controller, samples, generator and
factors share one scan."""

import jax
import jax.numpy as jnp
from jax import lax, random

TRIALS, STEPS, CHANNELS = 2000, 25, 100
UNITS, FACTORS, INPUTS = 128, 32, 1
KEEP, VAR_MIN = 0.98, 1e-3


def stored_counts(key):
    """Trial-major counts [trials, t, channels], the memory layout of a data set."""
    return (random.poisson(key, 1.6, (TRIALS, STEPS, CHANNELS)).astype(jnp.float32),)


def gru(key, inputs):
    k_state, k_input = random.split(key)
    return {
        "h0": jnp.zeros(UNITS),
        "state": random.normal(k_state, (UNITS, 3 * UNITS)) / UNITS**0.5,
        "input": random.normal(k_input, (inputs, 3 * UNITS)) / inputs**0.5,
        "bias": jnp.concatenate([jnp.zeros(UNITS), jnp.full(UNITS, 0.5), jnp.zeros(UNITS)]),
    }


def linear(key, rows, columns):
    return {"w": random.normal(key, (rows, columns)) / rows**0.5, "b": jnp.zeros(columns)}


def init(key):
    keys = random.split(key, 8)
    return {
        "front": gru(keys[0], CHANNELS),
        "rear": gru(keys[1], CHANNELS),
        "initial": linear(keys[2], 2 * UNITS, 2 * UNITS),
        "initial_prior": {"mean": jnp.zeros(UNITS), "logvar": jnp.full(UNITS, jnp.log(0.1))},
        "controller": gru(keys[3], 2 * UNITS + FACTORS),
        "inferred": linear(keys[4], UNITS, 2 * INPUTS),
        "inferred_prior": {
            "mean": jnp.zeros(INPUTS),
            "logtau": jnp.zeros(INPUTS),
            "logvar": jnp.full(INPUTS, jnp.log(0.1)),
        },
        "generator": gru(keys[5], INPUTS),
        "factors": random.normal(keys[6], (UNITS, FACTORS)) / UNITS**0.5,
        "rates": linear(keys[7], FACTORS, CHANNELS),
    }


def step(p, h, drive):
    """One GRU step. `drive` is the contribution of input and bias to gates and candidate."""
    gates = jax.nn.sigmoid(drive[:, : 2 * UNITS] + h @ p["state"][:, : 2 * UNITS])
    reset, update = gates[:, :UNITS], gates[:, UNITS:]
    candidate = jnp.tanh(drive[:, 2 * UNITS :] + (reset * h) @ p["state"][:, 2 * UNITS :])
    return candidate + update * (h - candidate)


def states(p, x):
    def one(h, drive):
        h = step(p, h, drive)
        return h, h

    first = jnp.broadcast_to(p["h0"], (x.shape[1], UNITS))
    return lax.scan(one, first, x @ p["input"] + p["bias"])[1]


def dropout(key, x):
    return jnp.where(random.bernoulli(key, KEEP, x.shape), x / KEEP, 0.0)


def std(logvar):
    return jnp.sqrt(jnp.exp(logvar) + VAR_MIN)


def loss(params, key, stored, b=128, l2=2e-5):
    keys = random.split(key, 8)
    x = jnp.swapaxes(stored[0][random.randint(keys[0], (b,), 0, TRIALS)], 0, 1)
    observed = dropout(keys[1], x)
    front = states(params["front"], observed)
    rear = states(params["rear"], observed[::-1])[::-1]
    encoded = dropout(keys[2], jnp.concatenate([front, rear], -1))
    ends = dropout(keys[3], jnp.concatenate([rear[0], front[-1]], -1))
    mean, logvar = jnp.split(ends @ params["initial"]["w"] + params["initial"]["b"], 2, -1)
    g = mean + std(logvar) * random.normal(keys[4], mean.shape)

    con, gen = params["controller"], params["generator"]
    drive = encoded @ con["input"][: 2 * UNITS] + con["bias"]
    rows = params["factors"] / jnp.linalg.norm(params["factors"], axis=0)
    normals = random.normal(keys[5], (2, STEPS, b, INPUTS))
    mask = dropout(keys[6], jnp.ones((STEPS, b, UNITS)))

    def one(carry, now):
        c, g, f = carry
        drive, normal, mask = now
        c = step(con, c, drive + f @ con["input"][2 * UNITS :])
        posterior = c @ params["inferred"]["w"] + params["inferred"]["b"]
        m, v = jnp.split(posterior, 2, -1)
        u = m + std(v) * normal
        g = mask * step(gen, g, u @ gen["input"] + gen["bias"])
        f = g @ rows
        return (c, g, f), (f, m, v)

    first = jnp.broadcast_to(con["h0"], (b, UNITS)), g, jnp.zeros((b, FACTORS))
    _, (f, m, v) = lax.scan(one, first, (drive, normals[0], mask))
    log_rates = f @ params["rates"]["w"] + params["rates"]["b"]
    nll = jnp.sum(jnp.exp(log_rates) - x * log_rates) / b

    prior = params["initial_prior"]
    p, q = jnp.log(jnp.exp(prior["logvar"]) + VAR_MIN), jnp.log(jnp.exp(logvar) + VAR_MIN)
    mean_error = (mean - prior["mean"]) ** 2 / jnp.exp(p)
    kl = 0.5 * jnp.sum(p - q + jnp.exp(q - p) + mean_error - 1) / b
    prior = params["inferred_prior"]
    z = m + std(v) * normals[1]
    phi = jnp.exp(-jnp.exp(-prior["logtau"]))
    log = prior["logvar"] + VAR_MIN
    before = jnp.concatenate([jnp.zeros_like(z[:1]), z[:-1]])
    logs = jnp.concatenate([(log - jnp.log(1 - phi**2))[None], jnp.tile(log, (STEPS - 1, 1))])[:, None]
    inferred_error = (z - prior["mean"] - phi * before) ** 2 / jnp.exp(logs)
    kl += 0.5 * jnp.sum(logs - v - normals[1] ** 2 + inferred_error) / b
    squares = sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(params))
    return nll + kl + l2 * squares
