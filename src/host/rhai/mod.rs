//! The Rhai host: exposes the vocabulary as functions and modules of a Rhai engine.

mod elements;
mod error_location;
mod errors;
mod growth;
mod limits;
mod messages;
mod name_check;
mod native_call;
mod numbers;
mod operators;
mod raise;
mod register;
mod resolver;
mod script_terms;
mod sequences;
mod session;
mod values;
mod warnings;

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{AST, Dynamic, EvalAltResult, ParseErrorType, Scope};

use self::session::{ImportedScripts, Session};
use super::dispatch::Vocabulary;
use super::script_host::{Host, REPL_FILE};
use super::source_hints::{self, Globals};
use crate::api::context::{Context, Language, Script};
use crate::api::diagnostic::Diagnostic;
use crate::api::native::Native;
use crate::api::stdlib::{SCRIPT_MODULES, SOURCE_PREFIX};
use crate::api::value::Value;

/// A Rhai session.
pub struct RhaiHost {
    session: Rc<Session>,
    vocabulary: Rc<Vocabulary>,
    scope: Scope<'static>,
}

impl RhaiHost {
    /// A new session with this context.
    pub fn new(context: Context) -> Result<RhaiHost, Diagnostic> {
        // Rhai resolves the bundled modules itself, so this callback is never used.
        let unused = |native: &Native, _| {
            Err(Diagnostic::new(format!(
                "{} is not available",
                native.path()
            )))
        };
        let vocabulary = Rc::new(Vocabulary::new(context, Box::new(unused)));
        let imports = ImportedScripts::default();
        let session = Rc::new_cyclic(|session| Session {
            engine: register::engine(&vocabulary, session, &imports),
            vocabulary: vocabulary.clone(),
            ast: RefCell::new(Rc::new(AST::empty())),
            imports: imports.clone(),
            diagnose: errors::diagnose,
        });
        Ok(RhaiHost {
            session,
            vocabulary,
            scope: Scope::new(),
        })
    }

    /// Calls a function of a bundled script module, for the host of another language.
    pub fn call_stdlib(&self, native: &Native, values: Vec<Value>) -> Result<Value, Diagnostic> {
        native.check_count(values.len())?;
        let engine = &self.session.engine;
        let module = SCRIPT_MODULES
            .iter()
            .find(|module| module.name == native.module);
        let module = module.expect("script functions come from the list of script modules");
        let source = format!("{SOURCE_PREFIX}{}", module.name);
        let diagnose = |error: &EvalAltResult| {
            let diagnostic = errors::diagnose(&self.vocabulary, error, &source);
            let diagnostic = errors::name_script_function(diagnostic, error, &native.path());
            // The report marks the call in the user's script, not a call inside the module.
            let symbol = Some(native.name.to_string());
            Diagnostic {
                symbol,
                ..diagnostic
            }
        };
        let compiled = engine
            .compile(module.text)
            .map_err(|error| diagnose(&error.into()));
        let mut ast = compiled?;
        ast.set_source(source.clone());
        *self.session.ast.borrow_mut() = Rc::new(ast.clone());
        let args: Vec<Dynamic> = values.into_iter().map(values::to_rhai).collect();
        let outcome = engine.call_fn::<Dynamic>(&mut Scope::new(), &ast, native.name, args);
        let result = outcome.map_err(|error| diagnose(&error))?;
        values::from_rhai(&result, &Rc::downgrade(&self.session))
    }

    /// Adds a hint from the text of the script to the error.
    fn explain(&self, script: &Script, diagnostic: Diagnostic) -> Diagnostic {
        let globals = Globals {
            is_variable: &|name| self.scope.contains(name),
            entries: &|path| values::entries(&self.scope, path),
        };
        source_hints::explain(Language::Rhai, script, diagnostic, &globals)
    }

    fn compile(&self, name: &str, text: &str) -> Result<AST, Diagnostic> {
        let compiled = self.session.engine.compile_with_scope(&self.scope, text);
        let mut ast =
            compiled.map_err(|error| errors::diagnose(&self.vocabulary, &error.into(), name))?;
        ast.set_source(name);
        Ok(ast)
    }

    /// Compiles a script and checks the names of its calls.
    fn compile_checked(&self, script: &Script) -> Result<AST, Diagnostic> {
        let compiled = self.compile(&script.path, &script.text);
        let checked = compiled.and_then(|ast| {
            name_check::check(&self.vocabulary, &ast, &script.path)?;
            Ok(ast)
        });
        checked.map_err(|diagnostic| self.explain(script, diagnostic))
    }

    fn execute(&mut self, name: &str, ast: AST) -> Result<Value, Diagnostic> {
        *self.session.ast.borrow_mut() = Rc::new(ast.clone());
        let outcome = self
            .session
            .engine
            .eval_ast_with_scope(&mut self.scope, &ast);
        let value = outcome.map_err(|error| {
            let diagnostic = errors::diagnose(&self.vocabulary, &error, name);
            match diagnostic.symbol.clone() {
                Some(name) if self.scope.contains(&name) && errors::is_unknown_function(&error) => {
                    errors::hint_variable_call(diagnostic, &name)
                }
                _ => diagnostic,
            }
        })?;
        values::from_rhai(&value, &Rc::downgrade(&self.session))
    }
}

impl Host for RhaiHost {
    fn run(&mut self, script: &Script) -> Result<Value, Diagnostic> {
        self.vocabulary.context().meter.start();
        let ast = self.compile_checked(script)?;
        let outcome = self.execute(&script.path, ast);
        outcome.map_err(|diagnostic| self.explain(script, diagnostic))
    }

    fn check(&mut self, script: &Script) -> Result<(), Diagnostic> {
        self.compile_checked(script).map(drop)
    }

    fn warnings(&mut self, script: &Script) -> Vec<Diagnostic> {
        warnings::find(&script.path, &script.text)
    }

    fn eval(&mut self, input: &str) -> Result<Value, Diagnostic> {
        self.vocabulary.context().meter.start();
        let script = repl_script(input);
        let new = self.compile(REPL_FILE, input);
        let new = new.map_err(|diagnostic| self.explain(&script, diagnostic))?;
        let mut all = (**self.session.ast.borrow()).clone();
        all.clear_statements();
        let outcome = self.execute(REPL_FILE, all.merge(&new));
        outcome.map_err(|diagnostic| self.explain(&script, diagnostic))
    }

    fn is_incomplete(&self, input: &str) -> bool {
        let Err(error) = self.session.engine.compile_with_scope(&self.scope, input) else {
            return false;
        };
        let is_open = matches!(
            error.err_type(),
            ParseErrorType::UnexpectedEOF | ParseErrorType::MissingToken(..)
        ) && error
            .position()
            .line()
            .is_none_or(|line| line >= input.lines().count());
        let error = || errors::diagnose(&self.vocabulary, &error.into(), REPL_FILE);
        is_open && !source_hints::is_conclusive(Language::Rhai, &repl_script(input), error())
    }

    fn variables(&self) -> Vec<(String, Value)> {
        let session = Rc::downgrade(&self.session);
        let variables = self.scope.iter().filter_map(|(name, _, value)| {
            Some((name.to_string(), values::from_rhai(&value, &session).ok()?))
        });
        variables.collect()
    }
}

/// An interactive input as a script.
fn repl_script(input: &str) -> Script {
    Script {
        path: REPL_FILE.into(),
        text: input.into(),
    }
}
