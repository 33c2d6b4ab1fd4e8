//! The interactive session: reads inputs, evaluates them in one script host and prints their
//! values.

mod complete;
mod completion_context;
mod editor;
mod highlight;
mod history;
mod repaint;
mod session;
mod signature_hint;
mod terminal_graphics;

pub use crate::host::lexer::{Token, TokenKind, tokenize};
pub use complete::{Candidate, Completion};
pub use repaint::RepaintPolicy;
pub use session::start;
pub use terminal_graphics::Graphics;
