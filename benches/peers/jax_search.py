"""The JAX implementation of the fixed-point search, as in the notebook: Adam on mean((F(h) - h)^2),
averaged over all candidates.

All candidates are optimized together until their mean error is below the tolerance or the maximum
number of steps is reached. Each block of BLOCK_STEPS steps is one compiled loop. The result
contains the candidates within the tolerance, without duplicates.

usage: jax_search.py search.json       prints one line of JSON
"""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import sigmoid

import jax_cells as cells
from jax_peer import adam

TOLERANCE = 1e-6
UNIQUE = 0.025
STEPS = 10_000
BLOCK_STEPS = 200
RATE, DECAY, EPSILON = 0.2, 0.9999, 1e-5


def error(h, p):
    n = h.shape[1]
    gates = h @ p["wRUHX"][:, :n].T + p["bRU"]
    r, u = sigmoid(gates[:, :n]), sigmoid(gates[:, n:] + cells.UPDATE_BIAS)
    c = jnp.tanh((r * h) @ p["wCHX"][:, :n].T + p["bC"])
    return jnp.mean((u * h + (1 - u) * c - h) ** 2, 1)


@jax.jit
def run_block(first, carry, p):
    def step(i, carry):
        gradient = jax.grad(lambda h: jnp.mean(error(h, p)))(carry[0])
        count = i.astype(jnp.float32)
        return adam(*carry, gradient, count + 1, RATE * DECAY**count, epsilon=EPSILON)

    return lax.fori_loop(first, first + BLOCK_STEPS, step, carry)


def count_distinct(points):
    distinct = []
    for point in points:
        if not distinct or np.min(np.linalg.norm(np.array(distinct) - point, axis=1)) > UNIQUE:
            distinct.append(point)
    return len(distinct)


def main(path):
    with open(path) as file:
        p = {name: jnp.asarray(rows, jnp.float32) for name, rows in json.load(file).items()}
    h = p.pop("states")
    errors = jax.jit(error)
    zeros = jnp.zeros_like(h)
    jax.block_until_ready(run_block(0, (h, zeros, zeros), p))
    carry = (h, zeros, zeros)
    start = time.perf_counter()
    for first in range(0, STEPS, BLOCK_STEPS):
        carry = run_block(first, carry, p)
        if float(jnp.mean(errors(carry[0], p))) < TOLERANCE:
            break
    found = np.asarray(errors(carry[0], p))
    seconds = time.perf_counter() - start
    within = np.asarray(carry[0])[found < TOLERANCE]
    print(json.dumps({"seconds": seconds, "within": len(within), "unique": count_distinct(within)}))


if __name__ == "__main__":
    main(sys.argv[1])
