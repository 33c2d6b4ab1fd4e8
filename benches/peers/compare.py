"""Attractor and JAX side by side on the same work, in one run.

Rounds alternate (attractor, JAX, attractor, JAX, ...), so that whatever else the machine does meets
both alike. Shown are the medians over the rounds and the median of the ratios taken round by round.

  step             one training step, its batch drawn included. Attractor: the difference between two
                   numbers of batches, seen from outside. JAX: one compiled scan, compiling not counted.
  start to first   a fresh process, from its start to its end, that does one training step
  peak memory      the largest resident size of the process with the long run

usage: ./x bench [--rounds 5] [--batches 2000] [--only integrator]
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".tools" / "peers"

# A comparison is one line here, one script NAME.rhai beside this file (with a line
# `let batches = ...;`) and one entry in WORKLOADS of jax_peer.py. The number scales --batches.
ROWS = {
    "integrator": 1.0,
}

# The short run of attractor that is taken away from the long one, as a part of the long one.
WARM_PART = 0.1

UNITS = {"step": "ms", "start to first": "s", "peak memory": "MB"}


def run(command):
    """Runs a process to its end: its last line of output, seconds, peak memory in MB."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{err.read().decode(errors='replace')}")
        lines = out.read().decode().split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return last, seconds, usage.ru_maxrss / 1024


def few(batches):
    return max(1, int(batches * WARM_PART))


def last_number(line):
    found = re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", line)
    return float(found[-1]) if found else float("nan")


def attractor(binary, name, batches, folder):
    """One round of attractor: the script's text with other numbers of batches in it."""
    text = (HERE / f"{name}.rhai").read_text()

    def timed(count):
        script, changed = re.subn(r"(?m)^let batches = \d+;", f"let batches = {count};", text)
        if changed != 1:
            sys.exit(f"{name}.rhai: expected one line `let batches = ...;`, found {changed}")
        path = folder / f"{name}_{count}.rhai"
        path.write_text(script)
        return run([binary, "run", path, "--out", folder])

    _, first, _ = timed(1)
    _, short, _ = timed(few(batches))
    line, long, memory = timed(few(batches) + batches)
    step = (long - short) / batches * 1e3
    return {"step": step, "start to first": first, "peak memory": memory}, last_number(line)


def jax(python, name, batches):
    """One round of JAX, each measurement in a fresh Python."""
    peer = HERE / "jax_peer.py"
    _, first, _ = run([python, peer, name, "first"])
    line, _, memory = run([python, peer, name, str(batches)])
    answer = json.loads(line)
    return {"step": answer["step_ms"], "start to first": first, "peak memory": memory}, answer["loss"]


def wanted_versions():
    lines = (HERE / "requirements.txt").read_text().split("\n")
    return dict(line.split("==") for line in lines if "==" in line)


def python_with_jax():
    """This Python if it holds the pinned versions; else a private one that is made once."""
    probe = "import sys; from importlib.metadata import version as v; "
    probe += f"sys.exit(any(v(n) != w for n, w in {wanted_versions()!r}.items()))"
    private = TOOLS / "bin" / "python"
    for python in (sys.executable, private):
        if not Path(python).exists():
            continue
        if subprocess.run([python, "-c", probe], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    print("installing the pinned JAX into .tools/peers (once)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
    wanted = ["-r", HERE / "requirements.txt"]
    subprocess.run([private, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return private


def show(name, ours, theirs, losses):
    for what, unit in UNITS.items():
        a = [r[what] for r in ours]
        b = [r[what] for r in theirs]
        ratios = [x / y for x, y in zip(a, b)]
        ratio = statistics.median(ratios)
        print(
            f"{name:14s} {what:16s} {statistics.median(a):10.3f} {statistics.median(b):10.3f} {unit:3s}"
            f" {ratio:9.4f}  {min(ratios):.4f} .. {max(ratios):.4f}"
        )
    print(f"{name:14s} {'loss at the end':16s} {losses[0]:10.4f} {losses[1]:10.4f}")


def main():
    plain = argparse.RawDescriptionHelpFormatter
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--batches", type=int, default=2000)
    ask.add_argument("--only", choices=ROWS, nargs="+", default=list(ROWS))
    ask.add_argument("--binary", type=Path, default=ROOT / "target" / "debug" / "attractor")
    asked = ask.parse_args()
    python = python_with_jax()
    os.environ["JAX_PLATFORMS"] = "cpu"

    print(f"{os.cpu_count()} cores, {asked.rounds} rounds, load {os.getloadavg()[0]:.1f} at the start")
    print(f"{'':14s} {'median':16s} {'attractor':>10s} {'JAX':>10s} {'':3s} {'ratio':>9s}  round by round")
    for name in asked.only:
        batches = int(asked.batches * ROWS[name])
        ours, theirs = [], []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(asked.rounds):
                ours.append(attractor(asked.binary, name, batches, Path(folder)))
                theirs.append(jax(python, name, few(batches) + batches))
        losses = ours[-1][1], theirs[-1][1]
        show(name, [r for r, _ in ours], [r for r, _ in theirs], losses)
    # A child's peak includes the moment before it became the program: never below this Python's own.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory cannot be told below {floor:.0f} MB; load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
