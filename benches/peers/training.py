"""The training rows: an attractor script compared with one compiled JAX scan."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# A comparison consists of one line here, one script NAME.rhai in this folder (with a line
# `let batches = ...;`) and one entry in WORKLOADS of jax_peer.py. The value scales --batches.
ROWS = {
    "integrator": 1.0,
    "decision": 0.5,
    "context": 0.2,
    "lfads": 0.05,
}

# Batches of the short attractor run as a fraction of the long run. The step time comes from the
# difference between the two runs.
WARM_UP_FRACTION = 0.1

UNITS = {"step": "ms", "start to first": "s", "peak memory": "MB"}


def run(command):
    """Runs a process to completion; returns its last output line, seconds and peak memory in MB."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{err.read().decode(errors='replace')}")
        lines = out.read().decode().split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return last, seconds, usage.ru_maxrss / 1024


def warm_up_batches(batches):
    return max(1, int(batches * WARM_UP_FRACTION))


def last_number(line):
    numbers = re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", line)
    return float(numbers[-1]) if numbers else float("nan")


def attractor(binary, name, batches, folder):
    """One round of attractor: runs the script with three values of `batches`."""
    text = (HERE / f"{name}.rhai").read_text()

    def timed(count):
        script, changed = re.subn(r"(?m)^let batches = \d+;", f"let batches = {count};", text)
        if changed != 1:
            sys.exit(f"{name}.rhai: expected one line `let batches = ...;`, found {changed}")
        path = folder / f"{name}_{count}.rhai"
        path.write_text(script)
        return run([binary, "run", path, "--out", folder])

    _, first, _ = timed(1)
    _, short, _ = timed(warm_up_batches(batches))
    line, long, memory = timed(warm_up_batches(batches) + batches)
    step = (long - short) / batches * 1e3
    return {"step": step, "start to first": first, "peak memory": memory}, last_number(line)


def jax(python, name, batches):
    """One round of JAX, each measurement in a new Python process."""
    peer = HERE / "jax_peer.py"
    _, first, _ = run([python, peer, name, "first"])
    line, _, memory = run([python, peer, name, str(batches)])
    answer = json.loads(line)
    return {"step": answer["step_ms"], "start to first": first, "peak memory": memory}, answer["loss"]


def print_rows(name, ours, theirs, losses):
    for quantity, unit in UNITS.items():
        a = [r[quantity] for r in ours]
        b = [r[quantity] for r in theirs]
        ratios = [x / y for x, y in zip(a, b)]
        ratio = statistics.median(ratios)
        print(
            f"{name:14s} {quantity:20s} {statistics.median(a):10.3f} {statistics.median(b):10.3f} {unit:3s}"
            f" {ratio:9.4f}  {min(ratios):.4f} .. {max(ratios):.4f}"
        )
    print(f"{name:14s} {'final loss':20s} {losses[0]:10.4f} {losses[1]:10.4f}")


def compare(binary, python, name, rounds, batches):
    batches = int(batches * ROWS[name])
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            ours.append(attractor(binary, name, batches, Path(folder)))
            theirs.append(jax(python, name, warm_up_batches(batches) + batches))
    losses = ours[-1][1], theirs[-1][1]
    print_rows(name, [r for r, _ in ours], [r for r, _ in theirs], losses)
