"""The JAX worker for the call rows: a persistent process, so that start-up and compilation are not
timed. It reads one command per line and answers each with one line of JSON.

  prepare gradient CELL N B T I   compile variants of the loss and its gradient; keep the fastest
  prepare jacobians N B           the Jacobians of a GRU at B states, and their eigenvalues
  prepare force N                 300 steps of FORCE learning with 20 outputs
  time SECONDS                    call each part repeatedly for this time, at least once; the answer
                                  is the median time in ms by name of the part

usage: jax_worker.py (benches/peers/worker.py starts it)
"""

import json
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import random

import jax_cells as cells

# Seconds spent on selecting the fastest of several variants, excluding compilation.
SELECTION_SECONDS = 1.0

# Gradient variants to try: those that are fastest at some sizes.
VARIANTS = ["joined, own", "apart, own", "joined, derived"]


def seconds(call):
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def fastest(calls):
    """The name of the fastest call. Times all calls in turn for `SELECTION_SECONDS` seconds."""
    for call in calls.values():
        jax.block_until_ready(call())
    best = dict.fromkeys(calls, float("inf"))
    end = time.perf_counter() + SELECTION_SECONDS
    while min(best.values()) == float("inf") or time.perf_counter() < end:
        for name, call in calls.items():
            best[name] = min(best[name], seconds(call))
    return min(best, key=best.get)


def gradient(cell, *sizes):
    """The loss and its gradient on one batch, with the fastest variant."""
    n, b, t, i = map(int, sizes)
    k_params, k_x, k_y = random.split(random.key(0), 3)
    params = cells.init(cell, k_params, i, n, 1)
    x, y = random.normal(k_x, (t, b, i)), random.normal(k_y, (t, b, 1))

    def compiled(variant, unroll):
        def loss(params, x, y):
            h = cells.states(cell, variant, params, x, unroll=unroll)
            return jnp.mean((cells.readout(params, h) - y) ** 2)

        run = jax.jit(jax.value_and_grad(loss)).lower(params, x, y).compile()
        return lambda: run(params, x, y)

    calls = {variant: compiled(variant, 1) for variant in VARIANTS}
    variant = fastest(calls)
    calls = {variant: calls[variant], f"{variant}, two steps at once": compiled(variant, 2)}
    variant = fastest(calls)
    return variant, {"gradient": calls[variant]}


def jacobians(*sizes):
    """The Jacobians of a GRU step with respect to the state, and their spectra in numpy and JAX."""
    n, b = map(int, sizes)
    params = cells.init("gru", random.key(0), 1, n, 1)
    h = 0.5 * random.normal(random.key(1), (b, n))
    drive = jnp.split(params["b_rec"], 3)

    def step(params, h):
        return cells.gru_step(h, drive, params["w_rec"])[0]

    def compiled(mode):
        jacobian = jax.vmap(mode(step, argnums=1), in_axes=(None, 0))
        run = jax.jit(jacobian).lower(params, h).compile()
        return lambda: run(params, h)

    calls = {"jacrev": compiled(jax.jacrev), "jacfwd": compiled(jax.jacfwd)}
    variant = fastest(calls)
    found = calls[variant]()
    array = np.asarray(found)
    parts = {
        "Jacobians": calls[variant],
        "eigenvalues (numpy)": lambda: np.linalg.eigvals(array),
        "eigenvectors (numpy)": lambda: np.linalg.eig(array),
    }
    for name, of in (("eigenvalues", jnp.linalg.eigvals), ("eigenvectors", jnp.linalg.eig)):
        run = jax.jit(of).lower(found).compile()
        parts[f"{name} (jax)"] = lambda run=run: run(found)
    return variant, parts


def force(n):
    """FORCE learning as one scan; each step updates P and the output weights."""
    n, m, t = int(n), 20, 300
    k_in, k_rec, k_back, k_out, k_a, k_f = random.split(random.key(0), 6)
    w_in, w_rec = random.normal(k_in, (n, 1)), 1.5 * random.normal(k_rec, (n, n)) / n**0.5
    w_back, w_out = random.normal(k_back, (n, m)), random.normal(k_out, (m, n)) / n**0.5
    a, x = 0.25 * random.normal(k_a, (n,)), jnp.zeros((t, 1))
    f = jnp.tanh(random.normal(k_f, (t, m)))

    def compiled(unroll):
        def run(w_in, w_rec, w_back, w_out, p, a, x, f):
            def step(carry, now):
                a, h, z, w_out, p = carry
                x, f = now
                a = a + 0.1 * (w_in @ x + w_rec @ h + w_back @ z - a)
                h = jnp.tanh(a)
                z = w_out @ h
                q = p @ h
                s = 1 / (1 + h @ q)
                p = p - s * jnp.outer(q, q)
                w_out = w_out - s * jnp.outer(z - f, q)
                return (a, h, z, w_out, p), z

            h = jnp.tanh(a)
            return jax.lax.scan(step, (a, h, w_out @ h, w_out, p), (x, f), unroll=unroll)

        arguments = w_in, w_rec, w_back, w_out, jnp.eye(n), a, x, f
        run = jax.jit(run).lower(*arguments).compile()
        return lambda: run(*arguments)

    calls = {"step by step": compiled(1), "two steps at once": compiled(2)}
    variant = fastest(calls)
    return variant, {"steps": calls[variant]}


def measure(parts, budget):
    found = {}
    for name, call in parts.items():
        end = time.perf_counter() + budget
        times = [seconds(call)]
        while time.perf_counter() < end:
            times.append(seconds(call))
        found[name] = statistics.median(times) * 1e3
    return found


WORK = {"gradient": gradient, "jacobians": jacobians, "force": force}


def main():
    parts = {}
    for line in sys.stdin:
        command, *words = line.split()
        if command == "prepare":
            parts = {}
            jax.clear_caches()
            variant, parts = WORK[words[0]](*words[1:])
            answer = {"variant": variant}
        else:
            answer = {"ms": measure(parts, float(words[0]))}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
