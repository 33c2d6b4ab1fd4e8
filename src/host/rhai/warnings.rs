//! Warnings of `attractor check`: expressions that are valid in Rhai, but whose meaning differs
//! from Lua and from other programs.

use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, OptimizationLevel, Position, Stmt, StmtBlock};

use super::limits::EXPRESSION_DEPTH;
use super::{error_location, operators};
use crate::api::diagnostic::Diagnostic;

/// The warnings for the script `source` with this text; none for a script that does not compile.
pub fn find(source: &str, text: &str) -> Vec<Diagnostic> {
    let mut engine = Engine::new_raw();
    // The optimizer would replace `2 ^ 3` by its value.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
    operators::set_symbols(&mut engine);
    let ast = engine.compile(text);
    ast.map_or(Vec::new(), |ast| find_in(&ast, source, text))
}

fn find_in(ast: &AST, source: &str, text: &str) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    ast.walk(&mut |path| {
        let warning = match path.last() {
            Some(
                ASTNode::Expr(Expr::FnCall(call, position))
                | ASTNode::Stmt(Stmt::FnCall(call, position)),
            ) => operator(call, *position, text).map(|warning| (warning, *position)),
            Some(ASTNode::Expr(Expr::InterpolatedString(parts, _))) => parts
                .iter()
                .find_map(|part| Some((escape(part)?, part.position()))),
            Some(ASTNode::Stmt(Stmt::TryCatch(parts, _))) => {
                let blocks = [&parts.body, &parts.branch].into_iter();
                blocks.filter_map(discarded_value).next()
            }
            _ => None,
        };
        warnings.extend(
            warning
                .map(|(warning, position)| warning.at(error_location::location(position, source))),
        );
        true
    });
    warnings
}

/// The warning for an operator at a position.
fn operator(call: &FnCallExpr, position: Position, text: &str) -> Option<Diagnostic> {
    match call.name.as_str() {
        "^" => Some(
            Diagnostic::new("`^` is the exclusive or of the bits: `2 ^ 3` is 1")
                .hint("write a power with `**`, as in 2 ** 3"),
        ),
        "**" if is_negative(call.args.first()?) && !is_closed(position, text)? => Some(
            Diagnostic::new("`-x ** y` is `(-x) ** y`: `-2.0 ** 2` is 4.0, in Lua -4.0")
                .hint("write -(x ** y) or (-x) ** y"),
        ),
        _ => None,
    }
}

/// Whether an operand begins with a minus sign.
fn is_negative(operand: &Expr) -> bool {
    match operand {
        Expr::IntegerConstant(n, _) => *n < 0,
        Expr::FloatConstant(x, _) => x.is_sign_negative(),
        Expr::FnCall(call, _) => call.name == "-" && call.args.len() == 1,
        _ => false,
    }
}

/// Whether a parenthesis closes before the operator at this position: `(-2.0) ** 2` is clear.
fn is_closed(position: Position, text: &str) -> Option<bool> {
    let line = text.lines().nth(position.line()?.checked_sub(1)?)?;
    let before: String = line
        .chars()
        .take(position.position()?.checked_sub(1)?)
        .collect();
    Some(before.trim_end().ends_with(')'))
}

/// The warning for an escape sequence in a string between backticks.
fn escape(part: &Expr) -> Option<Diagnostic> {
    let Expr::StringConstant(part, _) = part else {
        return None;
    };
    let escape = ["\\n", "\\t"]
        .into_iter()
        .find(|escape| part.contains(escape))?;
    let message = format!("a string between backticks does not interpret `{escape}`");
    let hint = "break the line in the string, or write a string between double quotes";
    Some(Diagnostic::new(message).hint(hint))
}

/// The warning for a value at the end of a `try` or `catch` block.
fn discarded_value(block: &StmtBlock) -> Option<(Diagnostic, Position)> {
    let (is_value, position) = match block.statements().last()? {
        Stmt::Expr(expr) => (is_pure(expr), expr.position()),
        // Operators are calls; other calls may have been written for their effect.
        Stmt::FnCall(call, position) => (call.is_operator_call(), *position),
        _ => return None,
    };
    let warning = Diagnostic::new("`try` is a statement without a value: this value is discarded")
        .hint("assign it to a variable that is declared before `try`, or return it");
    is_value.then_some((warning, position))
}

/// Whether an expression has no effect except its value.
fn is_pure(expr: &Expr) -> bool {
    match expr {
        Expr::FnCall(call, _) => call.is_operator_call(),
        Expr::Variable(..) | Expr::Array(..) | Expr::Map(..) | Expr::InterpolatedString(..) => true,
        Expr::Dot(parts, ..) => matches!(parts.rhs, Expr::Property(..)),
        Expr::Index(..) => true,
        expr => expr.is_constant() && !matches!(expr, Expr::Unit(_)),
    }
}
