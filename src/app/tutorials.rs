//! The tutorials that travel inside the program.

use std::path::Path;

use crate::api::fault::Fault;
use crate::base::Error;
use crate::base::error::{FileFault, nearest};
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

/// Every bundled tutorial, in the order of teaching; a Lua form follows its Rhai form.
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

    /// What the first line of the script says.
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches(['/', '-', '!', ' '])
    }

    fn is_lua(&self) -> bool {
        self.file.ends_with(".lua")
    }

    /// Whether a user may call it so: by file, name, number, or the name without its number.
    fn is(&self, wanted: &str) -> bool {
        let (number, word) = self.name().split_once('-').unwrap_or(("", self.name()));
        let numbers = (wanted.parse::<u32>().ok(), number.parse::<u32>().ok());
        let same_number = matches!(numbers, (Some(a), Some(b)) if a == b);
        same_number || [self.file, self.name(), word].contains(&wanted)
    }
}

/// One line for each tutorial: its name and what it teaches.
pub fn list(all: &[Tutorial]) -> String {
    let rhai: Vec<&Tutorial> = all.iter().filter(|one| !one.is_lua()).collect();
    let width = rhai.iter().map(|one| one.name().len()).max().unwrap_or(0);
    let line = |one: &&Tutorial| {
        let twin = all
            .iter()
            .any(|other| other.is_lua() && other.name() == one.name());
        let lua = if twin { " (also --lua)" } else { "" };
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
/// Errors: no such tutorial, or none in this language.
pub fn find<'a>(all: &'a [Tutorial], name: &str, lua: bool) -> Result<&'a Tutorial, Fault> {
    let lua = lua || name.ends_with(".lua");
    let mut named = all.iter().filter(|one| one.is(name));
    match named.clone().find(|one| one.is_lua() == lua) {
        Some(one) => Ok(one),
        None if named.next().is_none() => Err(unknown(all, name)),
        None => Err(Fault::new(format!("tutorial `{name}` has no Lua form"))),
    }
}

/// Writes the tutorials (or those of one name) into `folder`; gives the paths.
///
/// Errors: no such tutorial; a file that exists already, which is left as it is.
pub fn copy(all: &[Tutorial], name: Option<&str>, folder: &Path) -> Result<Vec<String>, Fault> {
    let wanted = |one: &&Tutorial| name.is_none_or(|name| one.is(name));
    let chosen: Vec<&Tutorial> = all.iter().filter(wanted).collect();
    if let (Some(name), []) = (name, chosen.as_slice()) {
        return Err(unknown(all, name));
    }
    let system = |path: &Path, source| {
        let action = "writing";
        Fault::from(Error::file(path, FileFault::System { action, source }))
    };
    std::fs::create_dir_all(folder).map_err(|source| system(folder, source))?;
    let paths: Vec<_> = chosen.iter().map(|one| folder.join(one.file)).collect();
    // A link to nothing is something that exists.
    if let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(
            Fault::new(format!("{}: the file exists already", path.display()))
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

fn unknown(all: &[Tutorial], name: &str) -> Fault {
    let fault = Fault::new(format!("no tutorial is called `{name}`"));
    match nearest(name, all.iter().map(Tutorial::name)) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint("`attractor tutorial` lists them"),
    }
}
