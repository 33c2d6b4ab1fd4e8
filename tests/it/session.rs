//! A script session for tests: runs text in either language and keeps what it printed.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use attractor::api::context::{Context, Language, RunConfig, Script, Terminal};
use attractor::api::diagnostic::Diagnostic;
use attractor::api::value::Value;
use attractor::base::{NoProgress, Progress};
use attractor::host;

/// Keeps printed lines.
#[derive(Default)]
pub struct Pages {
    lines: RefCell<Vec<String>>,
}

impl Terminal for Pages {
    fn print(&self, line: &str) {
        self.lines.borrow_mut().push(line.into());
    }
    fn progress(&self, _: &str) -> Box<dyn Progress> {
        Box::new(NoProgress)
    }
}

/// What a script gave and printed.
pub struct Run {
    pub outcome: Result<Value, Diagnostic>,
    pub printed: String,
}

/// Both languages.
pub const LANGUAGES: [Language; 2] = [Language::Rhai, Language::Lua];

/// Runs `text` as a file called `test.rhai` or `test.lua`, writing files below `out`.
pub fn run_in(text: &str, language: Language, settings: RunConfig) -> Run {
    let end = match language {
        Language::Rhai => "rhai",
        Language::Lua => "lua",
    };
    let script = Script {
        path: format!("test.{end}"),
        text: text.into(),
    };
    run_as(script, language, settings)
}

fn run_as(script: Script, language: Language, settings: RunConfig) -> Run {
    let pages = Rc::new(Pages::default());
    let stop = Default::default();
    let context = Context::new(settings, pages.clone(), stop, language, &script);
    let outcome = host::new_session(context).and_then(|mut host| host.run(&script));
    let printed = pages.lines.borrow().join("\n");
    Run { outcome, printed }
}

/// Runs `text` with settings of a new, empty output folder.
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

/// Runs a script that stands in `folder`, where it may find others.
pub fn run_script(script: &Script, language: Language, folder: &Path) -> Run {
    let settings = RunConfig {
        out: folder.into(),
        ..RunConfig::default()
    };
    run_as(script.clone(), language, settings)
}
