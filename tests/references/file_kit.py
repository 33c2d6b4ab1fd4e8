"""Makes HDF5, MATLAB, PyTables and NWB files as common programs write them, and `expected.json`
with their contents. `file_check.py` compares what `attractor` reads with it.

    python -P file_kit.py FOLDER     needs h5py, numpy, scipy, tables and pynwb

FOLDER lies outside the repository (-P: a file beside this one is called random.py). `expected.json`
lists [kind, file, {path: value}], with {"refused": words} for an entry, or for the path "" a file,
that cannot be read: the message contains the words.
"""

import json
import math
import sys
from datetime import datetime, timezone
from pathlib import Path

import h5py
import numpy as np

OUT = Path(sys.argv[1]).resolve()
# Kind, file, expected entries by path.
FILES = []


class Refused(str):
    """The message for an entry, or (for the path "") a file, that cannot be read."""


def file(kind, name, expected):
    FILES.append((kind, name, expected))
    return OUT / name


def h5py_file(name, data, **options):
    """A file with these entries, which must read as they were written."""
    with h5py.File(file("h5py", name + ".h5", data), "w", **options) as f:
        for key, value in data.items():
            f[key] = value


def h5py_kind(name):
    """Makes a file with a function, which returns the expected entries."""

    def make(function):
        with h5py.File(OUT / f"{name}.h5", "w") as f:
            expected = function(f)
        file("h5py", f"{name}.h5", expected)

    return make


def numbers():
    ramp = np.arange(12).reshape(3, 4)
    for kind in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 >i4 >f8 c8 c16".split():
        h5py_file("number_" + kind.replace(">", "big_"), {"x": ramp.astype(kind), "g/y": ramp})
    h5py_file("longdouble", {"x": np.array([0.5, -2], "longdouble")})
    h5py_file("bool", {"x": np.array([[True, False]]), "one": True})
    h5py_file("not_finite", {"x": np.array([np.nan, np.inf, 1.0])})
    scalars = {"i": 3, "f": 0.5, "t": "text", "b": False, "z": 1 + 2j, "one": np.array([7.0])}
    h5py_file("scalars", scalars)
    h5py_file("no_values", {"x": np.zeros((0, 3)), "e": h5py.Empty("f4")})
    h5py_file("extremes", {"x": np.array([-(2**63), 2**63 - 1])})
    h5py_file("times", {"x": np.array([5, -1], "i8")})
    @h5py_kind("huge_uint64")
    def _(f):
        f["x"], f["y"] = np.array([2**64 - 1], "u8"), 1
        return {"y": 1, "x": Refused("uint64 18446744073709551615, above 2^63")}
    @h5py_kind("enumeration")
    def _(f):
        colours = h5py.enum_dtype({"RED": 0, "BLUE": 2}, "i2")
        f.create_dataset("x", data=[2, 0], dtype=colours)
        f.create_dataset("one", data=2, dtype=colours)
        return {"x": np.array([2, 0]), "one": 2}


def texts():
    h5py_file("text_variable", {"x": np.array(["a", "", "größe"], dtype=object)})
    h5py_file("text_fixed", {"x": np.array([b"ab", b"cde"])})
    h5py_file("text_square", {"x": np.array([["a", "b"], ["c", "d"]], dtype=object)})
    @h5py_kind("text_latin1")
    def _(f):
        f["x"] = np.array([b"gr\xf6\xdfe"])
        return {"x": ["gr\ufffd\ufffde"]}
    @h5py_kind("name_latin1")
    def _(f):
        f[b"gr\xf6\xdfe"], f["y"], f[b"\xe9/x"] = np.arange(3), 1, 2
        return {"gr\\xf6\\xdfe": np.arange(3), "y": 1, "\\xe9/x": 2}

    h5py_file("name_odd", {"a.b": 1, "a b/c d": 2, "ü/日本": 3, "back\\xslash": 4, "#1": 5})


def structures():
    point = np.dtype([("x", "f4"), ("n", "i4"), ("t", "S3")])
    table = np.array([(0.5, 1, b"ab"), (1.5, 2, b"cd")], point)
    h5py_file("record", {"x": table})
    inner = np.dtype([("at", point), ("grid", "f8", (2, 3))])
    h5py_file("record_nested", {"x": np.zeros(2, inner)})
    h5py_file("array_type", {"x": np.zeros(3, np.dtype([("a", "i2", (2,))]))})
    @h5py_kind("ragged")
    def _(f):
        rows = f.create_dataset("x", (2,), h5py.vlen_dtype(np.dtype("f4")))
        rows[0], rows[1] = [1, 2, 3], [4]
        return {"x": [np.array([1.0, 2, 3]), np.array([4.0])]}
    @h5py_kind("opaque")
    def _(f):
        f["x"] = np.void(b"\x01\x02\x03")
        return {"x": np.array([1, 2, 3])}
    @h5py_kind("datetime")
    def _(f):
        days = np.array(["2026-01-31", "1970-01-02"], "M8[D]")
        f["x"] = days.astype(h5py.opaque_dtype(days.dtype))
        return {"x": days.astype("i8")}
    @h5py_kind("references")
    def _(f):
        f["a/b"] = 1
        f.create_dataset("x", data=[f["a/b"].ref, f["a"].ref], dtype=h5py.ref_dtype)
        f.create_dataset("r", data=f["a/b"].regionref[()], dtype=h5py.regionref_dtype)
        return {"x": ["a/b", "a"], "r": Refused("region references")}


def storage():
    big = np.arange(6000.0).reshape(60, 100) % 17
    for name, how in {
        "gzip": dict(compression="gzip", compression_opts=9),
        "lzf": dict(compression="lzf"),
        "shuffle": dict(compression="gzip", shuffle=True, fletcher32=True),
        "scaleoffset": dict(scaleoffset=3),
        "chunks": dict(chunks=(7, 30), maxshape=(None, 100)),
    }.items():
        with h5py.File(file("h5py", f"stored_{name}.h5", {"x": big}), "w") as f:
            f.create_dataset("x", data=big, **how)
    for version in ("earliest", "v108", "v110", "v114"):
        h5py_file(f"version_{version}", {"x": big, "g/y": 1}, libver=(version, "latest"))
    h5py_file("userblock", {"x": big}, userblock_size=1024)
    h5py_file("ordered", {"b": 1, "a": 2}, track_order=True)
    h5py_file("many", {f"g{i % 30}/x{i}": i for i in range(600)})
    h5py_file("deep", {"/".join("abcdefgh" * 8): 1})
    @h5py_kind("unwritten")
    def _(f):
        f.create_dataset("x", (2, 2), "f8", chunks=(1, 2), fillvalue=1.5)
        return {"x": np.full((2, 2), 1.5)}
    @h5py_kind("oversize")
    def _(f):
        f.create_dataset("x", (1 << 20, 1 << 14), "f8", chunks=(1, 1024))
        f["y"] = 1
        return {"y": 1, "x": Refused("read it in parts, as in h5::rows(path, \"x\", 0, 100)")}
    @h5py_kind("links")
    def _(f):
        f["x"] = np.arange(3)
        f["soft"], f["dead"] = h5py.SoftLink("/x"), h5py.SoftLink("/none")
        f["other"] = h5py.ExternalLink("userblock.h5", "/x")
        f["loop"] = h5py.SoftLink("/")
        dead = {"dead": Refused("a link to `/none`"), "loop": Refused("enclosing group")}
        return {"x": np.arange(3), "soft": np.arange(3), "other": big, **dead}
    @h5py_kind("virtual")
    def _(f):
        layout = h5py.VirtualLayout((2, 60, 100), "f8")
        for i, name in enumerate(("stored_gzip", "stored_lzf")):
            layout[i] = h5py.VirtualSource(f"{name}.h5", "x", (60, 100))
        f.create_virtual_dataset("x", layout)
        return {"x": np.stack([big, big])}


def matlab():
    """The layout that MATLAB 7.3 writes: axes reversed, a class attribute, cells as references."""

    def put(f, name, data, kind, **more):
        dataset = f.create_dataset(name, data=data)
        dataset.attrs["MATLAB_class"] = np.bytes_(kind)
        for key, value in more.items():
            dataset.attrs["MATLAB_" + key] = np.int32(value)
        return dataset
    def text(f, name, rows):
        codes = np.array([[ord(c) for c in row] for row in rows], "u2").T
        return put(f, name, codes, "char", int_decode=2)
    def cells(f, name, items):
        refs = np.array([[item.ref] for item in items], h5py.ref_dtype)
        return put(f, name, refs, "cell")
    def doubles(f):
        put(f, "x", np.arange(12.0).reshape(4, 3), "double")
        put(f, "one", np.array([[2.5]]), "double")
        return {"x": np.arange(12.0).reshape(4, 3), "one": np.array([[2.5]])}
    def classes(f):
        kinds = {"single": "f4", "int8": "i1", "uint16": "u2", "int64": "i8"}
        for kind, dtype in kinds.items():
            put(f, kind, np.array([[1, 2]], dtype), kind)
        put(f, "logical", np.array([[1, 0]], "u1"), "logical", int_decode=1)
        return {kind: np.array([[1, 2]]) for kind in kinds} | {"logical": np.array([[1, 0]])}
    def char(f):
        text(f, "x", ["spikes"]), text(f, "rows", ["ab", "cd"]), text(f, "wide", ["größe"])
        return {"x": "spikes", "rows": ["ab", "cd"], "wide": "größe"}
    def cell(f):
        refs = f.create_group("#refs#")
        inner = cells(refs, "c", [text(refs, "d", ["in"])])
        number = put(refs, "b", np.array([[1.0], [2.0]]), "double")
        cells(f, "x", [text(refs, "a", ["hi"]), number, inner])
        return {"x": ["hi", np.array([[1.0], [2.0]]), ["in"]]}
    def struct(f):
        group = f.create_group("s")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        put(group, "rate", np.array([[30.0]]), "double"), text(group, "name", ["M1"])
        return {"s/rate": np.array([[30.0]]), "s/name": "M1"}
    def struct_array(f):
        refs, group = f.create_group("#refs#"), f.create_group("s")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        items = [put(refs, f"n{i}", np.array([[float(i)]]), "double") for i in range(3)]
        group["n"] = np.array([[item.ref] for item in items], h5py.ref_dtype)
        return {"s/n": [np.array([[float(i)]]) for i in range(3)]}
    def empty(f):
        put(f, "x", np.array([0, 0], "u8"), "double", empty=1)
        put(f, "t", np.array([0, 0], "u8"), "char", empty=1)
        put(f, "c", np.array([0, 0], "u8"), "cell", empty=1)
        return {"x": np.zeros((0, 0)), "t": "", "c": []}
    def sparse(f):
        group = f.create_group("x")
        group.attrs["MATLAB_class"] = np.bytes_("double")
        group.attrs["MATLAB_sparse"] = np.uint64(3)
        group["data"], group["ir"] = np.array([1.5, 2.5]), np.array([0, 2], "u8")
        group["jc"] = np.array([0, 1, 2], "u8")
        return {"x/data": np.array([1.5, 2.5]), "x/ir": np.array([0, 2])}
    def complex_(f):
        pair = np.zeros((2, 1), [("real", "f8"), ("imag", "f8")])
        pair["real"], pair["imag"] = [[1], [2]], [[3], [4]]
        put(f, "x", pair, "double")
        return {"x/re": np.array([[1.0], [2]]), "x/im": np.array([[3.0], [4]])}
    def object_(f):
        put(f, "x", np.array([[3707764736], [2], [1]], "u4"), "string", object_decode=3)
        put(f, "y", np.array([[1.0]]), "double")
        return {"y": np.array([[1.0]]), "x": Refused("a MATLAB object of class `string`")}

    makers = [doubles, classes, char, cell, struct, struct_array, empty, sparse, complex_, object_]
    for make in makers:
        path = OUT / f"matlab_{make.__name__.strip('_')}.mat"
        with h5py.File(path, "w", userblock_size=512) as f:
            expected = make(f)
        with open(path, "r+b") as f:
            f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
        file("MATLAB", path.name, expected)


def pytables():
    import tables as tb

    ramp = np.arange(20.0).reshape(5, 4)

    def make(name, function):
        path = OUT / f"pytables_{name}.h5"
        with tb.open_file(str(path), "w") as f:
            expected = function(f)
        file("PyTables", path.name, expected)

    def arrays(f):
        f.create_array("/", "x", ramp), f.create_array("/g", "n", [1, 2], createparents=True)
        return {"x": ramp, "g/n": np.array([1, 2])}
    def extendable(f):
        rows = f.create_earray("/", "x", tb.Float64Atom(), (0, 4))
        rows.append(ramp)
        return {"x": ramp}
    def ragged(f):
        rows = f.create_vlarray("/", "x", tb.Int32Atom())
        rows.append([1, 2, 3]), rows.append([4])
        return {"x": [np.array([1, 2, 3]), np.array([4])]}
    def objects(f):
        rows = f.create_vlarray("/", "x", tb.VLUnicodeAtom())
        rows.append("spike")
        return {"x": [np.array([ord(c) for c in "spike"])]}
    def table(f):
        kinds = {"t": tb.Float64Col(), "unit": tb.Int16Col(), "name": tb.StringCol(4)}
        rows = f.create_table("/", "x", kinds)
        rows.append([(b"ab", 0.5, 1), (b"cd", 1.5, 2)])
        return {"x/t": np.array([0.5, 1.5]), "x/unit": np.array([1, 2]), "x/name": ["ab", "cd"]}
    def enumeration(f):
        kinds = {"c": tb.EnumCol(tb.Enum({"low": 1, "high": 5}), "low", base="uint8")}
        rows = f.create_table("/", "x", kinds)
        rows.append([(1,), (5,)])
        return {"x/c": np.array([1, 5])}
    def attributes(f):
        node = f.create_array("/", "x", ramp)
        node.attrs.units, node.attrs.list = "mV", [1, "two"]
        return {"x": ramp}
    def strings(f):
        f.create_array("/", "x", [b"ab", b"cde"]), f.create_array("/", "one", b"text")
        return {"x": ["ab", "cde"], "one": "text"}

    functions = (arrays, extendable, ragged, objects, table, enumeration, attributes, strings)
    for function in functions:
        make(function.__name__, function)
    for library in ("zlib", "blosc", "blosc:zstd", "bzip2"):
        filters = tb.Filters(complevel=5, complib=library, shuffle=True)
        name = library.replace(":", "_")

        def compressed(f):
            f.create_carray("/", "x", obj=ramp, filters=filters)
            return {"x": Refused("bzip2") if library == "bzip2" else ramp}

        make(name, compressed)


def nwb():
    import pynwb
    from pynwb.behavior import Position, SpatialSeries
    from pynwb.ecephys import ElectricalSeries

    def make(name, function):
        start = datetime(2026, 1, 31, tzinfo=timezone.utc)
        session = pynwb.NWBFile(name, f"id {name}", start)
        expected = function(session)
        path = OUT / f"nwb_{name}.nwb"
        with pynwb.NWBHDF5IO(str(path), "w") as io:
            io.write(session)
        file("NWB", path.name, {"identifier": f"id {name}", **expected})

    trace = np.arange(40.0).reshape(10, 4)

    def series(session):
        session.add_acquisition(pynwb.TimeSeries("v", trace, "mV", rate=30.0))
        return {"acquisition/v/data": trace, "acquisition/v/starting_time": 0.0}
    def timestamps(session):
        times = np.linspace(0, 1, 10)
        session.add_acquisition(pynwb.TimeSeries("v", trace, "mV", timestamps=times))
        return {"acquisition/v/timestamps": times}
    def units(session):
        for times in ([0.1, 0.2, 0.3], [0.4]):
            session.add_unit(spike_times=times)
        spikes = np.array([0.1, 0.2, 0.3, 0.4])
        return {"units/spike_times": spikes, "units/spike_times_index": np.array([3, 4])}
    def trials(session):
        session.add_trial_column("side", "the chosen side")
        session.add_trial(0.0, 1.0, side="left"), session.add_trial(1.0, 2.0, side="right")
        return {"intervals/trials/side": ["left", "right"],
                "intervals/trials/stop_time": np.array([1.0, 2.0])}

    def behaviour(session):
        place = SpatialSeries("cursor", trace[:, :2], reference_frame="screen", rate=10.0)
        session.create_processing_module("behavior", "tracking").add(Position(place))
        return {"processing/behavior/Position/cursor/data": trace[:, :2]}
    def electrodes(session):
        device = session.create_device("probe")
        group = session.create_electrode_group("shank", "one", "M1", device)
        for i in range(4):
            session.add_electrode(group=group, location="M1", x=float(i))
        region = session.create_electrode_table_region([0, 1, 2, 3], "all")
        data = pynwb.H5DataIO(trace, compression="gzip")
        session.add_acquisition(ElectricalSeries("e", data, region, rate=1e3))
        return {"acquisition/e/data": trace, "acquisition/e/electrodes": np.arange(4)}

    for function in (series, timestamps, units, trials, behaviour, electrodes):
        make(function.__name__, function)


def others():
    """Files of other formats, and damaged ones: refused with a message that names the format."""
    from scipy.io import netcdf_file, savemat

    whole = (OUT / "stored_gzip.h5").read_bytes()
    np.save(OUT / "a.npy", np.arange(3)), np.savez(OUT / "a.npz", x=np.arange(3))
    savemat(OUT / "five.mat", {"x": np.arange(3)})
    with netcdf_file(str(OUT / "classic.nc"), "w") as f:
        f.createDimension("t", 3)
    for name, data in {
        "empty.h5": b"", "text.h5": b"time,rate\n0,1\n", "cut.h5": whole[: len(whole) // 2],
        "magic.h5": whole[:8], "gzip.h5": b"\x1f\x8b\x08\x00", "pickle.h5": b"\x80\x04\x95",
    }.items():
        (OUT / name).write_bytes(data)
    for name, words in {
        "a.npy": "a NumPy array (.npy)", "a.npz": "a zip archive", "five.mat": "a MATLAB 5 file",
        "classic.nc": "a classic netCDF file", "empty.h5": "an empty file", "text.h5": "found text",
        "cut.h5": "bytes are present", "magic.h5": "superblock", "gzip.h5": "a gzip archive",
        "pickle.h5": "a Python pickle",
    }.items():
        file("other", name, {"": Refused(words)})


def plain(value):
    """An expected value as JSON."""
    if isinstance(value, Refused):
        return {"refused": str(value)}
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "c" or isinstance(value, complex):
        return {"re": plain(value.real), "im": plain(value.imag)}
    if isinstance(value, (np.ndarray, np.void)) and value.dtype.names:
        return {name: plain(value[name]) for name in value.dtype.names}
    if isinstance(value, np.ndarray) and value.dtype.kind == "b":
        return plain(value.astype("u1"))
    if isinstance(value, (np.ndarray, np.generic)):
        return plain((value.astype("f8") if value.dtype.kind == "f" else value).tolist())
    if isinstance(value, bytes):
        return value.decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value


OUT.mkdir(parents=True, exist_ok=True)
for make in (numbers, texts, structures, storage, matlab, pytables, nwb, others):
    make()
rows = [[k, n, {path: plain(value) for path, value in e.items()}] for k, n, e in FILES]
(OUT / "expected.json").write_text(json.dumps(rows))
print(f"{len(rows)} files in {OUT}")
