"""Generates the files in this folder, and `expected.json` with the values that h5py reads from each.

    python make.py FOLDER          requires h5py, numpy, tables, pynwb, hdf5storage, hdf5plugin

Each file represents one way in which common programs write HDF5. `expected.json` lists the entries
of each file as [path, value]. A value is a number, a string, a list, null, or
{"dtype", "shape", "values"} for a numeric array; complex numbers and records are
{"fields": {name: value}}, and {"unreadable": text} is an entry whose error message contains `text`.
"""

import datetime
import json
import os
import sys

import h5py
import hdf5plugin
import hdf5storage
import numpy as np
import tables

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
EXPECTED = {}


def fresh_path(name):
    path = os.path.join(OUT, name)
    if os.path.exists(path):
        os.remove(path)
    return path


def create_file(name, **options):
    return h5py.File(fresh_path(name), "w", **options)


def to_json(value):
    """The JSON form of a value that h5py read."""
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, h5py.Reference):
        return {"reference": True}
    if isinstance(value, np.void) and value.dtype.names is None:
        value = np.frombuffer(value.tobytes(), "u1")
    if isinstance(value, (np.void, np.ndarray)) and value.dtype.names:
        return {"fields": {name: to_json(value[name]) for name in value.dtype.names}}
    if isinstance(value, (complex, np.complexfloating)) or (
        isinstance(value, np.ndarray) and value.dtype.kind == "c"
    ):
        return {"fields": {"re": to_json(value.real), "im": to_json(value.imag)}}
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        return [to_json(item) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind == "V":
        flat = np.frombuffer(value.tobytes(), "u1")
        return to_json(flat.reshape(value.shape + (value.dtype.itemsize,)))
    if isinstance(value, np.ndarray) and value.dtype.kind in "mM":
        return to_json(value.astype("i8"))
    if isinstance(value, np.ndarray):
        values = [float(x) if np.isfinite(x) else str(x) for x in value.ravel().tolist()]
        return {"shape": list(value.shape), "values": values}
    if isinstance(value, (np.bool_,)):
        return bool(value)
    if isinstance(value, (np.integer, int)):
        return int(value)
    if isinstance(value, (np.floating, float)):
        return float(value)
    raise TypeError(type(value))


def expect(name, special=None, excluding=()):
    """Records the values that h5py reads from each dataset of a file; `special` replaces and adds entries."""
    entries = {}

    def visit(path, item):
        if isinstance(item, h5py.Dataset) and path not in excluding and not path.startswith("#"):
            try:
                entries[path] = to_json(item[()])
            except Exception as error:  # noqa: BLE001 (an entry that h5py cannot read must be in `special`)
                entries[path] = {"unreadable": "?" + str(error)}

    with h5py.File(os.path.join(OUT, name), "r") as file:
        file.visititems(visit)
    entries.update(special or {})
    for path, value in entries.items():
        unreadable = value.get("unreadable", "") if isinstance(value, dict) else ""
        assert not unreadable.startswith("?"), (name, path, unreadable)
    EXPECTED[name] = entries


ramp = np.arange(12.0).reshape(3, 4)

# h5py: libver, layouts, filters
for libver in ["earliest", "v108", "v110", "v112", "v114", "latest"]:
    name = f"libver_{libver}.h5"
    with create_file(name, libver=libver) as f:
        f["a"] = ramp
        f["g/b"] = np.arange(5, dtype="i2")
        f.create_dataset("c", data=ramp, chunks=(2, 2), maxshape=(None, None))
        f.create_dataset("one", data=ramp, chunks=(3, 4), compression="gzip")
        f.create_dataset("fixed", data=np.arange(100), chunks=(7,))
        f.create_dataset("grows", data=np.arange(100), chunks=(7,), maxshape=(None,))
        f["t"] = "text"
    newer = h5py.version.hdf5_version_tuple >= (2, 0, 0) and libver == "latest"
    expect(name, {"one": {"unreadable": "written by a newer version of HDF5"}} if newer else {})

filters = {
    "gzip": dict(compression="gzip", compression_opts=9),
    "gzip_shuffle": dict(compression="gzip", shuffle=True),
    "gzip_fletcher": dict(compression="gzip", fletcher32=True),
    "fletcher": dict(fletcher32=True),
    "shuffle": dict(shuffle=True),
    "lzf": dict(compression="lzf"),
    "lzf_shuffle_fletcher": dict(compression="lzf", shuffle=True, fletcher32=True),
    "scaleoffset": dict(scaleoffset=0),
    "blosc_blosclz": hdf5plugin.Blosc(cname="blosclz"),
    "blosc_lz4": hdf5plugin.Blosc(cname="lz4"),
    "blosc_zlib": hdf5plugin.Blosc(cname="zlib"),
    "blosc_zstd": hdf5plugin.Blosc(cname="zstd", shuffle=hdf5plugin.Blosc.BITSHUFFLE),
}
for label, options in filters.items():
    name = f"filter_{label}.h5"
    with create_file(name) as f:
        data = (np.arange(720) % 251).reshape(12, 60)
        f.create_dataset("x", data=data.astype("i4"), chunks=(5, 25), **options)
        f.create_dataset("y", data=data[0].astype("i2"), chunks=True, **options)
    expect(name)

for label, options in {
    "bitshuffle": hdf5plugin.Bitshuffle(),
    "zstd": hdf5plugin.Zstd(),
    "lz4": hdf5plugin.LZ4(),
    "blosc2": hdf5plugin.Blosc2(),
}.items():
    name = f"unknown_{label}.h5"
    with create_file(name) as f:
        f.create_dataset("x", data=np.arange(1000), chunks=(100,), **options)
        f["y"] = ramp
    expect(name, {"x": {"unreadable": "which is not supported"}})

# Sparse spike counts
name = "sparse_int8.h5"
with create_file(name) as f:
    spikes = np.zeros((100, 500, 20), "i1")
    spikes[3, 4, 5] = spikes[60, 400, 19] = 1
    f.create_dataset("spikes", data=spikes, compression="gzip", compression_opts=9)
EXPECTED[name] = {"spikes": {"shape": [100, 500, 20], "nonzero": np.flatnonzero(spikes).tolist()}}

name = "unwritten.h5"
with create_file(name) as f:
    f.create_dataset("chunks", (6, 4), "f4", chunks=(2, 2), maxshape=(None, 4), fillvalue=2.5)
    f.create_dataset("contiguous", (3,), "i8")
    part = f.create_dataset("part", (10, 10), "i2", chunks=(5, 5), compression="gzip")
    part[0, 0] = 7
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((3,))
    compact = h5py.h5d.create(f.id, b"compact", h5py.h5t.NATIVE_INT16, space, early)
    compact.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype="i2"))
expect(name)

name = "gcol.h5"
with create_file(name) as f:
    f["raw"] = np.frombuffer(b"GCOL\x01\0\0\0" + bytes(8) + b"GCOL\x01\0\0\0" * 40, "u1")
    f["text"] = "GCOL"
    f["texts"] = ["a", "GCOL\x01", "c"]
expect(name)

# Types
name = "complex.h5"
with create_file(name) as f:
    f["c8"] = np.array([1 + 2j, 3 - 4j], "c8")
    f["c16"] = ramp + 1j * ramp[::-1]
    f["one"] = 1.5 - 2.5j
    f["other"] = np.array([(1.0, 2.0)], [("real", "f8"), ("imag", "f8")])
expect(name, {"other": {"fields": {"re": to_json(np.array([1.0])), "im": to_json(np.array([2.0]))}}})

name = "compound.h5"
with create_file(name) as f:
    kind = [("time", "f8"), ("unit", "i4"), ("flag", "?"), ("name", "S5"), ("at", "f4", (2, 3)),
            ("z", "c16"), ("inner", [("a", "u2"), ("b", "<f2")])]
    rows = np.zeros(4, kind)
    rows["time"], rows["unit"], rows["name"] = np.arange(4) / 3, [5, 6, 7, 8], [b"a", b"bb", b"", b"ccccc"]
    rows["flag"], rows["at"] = [True, False, True, True], np.arange(24).reshape(4, 2, 3)
    rows["z"], rows["inner"]["a"], rows["inner"]["b"] = 1 + 2j, [1, 2, 3, 65535], 0.5
    f["table"] = rows
    f["row"] = rows[1]
    text = h5py.string_dtype()
    mixed = np.zeros(2, [("name", text), ("items", h5py.vlen_dtype("i4")), ("ref", h5py.ref_dtype)])
    mixed["name"] = ["eins", "zwei"]
    mixed[0]["items"], mixed[1]["items"] = np.array([1, 2, 3], "i4"), np.array([], "i4")
    mixed["ref"] = [f["table"].ref, f["row"].ref]
    f.create_dataset("mixed", data=mixed)
    f["big"] = np.array([(1, 2.5)], [("a", ">i4"), ("b", ">f8")])
array_of_shape = lambda *shape: (lambda values: to_json(np.array(values).reshape(shape)))
expect(name, {"mixed": {"fields": {
    "name": ["eins", "zwei"],
    "items": [to_json(np.array([1, 2, 3])), to_json(np.array([], "i4"))],
    "ref": ["table", "row"]}}})

name = "vlen.h5"
with create_file(name) as f:
    lists = f.create_dataset("lists", (3,), h5py.vlen_dtype("f8"))
    lists[0], lists[1] = [1.5, 2.5], [3.5]
    square = f.create_dataset("square", (2, 2), h5py.vlen_dtype(">i2"))
    square[0, 1] = np.arange(3)
    pairs = f.create_dataset("pairs", (2,), h5py.vlen_dtype(np.dtype([("a", "i4"), ("b", "f4")])))
    pairs[0] = np.array([(1, 2.0), (3, 4.0)], [("a", "i4"), ("b", "f4")])
    chunked = f.create_dataset("chunked", (5,), h5py.vlen_dtype("u1"), chunks=(2,), compression="gzip")
    chunked[4] = np.arange(4)
    f.create_dataset("bools", (1,), h5py.vlen_dtype("?"))[0] = np.array([True, False])
    outer = h5py.h5t.vlen_create(h5py.h5t.vlen_create(h5py.h5t.NATIVE_INT32))
    h5py.h5d.create(f.id, b"nested", outer, h5py.h5s.create_simple((2,)))
    texts = h5py.h5t.vlen_create(h5py.h5t.py_create(h5py.string_dtype(), logical=True))
    h5py.h5d.create(f.id, b"texts", texts, h5py.h5s.create_simple((2,)))
    f.attrs["names"] = ["x", "yy"]
empty = to_json(np.array([], "f8"))
expect(name, {
    "lists": [to_json(np.array([1.5, 2.5])), to_json(np.array([3.5])), empty],
    "square": [[empty, to_json(np.arange(3))], [empty, empty]],
    "pairs": [
        {"fields": {"a": to_json(np.array([1, 3])), "b": to_json(np.array([2.0, 4.0]))}},
        {"fields": {"a": empty, "b": empty}}],
    "chunked": [empty, empty, empty, empty, to_json(np.arange(4))],
    "bools": [to_json(np.array([1, 0]))],
    "nested": [[], []],
    "texts": [[], []]})

name = "kinds.h5"
with create_file(name) as f:
    f["bool"] = np.array([True, False])
    f["yes"] = True
    f.create_dataset("enum", data=np.array([2, 0, 1]), dtype=h5py.enum_dtype({"L": 0, "R": 1, "C": 2}, "u1"))
    bits = h5py.h5d.create(f.id, b"bits", h5py.h5t.STD_B8LE, h5py.h5s.create_simple((3,)))
    bits.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 255], "u1"), h5py.h5t.STD_B8LE)
    bits = h5py.h5d.create(f.id, b"bits16", h5py.h5t.STD_B16BE, h5py.h5s.create_simple((2,)))
    bits.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 513], "u2"), h5py.h5t.NATIVE_B16)
    f["opaque"] = np.array([b"abc", b"xyz"], "V3")
    when = np.array(["2020-01-01T00:00:00", "1969-12-31T23:59:59"], "M8[s]")
    f["when"] = when.astype(h5py.opaque_dtype(when.dtype))
    f["half"] = np.array([0.5, -2], "f2")
    f["long"] = np.array([0.1, 3], "g")
    f["wide"] = np.array(["ab", "cde"], "S300")
    f["empty"] = h5py.Empty("f4")
    f["none"] = np.zeros((0, 3))
    odd = h5py.h5t.STD_I32LE.copy()
    odd.set_size(3)
    odd.set_precision(24)
    three = h5py.h5d.create(f.id, b"int24", odd, h5py.h5s.create_simple((2,)))
    three.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([-5, 70000], "i4"), h5py.h5t.NATIVE_INT32)
    f["i8"] = np.array([-(2**63), 2**63 - 1])
    f["nan"] = np.array([np.nan, np.inf, -np.inf])
    space = h5py.h5t.C_S1.copy()
    space.set_size(6)
    space.set_strpad(h5py.h5t.STR_SPACEPAD)
    padded = h5py.h5d.create(f.id, b"padded", space, h5py.h5s.create_simple((1,)))
    padded.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab    "], "S6"), space)
EXPECTED_KINDS = {
    "when": to_json(when), "padded": ["ab"],
    "long": {"shape": [2], "values": [float(np.longdouble(0.1)), 3.0]},
    "bits": to_json(np.array([1, 2, 255])), "bits16": to_json(np.array([1, 513])),
    "int24": to_json(np.array([-5, 70000])),
    "i8": {"shape": [2], "integers": [-(2**63), 2**63 - 1]}}
expect(name, EXPECTED_KINDS, excluding=("bits", "bits16", "int24", "padded"))

name = "references.h5"
with create_file(name) as f:
    f["a/x"] = ramp
    f["refs"] = np.array([f["a"].ref, f["a/x"].ref, h5py.Reference()], h5py.ref_dtype)
    f["root"] = f["/"].ref
    f.create_dataset("region", data=np.array([f["a/x"].regionref[0]], h5py.regionref_dtype))
    f["after"] = 1
    f["a"].attrs["to"] = f["a/x"].ref
expect(name, {"refs": ["a", "a/x", ""], "root": "/", "region": {"unreadable": "region references"}})

name = "texts.h5"
with create_file(name) as f:
    f["one"] = "grün"
    f["many"] = ["a", "", "long " * 500]
    f["square"] = np.array([["a", "b"], ["c", "d"]], object)
    f.create_dataset("ascii", data=[b"x", b"yy"], dtype=h5py.string_dtype("ascii"))
    f.create_dataset("fixed", data=["ä".encode(), b"bc"], dtype=h5py.string_dtype("utf-8", 8))
    f.create_dataset("chunked", data=[f"n{i}" for i in range(100)], dtype=h5py.string_dtype(), chunks=(32,), compression="gzip")
    f.create_dataset("unwritten", (3,), h5py.string_dtype())
    f.attrs["note"] = "über"
expect(name)

# Links
with create_file("links_other.h5") as f:
    f["far/x"] = ramp
    f["words"] = ["p", "q"]
    f.create_dataset("packed", data=np.arange(50), chunks=(10,), compression="gzip")
expect("links_other.h5")
name = "links.h5"
with create_file(name) as f:
    f["x"] = ramp
    f["g/soft"] = h5py.SoftLink("/x")
    f["far"] = h5py.ExternalLink("links_other.h5", "/far/x")
    f["far_group"] = h5py.ExternalLink("links_other.h5", "/far")
    f["far_words"] = h5py.ExternalLink("links_other.h5", "/words")
    f["far_packed"] = h5py.ExternalLink("links_other.h5", "/packed")
    f["dead"] = h5py.SoftLink("/nowhere")
    f["dead_file"] = h5py.ExternalLink("missing.h5", "/x")
    f["dead_entry"] = h5py.ExternalLink("links_other.h5", "/missing")
    f["g/up"] = h5py.SoftLink("/g")
    f["same"] = f["x"]
expect(name, {
    "g/soft": to_json(ramp), "far": to_json(ramp), "far_group/x": to_json(ramp), "far_words": ["p", "q"],
    "far_packed": to_json(np.arange(50)), "same": to_json(ramp),
    "dead": {"unreadable": "a link to `/nowhere`, which does not exist"},
    "dead_file": {"unreadable": "a link to `/x` in missing.h5, which does not exist"},
    "dead_entry": {"unreadable": "a link to `/missing` in links_other.h5"},
    "g/up": {"unreadable": "a link to an enclosing group"}})

for index in range(2):
    with create_file(f"virtual_part{index}.h5") as f:
        f.create_dataset("x", data=np.arange(20.0) + 100 * index, chunks=(5,))
        f["words"] = ["a", "b"]
    expect(f"virtual_part{index}.h5")
name = "virtual.h5"
with create_file(name, libver="latest") as f:
    layout = h5py.VirtualLayout((3, 20), "f8")
    for index in range(2):
        layout[index] = h5py.VirtualSource(f"virtual_part{index}.h5", "x", (20,))
    f.create_virtual_dataset("x", layout, fillvalue=-1)
    words = h5py.VirtualLayout((2,), h5py.string_dtype())
    words[:] = h5py.VirtualSource("virtual_part0.h5", "words", (2,))
    f.create_virtual_dataset("words", words)
    f["y"] = ramp
expect(name, {"words": {"unreadable": "in a virtual dataset"}})

name = "raw_outside.h5"
with open(fresh_path("raw_outside.bin"), "wb") as raw:
    raw.write(np.arange(6, dtype="<i4").tobytes())
with create_file(name) as f:
    f.create_dataset("x", (6,), "<i4", external=[("raw_outside.bin", 0, 24)])
EXPECTED[name] = {"x": {"unreadable": "its values are in an external file"}}

name = "userblock.h5"
with create_file(name, userblock_size=1024) as f:
    f["words"] = ["a", "b"]
    f.create_dataset("x", data=ramp, compression="gzip", chunks=(2, 2))
    f["ref"] = f["x"].ref
expect(name, {"ref": "x"})

name = "many.h5"
with create_file(name, libver="latest") as f:
    for index in range(40):
        f[f"g/{index:03}"] = index
    for index in range(20):
        f["g"].attrs[f"a{index}"] = index
    f.create_group("creation", track_order=True)["z"] = 1
expect(name)

name = "scales.h5"
with create_file(name) as f:
    f["time"], f["x"] = np.arange(4) / 10, ramp
    f["time"].make_scale("time")
    f["x"].dims[1].attach_scale(f["time"])
    f["x"].attrs["pair"] = np.array((1, 2.5), [("a", "i4"), ("b", "f8")])
expect(name)

name = "deep.h5"
with create_file(name) as f:
    f["/".join("g" * 12) + "/x"] = 1
    f["a name with spaces/ünï"] = [1, 2]
    f["named"] = np.dtype("f8")
    f.create_group("empty")
expect(name)

name = "orders.h5"
with create_file(name) as f:
    for kind in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split():
        for order in "<>":
            f[("little" if order == "<" else "big") + "/" + kind] = ramp.astype(order + kind)
expect(name)

name = "rows.h5"
with create_file(name) as f:
    data = np.arange(2000).reshape(200, 10)
    f.create_dataset("x", data=data, chunks=(16, 3), compression="gzip", maxshape=(None, 10))
    f.create_dataset("words", data=[f"w{i}" for i in range(50)], chunks=(8,))
expect(name)

# SWMR, and files that a writer did not close
name = "swmr.h5"
f = create_file(name, libver="latest")
d = f.create_dataset("x", (0,), "f8", maxshape=(None,), chunks=(16,))
f.swmr_mode = True
d.resize((40,))
d[:] = np.arange(40.0)
d.flush()
f.flush()
bytes_while_open = open(os.path.join(OUT, name), "rb").read()
f.close()
with open(os.path.join(OUT, name), "wb") as out:
    out.write(bytes_while_open)
EXPECTED[name] = {"x": to_json(np.arange(40.0))}

name = "crashed.h5"
f = create_file(name, libver="latest")
f["x"] = ramp
f.flush()
bytes_while_open = open(os.path.join(OUT, name), "rb").read()
f.close()
with open(os.path.join(OUT, name), "wb") as out:
    out.write(bytes_while_open)
EXPECTED[name] = {"": {"unreadable": "another program is writing the file, or crashed"}}

name = "newer.h5"
with create_file(name, libver="latest") as f:
    f["x"] = ramp
data = bytearray(open(os.path.join(OUT, name), "rb").read())
data[8] = 4
open(os.path.join(OUT, name), "wb").write(data)
EXPECTED[name] = {"": {"unreadable": "written by a newer version of HDF5"}}

# PyTables
name = "pytables.h5"
with tables.open_file(fresh_path(name), "w") as f:
    class Row(tables.IsDescription):
        unit = tables.Int32Col()
        time = tables.Float64Col()
        label = tables.StringCol(8)
        good = tables.BoolCol()
        at = tables.Float32Col(shape=(2,))
    table = f.create_table("/", "spikes", Row, filters=tables.Filters(5, "blosc"), chunkshape=(4,))
    for index in range(10):
        row = table.row
        row["unit"], row["time"], row["label"], row["good"] = index, index / 7, f"u{index}", index % 2
        row["at"] = [index, -index]
        row.append()
    table.flush()
    f.create_array("/", "array", ramp)
    f.create_array("/", "bools", np.array([True, False, True]))
    f.create_carray("/", "carray", obj=ramp, chunkshape=(2, 2), filters=tables.Filters(5, "zlib"))
    grows = f.create_earray("/", "earray", tables.Int16Atom(), (0, 3), chunkshape=(4, 3), filters=tables.Filters(5, "blosc:lz4", fletcher32=True))
    grows.append(np.arange(12).reshape(4, 3))
    ragged = f.create_vlarray("/", "ragged", tables.Float32Atom(), chunkshape=(2,))
    ragged.append([1, 2])
    ragged.append([])
    ragged.append([3])
    f.create_array("/", "z", np.array([1 + 2j]))
    f.create_array("/", "words", [b"ab", b"c"])
with tables.open_file(os.path.join(OUT, name)) as f:
    rows = f.root.spikes[:]
expect(name, {
    "bools": to_json(np.array([1, 0, 1])),
    "spikes": {"fields": {**to_json(rows)["fields"], "good": to_json(rows["good"].astype(int))}},
    "ragged": [to_json(np.array([1, 2.0])), empty, to_json(np.array([3.0]))]}, excluding=("bools", "spikes"))
for label, library in {"lzo": None, "zstd": "blosc:zstd", "blosc2": "blosc2"}.items():
    if library is None:
        continue
    name = f"pytables_{label}.h5"
    with tables.open_file(fresh_path(name), "w") as f:
        f.create_carray("/", "x", obj=np.arange(500), filters=tables.Filters(5, library, shuffle=True))
        f.create_array("/", "y", np.arange(3))
    values = {"y": to_json(np.arange(3)), "x": to_json(np.arange(500))}
    if label == "blosc2":
        values["x"] = {"unreadable": "which is not supported"}
    EXPECTED[name] = values

# pandas
try:
    import pandas
    name = "pandas.h5"
    frame = pandas.DataFrame({"a": [1.5, 2.5], "b": [3, 4]})
    frame.to_hdf(fresh_path(name), key="frame", format="fixed")
    EXPECTED[name] = {
        "frame/block0_values": to_json(frame[["a"]].to_numpy()),
        "frame/block1_values": to_json(frame[["b"]].to_numpy())}
except ImportError:
    pass

# MATLAB v7.3, as MATLAB and hdf5storage write it
name = "matlab_storage.mat"
hdf5storage.savemat(fresh_path(name), {
    "a": ramp, "s": "hello", "c": np.array([1.0, "two"], object), "e": np.zeros((0, 3)),
    "st": {"x": 5.0, "name": "n"}, "z": np.array([[1 + 2j]]), "l": np.array([[True, False]]),
    "i": np.array([[1, 2]], "int16")}, format="7.3", oned_as="row")
EXPECTED[name] = {
    "a": to_json(ramp.T), "s": "hello", "c": [to_json(np.array([[1.0]])), "two"],
    "e": {"shape": [3, 0], "values": []}, "st/x": to_json(np.array([[5.0]])), "st/name": "n",
    "z": {"fields": {"re": to_json(np.array([[1.0]])), "im": to_json(np.array([[2.0]]))}},
    "l": to_json(np.array([[1], [0]])), "i": to_json(np.array([[1], [2]]))}


def matlab(file, name, data, kind, **attributes):
    d = file.create_dataset(name, data=data)
    d.attrs["MATLAB_class"] = np.bytes_(kind)
    for key, value in attributes.items():
        d.attrs[key] = value
    return d


name = "matlab.mat"
with create_file(name, userblock_size=512) as f:
    matlab(f, "rates", ramp, "double")
    matlab(f, "title", np.array([[ord(c)] for c in "état"], "u2"), "char", MATLAB_int_decode=np.int32(2))
    matlab(f, "lines", np.array([[ord(c) for c in pair] for pair in zip("ab ", "xyz")], "u2"), "char", MATLAB_int_decode=np.int32(2))
    matlab(f, "nothing", np.array([0, 0], "u8"), "double", MATLAB_empty=np.uint8(1))
    matlab(f, "no_rows", np.array([3, 0], "u8"), "single", MATLAB_empty=np.uint8(1))
    matlab(f, "no_text", np.array([0, 0], "u8"), "char", MATLAB_empty=np.uint8(1))
    matlab(f, "no_cells", np.array([0, 0], "u8"), "cell", MATLAB_empty=np.uint8(1))
    refs = f.create_group("#refs#")
    matlab(refs, "b", np.array([[1.0], [2.0]]), "double")
    matlab(refs, "c", np.array([[ord(c)] for c in "two"], "u2"), "char", MATLAB_int_decode=np.int32(2))
    inner = matlab(refs, "d", np.array([[refs["c"].ref]], h5py.ref_dtype), "cell")
    matlab(f, "cells", np.array([[refs["b"].ref], [refs["c"].ref], [inner.ref]], h5py.ref_dtype), "cell")
    matlab(f, "grid", np.array([[refs["b"].ref, refs["c"].ref], [refs["c"].ref, refs["b"].ref]], h5py.ref_dtype), "cell")
    g = f.create_group("trial")
    g.attrs["MATLAB_class"] = np.bytes_("struct")
    matlab(g, "id", np.array([[3.0]]), "double")
    many = f.create_group("trials")
    many.attrs["MATLAB_class"] = np.bytes_("struct")
    many.create_dataset("rate", data=np.array([[refs["b"].ref], [refs["b"].ref]], h5py.ref_dtype))
    matlab(f, "object", np.array([[1, 2, 3]], "u4"), "string", MATLAB_object_decode=np.int32(3))
    sparse = f.create_group("sparse")
    sparse.attrs["MATLAB_class"] = np.bytes_("double")
    sparse.attrs["MATLAB_sparse"] = np.uint64(3)
    sparse["data"], sparse["ir"], sparse["jc"] = [1.0, 2.0], np.array([0, 2], "u8"), np.array([0, 1, 2], "u8")
with open(os.path.join(OUT, name), "r+b") as raw:
    raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan 01 00:00:00 2024 HDF5 schema 1.00 .".ljust(124) + b"\0\x02IM")
column = to_json(np.array([[1.0], [2.0]]))
EXPECTED[name] = {
    "rates": to_json(ramp), "title": "état", "lines": ["ab ", "xyz"],
    "nothing": {"shape": [0, 0], "values": []}, "no_rows": {"shape": [0, 3], "values": []},
    "no_text": "", "no_cells": [], "cells": [column, "two", ["two"]],
    "grid": [[column, "two"], ["two", column]], "trial/id": to_json(np.array([[3.0]])),
    "trials/rate": [column, column], "object": {"unreadable": "a MATLAB object of class `string`"},
    "sparse/data": to_json(np.array([1.0, 2.0]))}

# NWB
import pynwb

name = "session.nwb"
start = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
nwb = pynwb.NWBFile("a session", "id", start, file_create_date=start)
device = nwb.create_device("probe")
group = nwb.create_electrode_group("shank", "one", "cortex", device)
for index in range(3):
    nwb.add_electrode(group=group, location="M1")
nwb.add_unit_column("quality", "sorting quality")
nwb.add_unit(spike_times=[0.1, 0.2, 0.5], quality="good")
nwb.add_unit(spike_times=[0.3], quality="mua")
nwb.add_trial(start_time=0.0, stop_time=1.0)
nwb.add_trial(start_time=1.0, stop_time=2.5)
region = nwb.create_electrode_table_region([0, 2], "two")
nwb.add_acquisition(pynwb.ecephys.ElectricalSeries(
    name="raw", data=np.arange(20.0).reshape(10, 2), electrodes=region, rate=1000.0))
with pynwb.NWBHDF5IO(fresh_path(name), "w") as io:
    io.write(nwb, cache_spec=False)
expect(name, {
    "general/extracellular_ephys/electrodes/group": ["general/extracellular_ephys/shank"] * 3},
    excluding=())
EXPECTED[name] = {
    key: value for key, value in EXPECTED[name].items() if ".specloc" not in key}

with open(os.path.join(OUT, "expected.json"), "w") as out:
    json.dump(EXPECTED, out, separators=(",", ":"))
total = sum(os.path.getsize(os.path.join(OUT, name)) for name in os.listdir(OUT))
print(len(EXPECTED), "files,", total, "bytes")
