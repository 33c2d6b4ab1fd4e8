"""Times reductions and the printing of a large f32 array, in this program and in NumPy.

    python benches/reductions.py [PROGRAM]          requires numpy and a built binary

Both run in the same minute on the same machine. NumPy reduces with one thread and accumulates in
f32; this program uses all threads and accumulates in double precision.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "target", "debug", "attractor")
ROUNDS = 5
# Two-dimensional, and the same elements with three axes.
SHAPES = {"t": (6000, 10000), "u": (600, 100, 1000), "narrow": (20_000_000, 3)}
CASES = [
    ("t.sum()", "t.sum()"),
    ("t.sum(0)", "t.sum(0)"),
    ("t.mean(0)", "t.mean(0)"),
    ("t.mean(1)", "t.mean(1)"),
    ("u.mean(1)", "u.mean(1)"),
    ("u.mean([0, 2])", "u.mean((0, 2))"),
    ("narrow.mean(0)", "narrow.mean(0)"),
    ("narrow.mean(1)", "narrow.mean(1)"),
    ("t.max()", "t.max()"),
    ("t.max(0)", "t.max(0)"),
    ("t.argmax()", "t.argmax()"),
    ("t.argmax(1)", "t.argmax(1)"),
    ("t.std()", "t.std()"),
    ("t.std(0)", "t.std(0)"),
    ("t.norm()", "np.linalg.norm(t)"),
    ("`${t}`", "str(t)"),
]
SETUP = "".join(
    f"let {name} = random::normal(random::key(0), {list(shape)});\n"
    for name, shape in SHAPES.items()
)
CASE = """{
    let best = 1e9;
    for round in 0..%d { let start = clock(); %s; best = min(best, clock() - start); }
    print(best);
}
"""


def ours():
    script = SETUP + "".join(CASE % (ROUNDS, case) for case, _ in CASES)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "reductions.rhai")
        with open(path, "w") as file:
            file.write(script)
        run = subprocess.run([PROGRAM, "run", path], capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    return [float(line) for line in run.stdout.split()]


def numpys():
    rng = np.random.default_rng(0)
    names = {name: rng.normal(size=shape).astype("f4") for name, shape in SHAPES.items()}
    names["np"] = np
    times = []
    for _, case in CASES:
        best = 1e9
        for _ in range(ROUNDS):
            start = time.perf_counter()
            eval(case, names)
            best = min(best, time.perf_counter() - start)
        times.append(best)
    return times


print("| 60 million f32 | attractor, ms | NumPy, ms |")
print("| --- | --: | --: |")
for (case, _), a, b in zip(CASES, ours(), numpys()):
    print(f"| `{case}` | {a * 1000:.0f} | {b * 1000:.0f} |")
