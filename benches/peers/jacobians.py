"""The row `jacobians`: Jacobians of a GRU at the states of several trials, and their spectra."""

import worker

UNITS = 100

# The number of fixed points that a search on the decision task returns.
STATES = 313

# The parts to compare: (attractor, JAX). Attractor computes spectra in double precision.
PAIRS = [
    ("Jacobians", "Jacobians"),
    ("eigenvalues", "eigenvalues (numpy)"),
    ("eigenvalues", "eigenvalues (jax)"),
    ("eigenvectors", "eigenvectors (numpy)"),
    ("eigenvectors", "eigenvectors (jax)"),
]


def compare(binary, python, rounds, seconds):
    with worker.attractor(binary) as ours, worker.jax(python) as theirs:
        work = ("jacobians", UNITS, STATES)
        times, variant = worker.side_by_side(ours, theirs, work, rounds, seconds, PAIRS)
    for (_, name), result in zip(PAIRS, times):
        print(
            f"{'jacobians':14s} {name:20s} {result.ours:10.2f} {result.theirs:10.2f} ms  "
            f" {result.ratio:9.4f}  {result.range}"
        )
    print(f"{'jacobians':14s} fastest JAX variant for the Jacobians: {variant}")
