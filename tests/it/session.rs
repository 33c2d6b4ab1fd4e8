//! A script session for tests: runs text in either language and keeps what it printed.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use attractor::api::context::{Context, Language, Script, Settings, Terminal};
use attractor::api::fault::Fault;
use attractor::api::value::Value;
use attractor::base::{Progress, Silent};
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
        Box::new(Silent)
    }
}

/// What a script gave and printed.
pub struct Run {
    pub outcome: Result<Value, Fault>,
    pub printed: String,
}

/// Both languages.
pub const LANGUAGES: [Language; 2] = [Language::Rhai, Language::Lua];

/// Runs `text` as a file called `test.rhai` or `test.lua`, writing files below `out`.
pub fn run_in(text: &str, language: Language, settings: Settings) -> Run {
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

fn run_as(script: Script, language: Language, settings: Settings) -> Run {
    let pages = Rc::new(Pages::default());
    let stop = Default::default();
    let context = Context::new(settings, pages.clone(), stop, language, &script);
    let outcome = host::open(context).and_then(|mut host| host.run(&script));
    let printed = pages.lines.borrow().join("\n");
    Run { outcome, printed }
}

/// Runs `text` with settings of a new, empty output folder.
pub fn run(text: &str, language: Language) -> Run {
    let out = tempfile::tempdir().expect("a temporary folder");
    run_in(
        text,
        language,
        Settings {
            out: out.path().into(),
            ..Settings::default()
        },
    )
}

/// Runs a script that stands in `folder`, where it may find others.
pub fn run_script(script: &Script, language: Language, folder: &Path) -> Run {
    let settings = Settings {
        out: folder.into(),
        ..Settings::default()
    };
    run_as(script.clone(), language, settings)
}
