//! Imports of scripts by scripts. Imported scripts are in the folder of the importing script and
//! are compiled under their own paths, so that an error in an import shows the line of that file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::raise::to_rhai;
use super::session::ImportedScripts;
use crate::api::context::Context;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Resolves `name` to `name.rhai` in the folder of the script. A script that is imported twice runs
/// once.
pub struct FolderResolver {
    context: Context,
    /// The imported scripts, stored for the calls of their closures.
    scripts: ImportedScripts,
    /// Loaded modules by path; `None` while a module is being loaded.
    modules: RefCell<BTreeMap<PathBuf, Option<Shared<Module>>>>,
}

impl FolderResolver {
    /// A resolver that appends imported scripts to `scripts`.
    pub fn new(context: Context, scripts: ImportedScripts) -> FolderResolver {
        FolderResolver {
            context,
            scripts,
            modules: RefCell::default(),
        }
    }
}

impl ModuleResolver for FolderResolver {
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
        match self.modules.borrow().get(&file) {
            Some(Some(module)) => return Ok(module.clone()),
            Some(None) => {
                let message = format!("module `{name}` imports itself").into();
                return Err(EvalAltResult::ErrorRuntime(message, position).into());
            }
            None => {}
        }
        self.modules.borrow_mut().insert(file.clone(), None);
        let outcome = self.load(engine, &file, name, position);
        let mut modules = self.modules.borrow_mut();
        match &outcome {
            Ok(module) => modules.insert(file, Some(module.clone())),
            Err(_) => modules.remove(&file),
        };
        outcome
    }
}

impl FolderResolver {
    /// Compiles and runs the script `file`.
    fn load(
        &self,
        engine: &Engine,
        file: &Path,
        name: &str,
        position: Position,
    ) -> Outcome<Shared<Module>> {
        let denied = |diagnostic| to_rhai(diagnostic, position);
        let path = self.context.check_readable(file).map_err(denied)?;
        let missing = |_| EvalAltResult::ErrorModuleNotFound(name.into(), position);
        let text = std::fs::read_to_string(path).map_err(missing)?;
        let source = file.display().to_string();
        let in_module = |error: Box<EvalAltResult>| {
            Box::new(EvalAltResult::ErrorInModule(
                source.clone(),
                error,
                position,
            ))
        };
        let compiled = engine
            .compile(&text)
            .map_err(|error| in_module(error.into()));
        let mut ast = compiled?;
        ast.set_source(source.clone());
        self.scripts.borrow_mut().push(ast.clone().into());
        let module = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(in_module)?;
        Ok(module.into())
    }
}
