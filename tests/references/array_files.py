"""Makes array_files/: files of NumPy 2.4 and SciPy 1.17, and the same values in HDF5 (h5py 3.16).

python -P array_files.py. The tests compare the .npy, .npz and .mat files with expected.h5, which h5py
writes. SciPy does not write big-endian MAT-files: big_endian.mat is packed here and read back with
SciPy.
"""

import struct
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import scipy.sparse

HERE = Path(__file__).resolve().parent / "array_files"
NAMES = "?1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()
NAMES += ">i2 >i4 >i8 >u2 >u4 >u8 >f2 >f4 >f8 >c16".split()

INTEGERS = "int8 uint8 int16 uint16 int32 uint32 int64".split()
values = np.array([[0, 1, 2], [3, 4, 100]])


def kinds():
    arrays = {}
    for name in NAMES:
        dtype = np.dtype("?" if name == "?1" else name)
        array = values.astype(dtype)
        if dtype.kind == "c":
            array = array * dtype.type(1 - 0.5j)
        arrays[name.replace(">", "big_").replace("?1", "bool")] = array.astype(dtype)
    arrays["fortran"] = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
    arrays["fortran_complex"] = np.asfortranarray(values * (1 + 2j))
    arrays["low"] = np.array([-(2**63), 2**63 - 1])
    arrays["special"] = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    arrays["empty"] = np.zeros((0, 3))
    arrays["scalar"] = np.array(0.1)
    arrays["integer"] = np.array(-5)
    arrays["yes"] = np.array(True)
    arrays["long"] = np.arange(17000, dtype="f4")
    return arrays


def numpy_files():
    arrays = kinds()
    with h5py.File(HERE / "expected.h5", "w") as f:
        for name, array in arrays.items():
            f[name] = array
    np.savez(HERE / "kinds.npz", **arrays)
    np.savez_compressed(HERE / "compressed.npz", **{"a/x": values, "a/y": values * 0.5, "z": 1})
    bad, when = np.array([{}, None]), np.array(["2020"], "M8")
    np.savez(HERE / "objects.npz", good=values, bad=bad, when=when)
    np.save(HERE / "f8.npy", values.astype("f8"))
    np.save(HERE / "texts.npy", np.array([["a", "größe"], ["", "𝄞x"]]))
    np.save(HERE / "bytes.npy", np.array([b"ab", b"", b"c"]))
    np.save(HERE / "text.npy", np.array("one"))
    np.save(HERE / "objects.npy", np.array([{}, None]))
    np.save(HERE / "records.npy", np.zeros(2, [("x", "f4"), ("y]'", "i4", (2,))]))
    np.save(HERE / "large.npy", np.array([2**63], "u8"))
    for version in [(2, 0), (3, 0)]:
        with open(HERE / f"version{version[0]}.npy", "wb") as f:
            np.lib.format.write_array(f, values, version=version)


def matlab_values():
    cells = np.empty((1, 3), object)
    cells[0] = [1.5, "text", values]
    grid = np.empty((2, 2), object)
    grid[:] = [["a", "b"], ["c", "d"]]
    return {
        "double": values.astype("f8"),
        "single": values.astype("f4"),
        **{name: values.astype(name) for name in INTEGERS},
        "uint64": values.astype("u8"),
        "logical": values > 1,
        "complex": values * (1 + 2j),
        "cube": np.arange(24.0).reshape(2, 3, 4),
        "scalar": 2.5,
        "text": "größe",
        "rows": np.array(["abc", "def"]),
        "none": np.zeros((0, 3)),
        "no_text": "",
        "cells": cells,
        "grid": grid,
        "run": {"rate": 3.0, "name": "x", "inner": {"n": values}},
        "runs": np.array([[(1.0, "a"), (2.0, "b")]], [("t", "O"), ("s", "O")]),
        "sparse": scipy.sparse.csc_matrix(values.astype("f8")),
        "sparse_logical": scipy.sparse.csc_matrix(values > 1),
        "sparse_complex": scipy.sparse.csc_matrix(values * 1j),
    }


def big_endian():
    def element(kind, data):
        return struct.pack(">II", kind, len(data)) + data + b"\0" * (-len(data) % 8)

    def matrix(name, kind, shape, data):
        body = element(6, struct.pack(">II", kind, 0)) + element(5, struct.pack(">2i", *shape))
        # A short name lies within the tag of its element.
        body += struct.pack(">HH", len(name), 1) + name.ljust(4, b"\0")
        return element(14, body + data)

    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    numbers = element(9, struct.pack(">6d", *values.T.ravel()))
    text = element(17, "größe".encode("utf-16-be"))
    file = header + matrix(b"x", 6, (2, 3), numbers) + matrix(b"s", 4, (1, 5), text)
    (HERE / "big_endian.mat").write_bytes(file)
    read = scipy.io.loadmat(HERE / "big_endian.mat")
    assert (read["x"] == values).all() and read["s"][0] == "größe"


def matlab_files():
    contents = matlab_values()
    scipy.io.savemat(HERE / "plain.mat", contents)
    scipy.io.savemat(HERE / "compressed.mat", contents, do_compression=True)
    scipy.io.savemat(HERE / "version4.mat", {"x": values.astype("f8")}, format="4")
    big_endian()


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    numpy_files()
    matlab_files()
