//! Script module `file`: text files.

use super::context::Context;
use super::diagnostic::Diagnostic;
use crate::io::{self, atomic_write};

crate::natives! {
    /// Text files. A script can access all files of its user, unless it runs with `--sandbox`:
    /// then it can read only below its own folder, `--out` and each `--allow-read DIR`, and
    /// write only below `--out`. The same rules apply to all functions that take a path.
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
}

/// Reads a text file, if it fits in the memory limit of the run.
pub fn read_text(cx: &Context, op: &'static str, path: &str) -> Result<String, Diagnostic> {
    let path = cx.input_path(path)?;
    cx.check_file_memory(op, &path)?;
    Ok(io::text::read(op, &path, cx.meter.remaining())?)
}
