//! Rhai: the vocabulary as functions and modules of a Rhai engine.

mod caught;
mod check;
mod faults;
mod limits;
mod modules;
mod register;
mod values;

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{AST, Dynamic, Engine, EvalAltResult, ParseErrorType, Scope};

use super::call::Vocabulary;
use super::{Host, INPUT};
use crate::api::context::{Context, Script};
use crate::api::fault::Fault;
use crate::api::library::{LIBRARIES, SOURCE};
use crate::api::native::Native;
use crate::api::value::Value;

/// What closures need to be called from the engine after the call that took them.
pub struct Session {
    engine: Engine,
    vocabulary: Rc<Vocabulary>,
    /// All functions defined so far.
    ast: RefCell<Rc<AST>>,
    /// Scripts that were imported: their closures may outlive the call that made them.
    others: Scripts,
}

/// Scripts beside the one that runs.
type Scripts = Rc<RefCell<Vec<Rc<AST>>>>;

impl Session {
    /// The script that has a function with this name and number of arguments; the running one if
    /// none has.
    fn home_of(&self, name: &str, arguments: usize) -> Rc<AST> {
        let own = self.ast.borrow().clone();
        let has = |ast: &Rc<AST>| ast.shared_lib().get_script_fn(name, arguments).is_some();
        if has(&own) {
            return own;
        }
        let others = self.others.borrow();
        others.iter().find(|ast| has(ast)).cloned().unwrap_or(own)
    }
}

/// A session of Rhai.
pub struct RhaiHost {
    session: Rc<Session>,
    vocabulary: Rc<Vocabulary>,
    scope: Scope<'static>,
}

impl RhaiHost {
    pub fn new(context: Context) -> Result<RhaiHost, Fault> {
        // Rhai finds the bundled modules by itself: nothing is left to call for it.
        let none = |native: &Native, _| Err(Fault::new(format!("{} is not there", native.path())));
        let vocabulary = Rc::new(Vocabulary::new(context, Box::new(none)));
        let others = Scripts::default();
        let session = Rc::new_cyclic(|session| Session {
            engine: register::engine(&vocabulary, session, &others),
            vocabulary: vocabulary.clone(),
            ast: RefCell::new(Rc::new(AST::empty())),
            others: others.clone(),
        });
        Ok(RhaiHost {
            session,
            vocabulary,
            scope: Scope::new(),
        })
    }

    /// Calls a function of a bundled script module, for another language's host.
    pub fn call_library(&self, native: &Native, values: Vec<Value>) -> Result<Value, Fault> {
        let engine = &self.session.engine;
        let library = LIBRARIES
            .iter()
            .find(|library| library.name == native.module);
        let library = library.expect("library functions come from the list of libraries");
        let source = format!("{SOURCE}{}", library.name);
        let fault = |error: &EvalAltResult| {
            let fault = faults::fault(&self.vocabulary, error, &source);
            // What to point at is the user's call, not a call inside the library.
            let culprit = Some(native.name.to_string());
            Fault { culprit, ..fault }
        };
        let compiled = engine
            .compile(library.text)
            .map_err(|error| fault(&error.into()));
        let mut ast = compiled?;
        ast.set_source(source.clone());
        *self.session.ast.borrow_mut() = Rc::new(ast.clone());
        let args: Vec<Dynamic> = values.into_iter().map(values::dynamic).collect();
        let outcome = engine.call_fn::<Dynamic>(&mut Scope::new(), &ast, native.name, args);
        values::value(
            outcome.map_err(|error| fault(&error))?,
            &Rc::downgrade(&self.session),
        )
    }

    fn compile(&self, name: &str, text: &str) -> Result<AST, Fault> {
        let compiled = self.session.engine.compile_with_scope(&self.scope, text);
        let mut ast =
            compiled.map_err(|error| faults::fault(&self.vocabulary, &error.into(), name))?;
        ast.set_source(name);
        Ok(ast)
    }

    fn execute(&mut self, name: &str, ast: AST) -> Result<Value, Fault> {
        *self.session.ast.borrow_mut() = Rc::new(ast.clone());
        let outcome = self
            .session
            .engine
            .eval_ast_with_scope(&mut self.scope, &ast);
        let value = outcome.map_err(|error| {
            let fault = faults::fault(&self.vocabulary, &error, name);
            match fault.culprit.clone() {
                Some(name) if self.scope.contains(&name) && faults::is_missing(&error) => {
                    faults::held(fault, &name)
                }
                _ => fault,
            }
        })?;
        values::value(value, &Rc::downgrade(&self.session))
    }
}

impl Host for RhaiHost {
    fn run(&mut self, script: &Script) -> Result<Value, Fault> {
        self.vocabulary.context().meter.begin();
        let ast = self.compile(&script.path, &script.text)?;
        check::names(&self.vocabulary, &ast, &script.path)?;
        self.execute(&script.path, ast)
    }

    fn check(&mut self, script: &Script) -> Result<(), Fault> {
        let ast = self.compile(&script.path, &script.text)?;
        check::names(&self.vocabulary, &ast, &script.path)
    }

    fn eval(&mut self, input: &str) -> Result<Value, Fault> {
        self.vocabulary.context().meter.begin();
        let new = self.compile(INPUT, input)?;
        let mut all = (**self.session.ast.borrow()).clone();
        all.clear_statements();
        self.execute(INPUT, all.merge(&new))
    }

    fn unfinished(&self, input: &str) -> bool {
        let Err(error) = self.session.engine.compile_with_scope(&self.scope, input) else {
            return false;
        };
        matches!(
            error.err_type(),
            ParseErrorType::UnexpectedEOF | ParseErrorType::MissingToken(..)
        ) && error
            .position()
            .line()
            .is_none_or(|line| line >= input.lines().count())
    }

    fn variables(&self) -> Vec<(String, Value)> {
        let session = Rc::downgrade(&self.session);
        let variables = self.scope.iter().filter_map(|(name, _, value)| {
            Some((name.to_string(), values::value(value, &session).ok()?))
        });
        variables.collect()
    }
}
