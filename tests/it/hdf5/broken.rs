//! Files that cannot be read or written: each way is named, and none does harm.

use std::path::Path;
use std::process::Command;

use super::{fact, kinds, reference};
use attractor::base::error::FileError;
use attractor::io::hdf5::{self, ReadOptions, WriteOptions};
use attractor::io::{Tree, atomic_write};

fn limited(max_bytes: u64) -> ReadOptions {
    ReadOptions {
        max_bytes,
        ..ReadOptions::default()
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let path = reference("h5py_odd.h5");
    let expected = [
        ("huge", "uint64 18446744073709551615, above 2^63"),
        (
            "vast",
            "reading entry `vast`: shape [1099511627776, 1024] needs",
        ),
        (
            "dangling",
            "entry `dangling` is a link to `/not/there`, which does not exist",
        ),
        (
            "elsewhere",
            "a link to `/x` in absent.h5, which does not exist",
        ),
        ("wole", "expected an entry `wole`"),
        ("whole/inner", "an array, expected a group"),
    ];
    for (entry, text) in expected {
        let fault = hdf5::read_entry(&path, entry).unwrap_err();
        assert!(fault.to_string().contains(text), "{entry}: {fault}");
    }
    for group in ["circle", "hard"] {
        let content = hdf5::read_content(&path, group, &ReadOptions::default()).unwrap();
        let left_out: Vec<String> = content
            .unreadable
            .iter()
            .map(|one| one.error.to_string())
            .collect();
        assert_eq!(left_out.len(), 1, "{left_out:?}");
        let words = format!("entry `{group}/again` has an unsupported type: a link to");
        assert!(left_out[0].contains(&words), "{left_out:?}");
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
        (Tree::from([("t", "a\0b".into())]), "text that contains NUL"),
        (Tree::Int(3), "expected a map, found an integer"),
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
            .is_some_and(|hint| hint.contains("create the folder")),
        "{fault}"
    );
    assert!(matches!(fact(fault), FileError::NoFolder { .. }));
    let fault = atomic_write(folder.path(), b"x").unwrap_err();
    assert!(matches!(fact(fault), FileError::Folder));
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
        (&[0; 4096], "an unknown format"),
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
        FileError::Folder
    ));
    let absent = folder.path().join("absent.h5");
    assert!(matches!(
        fact(hdf5::read(absent).unwrap_err()),
        FileError::Missing
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
            matches!(fault, FileError::Damaged { .. } | FileError::Format { .. }),
            "{part}: {fault}"
        );
    }
}

/// How many bytes of each file are changed; more when set by hand.
const CHANGES: &str = "ATTRACTOR_CHANGES";
const USUAL_CHANGES: usize = 15;
/// Set in the process that reads the damaged files.
const CHILD: &str = "ATTRACTOR_READS_DAMAGED_FILES";

/// The files are read by a process of its own, whose memory is limited: a crash, a loop without an
/// end and an allocation of gigabytes would all end it.
#[test]
#[cfg(unix)]
fn a_changed_byte_in_any_file_ends_in_values_or_an_error() {
    if std::env::var_os(CHILD).is_some() {
        return read_damaged_files();
    }
    let name = "hdf5::broken::a_changed_byte_in_any_file_ends_in_values_or_an_error";
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -v 4000000; ulimit -t 600; exec \"$0\" --exact \"$1\" --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    assert!(text.contains("changes read"), "{text}");
}

fn read_damaged_files() {
    let count = std::env::var(CHANGES)
        .ok()
        .and_then(|count| count.parse().ok());
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.h5");
    let compress = 4;
    let options = WriteOptions {
        compress,
        ..WriteOptions::default()
    };
    hdf5::write(&ours, &kinds().tree, &options).unwrap();
    let mut files = vec![ours, reference("h5py_kinds.h5"), reference("h5py_odd.h5")];
    let others = std::fs::read_dir(reference("hdf5")).unwrap();
    files.extend(others.map(|entry| entry.unwrap().path()));
    files.retain(|path| {
        !path
            .extension()
            .is_some_and(|end| end == "py" || end == "json")
    });
    let (mut state, mut refused) = (0x9e37_79b9_7f4a_7c15_u64, 0);
    for path in &files {
        for _ in 0..count.unwrap_or(USUAL_CHANGES) {
            refused += usize::from(!reads_changed(
                path,
                &folder.path().join("x.h5"),
                &mut state,
            ));
        }
    }
    assert!(refused > 0, "no change met anything that is checked");
    println!("changes read: {} files, {refused} refused", files.len());
}

/// Whether a copy of a file with one byte changed can still be read.
fn reads_changed(path: &Path, copy: &Path, state: &mut u64) -> bool {
    let mut bytes = std::fs::read(path).unwrap();
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    let at = (*state >> 33) as usize % bytes.len();
    bytes[at] ^= 1 << (*state >> 29 & 7);
    std::fs::write(copy, bytes).unwrap();
    // Shown if the process ends here.
    eprintln!("{} at {at}", path.display());
    let max_bytes = 64 << 20;
    let read = hdf5::read_content(copy, "", &limited(max_bytes));
    hdf5::list(copy).is_ok() && read.is_ok()
}

/// In a file without checksums the length of a text can become 4 GiB by one byte.
#[test]
fn a_damaged_length_of_a_text_is_an_error_before_it_is_an_allocation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("length.h5");
    let good = std::fs::read(reference("hdf5/texts.h5")).unwrap();
    let heaps: Vec<usize> = (0..good.len() - 8)
        .filter(|at| good[*at..].starts_with(b"GCOL"))
        .collect();
    let mut changed = 0;
    for heap in heaps {
        let address = (heap as u64).to_le_bytes();
        for at in 4..good.len() - 12 {
            if good[at..at + 8] != address {
                continue;
            }
            let mut bad = good.clone();
            bad[at - 1] = 0xff;
            std::fs::write(&path, bad).unwrap();
            match hdf5::read(&path) {
                Err(error) => assert!(error.to_string().contains("outside its heap"), "{error}"),
                // The text of an attribute that is passed over, or of a chunk that is compressed.
                Ok(_) => continue,
            }
            changed += 1;
        }
    }
    assert!(changed >= 5, "only {changed} lengths were found");
}

#[test]
fn values_are_bounded_by_the_memory_that_a_read_may_take() {
    let path = reference("hdf5/sparse_int8.h5");
    let needed = 100 * 500 * 20 * 8;
    let read = |max_bytes| hdf5::read_content(&path, "spikes", &limited(max_bytes));
    assert!(read(needed).is_ok());
    let error = read(needed - 1).unwrap_err();
    let expected = "reading entry `spikes`: shape [100, 500, 20] needs 8000000 bytes, the limit is \
                    7999999 bytes";
    assert_eq!(error.to_string(), expected);
    let rows = hdf5::read_rows(&path, "spikes", 3..4, &limited(80_000));
    assert!(rows.is_ok(), "{rows:?}");
}

#[test]
fn rows_are_read_although_others_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.h5");
    let mut bytes = std::fs::read(reference("hdf5/filter_gzip_fletcher.h5")).unwrap();
    let good = reference("hdf5/filter_gzip_fletcher.h5");
    let options = ReadOptions::default();
    let first = hdf5::read_rows(&good, "x", 0..5, &options).unwrap();
    // The chunks of `x` are the first nine that begin as deflate does at its usual level.
    let places = 0..bytes.len() - 2;
    let starts: Vec<usize> = places
        .filter(|at| bytes[*at..].starts_with(b"x^"))
        .collect();
    assert_eq!(starts.len(), 9 + 1, "{starts:?}");
    bytes[starts[8] + 20] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let again = hdf5::read_rows(&path, "x", 0..5, &options).unwrap();
    assert_eq!(super::shown(&again), super::shown(&first));
    let error = hdf5::read_rows(&path, "x", 10..12, &options).unwrap_err();
    assert!(matches!(fact(error), FileError::EntryDamaged { .. }));
}

#[test]
fn errors_of_a_file_say_what_to_do() {
    let expected = [
        ("hdf5/crashed.h5", "", "h5clear"),
        ("hdf5/newer.h5", "", "h5repack"),
        ("hdf5/unknown_zstd.h5", "x", "h5repack -f GZIP=4"),
        (
            "hdf5/links.h5",
            "dead_file",
            "relative to the folder of this file",
        ),
    ];
    for (file, entry, words) in expected {
        let error = hdf5::read_entry(reference(file), entry).unwrap_err();
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains(words), "{file}: {error} {hint}");
    }
}
