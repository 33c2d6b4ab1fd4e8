"""Times threaded operations on one thread and on all threads, idle and next to a busy loop.

    python benches/oversubscription.py [ROUNDS]          requires a built binary

Runs with and without the busy loop alternate; each value is the median over the rounds. The last
column is the main result: the ratio of the time with all threads to the time with one thread, both
next to the busy loop.
"""

import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.environ.get("ATTRACTOR", os.path.join(ROOT, "target", "debug", "attractor"))
SCRIPT = os.path.join(ROOT, "benches", "oversubscription.rhai")
THREADS = [1, len(os.sched_getaffinity(0))]


def run(threads, busy):
    """The median time of each operation in milliseconds, by name."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None
    try:
        command = [PROGRAM, "run", "--threads", str(threads), SCRIPT]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    finally:
        if other:
            other.kill()
            other.wait()
    lines = [line.rsplit(": ", 1) for line in out.stdout.splitlines()]
    return {name: float(ms) for name, ms in lines}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    cases = [(threads, busy) for busy in (False, True) for threads in THREADS]
    times = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            times[case].append(run(*case))
    names = list(times[cases[0]][0])
    few, many = (f"{threads} thread{'s' * (threads > 1)}" for threads in THREADS)
    print(f"| operation | idle: {few}, ms | {many}, ms | busy: {few}, ms | {many}, ms | ratio when busy |")
    print("|---|--:|--:|--:|--:|--:|")
    for name in names:
        figures = [statistics.median(one[name] for one in times[case]) for case in cases]
        cells = " | ".join(f"{figure:.1f}" for figure in figures)
        print(f"| {name} | {cells} | {figures[3] / figures[2]:.2f} |")


main()
