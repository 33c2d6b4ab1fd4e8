//! Runs scripts in either language for tests and records their output.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use attractor::api::context::{Context, Language, RunConfig, Script, Terminal};
use attractor::api::diagnostic::Diagnostic;
use attractor::api::value::Value;
use attractor::api::{self, lua_texts};
use attractor::base::{NoProgress, Progress};
use attractor::host;

/// Records printed lines.
#[derive(Default)]
pub struct OutputRecorder {
    lines: RefCell<Vec<String>>,
}

impl Terminal for OutputRecorder {
    fn print(&self, line: &str) {
        self.lines.borrow_mut().push(line.into());
    }
    fn progress(&self, _: &str) -> Box<dyn Progress> {
        Box::new(NoProgress)
    }
}

/// The result and the output of a script.
pub struct Run {
    pub outcome: Result<Value, Diagnostic>,
    pub printed: String,
}

/// Both languages.
pub const LANGUAGES: [Language; 2] = [Language::Rhai, Language::Lua];

/// A message, written for Rhai, as it is shown in `language`.
pub fn message_in(language: Language, message: &str) -> String {
    match language {
        Language::Rhai => message.into(),
        Language::Lua => {
            let modules: Vec<_> = api::modules().iter().map(|module| module.name).collect();
            lua_texts::translate_message(message, &modules)
        }
    }
}

/// Runs `text` as the script `test.rhai` or `test.lua` with the given configuration.
pub fn run_in(text: &str, language: Language, config: RunConfig) -> Run {
    let extension = match language {
        Language::Rhai => "rhai",
        Language::Lua => "lua",
    };
    let script = Script {
        path: format!("test.{extension}"),
        text: text.into(),
    };
    run_with_config(script, language, config)
}

fn run_with_config(script: Script, language: Language, config: RunConfig) -> Run {
    let recorder = Rc::new(OutputRecorder::default());
    let stop = Default::default();
    let context = Context::new(config, recorder.clone(), stop, language, &script);
    let outcome = host::new_session(context).and_then(|mut host| host.run(&script));
    let printed = recorder.lines.borrow().join("\n");
    Run { outcome, printed }
}

/// Runs `text` with a new, empty output folder.
pub fn run(text: &str, language: Language) -> Run {
    let out = tempfile::tempdir().expect("a temporary folder");
    run_in(
        text,
        language,
        RunConfig {
            out: out.path().into(),
            ..RunConfig::default()
        },
    )
}

/// Runs a script in `folder`, from which it can import other scripts.
pub fn run_script(script: &Script, language: Language, folder: &Path) -> Run {
    let config = RunConfig {
        out: folder.into(),
        ..RunConfig::default()
    };
    run_with_config(script.clone(), language, config)
}

/// Checks that the text of each script, which `text_of` returns, contains the words beside it.
pub fn check_texts(rows: &[(&str, &str)], text_of: impl Fn(&str) -> String) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(script, expected)| (script, expected, text_of(script)))
        .filter(|(_, expected, found)| !found.contains(*expected))
        .map(|(script, expected, found)| {
            format!("{script}\n  expected {expected}\n  found {found}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
