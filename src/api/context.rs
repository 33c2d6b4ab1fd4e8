//! The execution context of a native function: the configuration from the command line, the
//! terminal, the interrupt flag and the resource limits.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::diagnostic::Diagnostic;
use super::display::count_text;
use super::meter::Meter;
use super::run_config::QUICK_DIVISOR;
pub use super::run_config::RunConfig;
use super::sandbox::Sandbox;
use crate::base::{Error, Progress};
use crate::figure::scene::Scene;
use crate::io;
use crate::tensor::{DType, shape};

/// Output of a script: text, progress and windows.
pub trait Terminal {
    /// Prints one line.
    fn print(&self, line: &str);
    /// A progress listener for a run that starts now; `label` names the run.
    fn progress(&self, label: &str) -> Box<dyn Progress>;
    /// Shows the panels of a figure in a window, one at a time. With `wait`, returns when the
    /// window is closed. `screenshots` is their path, without the extension.
    ///
    /// Errors: the reason why no window can be opened
    fn show_window(
        &self,
        panels: Vec<Scene>,
        screenshots: PathBuf,
        wait: bool,
    ) -> Result<(), String> {
        let _ = (panels, screenshots, wait);
        Err("this terminal has no windows".into())
    }
    /// Marks the start (`true`) or the end (`false`) of writing a file. Ctrl-C does not terminate
    /// the program while a file is being written.
    fn set_writing(&self, active: bool) {
        let _ = active;
    }
    /// The content that a window would show, rendered offscreen as a PNG file.
    ///
    /// Errors: the reason why rendering is not possible
    fn render_png(&self, scene: Scene, size: [u32; 2]) -> Result<Vec<u8>, String> {
        let _ = (scene, size);
        Err("this terminal has no windows".into())
    }
    /// Whether the program is exiting, so that the script must stop immediately.
    fn is_exiting(&self) -> bool {
        false
    }
}

/// The run that a native function belongs to.
#[derive(Clone)]
pub struct Context {
    /// The configuration from the command line.
    pub config: Rc<RunConfig>,
    /// Receives text and progress.
    pub terminal: Rc<dyn Terminal>,
    /// The interrupt flag, set by Ctrl-C.
    pub interrupt: Arc<AtomicBool>,
    /// The language of the script, for `help` and hints.
    pub language: Language,
    /// The path and text of the script, stored in the files that it saves; empty in the REPL.
    pub script: Rc<Script>,
    /// The resource usage of the run, and its limits.
    pub meter: Rc<Meter>,
    /// Paths that this run has written to.
    pub output_paths: Rc<RefCell<BTreeSet<PathBuf>>>,
}

/// The source of a script.
#[derive(Debug, Default, Clone)]
pub struct Script {
    /// The path as the user wrote it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Script {
    /// The folder of the script, which is searched for the scripts that it imports.
    pub fn folder(&self) -> PathBuf {
        Path::new(&self.path)
            .parent()
            .unwrap_or(Path::new(""))
            .to_path_buf()
    }
}

/// The script languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Rhai,
    Lua,
}

impl Context {
    /// The context of a run of `script`. Setting `interrupt` stops the run.
    pub fn new(
        config: RunConfig,
        terminal: Rc<dyn Terminal>,
        interrupt: Arc<AtomicBool>,
        language: Language,
        script: &Script,
    ) -> Context {
        Context {
            meter: Rc::new(Meter::new(&config, interrupt.clone())),
            config: Rc::new(config),
            terminal,
            interrupt,
            language,
            script: Rc::new(script.clone()),
            output_paths: Rc::default(),
        }
    }

    /// Whether the user pressed Ctrl-C or the program is exiting.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed) || self.terminal.is_exiting()
    }

    /// A budget of batches, trials or steps: `n`, or a fraction of it with `--quick`.
    pub fn budget(&self, n: usize) -> usize {
        if self.config.quick {
            n.div_ceil(QUICK_DIVISOR)
        } else {
            n
        }
    }

    /// The path of an output file. Relative paths refer to the folder of `--out`.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn output_path(&self, path: impl AsRef<Path>) -> Result<PathBuf, Diagnostic> {
        self.resolve_output(path.as_ref(), Sandbox::resolve_write)
    }

    /// The path of a folder to create. Relative paths refer to the folder of `--out`.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn output_folder(&self, path: impl AsRef<Path>) -> Result<PathBuf, Diagnostic> {
        self.resolve_output(path.as_ref(), Sandbox::resolve_new_folder)
    }

    /// Records an output path and resolves it with the given check of the sandbox.
    fn resolve_output(
        &self,
        path: &Path,
        check: fn(&Sandbox, &Path) -> Result<PathBuf, Diagnostic>,
    ) -> Result<PathBuf, Diagnostic> {
        let path = self.config.out.join(path);
        self.output_paths.borrow_mut().insert(path.clone());
        match &self.config.sandbox {
            Some(sandbox) => check(sandbox, &path),
            None => Ok(path),
        }
    }

    /// The path of an input file: below the output folder if this run wrote it there, or else
    /// `path` itself if it exists, or else below the output folder.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn input_path(&self, path: impl AsRef<Path>) -> Result<PathBuf, Diagnostic> {
        let path = path.as_ref();
        let output = self.config.out.join(path);
        let is_own = self.output_paths.borrow().contains(&output);
        match (is_own || !path.exists()) && output.exists() {
            true => self.check_readable(&output),
            false => self.check_readable(path),
        }
    }

    /// The resolved path of a file, if the script may read it.
    ///
    /// Errors: a path that the sandbox does not allow
    pub fn check_readable(&self, path: &Path) -> Result<PathBuf, Diagnostic> {
        match &self.config.sandbox {
            Some(sandbox) => sandbox.resolve_read(path),
            None => Ok(path.to_path_buf()),
        }
    }

    /// Checks that there is memory for a tensor of this shape.
    ///
    /// Errors: `Memory` if the tensor is larger than the limit of the run, `MemoryInUse` if it is
    /// larger than the remaining memory
    pub fn check_memory(&self, op: &str, shape: &[usize], dtype: DType) -> Result<(), Diagnostic> {
        let bytes = shape::size_in_bytes(shape, dtype);
        let limit = self.config.max_memory;
        let names = || (op.to_string(), shape.to_vec());
        if bytes > u128::from(limit) {
            let (op, shape) = names();
            return Err(Error::Memory {
                op,
                shape,
                bytes,
                limit,
            }
            .into());
        }
        self.meter.check_available(bytes as u64).map_err(|used| {
            let (op, shape) = names();
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

    /// Checks that there is memory for a tensor whose shape follows from `options`, each a name and
    /// a size: the error names the largest of them.
    ///
    /// Errors: `Memory` or `MemoryInUse`, as in [`Context::check_memory`]
    pub fn check_option_memory(
        &self,
        of: &str,
        options: &[(&str, usize)],
        shape: &[usize],
        dtype: DType,
    ) -> Result<(), Diagnostic> {
        let largest = options.iter().max_by_key(|(_, size)| *size);
        let of = match largest {
            Some((name, size)) => format!("{of}: option `{name}` of {size}"),
            None => of.to_string(),
        };
        let hint = |diagnostic: Diagnostic| match largest {
            Some((name, _)) => diagnostic.hint(format!(
                "reduce `{name}`, or raise the limit with --max-memory"
            )),
            None => diagnostic,
        };
        self.check_memory(&of, shape, dtype).map_err(hint)
    }

    /// Checks that there is memory for a call that processes `[trials, time steps]` and needs
    /// `bytes` bytes. `pass` names the call and its pass; `remedy` states what to reduce.
    ///
    /// Errors: more bytes than the limit of the run, or than the remaining memory
    pub fn check_sequence_memory(
        &self,
        [pass, remedy]: [&str; 2],
        [trials, time]: [usize; 2],
        bytes: usize,
    ) -> Result<(), Diagnostic> {
        let limit = self.config.max_memory;
        let reason = match self.meter.check_available(bytes as u64) {
            Ok(()) => return Ok(()),
            Err(_) if bytes as u64 > limit => format!("the limit is {limit} bytes"),
            Err(used) => format!("and {used} of at most {limit} bytes are in use"),
        };
        let amount = match bytes {
            usize::MAX => "more bytes than can be counted".into(),
            bytes => format!("about {bytes} bytes"),
        };
        let (trials, time) = (count_text(trials, "trial"), count_text(time, "time step"));
        let message = format!("{pass} over {trials} of {time} needs {amount}, {reason}");
        let hint = format!("{remedy}, or raise the limit with --max-memory");
        Err(Diagnostic::new(message).hint(hint))
    }

    /// Checks that there is memory for a list of `count` values.
    ///
    /// Errors: `Memory` or `MemoryInUse`, as in [`Context::check_memory`]
    pub fn check_list_memory(&self, op: &str, count: usize) -> Result<(), Diagnostic> {
        /// Bytes of a list element, including the memory that it may point to.
        const BYTES_PER_ELEMENT: usize = 64;
        self.check_memory(
            &format!("{op}: a list"),
            &[count, BYTES_PER_ELEMENT],
            DType::U8,
        )
        .map_err(|diagnostic| diagnostic.hint("store large data in tensors, or raise --max-memory"))
    }

    /// Checks that there is memory for the content of a file.
    ///
    /// Errors: `File` if the file does not exist; `Memory` if it is larger than the limit of the
    /// run
    pub fn check_file_memory(&self, op: &str, path: &Path) -> Result<(), Diagnostic> {
        let size = usize::try_from(io::text::size(path)?).unwrap_or(usize::MAX);
        self.check_memory(op, &[size], DType::U8)
    }
}
