//! The bundled tutorials.

use std::path::Path;

use crate::api::diagnostic::Diagnostic;
use crate::base::Error;
use crate::base::error::{FileError, nearest};
use crate::io::atomic_write;

/// A script of `scripts/`.
#[derive(Debug, Clone, Copy)]
pub struct Tutorial {
    /// `01-integrator.rhai`
    pub file: &'static str,
    pub text: &'static str,
}

macro_rules! tutorials {
    ($($file:literal)*) => {
        &[$( Tutorial { file: $file, text: include_str!(concat!("../../scripts/", $file)) } ),*]
    };
}

/// All bundled tutorials in teaching order; a Lua version follows its Rhai version.
pub const TUTORIALS: &[Tutorial] = tutorials!(
    "01-integrator.rhai" "01-integrator.lua" "02-fixed-points.rhai" "02-fixed-points.lua"
    "03-flip-flop.rhai" "03-flip-flop.lua" "04-force.rhai" "04-force.lua"
    "05-lfads.rhai" "05-lfads.lua" "06-lorenz.rhai" "06-lorenz.lua"
);

impl Tutorial {
    /// `01-integrator`
    pub fn name(&self) -> &'static str {
        self.file.split('.').next().unwrap_or(self.file)
    }

    /// The title: the first line of the script.
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches(['/', '-', '!', ' '])
    }

    fn is_lua(&self) -> bool {
        self.file.ends_with(".lua")
    }

    /// Whether `query` names this tutorial: by file, name, number, or name without number.
    fn matches(&self, query: &str) -> bool {
        let (number, word) = self.name().split_once('-').unwrap_or(("", self.name()));
        let numbers = (query.parse::<u32>().ok(), number.parse::<u32>().ok());
        let same_number = matches!(numbers, (Some(a), Some(b)) if a == b);
        same_number || [self.file, self.name(), word].contains(&query)
    }
}

/// One line per tutorial: name and title.
pub fn list(all: &[Tutorial]) -> String {
    let rhai: Vec<&Tutorial> = all.iter().filter(|one| !one.is_lua()).collect();
    let width = rhai.iter().map(|one| one.name().len()).max().unwrap_or(0);
    let line = |one: &&Tutorial| {
        let has_lua = all
            .iter()
            .any(|other| other.is_lua() && other.name() == one.name());
        let lua = if has_lua { " (also --lua)" } else { "" };
        format!("{:width$}  {}{lua}", one.name(), one.title())
    };
    let lines: Vec<String> = rhai.iter().map(line).collect();
    if lines.is_empty() {
        return "no tutorials are bundled".into();
    }
    lines.join("\n")
}

/// The tutorial called `name`.
///
/// Errors: there is no such tutorial, or it has no version in this language
pub fn find<'a>(all: &'a [Tutorial], name: &str, lua: bool) -> Result<&'a Tutorial, Diagnostic> {
    let lua = lua || name.ends_with(".lua");
    let mut named = all.iter().filter(|one| one.matches(name));
    match named.clone().find(|one| one.is_lua() == lua) {
        Some(one) => Ok(one),
        None if named.next().is_none() => Err(unknown_tutorial(all, name)),
        None => Err(Diagnostic::new(format!(
            "tutorial `{name}` has no Lua version"
        ))),
    }
}

/// Copies the tutorials (or those of one name) to `folder`; returns the paths.
///
/// Errors: there is no such tutorial; a file already exists, which is left unchanged
pub fn copy(
    all: &[Tutorial],
    name: Option<&str>,
    folder: &Path,
) -> Result<Vec<String>, Diagnostic> {
    let selected = |one: &&Tutorial| name.is_none_or(|name| one.matches(name));
    let chosen: Vec<&Tutorial> = all.iter().filter(selected).collect();
    if let (Some(name), []) = (name, chosen.as_slice()) {
        return Err(unknown_tutorial(all, name));
    }
    let system = |path: &Path, source| {
        let action = "writing";
        Diagnostic::from(Error::file(path, FileError::System { action, source }))
    };
    std::fs::create_dir_all(folder).map_err(|source| system(folder, source))?;
    let paths: Vec<_> = chosen.iter().map(|one| folder.join(one.file)).collect();
    // A dangling symbolic link counts as an existing file.
    if let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(
            Diagnostic::new(format!("{}: the file already exists", path.display()))
                .hint("nothing was written; name another folder, or move the file away"),
        );
    }
    for (one, path) in chosen.iter().zip(&paths) {
        atomic_write(path, one.text.as_bytes())?;
    }
    Ok(paths
        .iter()
        .map(|path| path.display().to_string())
        .collect())
}

fn unknown_tutorial(all: &[Tutorial], name: &str) -> Diagnostic {
    let error = Diagnostic::new(format!("no tutorial is called `{name}`"));
    match nearest(name, all.iter().map(Tutorial::name)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`attractor tutorial` lists them"),
    }
}
