"""The row `search`: a fixed-point search with damped Newton steps in attractor and Adam in JAX.

JAX takes minutes, so this row runs only if it is named, for one round by default (see --rounds).
"""

import json
import statistics
import tempfile
from pathlib import Path

from training import HERE, run


def compare(binary, python, rounds):
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            line, _, _ = run([binary, "run", HERE / "search.rhai", "--out", folder])
            ours.append(json.loads(line))
            line, _, _ = run([python, HERE / "jax_search.py", Path(folder) / "search.json"])
            theirs.append(json.loads(line))
    seconds = [[one["seconds"] for one in all] for all in (ours, theirs)]
    ratios = [a / b for a, b in zip(*seconds)]
    a, b = map(statistics.median, seconds)
    print(
        f"{'search':14s} {'the search':20s} {a:10.3f} {b:10.3f} s   {statistics.median(ratios):9.4f}"
        f"  {min(ratios):.4f} .. {max(ratios):.4f}"
    )
    for what, name in [("within", "within 1e-6"), ("unique", "different points")]:
        print(f"{'search':14s} {name:20s} {ours[-1][what]:10d} {theirs[-1][what]:10d}")
    for what, name in [("minima", "at a minimum of q"), ("failed", "failed")]:
        print(f"{'search':14s} {name:20s} {ours[-1][what]:10d} {'n/a':>10s}")
