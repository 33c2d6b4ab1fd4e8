//! What a native function may know of the run it is part of: settings from the command line, the
//! terminal, and whether the user wants to stop.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::access::Access;
use super::fault::Fault;
use super::meter::Meter;
use crate::base::{Error, Progress};
use crate::figure::stage::Stage;
use crate::io;
use crate::tensor::{DType, shape};

/// Settings of a run, from the command line.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Divides budgets of training and data by [`QUICK`].
    pub quick: bool,
    /// Replaces the seeds that scripts ask for through `seed(default)`.
    pub seed: Option<u64>,
    /// Where relative paths of written files begin.
    pub out: PathBuf,
    /// What stands after `--` on the command line.
    pub args: Vec<String>,
    /// Bytes that the run may take: tensors, texts, lists, maps and files being read together.
    pub max_memory: u64,
    /// Steps (operations of Rhai, instructions of Lua) a script may take; 0 for no limit.
    pub max_operations: u64,
    /// Bytes in use by the process, where the program counts them. Without this, `max_memory`
    /// bounds each tensor, text and list by itself.
    pub allocated: Option<fn() -> u64>,
    /// The files that the script may reach; all that its user may reach if this is none.
    pub sandbox: Option<Access>,
}

/// How much less work `--quick` does.
pub const QUICK: usize = 50;

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            quick: false,
            seed: None,
            out: PathBuf::from("."),
            args: Vec::new(),
            max_memory: 8 << 30,
            max_operations: 0,
            allocated: None,
            sandbox: None,
        }
    }
}

/// Where a script's words and progress go.
pub trait Terminal {
    /// Writes one line.
    fn print(&self, line: &str);
    /// A listener for a run that begins now; `label` says which.
    fn progress(&self, label: &str) -> Box<dyn Progress>;
    /// Shows the panels of a figure in a window, one at a time, and waits until it is closed, if
    /// asked to. `pictures` is the name of pictures taken of it, without an end.
    ///
    /// Errors: why there is no window
    fn view(&self, panels: Vec<Stage>, pictures: PathBuf, wait: bool) -> Result<(), String> {
        let _ = (panels, pictures, wait);
        Err("nobody looks".into())
    }
    /// Notes that a file is being written, or no longer: Ctrl-C does not end the program meanwhile.
    fn writing(&self, goes_on: bool) {
        let _ = goes_on;
    }
    /// A PNG file of what a window would show, which needs no display.
    ///
    /// Errors: why there is none
    fn picture(&self, stage: Stage, size: [u32; 2]) -> Result<Vec<u8>, String> {
        let _ = (stage, size);
        Err("nobody looks".into())
    }
    /// Whether the script has to end wherever it is, because the program does.
    fn ending(&self) -> bool {
        false
    }
}

/// The run a native function is part of.
#[derive(Clone)]
pub struct Context {
    /// What the command line asks for.
    pub settings: Rc<Settings>,
    /// Where text and progress go.
    pub terminal: Rc<dyn Terminal>,
    /// Set by Ctrl-C.
    pub stop: Arc<AtomicBool>,
    /// The language of the script, for `help` and hints.
    pub language: Language,
    /// The script's path and text, kept beside what it saves; empty in the REPL.
    pub script: Rc<Script>,
    /// What the run has used of its limits.
    pub meter: Rc<Meter>,
    /// Paths that this run has written to.
    pub written: Rc<RefCell<BTreeSet<PathBuf>>>,
}

/// A script as it was read.
#[derive(Debug, Default, Clone)]
pub struct Script {
    /// As the user wrote it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Script {
    /// The folder that the script stands in, where it looks for scripts of its own.
    pub fn folder(&self) -> PathBuf {
        Path::new(&self.path)
            .parent()
            .unwrap_or(Path::new(""))
            .to_path_buf()
    }
}

/// The languages that scripts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rhai,
    Lua,
}

impl Context {
    /// The context of a run of `script` that Ctrl-C ends by way of `stop`.
    pub fn new(
        settings: Settings,
        terminal: Rc<dyn Terminal>,
        stop: Arc<AtomicBool>,
        language: Language,
        script: &Script,
    ) -> Context {
        Context {
            meter: Rc::new(Meter::new(&settings, stop.clone())),
            settings: Rc::new(settings),
            terminal,
            stop,
            language,
            script: Rc::new(script.clone()),
            written: Rc::default(),
        }
    }

    /// Whether the user pressed Ctrl-C.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.terminal.ending()
    }

    /// A budget as the user set it: `n`, or under `--quick` a part of it.
    pub fn budget(&self, n: usize) -> usize {
        if self.settings.quick {
            n.div_ceil(QUICK)
        } else {
            n
        }
    }

    /// Where a file with this path is written: relative paths begin in `--out`.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn output(&self, path: impl AsRef<Path>) -> Result<PathBuf, Fault> {
        let path = self.settings.out.join(path);
        self.written.borrow_mut().insert(path.clone());
        match &self.settings.sandbox {
            Some(access) => access.to_write(&path),
            None => Ok(path),
        }
    }

    /// Where a file to read is: below `--out` if this run wrote it, else at `path` from the current
    /// folder, else below `--out`.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn input(&self, path: impl AsRef<Path>) -> Result<PathBuf, Fault> {
        let path = path.as_ref();
        let written = self.settings.out.join(path);
        let is_own = self.written.borrow().contains(&written);
        match (is_own || !path.exists()) && written.exists() {
            true => self.readable(&written),
            false => self.readable(path),
        }
    }

    /// The file at this very path, if the script may read it.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn readable(&self, path: &Path) -> Result<PathBuf, Fault> {
        match &self.settings.sandbox {
            Some(access) => access.to_read(path),
            None => Ok(path.to_path_buf()),
        }
    }

    /// Errors: `Memory` if a tensor of this shape is larger than the run allows, `MemoryInUse` if
    /// it is larger than what the run has left.
    pub fn room(&self, op: &str, shape: &[usize], dtype: DType) -> Result<(), Fault> {
        let bytes = shape::bytes(shape, dtype);
        let limit = self.settings.max_memory;
        let (op, shape) = (op.to_string(), shape.to_vec());
        if bytes > u128::from(limit) {
            return Err(Error::Memory {
                op,
                shape,
                bytes,
                limit,
            }
            .into());
        }
        self.meter.room(bytes as u64).map_err(|used| {
            Error::MemoryInUse {
                op,
                shape,
                bytes,
                used,
                limit,
            }
            .into()
        })
    }

    /// Errors: `Memory`, `MemoryInUse` if there is no memory for a list of this many values
    pub fn room_for_list(&self, op: &str, count: usize) -> Result<(), Fault> {
        /// Bytes of a value in a list of the script, with what it may point to.
        const VALUE: usize = 64;
        self.room(&format!("{op}: a list"), &[count, VALUE], DType::U8)
            .map_err(|fault| fault.hint("keep many numbers in tensors, or raise --max-memory"))
    }

    /// Errors: `File` if the file is not there; `Memory` if it is larger than the run allows
    pub fn room_for_file(&self, op: &str, path: &Path) -> Result<(), Fault> {
        let size = usize::try_from(io::text::size(path)?).unwrap_or(usize::MAX);
        self.room(op, &[size], DType::U8)
    }
}
