//! Text in figures: the markup `^{..}` and `_{..}`, and widths in the embedded font.

use ttf_parser::Face;

/// Arimo Regular, see `font/LICENSE.txt`.
pub const FONT: &[u8] = include_bytes!("font/Arimo-Regular.ttf");
/// Font families in order of preference, the embedded font first; all but the last have equal
/// widths.
pub const FONT_FAMILIES: &str = "Arimo, Arial, Helvetica, 'Liberation Sans', sans-serif";

/// Size of a superscript or subscript, relative to the text.
const SCRIPT_SIZE: f64 = 0.74;
/// Rise of superscripts and drop of subscripts, relative to the text size.
const SUPERSCRIPT_RISE: f64 = 0.38;
const SUBSCRIPT_DROP: f64 = 0.20;

/// The metrics of the embedded font.
pub struct Font {
    face: Face<'static>,
}

/// A run of text on one baseline.
#[derive(Debug, PartialEq)]
struct Run<'a> {
    text: &'a str,
    /// 1 for a superscript, -1 for a subscript, 0 for the baseline.
    level: i8,
}

impl Font {
    pub fn embedded() -> Font {
        let face = Face::parse(FONT, 0).expect("the embedded font is a whole TrueType font");
        Font { face }
    }

    /// The width of `text` at `size`, in the units of `size`.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        let scale = |run: &Run| {
            if run.level == 0 {
                size
            } else {
                size * SCRIPT_SIZE
            }
        };
        split_markup(text)
            .iter()
            .map(|run| self.advance(run.text) * scale(run))
            .sum()
    }

    fn advance(&self, text: &str) -> f64 {
        let units = self.face.units_per_em() as f64;
        let glyph = |c| self.face.glyph_index(c).unwrap_or_default();
        let advance = |c| self.face.glyph_hor_advance(glyph(c)).unwrap_or_default() as f64;
        text.chars().map(advance).sum::<f64>() / units
    }
}

/// The content of an SVG `<text>` element at `size`.
pub fn tspans(text: &str, size: f64) -> String {
    let mut out = String::new();
    let mut rise = 0.0;
    for run in split_markup(text) {
        let target = match run.level {
            1 => size * SUPERSCRIPT_RISE,
            -1 => -size * SUBSCRIPT_DROP,
            _ => 0.0,
        };
        let escaped = escape_xml(run.text);
        let shift: f64 = rise - target;
        rise = target;
        if run.level == 0 && shift == 0.0 {
            out.push_str(&escaped);
            continue;
        }
        let small = if run.level == 0 {
            size
        } else {
            size * SCRIPT_SIZE
        };
        out.push_str(&format!(
            "<tspan dy=\"{shift:.2}\" font-size=\"{small:.2}\">{escaped}</tspan>"
        ));
    }
    out
}

/// `text` without markup; superscripts and subscripts become Unicode characters where these exist.
pub fn to_unicode(text: &str) -> String {
    const NORMAL: &str = "0123456789+-";
    const SCRIPTS: [(i8, &str, char); 2] = [(1, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", '^'), (-1, "₀₁₂₃₄₅₆₇₈₉₊₋", '_')];
    let mut out = String::new();
    for run in split_markup(text) {
        let Some((_, script, sign)) = SCRIPTS.iter().find(|(level, ..)| *level == run.level) else {
            out.push_str(run.text);
            continue;
        };
        let small = |c| {
            NORMAL
                .chars()
                .position(|n| n == c)
                .and_then(|at| script.chars().nth(at))
        };
        match run
            .text
            .replace('\u{2212}', "-")
            .chars()
            .map(small)
            .collect::<Option<String>>()
        {
            Some(small) => out.push_str(&small),
            None => {
                out.push(*sign);
                out.push_str(run.text);
            }
        }
    }
    out
}

/// `text` escaped for XML.
pub fn escape_xml(text: &str) -> String {
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

fn split_markup(text: &str) -> Vec<Run<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut push = |text, level| {
        if !str::is_empty(text) {
            out.push(Run { text, level });
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
