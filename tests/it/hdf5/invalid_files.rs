//! Files that cannot be read or written: error messages, and damaged files without crashes.

use std::path::Path;
use std::process::Command;

use super::{file_error, read_kinds, reference};
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
fn errors_of_unreadable_entries_name_the_problem() {
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
        let err = hdf5::read_entry(&path, entry).unwrap_err();
        assert!(err.to_string().contains(text), "{entry}: {err}");
    }
    for group in ["circle", "hard"] {
        let content = hdf5::read_content(&path, group, &ReadOptions::default()).unwrap();
        let unreadable_entries: Vec<String> = content
            .unreadable
            .iter()
            .map(|entry_error| entry_error.error.to_string())
            .collect();
        assert_eq!(unreadable_entries.len(), 1, "{unreadable_entries:?}");
        let message = format!("entry `{group}/again` has an unsupported type: a link to");
        assert!(
            unreadable_entries[0].contains(&message),
            "{unreadable_entries:?}"
        );
    }
    let err = hdf5::read_entry(&path, "wole").unwrap_err();
    assert_eq!(err.hint().as_deref(), Some("did you mean `whole`?"));
}

#[test]
fn errors_of_unwritable_trees_name_the_problem() {
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
        let err = hdf5::write(&path, &tree, &WriteOptions::default()).unwrap_err();
        assert!(err.to_string().contains(text), "{err}");
    }
    let file_count = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(file_count, 0, "a failed write leaves no files");
}

#[test]
fn a_failed_write_keeps_the_previous_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    hdf5::write(
        &path,
        &Tree::from([("a", 1.into())]),
        &WriteOptions::default(),
    )
    .unwrap();
    let invalid = Tree::from([("a", 2.into()), ("b/c", 3.into())]);
    hdf5::write(&path, &invalid, &WriteOptions::default()).unwrap_err();
    assert_eq!(hdf5::read(&path).unwrap().number("a"), Some(1.0));
}

#[test]
fn an_atomic_write_replaces_the_file_or_reports_a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    atomic_write(&path, b"one").unwrap();
    atomic_write(&path, b"two").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"two");
    let err = atomic_write(folder.path().join("none/a.txt"), b"x").unwrap_err();
    assert!(
        err.hint()
            .is_some_and(|hint| hint.contains("create the folder")),
        "{err}"
    );
    assert!(matches!(file_error(err), FileError::NoFolder { .. }));
    let err = atomic_write(folder.path(), b"x").unwrap_err();
    assert!(matches!(file_error(err), FileError::Folder));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_error_of_a_file_that_is_not_hdf5_names_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let cases: &[(&[u8], &str)] = &[
        (b"", "an empty file"),
        (b"x, y\n1, 2\n", "text"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (&[0; 4096], "an unknown format"),
    ];
    for (bytes, text) in cases {
        let path = folder.path().join("other");
        std::fs::write(&path, bytes).unwrap();
        let err = hdf5::read(&path).unwrap_err().to_string();
        assert!(
            err.contains("expected an HDF5 file") && err.contains(text),
            "{err}"
        );
    }
    assert!(matches!(
        file_error(hdf5::read(folder.path()).unwrap_err()),
        FileError::Folder
    ));
    let absent = folder.path().join("absent.h5");
    assert!(matches!(
        file_error(hdf5::read(absent).unwrap_err()),
        FileError::Missing
    ));
}

#[test]
fn a_truncated_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.h5");
    let original = std::fs::read(reference("h5py_kinds.h5")).unwrap();
    for fraction in 0..50 {
        std::fs::write(&path, &original[..original.len() * fraction / 50]).unwrap();
        let err = file_error(hdf5::read(&path).unwrap_err());
        assert!(
            matches!(err, FileError::Damaged { .. } | FileError::Format { .. }),
            "{fraction}: {err}"
        );
    }
}

/// Environment variable with the number of changed bytes per file.
const CHANGES_VARIABLE: &str = "ATTRACTOR_CHANGES";
const DEFAULT_CHANGES: usize = 15;
/// Environment variable that is set in the process that reads the damaged files.
const CHILD_VARIABLE: &str = "ATTRACTOR_READS_DAMAGED_FILES";

/// A separate process with limited memory and time reads the files: it is terminated by a crash, an
/// endless loop or an allocation of gigabytes.
#[test]
#[cfg(unix)]
fn a_changed_byte_in_a_file_results_in_values_or_an_error() {
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        return read_damaged_files();
    }
    let name = "hdf5::invalid_files::a_changed_byte_in_a_file_results_in_values_or_an_error";
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -v 4000000; ulimit -t 600; exec \"$0\" --exact \"$1\" --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD_VARIABLE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}", output.status);
    assert!(text.contains("changes read"), "{text}");
}

fn read_damaged_files() {
    let count = std::env::var(CHANGES_VARIABLE)
        .ok()
        .and_then(|count| count.parse().ok());
    let folder = tempfile::tempdir().unwrap();
    let own_file = folder.path().join("ours.h5");
    let compress = 4;
    let options = WriteOptions {
        compress,
        ..WriteOptions::default()
    };
    hdf5::write(&own_file, &read_kinds().tree, &options).unwrap();
    let mut files = vec![
        own_file,
        reference("h5py_kinds.h5"),
        reference("h5py_odd.h5"),
    ];
    let reference_files = std::fs::read_dir(reference("hdf5")).unwrap();
    files.extend(reference_files.map(|entry| entry.unwrap().path()));
    files.retain(|path| {
        !path
            .extension()
            .is_some_and(|end| end == "py" || end == "json")
    });
    let (mut state, mut rejected) = (0x9e37_79b9_7f4a_7c15_u64, 0);
    for path in &files {
        for _ in 0..count.unwrap_or(DEFAULT_CHANGES) {
            rejected += usize::from(!is_readable_after_change(
                path,
                &folder.path().join("x.h5"),
                &mut state,
            ));
        }
    }
    assert!(rejected > 0, "no change caused an error");
    println!("changes read: {} files, {rejected} refused", files.len());
}

/// Whether a copy of a file with one changed byte can still be read.
fn is_readable_after_change(path: &Path, copy: &Path, state: &mut u64) -> bool {
    let mut bytes = std::fs::read(path).unwrap();
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    let at = (*state >> 33) as usize % bytes.len();
    bytes[at] ^= 1 << (*state >> 29 & 7);
    std::fs::write(copy, bytes).unwrap();
    // Printed for the case that the process crashes here.
    eprintln!("{} at {at}", path.display());
    let max_bytes = 64 << 20;
    let read = hdf5::read_content(copy, "", &limited(max_bytes));
    hdf5::list(copy).is_ok() && read.is_ok()
}

/// In a file without checksums one changed byte can increase the length of a string to 4 GiB.
#[test]
fn a_damaged_string_length_is_an_error_before_the_allocation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("length.h5");
    let original = std::fs::read(reference("hdf5/texts.h5")).unwrap();
    let heaps: Vec<usize> = (0..original.len() - 8)
        .filter(|at| original[*at..].starts_with(b"GCOL"))
        .collect();
    let mut damaged_lengths = 0;
    for heap in heaps {
        let address = (heap as u64).to_le_bytes();
        for at in 4..original.len() - 12 {
            if original[at..at + 8] != address {
                continue;
            }
            let mut invalid = original.clone();
            invalid[at - 1] = 0xff;
            std::fs::write(&path, invalid).unwrap();
            match hdf5::read(&path) {
                Err(error) => assert!(error.to_string().contains("outside its heap"), "{error}"),
                // The string of an attribute that is not read, or of a compressed chunk.
                Ok(_) => continue,
            }
            damaged_lengths += 1;
        }
    }
    assert!(
        damaged_lengths >= 5,
        "only {damaged_lengths} lengths were found"
    );
}

#[test]
fn the_size_of_an_array_is_checked_against_the_memory_limit() {
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
fn undamaged_rows_of_a_damaged_file_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.h5");
    let mut bytes = std::fs::read(reference("hdf5/filter_gzip_fletcher.h5")).unwrap();
    let original = reference("hdf5/filter_gzip_fletcher.h5");
    let options = ReadOptions::default();
    let before_damage = hdf5::read_rows(&original, "x", 0..5, &options).unwrap();
    // The chunks of `x` are the first nine that start with the deflate header.
    let offsets = 0..bytes.len() - 2;
    let chunk_starts: Vec<usize> = offsets
        .filter(|at| bytes[*at..].starts_with(b"x^"))
        .collect();
    assert_eq!(chunk_starts.len(), 9 + 1, "{chunk_starts:?}");
    bytes[chunk_starts[8] + 20] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let after_damage = hdf5::read_rows(&path, "x", 0..5, &options).unwrap();
    assert_eq!(
        super::format_tree(&after_damage),
        super::format_tree(&before_damage)
    );
    let error = hdf5::read_rows(&path, "x", 10..12, &options).unwrap_err();
    assert!(matches!(file_error(error), FileError::EntryDamaged { .. }));
}

#[test]
fn errors_of_a_file_have_a_hint() {
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
    for (file, entry, message) in expected {
        let error = hdf5::read_entry(reference(file), entry).unwrap_err();
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains(message), "{file}: {error} {hint}");
    }
}
