//! Figures in the terminal: as inline images if the terminal supports them, else as files.
//!
//! Source: the graphics protocol of kitty, the inline images of iTerm2, and DEC sixels

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

/// Colours at least this light become white in sixels.
const WHITE_THRESHOLD: u8 = 0xf4;
/// Maximum size of one chunk of base64 data in the kitty protocol.
const CHUNK_BYTES: usize = 4096;

/// The query for the device attributes: terminal class and capabilities.
const ATTRIBUTES_QUERY: &str = "\x1b[c";
/// The attribute of terminals with sixel support.
const SIXEL_ATTRIBUTE: &str = "4";

/// The image protocol of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graphics {
    Kitty,
    ITerm,
    Sixel,
    /// No image protocol: the image is written to a file, and its path is printed.
    File,
}

impl Graphics {
    /// The protocol of the terminal, detected from its environment variables and, if these are not
    /// sufficient, from its response to the attributes query.
    pub fn detect(
        variable: &dyn Fn(&str) -> Option<String>,
        answer: &dyn Fn() -> Option<String>,
    ) -> Graphics {
        let is = |name: &str, words: &[&str]| {
            variable(name).is_some_and(|value| words.iter().any(|word| value.contains(word)))
        };
        // Multiplexers pass on no images except sixels.
        let multiplexer = variable("TMUX").is_some() || is("TERM", &["screen", "tmux"]);
        let kitty = is("TERM", &["kitty", "ghostty"]) || is("TERM_PROGRAM", &["ghostty"]);
        if kitty && !multiplexer {
            return Graphics::Kitty;
        }
        if is("TERM_PROGRAM", &["iTerm", "WezTerm", "mintty"]) && !multiplexer {
            return Graphics::ITerm;
        }
        // The response has the form ESC [ ? 62 ; 4 c: class, then capabilities.
        let answer = if is("TERM", &["dumb"]) {
            None
        } else {
            answer()
        };
        let supports_sixel = answer.as_deref().and_then(|answer| {
            let (_, answer) = answer.split_once("\x1b[?")?;
            let (attributes, _) = answer.split_once('c')?;
            Some(
                attributes
                    .split(';')
                    .skip(1)
                    .any(|attribute| attribute == SIXEL_ATTRIBUTE),
            )
        });
        if supports_sixel == Some(true) {
            Graphics::Sixel
        } else {
            Graphics::File
        }
    }

    /// The protocol of this terminal. If the terminal is queried, input typed in the meantime is
    /// lost.
    pub fn detect_terminal() -> Graphics {
        Graphics::detect(&|name| env::var(name).ok(), &query_attributes)
    }

    /// The text that shows a figure in the terminal; `number` is its position in the session. A
    /// file is written to `folder`, or to the folder for temporary files.
    ///
    /// Errors: those of [`png`](png()); the file cannot be written
    pub fn encode(self, figure: &Figure, number: usize, folder: Option<&Path>) -> Result<String> {
        match self {
            Graphics::Kitty => Ok(kitty(&STANDARD.encode(png(figure, 1.0)?))),
            Graphics::ITerm => {
                let picture = png(figure, 1.0)?;
                let (size, data) = (picture.len(), STANDARD.encode(picture));
                Ok(format!("\x1b]1337;File=inline=1;size={size}:{data}\x07"))
            }
            Graphics::Sixel => sixels(figure),
            Graphics::File => {
                let temporary = || env::temp_dir().join(format!("attractor-{}", process::id()));
                let folder = folder.map_or_else(temporary, Path::to_path_buf);
                let path = folder.join(format!("figure-{number}.png"));
                // If the folder cannot be created, writing the file fails below.
                let _ = fs::create_dir_all(&folder);
                crate::io::atomic_write(path.clone(), &png(figure, 2.0)?)?;
                Ok(path.display().to_string())
            }
        }
    }
}

fn kitty(data: &str) -> String {
    let mut text = String::new();
    let chunks = data.len().div_ceil(CHUNK_BYTES);
    for k in 0..chunks {
        let chunk = &data[k * CHUNK_BYTES..data.len().min((k + 1) * CHUNK_BYTES)];
        let more = u8::from(k + 1 < chunks);
        let first = if k == 0 { "f=100,a=T," } else { "" };
        let _ = write!(text, "\x1b_G{first}m={more};{chunk}\x1b\\");
    }
    text
}

fn sixels(figure: &Figure) -> Result<String> {
    let mut pixels = pixels(figure, 1.0)?;
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    // The quantizer would otherwise merge the white background with nearly white walls.
    let is_pale = |pixel: &&mut [u8]| pixel.iter().all(|part| *part >= WHITE_THRESHOLD);
    let all = pixels.data_mut().chunks_exact_mut(4);
    all.filter(is_pale).for_each(|pixel| pixel.fill(u8::MAX));
    // Dithering would add dots to the white background.
    let options = EncodeOptions {
        diffusion: 0.0,
        ..EncodeOptions::default()
    };
    let image = SixelImage::from_rgba(pixels.take(), width, height);
    let too_large = |_| Error::Algebra {
        op: "figure",
        fact: "it is too large for sixels",
    };
    image.encode_with(&options).map_err(too_large)
}

/// The response of the terminal to [`ATTRIBUTES_QUERY`]; `None` if there is none within one second.
#[cfg(unix)]
fn query_attributes() -> Option<String> {
    use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
    let terminal = std::io::stdin();
    let original_mode = tcgetattr(&terminal).ok()?;
    let mut raw = original_mode.clone();
    cfmakeraw(&mut raw);
    tcsetattr(&terminal, SetArg::TCSANOW, &raw).ok()?;
    let mut answer = String::new();
    let mut question = ATTRIBUTES_QUERY;
    // The response can arrive in parts.
    while let Ok(part) = xterm_query::query(question, 1000u64) {
        answer.push_str(&part);
        question = "";
        if part.is_empty() || answer.ends_with('c') {
            break;
        }
    }
    // On failure the line editor sets the required terminal mode.
    let _ = tcsetattr(&terminal, SetArg::TCSANOW, &original_mode);
    Some(answer)
}

#[cfg(not(unix))]
fn query_attributes() -> Option<String> {
    None
}
