//! Script module `file`: text files and folders.

use std::path::Path;

use super::context::Context;
use super::diagnostic::Diagnostic;
use super::value::Value;
use crate::io::{self, atomic_write, file_format, folder};

crate::natives! {
    /// Text files and folders. A script can access all files of its user, unless it runs with
    /// `--sandbox`: then it can read only below its own folder, `--out` and each
    /// `--allow-read DIR`, and write only below `--out`. The same rules apply to all functions that
    /// take a path.
    module "file";

    /// Writes text to a file. The write is atomic. A relative path starts in the folder of
    /// `--out`. Text is streamed to a FIFO with a reader, a terminal and `/dev/stdout`; a block
    /// device, a socket or a directory is an error.
    ///
    /// > file::write("notes.txt", "one line");
    /// > file::read("notes.txt")
    /// = one line
    fn write(cx: &Context, path: String, text: String) -> () {
        Ok(atomic_write(cx.output_path(&path)?, text.as_bytes())?)
    }

    /// Returns the contents of a text file. `/dev/stdin`, a FIFO that a program has opened for
    /// writing, and a terminal are read to their end; a FIFO without a writer, a block device, a
    /// socket or a directory is an error.
    ///
    /// > file::write("three.txt", "1 2 3");
    /// > file::read("three.txt")
    /// = 1 2 3
    fn read(cx: &Context, path: String) -> String { read_text(cx, "file::read", &path) }

    /// Appends text to a file, which is created if it is missing. Unlike `file::write`, this is
    /// not atomic: after a crash the file may end with a part of the text. A relative path starts
    /// in the folder of `--out`.
    ///
    /// > file::write("log.txt", "one");
    /// > file::append("log.txt", ", two");
    /// > file::read("log.txt")
    /// = one, two
    fn append(cx: &Context, path: String, text: String) -> () {
        Ok(folder::append(&cx.output_path(&path)?, text.as_bytes())?)
    }

    /// Whether a file or a folder exists at a path. Files are searched as by `file::read`.
    ///
    /// > file::write("here.txt", "");
    /// > [file::exists("here.txt"), file::exists("elsewhere.txt")]
    /// = [true, false]
    fn exists(cx: &Context, path: String) -> bool { Ok(cx.input_path(&path)?.exists()) }

    /// Returns the sorted paths of the files and folders in a folder, for use in other functions.
    /// With an extension, only the files with this extension. Hidden files, whose names begin with
    /// a dot, are omitted.
    ///
    /// > file::mkdir("runs");
    /// > file::write("runs/b.txt", "");
    /// > file::write("runs/a.txt", "");
    /// > file::write("runs/c.csv", "");
    /// > file::list("runs", "txt")
    /// = ["runs/a.txt", "runs/b.txt"]
    fn list(cx: &Context, path: String, extension: Option<String>) -> Vec<Value> {
        let names = folder::list(&cx.input_path(&path)?, extension.as_deref())?;
        cx.check_list_memory("file::list", names.len())?;
        let text = |name: &String| Value::Text(Path::new(&path).join(name).display().to_string());
        Ok(names.iter().map(text).collect())
    }

    /// Creates a folder and the folders that contain it. An existing folder is unchanged. A
    /// relative path starts in the folder of `--out`.
    ///
    /// > file::mkdir("results/run-1");
    /// > file::list("results")
    /// = ["results/run-1"]
    fn mkdir(cx: &Context, path: String) -> () {
        Ok(folder::create(&cx.output_folder(&path)?)?)
    }

    /// Returns the format of a file, from its first bytes: "hdf5", "mat", "npy", "npz", "pytorch",
    /// "safetensors", "text" or "unknown".
    ///
    /// > npy::write("one.npy", [1.0]);
    /// > file::format("one.npy")
    /// = npy
    fn format(cx: &Context, path: String) -> String {
        Ok(file_format::detect(&cx.input_path(&path)?)?.into())
    }
}

/// Reads a text file, if it fits in the memory limit of the run.
pub fn read_text(cx: &Context, op: &'static str, path: &str) -> Result<String, Diagnostic> {
    let path = cx.input_path(path)?;
    cx.check_file_memory(op, &path)?;
    Ok(io::text::read(op, &path, cx.meter.remaining())?)
}
