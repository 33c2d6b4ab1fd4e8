//! Words on a figure: their markup (`^{..}`, `_{..}`) and how wide the embedded font sets them.

use ttf_parser::Face;

/// Arimo Regular, see `font/LICENSE.txt`.
pub const FONT: &[u8] = include_bytes!("font/Arimo-Regular.ttf");
/// The fonts to try, the embedded one first; all have the same widths but the last.
pub const FAMILIES: &str = "Arimo, Arial, Helvetica, 'Liberation Sans', sans-serif";

/// Size of a superscript, relative to the text.
const SCRIPT: f64 = 0.74;
/// How far superscripts rise and subscripts sink, relative to the text.
const RISE: f64 = 0.38;
const SINK: f64 = 0.20;

/// The widths of the embedded font.
pub struct Font {
    face: Face<'static>,
}

/// A stretch of text on one line of writing.
#[derive(Debug, PartialEq)]
struct Piece<'a> {
    text: &'a str,
    /// 1 above the line, -1 below it.
    level: i8,
}

impl Font {
    pub fn embedded() -> Font {
        let face = Face::parse(FONT, 0).expect("the embedded font is a whole TrueType font");
        Font { face }
    }

    /// The width of `text` at `size`, in the units of `size`.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        let scale = |piece: &Piece| {
            if piece.level == 0 {
                size
            } else {
                size * SCRIPT
            }
        };
        pieces(text)
            .iter()
            .map(|piece| self.advance(piece.text) * scale(piece))
            .sum()
    }

    fn advance(&self, text: &str) -> f64 {
        let units = self.face.units_per_em() as f64;
        let glyph = |c| self.face.glyph_index(c).unwrap_or_default();
        let advance = |c| self.face.glyph_hor_advance(glyph(c)).unwrap_or_default() as f64;
        text.chars().map(advance).sum::<f64>() / units
    }
}

/// The inside of an SVG `<text>` at `size`.
pub fn spans(text: &str, size: f64) -> String {
    let mut out = String::new();
    let mut height = 0.0;
    for piece in pieces(text) {
        let wanted = match piece.level {
            1 => size * RISE,
            -1 => -size * SINK,
            _ => 0.0,
        };
        let words = escape(piece.text);
        let drop: f64 = height - wanted;
        height = wanted;
        if piece.level == 0 && drop == 0.0 {
            out.push_str(&words);
            continue;
        }
        let small = if piece.level == 0 {
            size
        } else {
            size * SCRIPT
        };
        out.push_str(&format!(
            "<tspan dy=\"{drop:.2}\" font-size=\"{small:.2}\">{words}</tspan>"
        ));
    }
    out
}

/// `text` without its markup, with raised and lowered digits where Unicode has them.
pub fn plain(text: &str) -> String {
    const NORMAL: &str = "0123456789+-";
    const SCRIPTS: [(i8, &str, char); 2] = [(1, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", '^'), (-1, "₀₁₂₃₄₅₆₇₈₉₊₋", '_')];
    let mut out = String::new();
    for piece in pieces(text) {
        let Some((_, script, sign)) = SCRIPTS.iter().find(|(level, ..)| *level == piece.level)
        else {
            out.push_str(piece.text);
            continue;
        };
        let small = |c| {
            NORMAL
                .chars()
                .position(|n| n == c)
                .and_then(|at| script.chars().nth(at))
        };
        match piece
            .text
            .replace('\u{2212}', "-")
            .chars()
            .map(small)
            .collect::<Option<String>>()
        {
            Some(small) => out.push_str(&small),
            None => {
                out.push(*sign);
                out.push_str(piece.text);
            }
        }
    }
    out
}

/// `text` as XML allows it.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut push = |text, level| {
        if !str::is_empty(text) {
            out.push(Piece { text, level });
        }
    };
    while let Some((start, level)) = next_script(rest) {
        let Some(length) = rest[start + 2..].find('}') else {
            break;
        };
        push(&rest[..start], 0);
        push(&rest[start + 2..start + 2 + length], level);
        rest = &rest[start + 2 + length + 1..];
    }
    push(rest, 0);
    out
}

fn next_script(text: &str) -> Option<(usize, i8)> {
    let above = text.find("^{").map(|at| (at, 1));
    let below = text.find("_{").map(|at| (at, -1));
    above.into_iter().chain(below).min()
}
