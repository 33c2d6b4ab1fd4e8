//! HDF5 files: reading of h5py files, and round trips. `tests/references/h5py_kinds.py` generates
//! the reference files.

mod foreign_files;
mod invalid_files;
mod names;
mod scripts_and_paths;

use std::path::{Path, PathBuf};

use attractor::base::Error;
use attractor::base::error::FileError;
use attractor::io::hdf5::{self, Attributes, Content, ReadOptions, WriteOptions};
use attractor::io::{Map, Provenance, Tree, weights};
use attractor::nn::interop::{PortableNetwork, Selection};
use attractor::tensor::{DType, Device, Tensor};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/references")
        .join(name)
}

fn read_kinds() -> Content {
    hdf5::read_with_attributes(reference("h5py_kinds.h5")).unwrap()
}

fn f64_values(tensor: &Tensor) -> Vec<f64> {
    let flat_values = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
    flat_values.to_vec1().unwrap()
}

/// Text form of a tree with all its values, for comparisons.
pub fn format_tree(tree: &Tree) -> String {
    match tree {
        Tree::Tensor(t) => format!("{:?}{:?}{:?}", t.dtype(), t.dims(), f64_values(t)),
        Tree::Map(map) => {
            let entries = map
                .iter()
                .map(|(name, value)| format!("{name}={}", format_tree(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
        Tree::List(items) => format!("{:?}", items.iter().map(format_tree).collect::<Vec<_>>()),
        plain => format!("{plain:?}"),
    }
}

fn file_error(err: Error) -> FileError {
    match err {
        Error::File { fact: kind, .. } => kind,
        other => panic!("expected a file error, found {other:?}"),
    }
}

#[test]
fn every_dtype_of_h5py_is_read_without_loss() {
    let tree = read_kinds().tree;
    let expected = [
        ("i1", DType::I64),
        ("i2", DType::I64),
        ("i4", DType::I64),
        ("i8", DType::I64),
        ("u1", DType::U8),
        ("u2", DType::U32),
        ("u4", DType::U32),
        ("u8", DType::I64),
        ("f2", DType::F32),
        ("f4", DType::F32),
        ("f8", DType::F64),
        ("big_i2", DType::I64),
        ("big_u4", DType::U32),
        ("big_f4", DType::F32),
        ("big_f8", DType::F64),
    ];
    for (name, dtype) in expected {
        let tensor = tree.tensor(&format!("arrays/{name}")).expect(name);
        assert_eq!(tensor.dtype(), dtype, "{name}");
        assert_eq!(tensor.dims(), [2, 3], "{name}");
        assert_eq!(
            f64_values(tensor),
            [0.0, 1.0, 2.0, 3.0, 4.0, 100.0],
            "{name}"
        );
    }
    let low = tree
        .tensor("arrays/i8_low")
        .unwrap()
        .to_vec1::<i64>()
        .unwrap();
    assert_eq!(low, [i64::MIN, i64::MAX]);
}

#[test]
fn scalars_texts_links_and_filters_of_h5py_are_read() {
    let tree = read_kinds().tree;
    let expected = [
        ("arrays/bool", "U8[3][1.0, 0.0, 1.0]"),
        ("arrays/empty", "F64[0, 3][]"),
        (
            "arrays/unwritten",
            "F64[4, 2][1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]",
        ),
        ("choice", "I64[2][2.0, 0.0]"),
        ("scalars/int", "Int(-5)"),
        ("scalars/float", "Float(0.1)"),
        ("scalars/half", "Float(0.5)"),
        ("scalars/yes", "Bool(true)"),
        ("scalars/text", "Text(\"größe\")"),
        ("scalars/bytes", "Text(\"fixed\")"),
        ("scalars/nothing", "Null"),
        ("linked", "Int(-5)"),
        (
            "texts/varying",
            r#"["Text(\"a\")", "Text(\"\")", "Text(\"ccc\")"]"#,
        ),
        ("texts/fixed", r#"["Text(\"ab\")", "Text(\"cde\")"]"#),
        ("texts/unicode", r#"["Text(\"ü\")", "Text(\"xyz\")"]"#),
    ];
    for (path, text) in expected {
        assert_eq!(format_tree(tree.at(path).expect(path)), text, "{path}");
    }
    let compressed = f64_values(tree.tensor("arrays/compressed").unwrap());
    assert!(
        compressed
            .iter()
            .enumerate()
            .all(|(index, x)| *x == index as f64)
    );
    assert!(format_tree(tree.at("texts/long").unwrap()).contains(&"x".repeat(300)));
    assert!(matches!(tree.at("texts/square"), Some(Tree::List(rows)) if rows.len() == 2));
}

#[test]
fn attributes_of_the_file_and_of_an_entry_are_read() {
    let attributes = read_kinds().attributes;
    let expected = "{equation=Text(\"h' = tanh(W h)\") names=[\"Text(\\\"x\\\")\", \
                    \"Text(\\\"y\\\")\"] rate=Float(0.25) reference=Text(\"arrays\") \
                    seed=Int(7) sizes=I64[3][1.0, 2.0, 3.0]}";
    let file = Tree::Map(attributes.get("").unwrap().clone());
    assert_eq!(format_tree(&file), expected);
    let entry = hdf5::attributes(reference("h5py_kinds.h5"), "arrays/f4").unwrap();
    assert_eq!(format_tree(&Tree::Map(entry)), "{units=Text(\"Hz\")}");
}

#[test]
fn a_tree_is_unchanged_after_a_round_trip_through_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.h5");
    let cpu = &Device::Cpu;
    let ramp = Tensor::arange(0f32, 6000.0, cpu)
        .unwrap()
        .reshape((60, 100))
        .unwrap();
    let tensors: Vec<(String, Tree)> = [DType::F32, DType::F64, DType::I64, DType::U32, DType::U8]
        .map(|dtype| {
            (
                dtype.as_str().to_string(),
                ramp.to_dtype(dtype).unwrap().into(),
            )
        })
        .into();
    let transposed_view = ramp.t().unwrap().narrow(0, 3, 2).unwrap();
    let tree = Tree::from([
        ("tensors", Tree::Map(tensors.into_iter().collect())),
        ("a view", transposed_view.into()),
        (
            "empty",
            Tensor::zeros((0, 4), DType::F32, cpu).unwrap().into(),
        ),
        ("none", Tree::Null),
        ("yes", true.into()),
        ("whole", i64::MIN.into()),
        ("real", f64::MIN_POSITIVE.into()),
        ("naïve", "text\nof two lines".into()),
        ("words", vec![Tree::from("a"), Tree::from("")].into()),
        (
            "mixed",
            vec![Tree::from("a"), Tree::from(1), Tree::List(Vec::new())].into(),
        ),
        ("inner", Tree::from([("deeper", Tree::map())])),
    ]);
    for compress in [0, 4, 9] {
        let metadata = Map::from([("unit".to_string(), "Hz".into())]);
        let attributes =
            Attributes::of_file(metadata.clone()).with("tensors/f32", metadata.clone());
        let options = WriteOptions {
            compress,
            attributes,
        };
        hdf5::write(&path, &tree, &options).unwrap();
        let read_back = hdf5::read_with_attributes(&path).unwrap();
        assert_eq!(
            format_tree(&read_back.tree),
            format_tree(&tree),
            "compress {compress}"
        );
        for entry in ["", "tensors/f32"] {
            let actual = read_back.attributes.get(entry).unwrap().clone();
            assert_eq!(
                format_tree(&Tree::Map(actual)),
                format_tree(&Tree::Map(metadata.clone())),
                "{entry}"
            );
        }
    }
}

#[test]
fn compression_reduces_the_size_of_a_regular_array() {
    let folder = tempfile::tempdir().unwrap();
    let ramp = Tensor::arange(0f64, 100_000.0, &Device::Cpu).unwrap();
    let tree = Tree::from([("ramp", ramp.into())]);
    let size = |compress: usize| {
        let path = folder.path().join(format!("{compress}.h5"));
        let options = WriteOptions {
            compress,
            ..WriteOptions::default()
        };
        hdf5::write(&path, &tree, &options).unwrap();
        std::fs::metadata(&path).unwrap().len()
    };
    assert!(size(4) * 4 < size(0));
}

#[test]
fn provenance_is_written_as_plain_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.h5");
    let provenance = Provenance {
        script: Some("train.rhai".into()),
        seed: Some(7),
        options: Map::from([("batch".into(), 128.into()), ("l2".into(), 2e-4.into())]),
        ..Provenance::default()
    };
    let attributes = Attributes::of_file(provenance.attributes());
    hdf5::write(
        &path,
        &Tree::map(),
        &WriteOptions {
            attributes,
            compress: 0,
        },
    )
    .unwrap();
    let actual = Tree::Map(hdf5::attributes(&path, "").unwrap());
    let expected = "{options.batch=Int(128) options.l2=Float(0.0002) script=Text(\"train.rhai\") \
                    seed=Int(7)}";
    assert_eq!(format_tree(&actual), expected);
}

#[test]
fn an_entry_or_a_range_of_its_rows_is_read_separately() {
    let path = reference("h5py_odd.h5");
    let rows = hdf5::read_rows(&path, "whole", 1..3, &ReadOptions::default()).unwrap();
    assert_eq!(
        format_tree(&rows),
        "F64[2, 3][3.0, 4.0, 5.0, 6.0, 7.0, 8.0]"
    );
    let group = hdf5::read_entry(reference("h5py_kinds.h5"), "/scalars/").unwrap();
    assert_eq!(group.number("int"), Some(-5.0));
    assert!(matches!(
        file_error(hdf5::read_rows(&path, "whole", 2..5, &ReadOptions::default()).unwrap_err()),
        FileError::Rows { size: 4, .. }
    ));
}

#[test]
fn a_listing_contains_shapes_and_types() {
    let entries = hdf5::list(reference("h5py_kinds.h5")).unwrap();
    let entry = entries
        .iter()
        .find(|entry| entry.path == "arrays/big_f4")
        .unwrap();
    assert_eq!(
        (entry.shape.as_slice(), entry.kind.as_str()),
        (&[2, 3][..], "float32")
    );
}

#[test]
fn parameters_of_the_notebooks_are_loaded_and_their_shapes_checked() {
    let load_network = |path: &Path| {
        let named = weights::read(path).unwrap();
        PortableNetwork::from_tensors(path, &named, &Selection::default())
    };
    let actual = load_network(&reference("tutorial.h5")).unwrap();
    assert_eq!((actual.units, actual.inputs, actual.outputs), (4, 1, 2));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.h5");
    let Tree::Map(parameters) = hdf5::read(reference("tutorial.h5")).unwrap() else {
        unreachable!()
    };
    let vector = |n: usize| Tree::from(Tensor::zeros(n, DType::F32, &Device::Cpu).unwrap());
    let cases = [
        (
            "wR",
            Some(vector(4)),
            "entry `wR`: expected shape [n, n], [2n, n], [3n, n] or [4n, n], found [4]",
        ),
        (
            "bO",
            Some(vector(3)),
            "entry `bO`: expected shape [2], found [3]",
        ),
        (
            "wI",
            Some(vector(4)),
            "entry `wI`: expected shape [4, i], found [4]",
        ),
        (
            "bR",
            None,
            "expected an entry `bR`, found bO [2], wO [2, 4]",
        ),
    ];
    for (name, value, text) in cases {
        let mut map = parameters.clone();
        map.remove(name);
        map.extend(value.map(|value| (name.to_string(), value)));
        hdf5::write(&path, &Tree::Map(map), &WriteOptions::default()).unwrap();
        let err = load_network(&path).unwrap_err().to_string();
        assert!(err.contains(text), "{name}: {err}");
    }
}

#[test]
fn several_threads_can_read_and_write_concurrently() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = folder.path().join("same.h5");
            scope.spawn(move || {
                for round in 0..10 {
                    let tree = Tree::from([("n", Tree::Int(thread * 100 + round))]);
                    hdf5::write(&path, &tree, &WriteOptions::default()).unwrap();
                    assert!(hdf5::read(&path).unwrap().number("n").is_some());
                }
            });
        }
    });
}
