#!/usr/bin/env python3
"""Speed of scripts: the same loops in Rhai, Lua and Python (with NumPy, if it is installed).

    python3 benches/script_speed.py [--program target/debug/attractor] [--rounds 5]

Every round runs each workload once in each language, so that all languages share the changes of a
busy machine. A workload measures itself: the start of the program does not count. The table shows
medians in milliseconds, and the ratio to Python.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# Name: (setup, workload) in Rhai, Lua and Python. Python code that uses `np` needs NumPy.
WORKLOADS = {
    "loop: 10^6 sums": (
        ("", "let s = 0; for i in 0..1000000 { s += i; }"),
        ("", "local s = 0; for i = 0, 999999 do s = s + i end"),
        ("", "s = 0\nfor i in range(1000000): s += i"),
    ),
    "loop: 10^6 comparisons": (
        ("", "let s = 0; for i in 0..1000000 { if i % 3 == 0 { s += i * 2; } }"),
        ("", "local s = 0; for i = 0, 999999 do if i % 3 == 0 then s = s + i * 2 end end"),
        ("", "s = 0\nfor i in range(1000000):\n    if i % 3 == 0: s += i * 2"),
    ),
    "loop: 10^6 float steps": (
        ("", "let x = 0.5; for i in 0..1000000 { x = 3.7 * x * (1.0 - x); }"),
        ("", "local x = 0.5; for i = 1, 1000000 do x = 3.7 * x * (1.0 - x) end"),
        ("", "x = 0.5\nfor i in range(1000000): x = 3.7 * x * (1.0 - x)"),
    ),
    "3 x 10^5 function calls": (
        ("fn f(x) { x + 1 }", "let s = 0; for i in 0..300000 { s = f(s); }"),
        ("local function f(x) return x + 1 end", "local s = 0; for i = 1, 300000 do s = f(s) end"),
        ("def f(x): return x + 1", "s = 0\nfor i in range(300000): s = f(s)"),
    ),
    "10^5 list pushes": (
        ("", "let a = []; for i in 0..100000 { a.push(i); }"),
        ("", "local a = {}; for i = 0, 99999 do a[#a + 1] = i end"),
        ("", "a = []\nfor i in range(100000): a.append(i)"),
    ),
    "10^5 list reads": (
        ("let a = []; for i in 0..100000 { a.push(i); }",
         "let s = 0; for i in 0..100000 { s += a[i]; }"),
        ("local a = {}; for i = 0, 99999 do a[#a + 1] = i end",
         "local s = 0; for i = 1, 100000 do s = s + a[i] end"),
        ("a = list(range(100000))", "s = 0\nfor i in range(100000): s += a[i]"),
    ),
    "10^5 tensor reads": (
        ("let t = arange(0, 100000);", "let s = 0.0; for i in 0..100000 { s += t[i]; }"),
        ("local t = arange(0, 100000)",
         "local s = 0.0; for i = 0, 99999 do s = s + t[i] end"),
        ("t = np.arange(100000, dtype=np.float32)",
         "s = 0.0\nfor i in range(100000): s += float(t[i])"),
    ),
    "10^4 reads of a large tensor": (
        ("let t = zeros(3000000);", "let s = 0.0; for i in 0..10000 { s += t[i * 300]; }"),
        ("local t = zeros(3000000)", "local s = 0.0; for i = 0, 9999 do s = s + t[i * 300] end"),
        ("t = np.zeros(3000000, np.float32)",
         "s = 0.0\nfor i in range(10000): s += float(t[i * 300])"),
    ),
    "10^4 rows of a large tensor": (
        ("let t = zeros([300000, 10]);", "for i in 0..10000 { let row = t[i * 30]; }"),
        ("local t = zeros({300000, 10})", "for i = 0, 9999 do local row = t[i * 30] end"),
        ("t = np.zeros((300000, 10), np.float32)", "for i in range(10000): row = t[i * 30]"),
    ),
    "10^4 element assignments": (
        ("let t = zeros(10000);", "for i in 0..10000 { t[i] = i; }"),
        ("local t = zeros(10000)", "for i = 0, 9999 do t[i] = i end"),
        ("t = np.zeros(10000, np.float32)", "for i in range(10000): t[i] = i"),
    ),
    "to_list of 10^5 elements": (
        ("let t = arange(0, 100000);", "let a = t.to_list();"),
        ("local t = arange(0, 100000)", "local a = t:to_list()"),
        ("t = np.arange(100000, dtype=np.float32)", "a = t.tolist()"),
    ),
    "tensor of 10^5 numbers": (
        ("let a = arange(0, 100000).to_list();", "let t = tensor(a);"),
        ("local a = arange(0, 100000):to_list()", "local t = tensor(a)"),
        ("a = np.arange(100000, dtype=np.float32).tolist()", "t = np.array(a, dtype=np.float32)"),
    ),
    "10^4 additions of 10 elements": (
        ("let a = ones([10]); let b = ones([10]);", "for i in 0..10000 { a = a + b; }"),
        ("local a, b = ones({10}), ones({10})", "for i = 1, 10000 do a = a + b end"),
        ("a, b = np.ones(10, np.float32), np.ones(10, np.float32)",
         "for i in range(10000): a = a + b"),
    ),
    "10^4 additions of a number": (
        ("let a = ones([10]);", "for i in 0..10000 { a = a + 1.0; }"),
        ("local a = ones({10})", "for i = 1, 10000 do a = a + 1.0 end"),
        ("a = np.ones(10, np.float32)", "for i in range(10000): a = a + 1.0"),
    ),
    "10^4 tanh of 10 elements": (
        ("let a = ones([10]);", "for i in 0..10000 { a = a.tanh(); }"),
        ("local a = ones({10})", "for i = 1, 10000 do a = a:tanh() end"),
        ("a = np.ones(10, np.float32)", "for i in range(10000): a = np.tanh(a)"),
    ),
}

TEMPLATES = {
    "rhai": "{setup}\nlet start_ = clock();\n{work}\nprint(clock() - start_);\n",
    "lua": "{setup}\nlocal start_ = clock()\n{work}\nprint(clock() - start_)\n",
}


def python_text(setup, work):
    """The workload in a function: local variables are fast, as in the other languages."""
    numpy = "import numpy as np\n" if "np." in setup + work else ""
    body = "\n".join("    " + line for line in (setup + "\nstart_ = time.perf_counter()\n"
                     + work + "\nprint(time.perf_counter() - start_)").split("\n"))
    return f"import time\n{numpy}def work_():\n{body}\nwork_()\n"


def seconds(command):
    """The number that the script prints; None if it fails."""
    result = subprocess.run(command, capture_output=True, text=True)
    return float(result.stdout.split()[-1]) if result.returncode == 0 else None


def measure(program, folder, rounds):
    """The medians per workload: (rhai, lua, python)."""
    rows = {name: ([], [], []) for name in WORKLOADS}
    for _ in range(rounds):
        for name, (rhai, lua, python) in WORKLOADS.items():
            files = [("w.rhai", TEMPLATES["rhai"].format(setup=rhai[0], work=rhai[1])),
                     ("w.lua", TEMPLATES["lua"].format(setup=lua[0], work=lua[1])),
                     ("w.py", python_text(*python))]
            for times, (file, text) in zip(rows[name], files):
                path = folder / file
                path.write_text(text)
                run = [sys.executable] if file.endswith(".py") else [program, "run"]
                times.append(seconds([*run, str(path)]))
    return rows


def text_of(times, python):
    """A cell of the table: milliseconds, and the ratio to Python."""
    if None in times:
        return "failed"
    median = statistics.median(times)
    ratio = "" if None in python else f", {median / statistics.median(python):.1f}"
    return f"{median * 1000:.1f}{ratio}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default="target/debug/attractor")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(options.program, Path(folder), options.rounds)
    print("| workload | Rhai: ms, ratio | Lua: ms, ratio | Python: ms |")
    print("|---|--:|--:|--:|")
    for name, (rhai, lua, python) in rows.items():
        own = "NumPy is missing" if None in python else f"{statistics.median(python) * 1000:.1f}"
        print(f"| {name} | {text_of(rhai, python)} | {text_of(lua, python)} | {own} |")


if __name__ == "__main__":
    main()
