//! Files that cannot be read or written: each way is named, and none does harm.

use super::{fact, kinds, reference};
use attractor::base::error::FileFault;
use attractor::io::hdf5::{self, WriteOptions};
use attractor::io::{Tree, atomic_write};

#[test]
fn what_cannot_be_read_is_named() {
    let path = reference("h5py_odd.h5");
    let expected = [
        ("compound", "compound (2 fields)"),
        ("complex", "compound (2 fields)"),
        ("huge", "uint64 18446744073709551615, above 2^63"),
        ("ragged", "[int32] (var len)"),
        ("vast", "does not fit into a file of"),
        ("lzf", "compressed in a way that is not built in"),
        ("dangling", "a link that leads nowhere"),
        ("elsewhere", "a link that leads nowhere"),
        ("circle", "a link to a group that it is in"),
        ("hard", "a link to a group that it is in"),
        ("wole", "expected an entry `wole`"),
        ("whole/inner", "an array, expected a group"),
    ];
    for (entry, text) in expected {
        let fault = hdf5::read_entry(&path, entry).unwrap_err();
        assert!(fault.to_string().contains(text), "{entry}: {fault}");
    }
    let fault = hdf5::read_entry(&path, "wole").unwrap_err();
    assert_eq!(fault.hint().as_deref(), Some("did you mean `whole`?"));
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    let expected = [
        (
            Tree::from([("a/b", 1.into())]),
            "entry `a/b` cannot be written",
        ),
        (Tree::from([("", 1.into())]), "a name must not be empty"),
        (Tree::from([("t", "a\0b".into())]), "text with NUL in it"),
        (Tree::Int(3), "expected a map, found a whole number"),
    ];
    for (tree, text) in expected {
        let fault = hdf5::write(&path, &tree, &WriteOptions::default()).unwrap_err();
        assert!(fault.to_string().contains(text), "{fault}");
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "a failed write leaves nothing behind");
}

#[test]
fn a_failed_write_keeps_the_former_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    hdf5::write(
        &path,
        &Tree::from([("a", 1.into())]),
        &WriteOptions::default(),
    )
    .unwrap();
    let bad = Tree::from([("a", 2.into()), ("b/c", 3.into())]);
    hdf5::write(&path, &bad, &WriteOptions::default()).unwrap_err();
    assert_eq!(hdf5::read(&path).unwrap().number("a"), Some(1.0));
}

#[test]
fn an_atomic_write_replaces_the_file_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    atomic_write(&path, b"one").unwrap();
    atomic_write(&path, b"two").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"two");
    let fault = atomic_write(folder.path().join("none/a.txt"), b"x").unwrap_err();
    assert!(
        fault
            .hint()
            .is_some_and(|hint| hint.contains("make the folder")),
        "{fault}"
    );
    assert!(matches!(fact(fault), FileFault::NoFolder { .. }));
    let fault = atomic_write(folder.path(), b"x").unwrap_err();
    assert!(matches!(fact(fault), FileFault::Folder));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn files_that_are_not_hdf5_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let other: &[(&[u8], &str)] = &[
        (b"", "an empty file"),
        (b"x, y\n1, 2\n", "text"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (&[0; 4096], "bytes of no known kind"),
    ];
    for (bytes, text) in other {
        let path = folder.path().join("other");
        std::fs::write(&path, bytes).unwrap();
        let fault = hdf5::read(&path).unwrap_err().to_string();
        assert!(
            fault.contains("expected an HDF5 file") && fault.contains(text),
            "{fault}"
        );
    }
    assert!(matches!(
        fact(hdf5::read(folder.path()).unwrap_err()),
        FileFault::Folder
    ));
    let absent = folder.path().join("absent.h5");
    assert!(matches!(
        fact(hdf5::read(absent).unwrap_err()),
        FileFault::Missing
    ));
}

#[test]
fn a_file_cut_short_anywhere_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.h5");
    let good = std::fs::read(reference("h5py_kinds.h5")).unwrap();
    for part in 0..50 {
        std::fs::write(&path, &good[..good.len() * part / 50]).unwrap();
        let fault = fact(hdf5::read(&path).unwrap_err());
        assert!(
            matches!(fault, FileFault::Damaged { .. } | FileFault::Format { .. }),
            "{part}: {fault}"
        );
    }
}

/// Of a file of ours, whose bookkeeping carries checksums. On files without them the C library
/// itself can fail: what is known of that is caught in `io::hdf5` before it is called.
#[test]
fn a_flipped_byte_ends_in_a_tree_or_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.h5");
    let tree = kinds().tree;
    let options = WriteOptions {
        compress: 4,
        ..WriteOptions::default()
    };
    hdf5::write(&path, &tree, &options).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut faults = 0;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..200 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let mut bad = good.clone();
        let place = (state >> 33) as usize % bad.len();
        bad[place] ^= 1 << (state >> 29 & 7);
        std::fs::write(&path, bad).unwrap();
        faults += usize::from(hdf5::read_with_attributes(&path).is_err());
    }
    assert!(faults > 0, "no flip of 200 met anything that is checked");
}
