//! Scripts from beginning to end: `run`, `check` and `tutorial`.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::args::{Run, Tutorial, View, Work};
use super::end::End;
use super::screen::{self, Screen, Shared};
use super::stop::{self, Hurry};
use super::tutorials::{self, TUTORIALS};
use super::{read, thread};
use crate::api::context::{Context, Language, Script, Settings};
use crate::api::fault::Fault;
use crate::base::Error;
use crate::base::error::FileFault;
use crate::host;

/// Runs the script in a file.
///
/// Errors: what is wrong with the command line; faults of the script are shown here.
pub fn run(run: Run) -> Result<End, Fault> {
    let (script, language) = read::script(&run.file)?;
    let folder = script.folder();
    execute(script, language, &run.work, run.args, folder)
}

/// Looks for faults in the script in a file.
///
/// Errors: what is wrong with the command line; faults of the script are shown here.
pub fn check(file: &Path) -> Result<End, Fault> {
    let (script, language) = read::script(file)?;
    let screen = Arc::new(Screen::default());
    let shared = screen.clone();
    let end = thread::run(&shared.desk, move || {
        let context = context(Settings::default(), language, &script, &screen);
        let outcome = host::open(context).and_then(|mut host| host.check(&script));
        outcome.map_or_else(|fault| End::fault(&fault, &script), |()| End::Fine)
    });
    Ok(end.unwrap_or_else(|fault| End::fault(&fault, &Script::default())))
}

/// Lists the bundled tutorials, runs one, or writes them out.
///
/// Errors: a name that no tutorial has; a folder that cannot be written.
pub fn tutorial(wanted: Tutorial) -> Result<End, Fault> {
    if let Some(folder) = &wanted.copy {
        let copied = tutorials::copy(TUTORIALS, wanted.name.as_deref(), folder)?;
        return Ok(screen::say(&copied.join("\n")));
    }
    let Some(name) = &wanted.name else {
        return Ok(screen::say(&tutorials::list(TUTORIALS)));
    };
    let tutorial = tutorials::find(TUTORIALS, name, wanted.lua)?;
    let language = host::language_of(tutorial.file)?;
    let script = Script {
        path: tutorial.file.into(),
        text: tutorial.text.into(),
    };
    execute(script, language, &wanted.work, Vec::new(), PathBuf::new())
}

/// Shows what a file holds.
///
/// Errors: what is wrong with the command line; other faults are shown here.
pub fn view(wanted: View) -> Result<End, Fault> {
    let text = match &wanted.save {
        Some(_) => "show::file(args()[0]).save(args()[1]);",
        None => "view(show::file(args()[0]), #{ name: args()[1] });",
    };
    let script = Script {
        path: "attractor view".into(),
        text: text.into(),
    };
    let name = wanted.file.file_stem().unwrap_or_default().into();
    let paths = [&wanted.file, wanted.save.as_ref().unwrap_or(&name)];
    let args = paths.map(|path| path.display().to_string());
    // Whoever names a file wants it read.
    let folder = wanted.file.parent().unwrap_or(Path::new("")).to_path_buf();
    execute(script, Language::Rhai, &wanted.work, args.into(), folder)
}

/// Runs a script; in a sandbox it may read `folder`.
fn execute(
    script: Script,
    language: Language,
    work: &Work,
    args: Vec<String>,
    folder: PathBuf,
) -> Result<End, Fault> {
    prepare(work)?;
    let settings = work.settings(args, &[folder])?;
    let screen = Arc::new(Screen::default());
    screen.desk.shut.store(work.no_window, Ordering::Relaxed);
    stop::listen(screen.clone(), Hurry::Run)?;
    let shared = screen.clone();
    let end = thread::run(&shared.desk, move || {
        let context = context(settings, language, &script, &screen);
        let outcome = host::open(context).and_then(|mut host| host.run(&script));
        let end = match outcome {
            _ if screen.unread.load(Ordering::Relaxed) => End::Unread,
            Ok(_) => End::Fine,
            Err(fault) => End::fault(&fault, &script),
        };
        screen.terminated().unwrap_or(end)
    });
    Ok(end.unwrap_or_else(|fault| End::fault(&fault, &Script::default())))
}

/// Makes the folder for written files and the threads that share the work.
///
/// Errors: a folder that cannot be made.
pub fn prepare(work: &Work) -> Result<(), Fault> {
    if work.out.exists() && !work.out.is_dir() {
        let (expected, found) = ("a folder for --out", "a file".into());
        return Err(Error::file(&work.out, FileFault::Format { expected, found }).into());
    }
    let unmade = |source| {
        let action = "making the folder for --out";
        Error::file(&work.out, FileFault::System { action, source })
    };
    std::fs::create_dir_all(&work.out).map_err(unmade)?;
    if let Some(threads) = work.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|error| Fault::new(format!("--threads {threads}: {error}")))?;
    }
    Ok(())
}

/// The context of a session that prints to `screen`.
pub fn context(
    settings: Settings,
    language: Language,
    script: &Script,
    screen: &Arc<Screen>,
) -> Context {
    let terminal = Rc::new(Shared(screen.clone()));
    Context::new(settings, terminal, screen.stop.clone(), language, script)
}
