//! The command line as types.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::exit::CODES;
use crate::api::context::{Language, RunConfig};
use crate::api::sandbox::Sandbox;
use crate::base::Error;

/// Train recurrent neural networks and analyse their dynamics from scripts.
///
/// Without a command, an interactive session starts.
#[derive(Debug, Parser)]
#[command(name = "attractor", version, after_help = CODES, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub session: SessionArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script
    #[command(after_help = CODES)]
    Run(RunArgs),
    /// List the bundled tutorials, run one, or copy them for editing
    Tutorial(TutorialArgs),
    /// Show the reference of a function, a method, a module, or all of them
    Doc(DocArgs),
    /// Check a script for errors without running it
    Check(CheckArgs),
    /// Show the contents of a file (a figure, trajectories, a network, an array), in a window or as
    /// an image
    View(ViewArgs),
}

/// Arguments of an interactive session.
#[derive(Debug, Args)]
pub struct SessionArgs {
    /// Use Lua instead of Rhai
    #[arg(long)]
    pub lua: bool,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The script, ending in .rhai or .lua
    pub file: PathBuf,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Arguments that args() returns in the script
    #[arg(last = true)]
    pub args: Vec<String>,
}

#[derive(Debug, Args)]
pub struct TutorialArgs {
    /// Name or number of the tutorial; lists the tutorials if omitted
    pub name: Option<String>,
    /// Copy the tutorials (or the named one) to this folder instead of running
    #[arg(long, value_name = "DIR")]
    pub copy: Option<PathBuf>,
    /// Use the Lua version, if there is one
    #[arg(long)]
    pub lua: bool,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

#[derive(Debug, Args)]
pub struct DocArgs {
    /// A function, method or module; shows an overview if omitted
    pub name: Option<String>,
    /// Print the full reference as Markdown
    #[arg(long, conflicts_with = "name")]
    pub markdown: bool,
    /// Show examples in Lua instead of Rhai
    #[arg(long)]
    pub lua: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The script, ending in .rhai or .lua
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct ViewArgs {
    /// A file with a figure, trajectories, fixed points or a network, written by h5::write or
    /// `save`
    pub file: PathBuf,
    /// Write an image or file (.png, .svg, .html, .gif, .h5) instead of opening a window
    #[arg(long, value_name = "PATH")]
    pub save: Option<PathBuf>,
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Options of script execution, shared by all commands that run scripts.
#[derive(Debug, Args)]
pub struct ExecutionArgs {
    /// Divide the budgets of training and data by 50, for a preview in seconds
    #[arg(long)]
    pub quick: bool,
    /// Replace the seed that the script requests through seed(default)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = integer)]
    pub seed: Option<u64>,
    /// Folder for written files; created if missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Number of threads; all cores if omitted
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1024),
        allow_negative_numbers = true
    )]
    pub threads: Option<u16>,
    /// Write HTML pages instead of opening windows
    #[arg(long)]
    pub no_window: bool,
    /// Compute device: cpu
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: String,
    /// Limit on the operations of the script, including its callbacks; 0 for no limit [default: 0;
    /// in a sandbox 1000000000]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = integer)]
    pub max_operations: Option<u64>,
    /// Limit on the memory of the run, including tensors, strings, lists and files being read:
    /// 800M, 8G or a number of bytes [default: 8G; in a sandbox 2G]
    #[arg(long, value_name = "SIZE", value_parser = byte_count, allow_negative_numbers = true)]
    pub max_memory: Option<u64>,
    /// Restrict file access: the script reads files below its own folder and --out, and writes
    /// below --out
    #[arg(long)]
    pub sandbox: bool,
    /// An additional folder that the script may read in the sandbox; can be repeated
    #[arg(long, value_name = "DIR", requires = "sandbox")]
    pub allow_read: Vec<PathBuf>,
    /// Returns the number of bytes that the process has allocated.
    #[arg(skip)]
    pub allocated: Option<fn() -> u64>,
}

/// Default limits, without and with a sandbox.
const MAX_OPERATIONS: u64 = 0;
const MAX_MEMORY: u64 = 8 << 30;
const SANDBOX_MAX_OPERATIONS: u64 = 1_000_000_000;
const SANDBOX_MAX_MEMORY: u64 = 2 << 30;

/// Minimum memory limit; less is insufficient for the smallest script.
const MIN_MEMORY: u64 = 1 << 20;

impl Arguments {
    /// Sets the function that returns the number of allocated bytes.
    pub fn count_memory(&mut self, allocated: fn() -> u64) {
        let execution = match &mut self.command {
            None => &mut self.session.execution,
            Some(Command::Run(run)) => &mut run.execution,
            Some(Command::Tutorial(tutorial)) => &mut tutorial.execution,
            Some(Command::View(view)) => &mut view.execution,
            Some(Command::Doc(_) | Command::Check(_)) => return,
        };
        execution.allocated = Some(allocated);
    }
}

impl ExecutionArgs {
    /// The configuration of the run. In a sandbox, `folders` are readable.
    ///
    /// Errors: a folder of the sandbox does not exist
    pub fn settings(&self, args: Vec<String>, folders: &[PathBuf]) -> Result<RunConfig, Error> {
        let folders = [folders, &self.allow_read].concat();
        let sandbox = self
            .sandbox
            .then(|| Sandbox::new(&folders, &self.out))
            .transpose()?;
        let (operations, memory) = match self.sandbox {
            true => (SANDBOX_MAX_OPERATIONS, SANDBOX_MAX_MEMORY),
            false => (MAX_OPERATIONS, MAX_MEMORY),
        };
        Ok(RunConfig {
            quick: self.quick,
            seed: self.seed,
            out: self.out.clone(),
            args,
            max_memory: self.max_memory.unwrap_or(memory),
            max_operations: self.max_operations.unwrap_or(operations),
            allocated: self.allocated,
            sandbox,
        })
    }
}

/// The language selected by `--lua`.
pub fn language(lua: bool) -> Language {
    if lua { Language::Lua } else { Language::Rhai }
}

fn device(name: &str) -> Result<String, String> {
    match name {
        "cpu" => Ok(name.into()),
        _ => Err("this build computes on `cpu` only".into()),
    }
}

fn integer(text: &str) -> Result<u64, String> {
    let number = text.parse::<u64>();
    number.map_err(|_| "expected an integer of 0 or more".into())
}

fn byte_count(text: &str) -> Result<u64, String> {
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let plain = text.trim_end_matches(['b', 'B']).to_uppercase();
    let unit = units.iter().find(|(unit, _)| plain.ends_with(unit));
    let (number, power) = match unit {
        Some((unit, power)) => (plain.trim_end_matches(unit), *power),
        None => (plain.as_str(), 0),
    };
    let size = number.parse::<u64>().ok();
    match size.and_then(|n| n.checked_mul(1 << power)) {
        Some(size) if size < MIN_MEMORY => {
            Err("expected a size of at least 1M, such as 800M or 8G".into())
        }
        Some(size) => Ok(size),
        None => Err("expected a size like 800M, 8G or a number of bytes".into()),
    }
}
