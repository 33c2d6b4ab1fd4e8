"""Calls attractor and JAX in turn, in two persistent processes (`worker.rs`, `jax_worker.py`), so
that neither start-up nor compilation is timed. The protocol is line-based: commands in, JSON
out."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Worker:
    """A process that answers each line with one line. It ends when the `with` block exits."""

    def __init__(self, command, env=None):
        self.command = command
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env=env, **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *words):
        try:
            print(*words, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # the process has exited; the missing answer below reports it
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{' '.join(map(str, self.command))}: no answer to `{' '.join(map(str, words))}`")
        return json.loads(line)


def attractor(binary):
    return Worker([binary.parent / "examples" / "worker"])


def jax(python):
    # On matrices of these sizes, numpy is slower with more threads.
    return Worker([python, HERE / "jax_worker.py"], os.environ | {"OPENBLAS_NUM_THREADS": "1"})


class Times:
    """The times of one part in ms, one per round, for attractor (`ours`) and JAX (`theirs`)."""

    def __init__(self, ours, theirs):
        self.ours = statistics.median(ours)
        self.theirs = statistics.median(theirs)
        ratios = [a / b for a, b in zip(ours, theirs)]
        self.ratio = statistics.median(ratios)
        self.range = f"{min(ratios):.2f} .. {max(ratios):.2f}"


def side_by_side(ours, theirs, work, rounds, seconds, pairs):
    """Prepares the workload, then times both workers in turn. Returns the times of each pair of
    parts, in the order of `pairs`, and the name of the fastest JAX variant."""
    ours.ask("prepare", *work)
    variant = theirs.ask("prepare", *work).get("variant")
    answers = [[worker.ask("time", seconds)["ms"] for worker in (ours, theirs)] for _ in range(rounds)]
    times = [Times([a[x] for a, _ in answers], [b[y] for _, b in answers]) for x, y in pairs]
    return times, variant
