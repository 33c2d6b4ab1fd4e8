//! Scripts that a script imports. They stand beside it and are called by their own paths, so that
//! a fault inside one shows the line of that file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::{Scripts, faults};
use crate::api::context::Context;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Finds `name.rhai` in the folder of the script; a script that is imported twice runs once.
pub struct Neighbours {
    context: Context,
    /// Where the scripts are kept for their closures.
    scripts: Scripts,
    /// By path; none for one that is still being read.
    known: RefCell<BTreeMap<PathBuf, Option<Shared<Module>>>>,
}

impl Neighbours {
    pub fn of(context: Context, scripts: Scripts) -> Neighbours {
        Neighbours {
            context,
            scripts,
            known: RefCell::default(),
        }
    }
}

impl ModuleResolver for Neighbours {
    fn resolve(
        &self,
        engine: &Engine,
        _: Option<&str>,
        name: &str,
        position: Position,
    ) -> Outcome<Shared<Module>> {
        let file = self
            .context
            .script
            .folder()
            .join(name)
            .with_extension("rhai");
        match self.known.borrow().get(&file) {
            Some(Some(module)) => return Ok(module.clone()),
            Some(None) => {
                let words = format!("module `{name}` imports itself").into();
                return Err(EvalAltResult::ErrorRuntime(words, position).into());
            }
            None => {}
        }
        self.known.borrow_mut().insert(file.clone(), None);
        let outcome = self.read(engine, &file, name, position);
        let mut known = self.known.borrow_mut();
        match &outcome {
            Ok(module) => known.insert(file, Some(module.clone())),
            Err(_) => known.remove(&file),
        };
        outcome
    }
}

impl Neighbours {
    fn read(
        &self,
        engine: &Engine,
        file: &Path,
        name: &str,
        position: Position,
    ) -> Outcome<Shared<Module>> {
        let refused = |fault| faults::thrown(fault, position);
        let path = self.context.readable(file).map_err(refused)?;
        let missing = |_| EvalAltResult::ErrorModuleNotFound(name.into(), position);
        let text = std::fs::read_to_string(path).map_err(missing)?;
        let source = file.display().to_string();
        let inside = |error: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(
                source.clone(),
                error,
                position,
            ))
        };
        let compiled = engine.compile(&text).map_err(|error| inside(error.into()));
        let mut ast = compiled?;
        ast.set_source(source.clone());
        self.scripts.borrow_mut().push(ast.clone().into());
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(inside)?;
        Ok(module.into())
    }
}
