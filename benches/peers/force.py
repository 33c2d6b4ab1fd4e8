"""The row `force`: 300 steps of FORCE learning with a change of P and wO in each, at some sizes.

Of attractor both halves of a training's life: from the untaught network, whose P is a number and a
few changes, and later, when P is a matrix. JAX's P is a matrix from the start.
"""

import worker

UNITS = [250, 500, 1000, 2000, 4000]

PAIRS = [("first", "steps"), ("later", "steps")]


def compare(binary, python, rounds, seconds):
    with worker.attractor(binary) as ours, worker.jax(python) as theirs:
        for n in UNITS:
            times, way = worker.side_by_side(ours, theirs, ("force", n), rounds, seconds, PAIRS)
            for (name, _), found in zip(PAIRS, times):
                print(
                    f"{'force':14s} {f'n = {n}, {name}':20s} {found.ours:10.2f} {found.theirs:10.2f} ms  "
                    f" {found.ratio:9.4f}  {found.range}"
                )
        bandwidth = ours.ask("bandwidth")
    for size, gbs in bandwidth.items():
        print(f"{'force':14s} {f'reading {size}':20s} {gbs:10.1f} {'':10s} GB/s")
