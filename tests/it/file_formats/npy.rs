//! NumPy arrays and archives.

use attractor::base::Error;
use attractor::io::tree::Tree;
use attractor::io::{hdf5, npy, npz};
use attractor::tensor::{Device, Tensor};

use super::{LIMIT, assert_outcomes, reference};
use crate::hdf5::format_tree;

#[test]
fn every_dtype_of_numpy_is_read_as_from_hdf5() {
    let expected = hdf5::read(reference("expected.h5")).expect("an HDF5 file");
    let arrays = npz::read(reference("kinds.npz"), LIMIT).expect("an archive");
    assert!(arrays.unreadable.is_empty(), "{:?}", arrays.unreadable);
    let Tree::Map(map) = &expected else {
        panic!("expected a map");
    };
    assert_eq!(map.len(), 33, "all arrays of the script");
    for (name, value) in map {
        let actual = arrays.tree.at(name).expect(name);
        assert_eq!(format_tree(actual), format_tree(value), "{name}");
    }
}

#[test]
fn versions_texts_and_compressed_archives_are_read() {
    let integers = "I64[2, 3][0.0, 1.0, 2.0, 3.0, 4.0, 100.0]";
    let table = [
        ("f8.npy", integers.replace("I64", "F64")),
        ("version2.npy", integers.into()),
        ("version3.npy", integers.into()),
        ("text.npy", "Text(\"one\")".into()),
    ];
    for (name, expected) in table {
        let array = npy::read(reference(name), LIMIT).expect(name);
        assert_eq!(format_tree(&array), expected, "{name}");
    }
    let arrays = npz::read(reference("compressed.npz"), LIMIT).expect("an archive");
    let expected =
        format!("{{a={{x={integers} y=F64[2, 3][0.0, 0.5, 1.0, 1.5, 2.0, 50.0]}} z=Int(1)}}");
    assert_eq!(format_tree(&arrays.tree), expected);
    let one = npz::read_array(reference("compressed.npz"), "a/x", LIMIT).expect("an array");
    assert_eq!(format_tree(&one), integers);
}

#[test]
fn arrays_are_unchanged_after_write_and_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.npy");
    let cpu = &Device::Cpu;
    let values = [
        Tree::Tensor(Tensor::new(&[[0.1_f32, f32::NAN, -0.0]], cpu).expect("a tensor")),
        Tree::Tensor(Tensor::new(&[0.1_f64, f64::MIN_POSITIVE], cpu).expect("a tensor")),
        Tree::Tensor(Tensor::new(&[i64::MIN, i64::MAX], cpu).expect("a tensor")),
        Tree::Tensor(Tensor::new(&[0_u32, u32::MAX], cpu).expect("a tensor")),
        Tree::Tensor(Tensor::new(&[[[0_u8], [255]]], cpu).expect("a tensor")),
        Tree::Tensor(Tensor::zeros((0, 3), attractor::tensor::DType::F32, cpu).expect("empty")),
        Tree::Float(0.1),
        Tree::Int(-3),
        Tree::Bool(true),
        Tree::Text("größe".into()),
        Tree::List(vec![Tree::from("a"), Tree::from(""), Tree::from("𝄞x")]),
    ];
    for value in &values {
        npy::write(&path, value).expect("a file");
        let read = npy::read(&path, LIMIT).expect("an array");
        assert_eq!(format_tree(&read), format_tree(value));
    }
    // The header is padded so that the values are aligned.
    let bytes = npy::serialize(&values[0]).expect("bytes");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((length + 10) % 64, 0);
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
    assert!(bytes[10..].starts_with(header.as_bytes()));
}

#[test]
fn unsupported_arrays_are_errors_and_nothing_is_executed() {
    let objects = "expected an array of numbers, booleans or text, found Python objects (dtype \
                   `object`), which are stored as a pickle and not read";
    let table = [
        ("objects.npy", objects),
        ("records.npy", "found a structured array"),
        (
            "large.npy",
            "expected integers below 2^63, found 9223372036854775808",
        ),
        ("plain.mat", "expected a NumPy array (.npy), found"),
    ];
    for (name, expected) in table {
        let error = npy::read(reference(name), LIMIT)
            .expect_err(name)
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    let arrays = npz::read(reference("objects.npz"), LIMIT).expect("the rest");
    assert_eq!(arrays.tree.paths(), ["good"]);
    let mut skipped: Vec<&str> = arrays.unreadable.iter().map(|entry| &*entry.key).collect();
    skipped.sort_unstable();
    assert_eq!(skipped, ["bad", "when"]);
    let error = npz::read_array(reference("objects.npz"), "bad", LIMIT).expect_err("an error");
    assert!(
        error.to_string().contains("`bad` has an unsupported type"),
        "{error}"
    );
    let error = npz::read_array(reference("objects.npz"), "goo", LIMIT).expect_err("an error");
    assert_eq!(error.hint().as_deref(), Some("did you mean `good`?"));
}

#[test]
fn sizes_are_compared_with_the_file_and_the_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.npy");
    let sizes = [
        "(1000000000000000,)",
        "(0, 9223372036854775807, 9223372036854775807)",
        "(4294967296, 4294967296)",
        "(99999999999999999999999,)",
    ];
    for (descr, shape) in sizes
        .iter()
        .flat_map(|s| ["<f8", "<U0", "<c16"].map(|d| (d, s)))
    {
        let dict = format!("{{'descr': '{descr}', 'fortran_order': True, 'shape': {shape}}}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((dict.len() as u16).to_le_bytes());
        bytes.extend(dict.bytes());
        std::fs::write(&path, bytes).expect("a file");
        let error = npy::read(&path, u64::MAX).expect_err(&dict).to_string();
        assert!(
            error.contains("the file is damaged or truncated"),
            "{dict}: {error}"
        );
    }
    // 800 kB deflate to about 1 kB: the limit applies to the inflated size.
    let zeros = Tensor::zeros(100_000, attractor::tensor::DType::F64, &Device::Cpu);
    let map = [("x".to_string(), Tree::Tensor(zeros.expect("a tensor")))].into();
    let archive = folder.path().join("x.npz");
    npz::write(&archive, &map, true).expect("an archive");
    assert!(std::fs::metadata(&archive).expect("a file").len() < 10_000);
    let error = npz::read_array(&archive, "x", 1 << 16).expect_err("an error");
    assert!(matches!(error, Error::Memory { .. }), "{error}");
    npz::read_array(&archive, "x", LIMIT).expect("an array");
}

#[test]
fn scripts_write_and_read_arrays_in_both_languages() {
    let out = tempfile::tempdir().expect("a folder");
    let rows = [
        (r#"npy::write("x.npy", [[1, 2], [3, 4]])"#, "nil"),
        (
            r#"npy::read("x.npy")"#,
            "tensor [2, 2] f64 [[1, 2], [3, 4]]",
        ),
        (r#"npy::write("t.npy", ["a", "b"])"#, "nil"),
        (r#"npy::read("t.npy")"#, r#"["a", "b"]"#),
        (
            r#"npz::write("x.npz", #{ a: #{ re: [0.5], im: [1.5] }, n: 3 }, #{ compress: true })"#,
            "nil",
        ),
        (r#"npz::read("x.npz").n"#, "3"),
        (r#"npz::read("x.npz", "a/im").item()"#, "1.5"),
        (
            r#"npy::write("m.npy", #{ a: 1 })"#,
            "m.npy: expected a tensor, a number, a string or a list of strings, found a map...",
        ),
        (
            r#"h5::read("x.npy")"#,
            "x.npy: expected an HDF5 file, found a NumPy array (.npy); npy::read(path) reads...",
        ),
    ];
    let rows = rows.map(|(text, expected)| {
        let path = out.path().display();
        let expected = match expected.split_once(".npy: ") {
            Some((name, rest)) => format!("{path}/{name}.npy: {rest}"),
            None => expected.to_string(),
        };
        (text, expected)
    });
    let rows: Vec<(&str, &str)> = rows.iter().map(|(text, value)| (*text, &**value)).collect();
    assert_outcomes(&rows, out.path());
}
