"""Makes h5py_names.h5 and hdf5_links/: files with unusual names, and files that refer to others.

python -P hdf5_links.py (h5py 3.16). A script in hdf5_links/inside may not read hdf5_links/outside.
"""

import os
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent

with h5py.File(HERE / "h5py_names.h5", "w") as f:
    f["ok"] = np.arange(3.0)
    f[b"gr\xf6\xdfe"] = np.arange(4)
    f[b"\xe9/inner"] = 1
    f["back\\xslash"] = 2
    scalar = h5py.h5s.create(h5py.h5s.SCALAR)
    unit = h5py.h5a.create(f["ok"].id, b"\xb5V", h5py.h5t.NATIVE_INT32, scalar)
    unit.write(np.array(5, "i4"))
    f["record"] = np.array([(1, 0.5)], np.dtype([("n", "i4"), ("x", "f8")]))
    kind = h5py.h5t.create(h5py.h5t.COMPOUND, 8)
    kind.insert(b"\xb5", 0, h5py.h5t.NATIVE_INT64)
    record = h5py.h5d.create(f.id, b"latin", kind, h5py.h5s.create_simple((2,)))
    record.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([7, 8]), kind)
    colours = h5py.enum_dtype({"RED": 0, "BLUE": 2}, ">i2")
    f["colours"] = np.array([2, 0], dtype=colours)
    f["answers"] = np.array([True, False])

os.makedirs(HERE / "hdf5_links/inside", exist_ok=True)
os.makedirs(HERE / "hdf5_links/outside", exist_ok=True)
os.chdir(HERE / "hdf5_links/inside")
SECRET = "../outside/secret.h5"
with h5py.File(SECRET, "w") as f:
    f["x"] = np.array([42.0, 43.0])
np.array([42.0, 43.0]).tofile("../outside/secret.bin")


def virtual(f, file, entry):
    layout = h5py.VirtualLayout((2,), "f8")
    layout[:] = h5py.VirtualSource(file, entry, (2,))
    f.create_virtual_dataset("x", layout, fillvalue=-1)


with h5py.File("part.h5", "w") as f:
    f["x"] = np.array([1.0, 2.0])
with h5py.File("allowed.h5", "w") as f:
    f["link"] = h5py.ExternalLink("part.h5", "/x")
    virtual(f, "part.h5", "x")
with h5py.File("link.h5", "w") as f:
    f["x"] = h5py.ExternalLink(SECRET, "/x")
    f["all"] = h5py.ExternalLink(SECRET, "/")
with h5py.File("soft.h5", "w") as f:
    f["out"] = h5py.ExternalLink(SECRET, "/")
    f["x"] = h5py.SoftLink("/out/x")
with h5py.File("chain.h5", "w") as f:
    f["x"] = h5py.ExternalLink("link.h5", "/x")
with h5py.File("virtual.h5", "w") as f:
    virtual(f, SECRET, "x")
with h5py.File("virtual_chain.h5", "w") as f:
    virtual(f, "link.h5", "x")
with h5py.File("virtual_virtual.h5", "w") as f:
    virtual(f, "virtual.h5", "x")
with h5py.File("raw.h5", "w") as f:
    f.create_dataset("x", (2,), "f8", external=[("../outside/secret.bin", 0, 16)])
