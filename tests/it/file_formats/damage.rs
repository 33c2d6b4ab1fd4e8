//! Damaged files: an error or a value, and never a panic.

use std::fs;
use std::path::Path;

use attractor::io::hdf5::ReadOptions;
use attractor::io::{file_format, mat, npy, npz};

use super::{LIMIT, reference};

const FILES: [&str; 10] = [
    "f8.npy",
    "texts.npy",
    "bytes.npy",
    "records.npy",
    "version3.npy",
    "compressed.npz",
    "objects.npz",
    "plain.mat",
    "compressed.mat",
    "big_endian.mat",
];

/// Whether the reader of the file returns a value.
fn is_readable(path: &Path) -> bool {
    let _ = file_format::detect(path);
    let options = ReadOptions {
        max_bytes: LIMIT,
        filter: None,
    };
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => npy::read(path, LIMIT).is_ok(),
        Some("npz") => npz::read(path, LIMIT).is_ok(),
        _ => mat::read(path, "", &options).is_ok(),
    }
}

#[test]
fn truncated_files_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in FILES {
        let bytes = fs::read(reference(name)).expect(name);
        let path = folder.path().join(name);
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).expect("a file");
            // The end of a MAT-file is not marked: the variables before the cut are complete.
            let is_readable = is_readable(&path);
            let is_allowed = name.ends_with(".mat");
            assert!(
                !is_readable || is_allowed,
                "{name}: {length} bytes are read"
            );
        }
    }
}

#[test]
fn changed_bytes_never_cause_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in FILES {
        let bytes = fs::read(reference(name)).expect(name);
        let path = folder.path().join(name);
        for (index, mask) in (0..bytes.len()).flat_map(|index| [1, 0x80, 0xff].map(|m| (index, m)))
        {
            let mut changed = bytes.clone();
            changed[index] ^= mask;
            fs::write(&path, &changed).expect("a file");
            is_readable(&path);
        }
    }
}

#[test]
fn a_changed_value_in_an_archive_is_detected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.npz");
    let mut bytes = fs::read(reference("objects.npz")).expect("an archive");
    let at = bytes
        .windows(6)
        .position(|bytes| bytes == b"\x93NUMPY")
        .expect("an array");
    bytes[at + 130] ^= 1;
    fs::write(&path, bytes).expect("a file");
    let error = npz::read_array(&path, "good", LIMIT)
        .expect_err("an error")
        .to_string();
    assert!(
        error.contains("`good`") && error.contains("wrong checksum"),
        "{error}"
    );
}
