//! Detects unknown names before a script runs: a misspelt call at the end of a long script is
//! reported immediately and not after the training.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Engine, Expr, Stmt};

use super::super::dispatch::Vocabulary;
use super::{error_location, errors};
use crate::api::diagnostic::Diagnostic;

/// Checks the names of all calls in a script.
///
/// Errors: the first call of a function that neither the vocabulary, the script nor Rhai defines
pub fn check(vocabulary: &Vocabulary, ast: &AST, source: &str) -> Result<(), Diagnostic> {
    let mut defined = names_of_values(ast);
    defined.extend(
        ast.iter_functions()
            .map(|function| function.name.to_string()),
    );
    let mut first = None;
    ast.walk(&mut |path| {
        let Some(
            node @ (ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position))
            | ASTNode::Stmt(Stmt::FnCall(call, position))),
        ) = path.last()
        else {
            return true;
        };
        let name = call.name.as_str();
        let diagnostic = match &call.namespace.path[..] {
            [] if defined.contains(name) => None,
            [] if matches!(node, ASTNode::Expr(Expr::MethodCall(..))) => {
                unknown(vocabulary, name).map(|_| vocabulary.unknown_method(name))
            }
            [] => unknown(vocabulary, name).map(|diagnostic| match declares(ast, name) {
                true => errors::hint_variable_call(diagnostic, name),
                false => diagnostic,
            }),
            [module] => unknown_in_module(vocabulary, &module.name, name),
            _ => None,
        };
        first =
            diagnostic.map(|diagnostic| diagnostic.at(error_location::location(*position, source)));
        first.is_none()
    });
    first.map_or(Ok(()), Err)
}

/// Whether the script declares a variable of this name.
fn declares(ast: &AST, name: &str) -> bool {
    let mut declared = false;
    ast.walk(&mut |path| {
        declared |= match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => variable.0.as_str() == name,
            _ => false,
        };
        !declared
    });
    declared
}

/// The names of variables and map entries in the script, each of which may contain a closure.
fn names_of_values(ast: &AST) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut collect = |node: &ASTNode<'_>| match node {
        ASTNode::Expr(Expr::Map(map, _)) => {
            names.extend(map.0.iter().map(|(key, _)| key.name.to_string()))
        }
        // The compiler evaluates a map without captured variables to a constant.
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
        path.last().into_iter().for_each(&mut collect);
        true
    });
    names
}

/// The error for a function that a module of the vocabulary does not contain.
fn unknown_in_module(vocabulary: &Vocabulary, module: &str, name: &str) -> Option<Diagnostic> {
    let functions = vocabulary.functions.get(module)?;
    let is_unknown = !functions.contains_key(name);
    is_unknown.then(|| vocabulary.unknown_function(module, name))
}

/// The error for a call of `name`, unless the vocabulary or Rhai defines it.
fn unknown(vocabulary: &Vocabulary, name: &str) -> Option<Diagnostic> {
    let is_identifier = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let in_vocabulary =
        vocabulary.functions[""].contains_key(name) || vocabulary.methods.contains_key(name);
    if !is_identifier || in_vocabulary || is_builtin(name) {
        return None;
    }
    Some(errors::unknown_name(vocabulary, name))
}

/// Whether the packages of Rhai define a function of this name.
fn is_builtin(name: &str) -> bool {
    thread_local! {
        static NAMES: BTreeSet<String> = rhai_names();
    }
    NAMES.with(|names| names.contains(name))
}

/// The names of all functions in the packages of Rhai, and of its keywords.
fn rhai_names() -> BTreeSet<String> {
    /// Names that the language itself defines, outside its packages.
    const KEYWORDS: [&str; 12] = [
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
        .chain(KEYWORDS.map(String::from))
        .collect()
}
