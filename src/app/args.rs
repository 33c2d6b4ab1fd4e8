//! The command line as types.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::end::CODES;
use crate::api::context::{Language, Settings};

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
    /// Steps the script may take; 0 for no limit
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        value_parser = whole
    )]
    pub max_operations: u64,
    /// Memory one tensor may take, and eight times what the script's own texts and lists may take:
    /// 800M, 8G or a number of bytes
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "8G",
        value_parser = bytes,
        allow_negative_numbers = true
    )]
    pub max_memory: u64,
}

impl Work {
    /// The settings that scripts see.
    pub fn settings(&self, args: Vec<String>) -> Settings {
        Settings {
            quick: self.quick,
            seed: self.seed,
            out: self.out.clone(),
            args,
            max_memory: self.max_memory,
            max_operations: self.max_operations,
        }
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
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(1 << power))
        .ok_or("expected a size like 800M, 8G or a number of bytes".into())
}
