"""Generates fixed_points_adam.h5: 20 steps of Adam on the mean of mean((h - F(h))^2), in JAX (float32).

The network is decision_gru.h5 (reset before the matrix, update bias 0.5), the input is 0. Learning rate 0.2 * 0.9999^k,
b1 0.9, b2 0.999, epsilon 1e-5 outside the square root. `start` [64, 100] are the candidates, `end` the states after
20 updates, `error` the mean squared differences at `end`.

usage: python -P fixed_points_adam.py      (requires jax, numpy, h5py; run in this folder; -P prevents
the import of random.py from this folder)
"""

import h5py
import jax
import jax.numpy as jnp
import numpy as np

with h5py.File("decision_gru.h5") as f:
    p = {k: jnp.asarray(f[k][()]) for k in f}
n = p["h0"].shape[0]


def step(h):
    ru = jax.nn.sigmoid(h @ p["wRUHX"][:, :n].T + p["bRU"] + jnp.concatenate([jnp.zeros(n), jnp.full(n, 0.5)]))
    r, u = ru[:, :n], ru[:, n:]
    c = jnp.tanh((r * h) @ p["wCHX"][:, :n].T + p["bC"])
    return u * h + (1 - u) * c


def error(h):
    return jnp.mean((h - step(h)) ** 2, 1)


start = jnp.asarray(np.random.default_rng(0).normal(0, 0.5, (64, n)).astype(np.float32))
h, m, v = start, jnp.zeros_like(start), jnp.zeros_like(start)
for k in range(20):
    g = jax.grad(lambda h: jnp.mean(error(h)))(h)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    mean, square = m / (1 - 0.9 ** (k + 1)), v / (1 - 0.999 ** (k + 1))
    h = h - 0.2 * 0.9999**k * mean / (jnp.sqrt(square) + 1e-5)
with h5py.File("fixed_points_adam.h5", "w") as f:
    f["start"], f["end"], f["error"] = np.asarray(start), np.asarray(h), np.asarray(error(h))
