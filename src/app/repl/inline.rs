//! Figures among the lines of a session: as pictures where the terminal draws them, else as files.
//!
//! Source: the graphics protocol of kitty, and the inline images of iTerm2

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::Result;
use crate::figure::{Figure, png};

/// Letters of a picture that kitty takes at a time.
const CHUNK: usize = 4096;

/// What the terminal makes of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    Kitty,
    ITerm,
    /// Nothing: a file is written, and its path told.
    File,
}

impl Drawing {
    /// What this terminal draws, from what it says of itself through `variable`.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Drawing {
        let is = |name: &str, words: &[&str]| {
            variable(name).is_some_and(|value| words.iter().any(|word| value.contains(word)))
        };
        // Between the terminal and the program they let no pictures through.
        let between = variable("TMUX").is_some() || is("TERM", &["screen", "tmux"]);
        if between {
            Drawing::File
        } else if is("TERM", &["kitty", "ghostty"]) || is("TERM_PROGRAM", &["ghostty"]) {
            Drawing::Kitty
        } else if is("TERM_PROGRAM", &["iTerm", "WezTerm", "mintty"]) {
            Drawing::ITerm
        } else {
            Drawing::File
        }
    }

    /// What this terminal draws.
    pub fn here() -> Drawing {
        Drawing::of(&|name| env::var(name).ok())
    }

    /// What to write to the terminal for a figure, the `number`-th of the session.
    ///
    /// Errors: those of [`png`](png()); a file that cannot be written
    pub fn text(self, figure: &Figure, number: usize) -> Result<String> {
        let picture = png(figure, if self == Drawing::File { 2.0 } else { 1.0 })?;
        Ok(match self {
            Drawing::Kitty => kitty(&STANDARD.encode(picture)),
            Drawing::ITerm => {
                let size = picture.len();
                let data = STANDARD.encode(picture);
                format!("\x1b]1337;File=inline=1;size={size}:{data}\x07")
            }
            Drawing::File => {
                let folder: PathBuf = env::temp_dir().join(format!("attractor-{}", process::id()));
                let path = folder.join(format!("figure-{number}.png"));
                // A folder that cannot be made shows in the writing.
                let _ = fs::create_dir_all(&folder);
                crate::io::atomic_write(path.clone(), &picture)?;
                path.display().to_string()
            }
        })
    }
}

fn kitty(data: &str) -> String {
    let mut text = String::new();
    let chunks = data.len().div_ceil(CHUNK);
    for k in 0..chunks {
        let chunk = &data[k * CHUNK..data.len().min((k + 1) * CHUNK)];
        let more = u8::from(k + 1 < chunks);
        let first = if k == 0 { "f=100,a=T," } else { "" };
        let _ = write!(text, "\x1b_G{first}m={more};{chunk}\x1b\\");
    }
    text
}
