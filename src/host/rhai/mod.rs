//! Rhai: the vocabulary as functions and modules of a Rhai engine.

mod check;
mod faults;
mod register;
mod values;

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{AST, Engine, ParseErrorType, Scope};

use super::Host;
use super::call::Vocabulary;
use crate::api::context::{Context, Script};
use crate::api::fault::Fault;
use crate::api::value::Value;

/// What closures need to be called from the engine after the call that took them.
pub struct Session {
    engine: Engine,
    /// All functions defined so far.
    ast: RefCell<Rc<AST>>,
}

/// A session of Rhai.
pub struct RhaiHost {
    session: Rc<Session>,
    vocabulary: Rc<Vocabulary>,
    scope: Scope<'static>,
}

/// The name under which the REPL's inputs appear in faults.
const INPUT: &str = "input";

impl RhaiHost {
    pub fn new(context: Context) -> Result<RhaiHost, Fault> {
        let vocabulary = Rc::new(Vocabulary::new(context));
        let session = Rc::new_cyclic(|session| Session {
            engine: register::engine(&vocabulary, session),
            ast: RefCell::new(Rc::new(AST::empty())),
        });
        Ok(RhaiHost {
            session,
            vocabulary,
            scope: Scope::new(),
        })
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
        let value = outcome.map_err(|error| faults::fault(&self.vocabulary, &error, name))?;
        values::value(value, &Rc::downgrade(&self.session))
    }
}

impl Host for RhaiHost {
    fn run(&mut self, script: &Script) -> Result<Value, Fault> {
        let ast = self.compile(&script.path, &script.text)?;
        check::names(&self.vocabulary, &ast, &script.path)?;
        self.execute(&script.path, ast)
    }

    fn check(&mut self, script: &Script) -> Result<(), Fault> {
        let ast = self.compile(&script.path, &script.text)?;
        check::names(&self.vocabulary, &ast, &script.path)
    }

    fn eval(&mut self, input: &str) -> Result<Value, Fault> {
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
