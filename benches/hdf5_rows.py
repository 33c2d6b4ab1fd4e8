"""Times 20 calls of `h5::rows` on a file of 400 MB, and the equivalent reads in h5py.

    python benches/hdf5_rows.py          requires h5py, numpy and a built binary
"""

import os
import statistics
import subprocess
import tempfile
import time

import h5py
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, "target", "debug", "attractor")
ROUNDS = 7
SCRIPT = """
for round in 0..%d {
    let start = clock();
    for i in 0..20 { h5::rows("big.h5", "x", i * 1000, i * 1000 + 1000); }
    print((clock() - start) * 1000.0);
}
""" % ROUNDS


def h5py_round(path):
    start = time.perf_counter()
    for i in range(20):
        with h5py.File(path, "r") as file:
            file["x"][i * 1000 : (i + 1) * 1000]
    return (time.perf_counter() - start) * 1000


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "big.h5")
    for label, options in {"contiguous": {}, "chunked": {"chunks": (1000, 100)}}.items():
        with h5py.File(path, "w") as file:
            data = np.arange(50_000_000.0).reshape(500_000, 100)
            file.create_dataset("x", data=data, **options)
            file["words"] = ["GCOL"]
        with open(os.path.join(folder, "rows.rhai"), "w") as script:
            script.write(SCRIPT)
        run = subprocess.run(
            [PROGRAM, "run", "rows.rhai"], cwd=folder, capture_output=True, text=True, check=True)
        ours = statistics.median(float(line) for line in run.stdout.split())
        theirs = statistics.median(h5py_round(path) for _ in range(ROUNDS))
        size = os.path.getsize(path) / 1e6
        print(f"{label}, {size:.0f} MB: h5::rows {ours:.1f} ms, h5py {theirs:.1f} ms")
