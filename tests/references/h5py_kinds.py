"""Generates h5py_kinds.h5, h5py_odd.h5 and tutorial.h5 (h5py 3.16, HDF5 2.0, NumPy 2.4)."""

from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).parent


def kinds():
    with h5py.File(HERE / "h5py_kinds.h5", "w") as f:
        numbers = np.array([[0, 1, 2], [3, 4, 100]])
        for name in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 >i2 >u4 >f4 >f8".split():
            f["arrays/" + name.replace(">", "big_")] = numbers.astype(name)
        f["arrays/i8_low"] = np.array([-(2**63), 2**63 - 1])
        f["arrays/bool"] = np.array([True, False, True])
        f["arrays/empty"] = np.zeros((0, 3))
        values = np.arange(600, dtype="f4").reshape(30, 20)
        options = dict(compression="gzip", shuffle=True, fletcher32=True, chunks=(7, 6))
        f.create_dataset("arrays/compressed", data=values, **options)
        f.create_dataset("arrays/unwritten", (4, 2), "f8", chunks=(2, 2), fillvalue=1.5)
        f["scalars/int"] = -5
        f["scalars/float"] = 0.1
        f["scalars/half"] = np.float16(0.5)
        f["scalars/yes"] = True
        f["scalars/text"] = "größe"
        f["scalars/bytes"] = np.bytes_("fixed")
        f["scalars/nothing"] = h5py.Empty("f8")
        f["texts/varying"] = ["a", "", "ccc"]
        f["texts/fixed"] = np.array([b"ab", b"cde"])
        f["texts/unicode"] = np.array(["ü".encode(), b"xyz"], h5py.string_dtype("utf-8", 6))
        f["texts/long"] = np.array([b"x" * 300])
        f["texts/square"] = np.array([["a", "b"], ["c", "d"]], dtype=h5py.string_dtype())
        f["choice"] = np.array([2, 0], dtype=h5py.enum_dtype({"RED": 0, "BLUE": 2}, "i2"))
        f["linked"] = h5py.SoftLink("/scalars/int")
        f.attrs["seed"] = 7
        f.attrs["rate"] = np.float32(0.25)
        f.attrs["equation"] = "h' = tanh(W h)"
        f.attrs["sizes"] = [1, 2, 3]
        f.attrs["names"] = ["x", "y"]
        f.attrs["reference"] = f["arrays"].ref
        f["arrays/f4"].attrs["units"] = "Hz"


def odd():
    with h5py.File(HERE / "h5py_odd.h5", "w") as f:
        f["compound"] = np.zeros(2, dtype=[("a", "i4"), ("b", "f8")])
        f["complex"] = np.zeros(2, dtype="c16")
        f["huge"] = np.array([2**64 - 1], dtype="u8")
        f.create_dataset("ragged", (2,), h5py.vlen_dtype(np.dtype("i4")))
        f.create_dataset("vast", (1 << 40, 1 << 10), "f8", chunks=(1, 8))
        f.create_dataset("lzf", data=np.arange(100), compression="lzf")
        f["dangling"] = h5py.SoftLink("/not/there")
        f["elsewhere"] = h5py.ExternalLink("absent.h5", "/x")
        f["circle/again"] = h5py.SoftLink("/circle")
        hard = f.create_group("hard")
        hard["again"] = hard
        f["whole"] = np.arange(12.0).reshape(4, 3)


def tutorial():
    n, i, o = 4, 1, 2
    random = np.random.default_rng(0)
    shapes = dict(h0=(n,), wI=(n, i), wR=(n, n), wO=(o, n), bR=(n,), bO=(o,))
    with h5py.File(HERE / "tutorial.h5", "w") as f:
        for name, shape in shapes.items():
            f[name] = random.normal(size=shape).astype("f4")


kinds()
odd()
tutorial()
