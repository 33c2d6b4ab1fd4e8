"""Compares attractor and JAX on the same workloads in one run.

Rounds alternate (attractor, JAX, attractor, JAX, ...), so that other load on the machine affects
both equally. The output shows medians over the rounds and the median of the per-round ratios.

Training rows (integrator, decision, context, lfads):
  step             one training step, including sampling of the batch. Attractor: time difference
                   between two runs with different numbers of batches. JAX: one compiled scan,
                   excluding compilation.
  start to first   a new process that does one training step, from process start to exit
  peak memory      the maximum resident set size of the process with the long run

Call rows (jacobians, force, and --sweep, which replaces all rows): two persistent worker processes
are timed in turn, and only the calls are timed. Of several JAX implementations the fastest counts.

The row search (fixed points from 10,000 candidates; minutes in JAX) runs only if it is named.

usage: ./x bench [--rounds 5] [--batches 2000] [--only integrator jacobians]
       ./x bench --only search
       ./x bench --sweep [--cells gru ugrnn lstm] [--points 100,128,25 512,16,100] [--markdown]
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

import force
import jacobians
import search
import sweep
import training

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".tools" / "peers"


def required_versions():
    lines = (HERE / "requirements.txt").read_text().split("\n")
    return dict(line.split("==") for line in lines if "==" in line)


def python_with_jax():
    """This Python if it has the pinned versions; otherwise a private venv, created on first use."""
    probe = "import sys; from importlib.metadata import version as v; "
    probe += f"sys.exit(any(v(n) != w for n, w in {required_versions()!r}.items()))"
    private = TOOLS / "bin" / "python"
    for python in (sys.executable, private):
        if not Path(python).exists():
            continue
        if subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    print("installing the pinned JAX into .tools/peers (once)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
    requirements = ["-r", HERE / "requirements.txt"]
    subprocess.run([private, "-m", "pip", "install", "--quiet", *requirements], check=True)
    return private


def point(text):
    n, b, t = map(int, text.split(","))
    return n, b, t


def arguments():
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    rows = [*training.ROWS, "jacobians", "force"]
    choices = [*rows, "search"]
    parser.add_argument("--rounds", type=int, help="default: 5, or 1 for the search")
    parser.add_argument("--batches", type=int, default=2000, help="times the scale of each row")
    parser.add_argument("--seconds", type=float, default=0.2, help="per part and round of a call row")
    parser.add_argument("--only", choices=choices, nargs="+", default=rows)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "debug" / "attractor")
    parser.add_argument("--sweep", action="store_true", help="only the gradient, over many sizes")
    parser.add_argument("--cells", choices=sweep.GATES, nargs="+", default=list(sweep.GATES))
    parser.add_argument("--points", type=point, nargs="+", help="n,b,t instead of the full grid")
    parser.add_argument("--inputs", type=int, default=1, help="number of inputs in the sweep")
    parser.add_argument("--limit-gflop", type=float, default=100, help="skip points that need more")
    parser.add_argument("--markdown", action="store_true", help="print the sweep as a Markdown table")
    return parser.parse_args()


def main():
    args = arguments()
    args.rounds = args.rounds or (1 if args.only == ["search"] else 5)
    python = python_with_jax()
    os.environ["JAX_PLATFORMS"] = "cpu"

    print(f"{os.cpu_count()} cores, {args.rounds} rounds, load {os.getloadavg()[0]:.1f} at the start\n")
    if args.sweep:
        sweep.compare(args.binary, python, args)
    else:
        rows(args, python)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def rows(args, python):
    print(f"{'':14s} {'median':20s} {'attractor':>10s} {'JAX':>10s} {'':3s} {'ratio':>9s}  round by round")
    for name in args.only:
        if name == "jacobians":
            jacobians.compare(args.binary, python, args.rounds, args.seconds)
        elif name == "force":
            force.compare(args.binary, python, args.rounds, args.seconds)
        elif name == "search":
            search.compare(args.binary, python, args.rounds)
        else:
            training.compare(args.binary, python, name, args.rounds, args.batches)
    # The peak of a child includes the time between fork and exec, when it still has the memory of
    # this Python process. No measured peak is therefore below the peak of this process.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory below {floor:.0f} MB cannot be measured")


if __name__ == "__main__":
    main()
