//! The state of a Rhai session that its closures share with the host.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{AST, Engine, EvalAltResult};

use super::super::dispatch::Vocabulary;
use crate::api::diagnostic::Diagnostic;

/// The scripts that the running script imports.
pub type ImportedScripts = Rc<RefCell<Vec<Rc<AST>>>>;

/// The state that closures need when the engine calls them after the original call returned.
pub struct Session {
    pub engine: Engine,
    pub vocabulary: Rc<Vocabulary>,
    /// The functions that the session has defined.
    pub ast: RefCell<Rc<AST>>,
    /// Imported scripts, whose closures may outlive the call that created them.
    pub imports: ImportedScripts,
    /// Converts an error in the script with this name to a diagnostic.
    pub diagnose: fn(&Vocabulary, &EvalAltResult, &str) -> Diagnostic,
}

impl Session {
    /// The script that defines a function with this name and number of arguments, or else the
    /// running script.
    pub fn defining_script(&self, name: &str, arguments: usize) -> Rc<AST> {
        let current = self.ast.borrow().clone();
        let defines = |ast: &Rc<AST>| ast.shared_lib().get_script_fn(name, arguments).is_some();
        if defines(&current) {
            return current;
        }
        let imports = self.imports.borrow();
        imports
            .iter()
            .find(|ast| defines(ast))
            .cloned()
            .unwrap_or(current)
    }
}
