//! Finds names that nothing has, before a script runs: a misspelt call at the end of a long
//! script is told at once, not after the training.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Engine, Expr, Stmt};

use super::super::call::Vocabulary;
use super::faults;
use crate::api::fault::Fault;

/// Errors: the first call of a function or module that neither the vocabulary, the script, nor
/// Rhai itself has.
pub fn names(vocabulary: &Vocabulary, ast: &AST, source: &str) -> Result<(), Fault> {
    let mut own = entries(ast);
    own.extend(
        ast.iter_functions()
            .map(|function| function.name.to_string()),
    );
    let mut found = None;
    ast.walk(&mut |path| {
        let Some(
            node @ (ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position))
            | ASTNode::Stmt(Stmt::FnCall(call, position))),
        ) = path.last()
        else {
            return true;
        };
        let name = call.name.as_str();
        let module = call
            .namespace
            .path
            .iter()
            .map(|part| part.name.as_str())
            .collect::<Vec<_>>();
        let fault = match module.as_slice() {
            [] if own.contains(name) => None,
            [] if matches!(node, ASTNode::Expr(Expr::MethodCall(..))) => {
                unknown(vocabulary, name).map(|_| vocabulary.nothing_has(name))
            }
            [] => unknown(vocabulary, name).map(|fault| match declares(ast, name) {
                true => faults::held(fault, name),
                false => fault,
            }),
            [module] => vocabulary
                .functions
                .get(module)
                .filter(|functions| !functions.contains_key(name))
                .map(|_| vocabulary.no_function(module, name)),
            _ => None,
        };
        found = fault.map(|fault| fault.at(faults::place(*position, source)));
        found.is_none()
    });
    found.map_or(Ok(()), Err)
}

/// Whether the script has a variable of this name.
fn declares(ast: &AST, name: &str) -> bool {
    let mut found = false;
    ast.walk(&mut |path| {
        found |= match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => variable.0.as_str() == name,
            _ => false,
        };
        !found
    });
    found
}

/// The names that the script gives to variables and to entries of maps: each may hold a closure.
fn entries(ast: &AST) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut see = |node: &ASTNode<'_>| match node {
        ASTNode::Expr(Expr::Map(map, _)) => {
            names.extend(map.0.iter().map(|(key, _)| key.name.to_string()))
        }
        // A map without captured variables is made once, when the script is read.
        ASTNode::Expr(Expr::DynamicConstant(value, _)) => {
            if let Some(map) = value.read_lock::<rhai::Map>() {
                names.extend(map.keys().map(|key| key.to_string()));
            }
        }
        ASTNode::Expr(Expr::Property(property, _)) => {
            names.insert(property.2.to_string());
        }
        ASTNode::Stmt(Stmt::Var(variable, ..)) => {
            names.insert(variable.0.name.to_string());
        }
        _ => {}
    };
    ast.walk(&mut |path| {
        path.last().into_iter().for_each(&mut see);
        true
    });
    names
}

fn unknown(vocabulary: &Vocabulary, name: &str) -> Option<Fault> {
    let word = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let ours = vocabulary.functions[""].contains_key(name) || vocabulary.methods.contains_key(name);
    if !word || ours || builtin(name) {
        return None;
    }
    let fault = vocabulary.no_function("", name);
    let hint = fault
        .hint
        .clone()
        .or_else(|| crate::api::native::suggestion(name, vocabulary.methods.keys().copied()));
    Some(Fault { hint, ..fault })
}

/// Whether Rhai's own packages have a function of this name.
fn builtin(name: &str) -> bool {
    thread_local! {
        static NAMES: BTreeSet<String> = rhai_names();
    }
    NAMES.with(|names| names.contains(name))
}

fn rhai_names() -> BTreeSet<String> {
    /// Called by name, but built into the language rather than its packages.
    const WORDS: [&str; 12] = [
        "print",
        "debug",
        "type_of",
        "call",
        "curry",
        "is_shared",
        "is_def_fn",
        "is_def_var",
        "eval",
        "Fn",
        "throw",
        "import",
    ];
    let signatures = Engine::new().gen_fn_signatures(true);
    let name = |signature: &String| {
        let head = signature.split('(').next().unwrap_or_default();
        head.rsplit([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_string()
    };
    signatures
        .iter()
        .map(name)
        .chain(WORDS.map(String::from))
        .collect()
}
