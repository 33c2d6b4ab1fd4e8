"""Recurrent cells over all time steps in JAX. GRU, UGRNN and LSTM have several variants:

  joined, apart   one matrix product with the state for all gates that share it, or one per gate
  derived         JAX differentiates through the scan
  own             a custom backward pass: the reverse scan computes only what the preceding time
                  step needs; one product over all time steps then gives the weight gradients

Which variant is fastest depends on the sizes and the machine. In all variants, the contribution of
the inputs (`drive`) is one product before the scan. Arrays are time-major, [t, b, ..], and weights
are [in, out]. GRU gates: reset (applied before the matrix), update, new. UGRNN gates: candidate,
update. LSTM gates: input, forget, cell, output. The vanilla cell has only its fastest variant, the
custom backward pass.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax, random
from jax.nn import sigmoid

GATES = {"gru": 3, "ugrnn": 2, "lstm": 4}

# Number of gates that read the unmodified state and can therefore share a matrix product.
SHARED = {"gru": 2, "ugrnn": 2, "lstm": 4}

VARIANTS = ["joined, derived", "apart, derived", "joined, own", "apart, own"]

# Biases added to the pre-activation of the update gate.
UPDATE_BIAS = 0.5
UGRNN_UPDATE_BIAS = 1.0


def init(cell, key, i, n, o):
    k_h0, k_in, k_rec, k_out = random.split(key, 4)
    gates = GATES[cell]
    carried = 2 if cell == "lstm" else 1
    return {
        "h0": 0.1 * random.normal(k_h0, (carried, n)),
        "w_in": random.normal(k_in, (i, gates * n)) / i**0.5,
        "w_rec": tuple(random.normal(k, (n, n)) / n**0.5 for k in random.split(k_rec, gates)),
        "b_rec": jnp.zeros(gates * n),
        "w_out": random.normal(k_out, (n, o)) / n**0.5,
        "b_out": jnp.zeros(o),
    }


def states(cell, variant, params, x, noise=None, unroll=1):
    """The states h [t, b, n] for inputs x [t, b, i]; `noise` is added to each state."""
    products, back = variant.split(", ")
    derived, own = RUNS[cell]
    first = [jnp.broadcast_to(row, (x.shape[1], row.shape[0])) for row in params["h0"]]
    drive = jnp.split(x @ params["w_in"] + params["b_rec"], GATES[cell], -1)
    gather = (lambda parts: joined(cell, parts)) if products == "joined" else tuple
    run = own if back == "own" else derived
    return run(tuple(first), gather(drive), noise, gather(params["w_rec"]), unroll)


def readout(params, h):
    return h @ params["w_out"] + params["b_out"]


def joined(cell, parts):
    """The parts of the gates that share a product, concatenated, followed by the other parts."""
    alike = SHARED[cell]
    return (jnp.concatenate(parts[:alike], -1), *parts[alike:])


def add(h, noise):
    return h if noise is None else h + noise


def pre_activations(h, drive, weights, gates):
    """The pre-activations of each gate, whether or not the gates share a product."""
    found = [d + h @ w for d, w in zip(drive, weights)]
    return found if len(found) == gates else jnp.split(found[0], gates, -1)


def pre_activations_backward(by_gate, weights):
    """The gradients of the pre-activations, grouped like the weights, and their share of d_h."""
    alike = len(weights) == len(by_gate)
    found = tuple(by_gate) if alike else (jnp.concatenate(by_gate, -1),)
    return found, sum(d @ w.T for d, w in zip(found, weights))


def before(first, h):
    return jnp.concatenate([first[None], h[:-1]])


def sum_over_time(a, b):
    """The product a^T b, summed over all time steps and trials."""
    return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])


# GRU ---------------------------------------------------------------------------------------------


def gru_step(h, drive, weights):
    reset, update = pre_activations(h, drive[:-1], weights[:-1], 2)
    reset, update = sigmoid(reset), sigmoid(update + UPDATE_BIAS)
    new = jnp.tanh(drive[-1] + (reset * h) @ weights[-1])
    return update * h + (1 - update) * new, (reset, update, new)


def single_state(cell_step, first, drive, noise, weights, unroll):
    """The states of a cell whose state is h alone."""

    def step(h, now):
        drive, noise = now
        h = add(cell_step(h, drive, weights)[0], noise)
        return h, h

    return lax.scan(step, first[0], (drive, noise), unroll=unroll)[1]


def single_state_forward(cell_step, first, drive, noise, weights, unroll):
    """The states as in `single_state`, and the residuals of the backward pass."""

    def step(h, now):
        drive, noise = now
        after, gates = cell_step(h, drive, weights)
        h = add(after, noise)
        return h, (h, gates)

    _, (h, gates) = lax.scan(step, first[0], (drive, noise), unroll=unroll)
    return h, (first[0], h, gates, weights)


def gru_backward(unroll, residuals, cotangents):
    first, h, gates, weights = residuals
    h = before(first, h)

    def step(d_h, now):
        cotangents, h, (reset, update, new) = now
        d_h = d_h + cotangents
        d_new = d_h * (1 - update) * (1 - new * new)
        d_update = d_h * (h - new) * update * (1 - update)
        d_read = d_new @ weights[-1].T
        d_reset = d_read * h * reset * (1 - reset)
        d_shared, d_before = pre_activations_backward((d_reset, d_update), weights[:-1])
        return d_h * update + d_read * reset + d_before, (*d_shared, d_new)

    times = cotangents, h, gates
    d_first, d_drive = lax.scan(step, jnp.zeros_like(first), times, reverse=True, unroll=unroll)
    d_weights = [sum_over_time(h, d) for d in d_drive[:-1]]
    d_weights.append(sum_over_time(gates[0] * h, d_drive[-1]))
    return (d_first,), d_drive, None, tuple(d_weights)


# UGRNN -------------------------------------------------------------------------------------------


def ugrnn_step(h, drive, weights):
    candidate, update = pre_activations(h, drive, weights, 2)
    candidate, update = jnp.tanh(candidate), sigmoid(update + UGRNN_UPDATE_BIAS)
    return update * h + (1 - update) * candidate, (candidate, update)


def ugrnn_backward(unroll, residuals, cotangents):
    first, h, gates, weights = residuals
    h = before(first, h)

    def step(d_h, now):
        cotangents, h, (candidate, update) = now
        d_h = d_h + cotangents
        d_candidate = d_h * (1 - update) * (1 - candidate * candidate)
        d_update = d_h * (h - candidate) * update * (1 - update)
        d_drive, d_before = pre_activations_backward((d_candidate, d_update), weights)
        return d_h * update + d_before, d_drive

    times = cotangents, h, gates
    d_first, d_drive = lax.scan(step, jnp.zeros_like(first), times, reverse=True, unroll=unroll)
    return (d_first,), d_drive, None, tuple(sum_over_time(h, d) for d in d_drive)


# LSTM --------------------------------------------------------------------------------------------


def lstm_step(h, c, drive, weights):
    gate_i, forget, cell, gate_o = pre_activations(h, drive, weights, 4)
    gate_i, forget, cell, gate_o = sigmoid(gate_i), sigmoid(forget), jnp.tanh(cell), sigmoid(gate_o)
    c = forget * c + gate_i * cell
    squashed = jnp.tanh(c)
    return gate_o * squashed, c, (gate_i, forget, cell, gate_o, squashed)


def lstm(first, drive, noise, weights, unroll):
    def step(carry, now):
        drive, noise = now
        h, c, _ = lstm_step(*carry, drive, weights)
        h = add(h, noise)
        return (h, c), h

    return lax.scan(step, first, (drive, noise), unroll=unroll)[1]


def lstm_forward(first, drive, noise, weights, unroll):
    def step(carry, now):
        drive, noise = now
        h, c, gates = lstm_step(*carry, drive, weights)
        h = add(h, noise)
        return (h, c), (h, carry[1], gates)

    _, (h, c, gates) = lax.scan(step, first, (drive, noise), unroll=unroll)
    return h, (first, h, c, gates, weights)


def lstm_backward(unroll, residuals, cotangents):
    first, h, c, gates, weights = residuals

    def step(carry, now):
        (d_h, d_c), (cotangents, c, (gate_i, forget, cell, gate_o, squashed)) = carry, now
        d_h = d_h + cotangents
        d_c = d_c + d_h * gate_o * (1 - squashed * squashed)
        d_gates = (
            d_c * cell * gate_i * (1 - gate_i),
            d_c * c * forget * (1 - forget),
            d_c * gate_i * (1 - cell * cell),
            d_h * squashed * gate_o * (1 - gate_o),
        )
        d_drive, d_h = pre_activations_backward(d_gates, weights)
        return (d_h, d_c * forget), d_drive

    times = cotangents, c, gates
    start = jax.tree.map(jnp.zeros_like, first)
    d_first, d_drive = lax.scan(step, start, times, reverse=True, unroll=unroll)
    h = before(first[0], h)
    return d_first, d_drive, None, tuple(sum_over_time(h, d) for d in d_drive)


# Vanilla -----------------------------------------------------------------------------------------


@jax.custom_vjp
def vanilla(first, drive, w_rec):
    """The states [t, b, n] that follow the initial state [b, n], for a drive [t, b, n]."""
    return vanilla_forward(first, drive, w_rec)[0]


def vanilla_forward(first, drive, w_rec):
    def step(h, drive):
        h = jnp.tanh(drive + h @ w_rec)
        return h, h

    h = lax.scan(step, first, drive)[1]
    return h, (first, h, w_rec)


def vanilla_backward(residuals, cotangents):
    first, h, w_rec = residuals

    def step(d_h, now):
        cotangents, h = now
        d_sum = (d_h + cotangents) * (1 - h * h)
        return d_sum @ w_rec.T, d_sum

    d_first, d_drive = lax.scan(step, jnp.zeros_like(first), (cotangents, h), reverse=True)
    return d_first, d_drive, sum_over_time(before(first, h), d_drive)


vanilla.defvjp(vanilla_forward, vanilla_backward)


def custom(forward, backward):
    """A run with a custom backward pass. It returns None as the gradient of the noise, which is not
    a parameter."""
    run = partial(jax.custom_vjp, nondiff_argnums=(4,))(lambda *args: forward(*args)[0])
    run.defvjp(forward, backward)
    return run


# For each cell the run that JAX differentiates, and the run with a custom backward pass.
RUNS = {
    "gru": (
        partial(single_state, gru_step),
        custom(partial(single_state_forward, gru_step), gru_backward),
    ),
    "ugrnn": (
        partial(single_state, ugrnn_step),
        custom(partial(single_state_forward, ugrnn_step), ugrnn_backward),
    ),
    "lstm": (lstm, custom(lstm_forward, lstm_backward)),
}
