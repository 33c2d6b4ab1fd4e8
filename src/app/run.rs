//! Execution of scripts: the commands `run`, `check`, `tutorial` and `view`.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::args::{ExecutionArgs, RunArgs, TutorialArgs, ViewArgs};
use super::ctrl_c::{self, ExitPolicy};
use super::exit::ExitStatus;
use super::script_terminal::ScriptTerminal;
use super::terminal::{self, TerminalState};
use super::tutorials::{self, TUTORIALS};
use super::{error_output, script_file, script_thread};
use crate::api::context::{Context, Language, RunConfig, Script};
use crate::api::diagnostic::Diagnostic;
use crate::base::Error;
use crate::base::error::FileError;
use crate::host;

/// The line that explains the exit code of a script that ran to its end.
const INTERRUPTED: &str = "interrupted: Ctrl-C stopped a computation early; the script ran to its \
                           end";

/// The path of the script of the command `view`. It is not a file of the user, so that its errors
/// have no location.
const VIEW_COMMAND: &str = "attractor view";

/// Runs the script in a file.
///
/// Errors: the command line is invalid; errors of the script are reported here
pub fn run(args: RunArgs) -> Result<ExitStatus, Diagnostic> {
    let (script, language) = script_file::read(&args.file)?;
    let folder = script.folder();
    run_script(script, language, &args.execution, args.args, folder)
}

/// Checks the script in a file for errors.
///
/// Errors: the command line is invalid; errors of the script are reported here
pub fn check(file: &Path) -> Result<ExitStatus, Diagnostic> {
    let (script, language) = script_file::read(file)?;
    let state = Arc::new(TerminalState::default());
    let shared = state.clone();
    let status = script_thread::run(&shared.windows, move || {
        let context = context(RunConfig::default(), language, &script, &state);
        let warnings = host::new_session(context).and_then(|mut host| {
            host.check(&script)?;
            Ok(host.warnings(&script))
        });
        match warnings {
            Ok(warnings) => {
                let print = |warning| error_output::print_warning(warning, &script);
                warnings.iter().for_each(print);
                ExitStatus::Success
            }
            Err(error) => ExitStatus::from_error(&error, &script),
        }
    });
    Ok(status.unwrap_or_else(|error| ExitStatus::from_error(&error, &Script::default())))
}

/// Lists the bundled tutorials, runs one, or copies them.
///
/// Errors: the name is unknown; a folder cannot be written
pub fn tutorial(args: TutorialArgs) -> Result<ExitStatus, Diagnostic> {
    if let Some(folder) = &args.copy {
        let copied = tutorials::copy(TUTORIALS, args.name.as_deref(), folder)?;
        return Ok(terminal::print_line(&copied.join("\n")));
    }
    let Some(name) = &args.name else {
        return Ok(terminal::print_line(&tutorials::list(TUTORIALS)));
    };
    let tutorial = tutorials::find(TUTORIALS, name, args.lua)?;
    let language = host::language_of(tutorial.file)?;
    let script = Script {
        path: tutorial.file.into(),
        text: tutorial.text.into(),
    };
    run_script(
        script,
        language,
        &args.execution,
        Vec::new(),
        PathBuf::new(),
    )
}

/// Shows the contents of a file.
///
/// Errors: the command line is invalid; other errors are reported here
pub fn view(args: ViewArgs) -> Result<ExitStatus, Diagnostic> {
    let text = match &args.save {
        Some(_) => "show::file(args()[0]).save(args()[1]);",
        None => "view(show::file(args()[0]), #{ name: args()[1] });",
    };
    let script = Script {
        path: VIEW_COMMAND.into(),
        text: text.into(),
    };
    let name = args.file.file_stem().unwrap_or_default().into();
    let paths = [&args.file, args.save.as_ref().unwrap_or(&name)];
    let script_args = paths.map(|path| path.display().to_string());
    // A file named on the command line may be read.
    let folder = args.file.parent().unwrap_or(Path::new("")).to_path_buf();
    run_script(
        script,
        Language::Rhai,
        &args.execution,
        script_args.into(),
        folder,
    )
}

/// Runs a script; in a sandbox, `folder` is readable.
fn run_script(
    script: Script,
    language: Language,
    execution: &ExecutionArgs,
    args: Vec<String>,
    folder: PathBuf,
) -> Result<ExitStatus, Diagnostic> {
    prepare(execution)?;
    let settings = execution.settings(args, &[folder])?;
    let state = Arc::new(TerminalState::default());
    state
        .windows
        .disabled
        .store(execution.no_window, Ordering::Relaxed);
    ctrl_c::listen(state.clone(), ExitPolicy::Run)?;
    let shared = state.clone();
    let status = script_thread::run(&shared.windows, move || {
        let context = context(settings, language, &script, &state);
        let outcome = host::new_session(context).and_then(|mut host| host.run(&script));
        let status = match outcome {
            _ if state.output_closed.load(Ordering::Relaxed) => ExitStatus::BrokenPipe,
            // A training run or a search ended early, and the script went on with its result. In a
            // shell, `attractor run a.rhai && next` must not go on with it.
            Ok(_) if state.interrupted.load(Ordering::SeqCst) => {
                error_output::print_error_line(INTERRUPTED);
                ExitStatus::Interrupted
            }
            Ok(_) => ExitStatus::Success,
            Err(error) if script.path == VIEW_COMMAND => {
                let location = None;
                ExitStatus::from_error(&Diagnostic { location, ..error }, &script)
            }
            Err(error) => ExitStatus::from_error(&error, &script),
        };
        state.signal_status().unwrap_or(status)
    });
    Ok(status.unwrap_or_else(|error| ExitStatus::from_error(&error, &Script::default())))
}

/// Creates the folder for written files and the thread pool.
///
/// Errors: the folder cannot be created
pub fn prepare(execution: &ExecutionArgs) -> Result<(), Diagnostic> {
    if execution.out.exists() && !execution.out.is_dir() {
        let (expected, found) = ("a folder for --out", "a file".into());
        return Err(Error::file(&execution.out, FileError::Format { expected, found }).into());
    }
    let create_error = |source| {
        let action = "creating the folder for --out";
        Error::file(&execution.out, FileError::System { action, source })
    };
    std::fs::create_dir_all(&execution.out).map_err(create_error)?;
    if let Some(threads) = execution.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|error| Diagnostic::new(format!("--threads {threads}: {error}")))?;
    }
    Ok(())
}

/// The context of a run that prints to `state`.
pub fn context(
    settings: RunConfig,
    language: Language,
    script: &Script,
    state: &Arc<TerminalState>,
) -> Context {
    let terminal = Rc::new(ScriptTerminal(state.clone()));
    Context::new(settings, terminal, state.stop.clone(), language, script)
}
