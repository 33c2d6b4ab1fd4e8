//! Figures among the lines of a session: as pictures where the terminal draws them, else as files.
//!
//! Source: the graphics protocol of kitty, the inline images of iTerm2, and DEC's sixels

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use icy_sixel::{EncodeOptions, SixelImage};

use crate::base::{Error, Result};
use crate::figure::{Figure, pixels, png};

/// What is as pale as this is white in sixels.
const PALE: u8 = 0xf4;
/// Letters of a picture that kitty takes at a time.
const CHUNK: usize = 4096;

/// What a terminal of 1983 or later is asked: its kind and what it can do.
const ATTRIBUTES: &str = "\x1b[c";
/// The attribute of terminals that draw sixels.
const SIXELS: &str = "4";

/// What the terminal makes of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    Kitty,
    ITerm,
    Sixel,
    /// Nothing: a file is written, and its path told.
    File,
}

impl Drawing {
    /// What this terminal draws, from what it says of itself through `variable`, and where that
    /// does not tell, from what it answers when it is asked for its attributes.
    pub fn of(
        variable: &dyn Fn(&str) -> Option<String>,
        answer: &dyn Fn() -> Option<String>,
    ) -> Drawing {
        let is = |name: &str, words: &[&str]| {
            variable(name).is_some_and(|value| words.iter().any(|word| value.contains(word)))
        };
        // Between the terminal and the program they let no pictures through but their own sixels.
        let between = variable("TMUX").is_some() || is("TERM", &["screen", "tmux"]);
        let kitty = is("TERM", &["kitty", "ghostty"]) || is("TERM_PROGRAM", &["ghostty"]);
        if kitty && !between {
            return Drawing::Kitty;
        }
        if is("TERM_PROGRAM", &["iTerm", "WezTerm", "mintty"]) && !between {
            return Drawing::ITerm;
        }
        // The answer is ESC [ ? 62 ; 4 c or the like: the kind, then what it can do.
        let answer = if is("TERM", &["dumb"]) {
            None
        } else {
            answer()
        };
        let able = answer.as_deref().and_then(|answer| {
            let (_, answer) = answer.split_once("\x1b[?")?;
            let (able, _) = answer.split_once('c')?;
            Some(able.split(';').skip(1).any(|one| one == SIXELS))
        });
        if able == Some(true) {
            Drawing::Sixel
        } else {
            Drawing::File
        }
    }

    /// What this terminal draws. Where it has to be asked, what is typed meanwhile is lost.
    pub fn here() -> Drawing {
        Drawing::of(&|name| env::var(name).ok(), &asked)
    }

    /// What to write to the terminal for a figure, the `number`-th of the session. A file for it
    /// goes into `folder`, or else into the folder for temporary files.
    ///
    /// Errors: those of [`png`](png()); a file that cannot be written
    pub fn text(self, figure: &Figure, number: usize, folder: Option<&Path>) -> Result<String> {
        match self {
            Drawing::Kitty => Ok(kitty(&STANDARD.encode(png(figure, 1.0)?))),
            Drawing::ITerm => {
                let picture = png(figure, 1.0)?;
                let (size, data) = (picture.len(), STANDARD.encode(picture));
                Ok(format!("\x1b]1337;File=inline=1;size={size}:{data}\x07"))
            }
            Drawing::Sixel => sixels(figure),
            Drawing::File => {
                let temporary = || env::temp_dir().join(format!("attractor-{}", process::id()));
                let folder = folder.map_or_else(temporary, Path::to_path_buf);
                let path = folder.join(format!("figure-{number}.png"));
                // A folder that cannot be made shows in the writing.
                let _ = fs::create_dir_all(&folder);
                crate::io::atomic_write(path.clone(), &png(figure, 2.0)?)?;
                Ok(path.display().to_string())
            }
        }
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

fn sixels(figure: &Figure) -> Result<String> {
    let mut pixels = pixels(figure, 1.0)?;
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    // The palette would take white paper together with walls that are nearly white.
    let pale = |pixel: &&mut [u8]| pixel.iter().all(|part| *part >= PALE);
    let all = pixels.data_mut().chunks_exact_mut(4);
    all.filter(pale).for_each(|pixel| pixel.fill(u8::MAX));
    // Dithering would put dots on white paper.
    let options = EncodeOptions {
        diffusion: 0.0,
        ..EncodeOptions::default()
    };
    let image = SixelImage::from_rgba(pixels.take(), width, height);
    let unfit = |_| Error::Algebra {
        op: "figure",
        fact: "it is too large for sixels",
    };
    image.encode_with(&options).map_err(unfit)
}

/// What the terminal answers to [`ATTRIBUTES`]; nothing if it is silent for a second.
#[cfg(unix)]
fn asked() -> Option<String> {
    use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
    let terminal = std::io::stdin();
    let usual = tcgetattr(&terminal).ok()?;
    let mut raw = usual.clone();
    cfmakeraw(&mut raw);
    tcsetattr(&terminal, SetArg::TCSANOW, &raw).ok()?;
    let mut answer = String::new();
    let mut question = ATTRIBUTES;
    // It may come in parts.
    while let Ok(part) = xterm_query::query(question, 1000u64) {
        answer.push_str(&part);
        question = "";
        if part.is_empty() || answer.ends_with('c') {
            break;
        }
    }
    // Where it fails, the line editor sets the terminal as it needs it.
    let _ = tcsetattr(&terminal, SetArg::TCSANOW, &usual);
    Some(answer)
}

#[cfg(not(unix))]
fn asked() -> Option<String> {
    None
}
