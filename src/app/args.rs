//! The command line as types.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::end::CODES;
use crate::api::access::Access;
use crate::api::context::{Language, Settings};
use crate::base::Error;

/// Train recurrent networks and look at how they compute, from a script.
///
/// Without a command: an interactive session.
#[derive(Debug, Parser)]
#[command(name = "attractor", version, after_help = CODES, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub session: Session,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script
    #[command(after_help = CODES)]
    Run(Run),
    /// List the bundled tutorials, run one, or copy them out to edit
    Tutorial(Tutorial),
    /// Show the reference of a function, a method, a module or everything
    Doc(Doc),
    /// Look for faults in a script without running it
    Check(Check),
    /// Show what a file holds in three dimensions, in a window or as a picture
    View(View),
}

/// An interactive session.
#[derive(Debug, Args)]
pub struct Session {
    /// Speak Lua instead of Rhai
    #[arg(long)]
    pub lua: bool,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, Args)]
pub struct Run {
    /// The script, ending in .rhai or .lua
    pub file: PathBuf,
    #[command(flatten)]
    pub work: Work,
    /// What the script gets from args()
    #[arg(last = true)]
    pub args: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Tutorial {
    /// Its name or number; without it the tutorials are listed
    pub name: Option<String>,
    /// Write the tutorials (or the named one) into this folder instead of running
    #[arg(long, value_name = "DIR")]
    pub copy: Option<PathBuf>,
    /// The Lua form, where there is one
    #[arg(long)]
    pub lua: bool,
    #[command(flatten)]
    pub work: Work,
}

#[derive(Debug, Args)]
pub struct Doc {
    /// A function, method or module; without it an overview
    pub name: Option<String>,
    /// Everything, as one Markdown text
    #[arg(long, conflicts_with = "name")]
    pub markdown: bool,
    /// Show examples in Lua instead of Rhai
    #[arg(long)]
    pub lua: bool,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The script, ending in .rhai or .lua
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct View {
    /// A figure, trajectories, fixed points or a network: what h5::write or `save` wrote
    pub file: PathBuf,
    /// Write it (.png, .svg, .html, .gif, .h5) instead of opening a window
    #[arg(long, value_name = "PATH")]
    pub save: Option<PathBuf>,
    #[command(flatten)]
    pub work: Work,
}

/// How scripts run, whichever way they are started.
#[derive(Debug, Args)]
pub struct Work {
    /// Divide the budgets of training and data by 50: a look in seconds
    #[arg(long)]
    pub quick: bool,
    /// Replace the seed that the script asks for through seed(default)
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole)]
    pub seed: Option<u64>,
    /// Where written files go; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Cores to use; all without this
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1024),
        allow_negative_numbers = true
    )]
    pub threads: Option<u16>,
    /// Write pages for a browser where a script asks for a window
    #[arg(long)]
    pub no_window: bool,
    /// What computes: cpu
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: String,
    /// Steps the script may take, in the functions that are called back too; 0 for no limit
    /// [default: 0; in a sandbox 1000000000]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole)]
    pub max_operations: Option<u64>,
    /// Memory the run may take, tensors, texts, lists and files being read together: 800M, 8G or a
    /// number of bytes [default: 8G; in a sandbox 2G]
    #[arg(long, value_name = "SIZE", value_parser = bytes, allow_negative_numbers = true)]
    pub max_memory: Option<u64>,
    /// Confine the script: it reads files below its own folder and --out, and writes below --out
    #[arg(long)]
    pub sandbox: bool,
    /// A folder that the script may read in the sandbox too; can be repeated
    #[arg(long, value_name = "DIR", requires = "sandbox")]
    pub allow_read: Vec<PathBuf>,
    /// Tells how many bytes the process has allocated.
    #[arg(skip)]
    pub allocated: Option<fn() -> u64>,
}

/// Limits without `--max-operations` and `--max-memory`: usual ones, and those of a sandbox.
const OPERATIONS: u64 = 0;
const MEMORY: u64 = 8 << 30;
const SANDBOX_OPERATIONS: u64 = 1_000_000_000;
const SANDBOX_MEMORY: u64 = 2 << 30;

/// The least memory that a run is given: less leaves nothing for the smallest script.
const LEAST_MEMORY: u64 = 1 << 20;

impl Arguments {
    /// Tells the run how many bytes the process has allocated.
    pub fn count_memory(&mut self, allocated: fn() -> u64) {
        let work = match &mut self.command {
            None => &mut self.session.work,
            Some(Command::Run(run)) => &mut run.work,
            Some(Command::Tutorial(tutorial)) => &mut tutorial.work,
            Some(Command::View(view)) => &mut view.work,
            Some(Command::Doc(_) | Command::Check(_)) => return,
        };
        work.allocated = Some(allocated);
    }
}

impl Work {
    /// The settings that scripts see. In a sandbox these `folders` can be read.
    ///
    /// Errors: a folder for the sandbox that is not there
    pub fn settings(&self, args: Vec<String>, folders: &[PathBuf]) -> Result<Settings, Error> {
        let folders = [folders, &self.allow_read].concat();
        let sandbox = self
            .sandbox
            .then(|| Access::new(&folders, &self.out))
            .transpose()?;
        let (operations, memory) = match self.sandbox {
            true => (SANDBOX_OPERATIONS, SANDBOX_MEMORY),
            false => (OPERATIONS, MEMORY),
        };
        Ok(Settings {
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

/// The language asked for by `--lua`.
pub fn language(lua: bool) -> Language {
    if lua { Language::Lua } else { Language::Rhai }
}

fn device(name: &str) -> Result<String, String> {
    match name {
        "cpu" => Ok(name.into()),
        _ => Err("this build computes on `cpu` only".into()),
    }
}

fn whole(text: &str) -> Result<u64, String> {
    let number = text.parse::<u64>();
    number.map_err(|_| "expected a whole number of 0 or more".into())
}

fn bytes(text: &str) -> Result<u64, String> {
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    let plain = text.trim_end_matches(['b', 'B']).to_uppercase();
    let unit = units.iter().find(|(unit, _)| plain.ends_with(unit));
    let (number, power) = match unit {
        Some((unit, power)) => (plain.trim_end_matches(unit), *power),
        None => (plain.as_str(), 0),
    };
    let size = number.parse::<u64>().ok();
    match size.and_then(|n| n.checked_mul(1 << power)) {
        Some(size) if size < LEAST_MEMORY => {
            Err("expected a size of at least 1M, such as 800M or 8G".into())
        }
        Some(size) => Ok(size),
        None => Err("expected a size like 800M, 8G or a number of bytes".into()),
    }
}
