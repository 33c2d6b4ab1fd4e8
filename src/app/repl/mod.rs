//! The interactive session: reads inputs, runs them in one host, shows what they give.

mod complete;
mod editor;
mod highlight;
mod hint;
mod history;
mod inline;
mod lexer;
mod pace;
mod session;
mod site;

pub use complete::{Candidate, Completion};
pub use inline::Drawing;
pub use lexer::{Kind, Lexeme, lexemes};
pub use pace::Pace;
pub use session::start;
