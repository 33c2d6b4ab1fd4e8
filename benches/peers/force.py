"""The row `force`: 300 steps of FORCE learning that update P and wO at each step, at several sizes.

Attractor is timed in two phases: on an untrained network, where P is a scaled identity plus a few
rank-1 updates, and later, where P is a dense matrix. In JAX, P is a dense matrix from the start.
"""

import worker

UNITS = [250, 500, 1000, 2000, 4000]

PAIRS = [("first", "steps"), ("later", "steps")]


def compare(binary, python, rounds, seconds):
    with worker.attractor(binary) as ours, worker.jax(python) as theirs:
        for n in UNITS:
            times, _ = worker.side_by_side(ours, theirs, ("force", n), rounds, seconds, PAIRS)
            for (name, _), result in zip(PAIRS, times):
                print(
                    f"{'force':14s} {f'n = {n}, {name}':20s} {result.ours:10.2f} {result.theirs:10.2f} ms  "
                    f" {result.ratio:9.4f}  {result.range}"
                )
        bandwidth = ours.ask("bandwidth")
    for size, gbs in bandwidth.items():
        print(f"{'force':14s} {f'reading {size}':20s} {gbs:10.1f} {'':10s} GB/s")
