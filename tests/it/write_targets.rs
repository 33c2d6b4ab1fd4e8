//! Targets of write operations: regular files are replaced, other targets are written to or
//! rejected; temporary files are removed.
#![cfg(unix)]

mod interrupted_runs;

use std::fs::{self, FileType};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use attractor::app::tutorials::{self, Tutorial};
use attractor::io::hdf5::{self, WriteOptions};
use attractor::io::{Tree, atomic_write, is_replaceable, safetensors, text};
use tempfile::TempDir;

/// The extensions of the files that the script writes.
const EXTENSIONS: [&str; 13] = [
    "h5",
    "safetensors",
    "png",
    "svg",
    "gif",
    "html",
    "json",
    "txt",
    "data.h5",
    "check.h5",
    "npy",
    "npz",
    "csv",
];

/// Writes all kinds of files to links `KIND.EXTENSION`; prints the errors.
const WRITERS: &str = r#"
let net = rnn::vanilla(#{ units: 3, seed: 1 });
let figure = scene::points([[0, 0, 0], [1, 1, 1]]);
let task = tasks::integrator(#{ steps: 3 });
for kind in args() {
    let writers = [
        || net.save(kind + ".h5"),
        || net.save(kind + ".safetensors", #{ first_states: "drop" }),
        || figure.save(kind + ".png"),
        || figure.save(kind + ".svg"),
        || figure.save(kind + ".gif", #{ frames: 2 }),
        || figure.save(kind + ".html"),
        || json::write(kind + ".json", [1, 2]),
        || file::write(kind + ".txt", "text"),
        || npy::write(kind + ".npy", [1, 2]),
        || npz::write(kind + ".npz", #{ a: 1 }),
        || csv::write(kind + ".csv", [1, 2]),
        || h5::write(kind + ".data.h5", #{ a: 1 }),
        || train(net, task, #{ batches: 2, checkpoint: kind + ".check.h5" }),
    ];
    for writer in writers {
        try { writer.call(); } catch (error) { print(kind + ": " + error); }
    }
}
"#;

fn run(folder: &Path, script: &str, args: &[&str]) -> Output {
    fs::write(folder.join("script.rhai"), script).expect("a script");
    let output = Command::new(env!("CARGO_BIN_EXE_attractor"))
        .args(["run", "script.rhai", "--no-window", "--"])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    output.expect("the program starts")
}

fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether the command succeeds.
fn succeeds(command: &[&str]) -> bool {
    let status = Command::new(command[0])
        .args(&command[1..])
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Creates special files in `folder`, so that no device of the machine is affected. Returns their
/// names.
fn create_special_files(folder: &Path) -> Vec<&'static str> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut names = vec!["socket", "folder"];
    UnixListener::bind(folder.join("socket")).expect("a socket");
    fs::create_dir(folder.join("folder")).expect("a folder");
    assert!(succeeds(&["mkfifo", &path("fifo")]), "mkfifo");
    names.push("fifo");
    // Only root can create devices, and not in every container.
    if succeeds(&["mknod", &path("null"), "c", "1", "3"]) {
        names.push("null");
    }
    if succeeds(&["mknod", &path("disk"), "b", "7", "250"]) {
        names.push("disk");
    }
    names
}

fn identity(path: &Path) -> (FileType, u64, u32) {
    let metadata = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    (metadata.file_type(), metadata.ino(), metadata.mode())
}

#[test]
fn saving_never_replaces_special_files() {
    let folder = TempDir::new().expect("a folder");
    let names = create_special_files(folder.path());
    for name in &names {
        for extension in EXTENSIONS {
            symlink(name, folder.path().join(format!("{name}.{extension}"))).expect("a link");
        }
    }
    let paths: Vec<PathBuf> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    let before: Vec<_> = paths.iter().map(|path| identity(path)).collect();
    let output = run(folder.path(), WRITERS, &names);
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(identity(path), before, "{path:?}");
    }
    let printed = decode(&output.stdout);
    for (name, error_count, err) in [
        ("socket", EXTENSIONS.len(), "a socket"),
        ("folder", EXTENSIONS.len(), "a folder"),
        ("fifo", EXTENSIONS.len(), "FIFO"),
        // Bytes are written to a device; HDF5 files (a network, data, a checkpoint) need a seekable
        // file.
        ("null", 3, "a device"),
        ("disk", EXTENSIONS.len(), "a disk"),
    ] {
        let lines = printed
            .lines()
            .filter(|line| line.starts_with(&format!("{name}: ")));
        let lines: Vec<&str> = lines.collect();
        let error_count = if names.contains(&name) {
            error_count
        } else {
            0
        };
        assert_eq!(lines.len(), error_count, "{name}: {printed}");
        assert!(lines.iter().all(|line| line.contains(err)), "{printed}");
    }
    let file_count = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(file_count, paths.len() + 1, "only the script is new");
}

#[test]
fn text_is_written_to_a_fifo_with_a_reader() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("fifo");
    assert!(succeeds(&["mkfifo", &path.display().to_string()]), "mkfifo");
    let err = atomic_write(&path, b"text").unwrap_err();
    assert!(
        err.to_string().contains("no program reads this FIFO"),
        "{err}"
    );
    assert!(
        err.hint()
            .is_some_and(|hint| hint.contains("start the program"))
    );
    // More than the capacity of a FIFO: the writer has to wait for the reader.
    let long = vec![b'x'; 1 << 20];
    let copy = fs::File::create(folder.path().join("copy")).expect("a file");
    let reader = Command::new("cat").arg(&path).stdout(copy).spawn();
    let mut reader = reader.expect("cat");
    while let Err(err) = atomic_write(&path, &long) {
        assert!(err.to_string().contains("no program reads"), "{err}");
        std::thread::yield_now();
    }
    reader.wait().expect("cat ends");
    let read = fs::metadata(folder.path().join("copy")).expect("a file");
    assert_eq!(read.len(), long.len() as u64);
    assert!(identity(&path).0.is_fifo());
}

#[test]
fn text_is_read_from_a_fifo_with_a_writer() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("fifo");
    assert!(succeeds(&["mkfifo", &path.display().to_string()]), "mkfifo");
    let read = || text::read("file::read", &path, u64::MAX);
    let err = read().unwrap_err();
    assert!(
        err.to_string().contains("no program writes to this FIFO"),
        "{err}"
    );
    assert!(
        err.hint()
            .is_some_and(|hint| hint.contains("start the program"))
    );
    let h5 = hdf5::read(&path).unwrap_err().to_string();
    assert!(h5.contains("expected a regular file, found a FIFO"), "{h5}");
    // More than the capacity of a FIFO: the writer has to wait for the reader.
    let long = "x".repeat(1 << 20);
    let source = folder.path().join("source");
    fs::write(&source, &long).expect("a file");
    let into = fs::OpenOptions::new().read(true).write(true).open(&path);
    let mut writer = Command::new("cat")
        .arg(&source)
        .stdout(into.expect("a FIFO"))
        .spawn()
        .expect("cat");
    assert!(read().expect("text") == long);
    writer.wait().expect("cat ends");
}

#[test]
fn text_is_read_from_a_pipe_on_dev_stdin() {
    let folder = TempDir::new().expect("a folder");
    fs::write(
        folder.path().join("script.rhai"),
        r#"print(file::read("/dev/stdin").to_upper())"#,
    )
    .expect("a script");
    for text in ["one", ""] {
        let program = env!("CARGO_BIN_EXE_attractor");
        let command = format!("printf '%s' '{text}' | '{program}' run script.rhai --no-window");
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&folder)
            .output()
            .expect("sh");
        assert_eq!(decode(&output.stdout).trim(), text.to_uppercase());
        assert!(output.status.success(), "{}", decode(&output.stderr));
    }
}

#[test]
fn a_socket_cannot_be_read() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("socket");
    let _listener = UnixListener::bind(&path).expect("a socket");
    let err = text::read("file::read", &path, u64::MAX).unwrap_err();
    assert!(
        err.to_string()
            .contains("expected a regular file, found a socket"),
        "{err}"
    );
}

#[test]
fn text_written_to_dev_stdout_is_in_order_with_printed_lines() {
    let script = r#"print("one"); file::write("/dev/stdout", "two\n"); print("three");"#;
    let folder = TempDir::new().expect("a folder");
    let piped = run(folder.path(), script, &[]);
    assert_eq!(decode(&piped.stdout), "one\ntwo\nthree\n");
    // A regular file at /dev/stdout must not be replaced: the program still writes to it.
    let path = folder.path().join("out.txt");
    let file = fs::File::create(&path).expect("a file");
    let status = Command::new(env!("CARGO_BIN_EXE_attractor"))
        .args(["run", "script.rhai"])
        .current_dir(folder.path())
        .stdout(file)
        .status();
    assert!(status.expect("the program starts").success());
    assert_eq!(
        fs::read_to_string(&path).expect("text"),
        "one\ntwo\nthree\n"
    );
}

#[test]
fn a_link_is_preserved_and_its_target_is_replaced() {
    let folder = TempDir::new().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("data")).expect("a folder");
    fs::write(at("data/old.txt"), "old").expect("a file");
    symlink("data/old.txt", at("link.txt")).expect("a link");
    symlink("link.txt", at("second.txt")).expect("a link");
    symlink("data/new.txt", at("dangling.txt")).expect("a link");
    for (link, target) in [
        ("link.txt", "data/old.txt"),
        ("second.txt", "data/old.txt"),
        ("dangling.txt", "data/new.txt"),
    ] {
        atomic_write(at(link), link.as_bytes()).unwrap();
        assert!(identity(&at(link)).0.is_symlink(), "{link}");
        assert!(identity(&at(target)).0.is_file(), "{target}");
        assert_eq!(fs::read_to_string(at(target)).unwrap(), link);
    }
    symlink("circle.txt", at("circle.txt")).expect("a link");
    assert!(atomic_write(at("circle.txt"), b"x").is_err());
    assert!(identity(&at("circle.txt")).0.is_symlink());
    let err = atomic_write(format!("{}/", at("none").display()), b"x").unwrap_err();
    assert!(err.to_string().contains("this is a folder"), "{err}");
}

#[test]
fn a_replaced_file_keeps_its_permissions() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("a.h5");
    for mode in [0o640, 0o600, 0o664, 0o400] {
        fs::write(&path, "old").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("owned by the test");
        hdf5::write(&path, &Tree::map(), &WriteOptions::default()).unwrap();
        assert_eq!(identity(&path).2 & 0o7777, mode);
        safetensors::write(&path, &Vec::new(), safetensors::PYTORCH_FORMAT).unwrap();
        assert_eq!(identity(&path).2 & 0o7777, mode);
        fs::remove_file(&path).expect("owned by the test");
    }
}

/// The line editor sets the permissions of the history file; if the history were a link to a
/// device, other users would lose access to the device.
#[test]
fn a_history_is_only_stored_in_a_regular_file() {
    let folder = TempDir::new().expect("a folder");
    for name in create_special_files(folder.path()) {
        assert!(!is_replaceable(&folder.path().join(name)), "{name}");
    }
    assert!(is_replaceable(&folder.path().join("new")));
}

#[test]
fn copying_tutorials_does_not_follow_links() {
    let one_tutorial = [Tutorial {
        file: "01-first.rhai",
        text: "print(1)",
    }];
    let folder = TempDir::new().expect("a folder");
    symlink("elsewhere", folder.path().join("01-first.rhai")).expect("a link");
    let err = tutorials::copy(&one_tutorial, None, folder.path()).unwrap_err();
    assert!(err.message.contains("the file already exists"), "{err}");
    assert!(!folder.path().join("elsewhere").exists());
}
