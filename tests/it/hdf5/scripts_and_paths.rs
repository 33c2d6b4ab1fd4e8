//! HDF5 files in scripts of both languages, and in folders whose names are not UTF-8.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::reference;

/// Runs a script in `folder` and returns its output.
fn run_script(folder: &Path, script: (&str, &str), args: &[&std::ffi::OsStr]) -> String {
    let (name, text) = script;
    fs::write(folder.join(name), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
        .arg("run")
        .arg(name)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text.into_owned()
}

#[test]
fn a_script_reads_a_file_with_unreadable_entries_and_prints_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["links.h5", "links_other.h5"] {
        fs::copy(reference("hdf5").join(name), folder.path().join(name)).unwrap();
    }
    let rhai = "let all = h5::read(\"links.h5\");\nprint(all.far.sum());\n\
                print(h5::list(\"links.h5\")[0].kind);";
    let lua = "local all = h5.read(\"links.h5\")\nprint(all.far:sum())\n\
               print(h5.list(\"links.h5\")[1].kind)";
    for (script, value) in [(("a.rhai", rhai), "66"), (("a.lua", lua), "66")] {
        let text = run_script(folder.path(), script, &[]);
        let lines: Vec<&str> = text.lines().collect();
        let link_error = "a link to `/nowhere`, which does not exist";
        assert_eq!(lines.len(), 3, "{text}");
        assert!(
            lines[0].starts_with("links.h5: read without entries that cannot be"),
            "{text}"
        );
        assert!(
            lines[0].contains(&format!("`dead` ({link_error})")),
            "{text}"
        );
        assert!(lines[0].ends_with("h5::list shows all"), "{text}");
        assert!(lines[1].starts_with(value), "{text}");
        assert_eq!(lines[2], link_error, "{text}");
    }
}

#[test]
#[cfg(unix)]
fn a_folder_with_a_name_that_is_not_utf8_can_be_used() {
    use attractor::io::hdf5::{self, ReadOptions, WriteOptions};
    use attractor::io::{Tree, atomic_write, text, weights};
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let non_utf8 = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&non_utf8).unwrap();
    let path = non_utf8.join("x.h5");
    let words = Tree::List(vec!["a".into(), "b".into()]);
    let tree = Tree::from([("n", 1.into()), ("words", words)]);
    hdf5::write(&path, &tree, &WriteOptions::default()).unwrap();
    assert_eq!(
        super::format_tree(&hdf5::read(&path).unwrap()),
        super::format_tree(&tree)
    );
    assert_eq!(hdf5::list(&path).unwrap().len(), 2);
    assert!(hdf5::attributes(&path, "").unwrap().is_empty());
    assert!(hdf5::read_rows(&path, "words", 1..2, &ReadOptions::default()).is_ok());
    for name in [
        "torch_gru1.pt",
        "torch_bidirectional.safetensors",
        "torch_gru1.h5",
    ] {
        let copy = non_utf8.join(name);
        fs::copy(reference(name), &copy).unwrap();
        let read = weights::read(&copy);
        assert!(
            read.is_ok(),
            "{name}: {}",
            read.err().map_or(String::new(), |e| e.to_string())
        );
    }
    atomic_write(non_utf8.join("a.txt"), b"text").unwrap();
    assert_eq!(
        text::read("file::read", &non_utf8.join("a.txt"), u64::MAX).unwrap(),
        "text"
    );
    let script = "h5::write(\"y.h5\", #{ a: 1 });\nprint(h5::read(\"y.h5\").a);";
    let text = run_script(
        folder.path(),
        ("a.rhai", script),
        &["--out".as_ref(), non_utf8.as_os_str()],
    );
    assert_eq!(text, "1\n");
}
