//! Nested lists of the values of an array that is not numeric.

use crate::io::tree::Tree;

/// Nested lists, one level per axis; the first value for an empty shape.
///
/// Errors: those of the values
pub fn nest<E>(
    values: &mut dyn Iterator<Item = Result<Tree, E>>,
    shape: &[usize],
) -> Result<Tree, E> {
    match shape {
        [] => values.next().unwrap_or(Ok(Tree::Null)),
        [size] => values.take(*size).collect::<Result<_, E>>().map(Tree::List),
        [size, inner @ ..] => {
            let rows = (0..*size).map(|_| nest(values, inner));
            rows.collect::<Result<_, E>>().map(Tree::List)
        }
    }
}
