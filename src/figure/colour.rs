//! Colours: a qualitative palette, and colour maps for values.

use crate::choices;

/// A colour, red, green and blue from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// Text and axes.
pub(super) const INK: Rgb = Rgb(0x22, 0x22, 0x22);
/// Reference lines and other elements that stay behind the data.
pub(super) const FAINT: Rgb = Rgb(0x8c, 0x8c, 0x8c);
/// Missing values; no colour map except the grey one contains this grey.
pub(super) const MISSING: Rgb = Rgb(0xd0, 0xd0, 0xd0);

/// Okabe and Ito (2008), distinguishable with colour blindness; without yellow, which is too pale
/// for a line on white.
pub(super) const PALETTE: [Rgb; 7] = [
    Rgb(0x00, 0x72, 0xb2),
    Rgb(0xd5, 0x5e, 0x00),
    Rgb(0x00, 0x9e, 0x73),
    Rgb(0xcc, 0x79, 0xa7),
    Rgb(0xe6, 0x9f, 0x00),
    Rgb(0x56, 0xb4, 0xe9),
    Rgb(0x4d, 0x4d, 0x4d),
];

const NAMES: &[(&str, Rgb)] = &[
    ("blue", PALETTE[0]),
    ("red", PALETTE[1]),
    ("green", PALETTE[2]),
    ("pink", PALETTE[3]),
    ("orange", PALETTE[4]),
    ("sky", PALETTE[5]),
    ("black", INK),
    ("grey", FAINT),
];

choices! {
    /// Mapping from values to colours.
    pub enum ColourMap {
        /// Dark blue to yellow, perceptually uniform.
        #[default]
        Viridis = "viridis",
        /// Black to pale yellow, perceptually uniform.
        Magma = "magma",
        /// Blue through white to red, for signed values.
        BlueWhiteRed = "blue_white_red",
        /// White to black.
        Grey = "grey",
    }
}

impl Rgb {
    /// The colour with this name: one of [`Rgb::names`] or `#rrggbb`.
    pub fn parse(name: &str) -> Option<Rgb> {
        if let Some((_, colour)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Some(*colour);
        }
        let digits = name.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        u32::from_str_radix(digits, 16).ok().map(unpack)
    }

    /// The colour mixed with white: fraction 0 returns the colour, 1 returns white.
    pub(super) fn mix_with_white(self, fraction: f64) -> Rgb {
        let pale = |c: u8| (f64::from(c) + (255.0 - f64::from(c)) * fraction).round() as u8;
        Rgb(pale(self.0), pale(self.1), pale(self.2))
    }

    /// The names of the named colours.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

impl std::fmt::Display for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl ColourMap {
    /// The colour at `u` in 0 to 1; values outside are clamped, NaN is grey.
    pub fn at(self, u: f64) -> Rgb {
        if u.is_nan() {
            return MISSING;
        }
        let stops = self.stops();
        let position = u.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        let below = (position as usize).min(stops.len() - 2);
        let (a, b, fraction) = (
            unpack(stops[below]),
            unpack(stops[below + 1]),
            position - below as f64,
        );
        let mix = |a: u8, b: u8| (a as f64 + (b as f64 - a as f64) * fraction).round() as u8;
        Rgb(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }

    fn stops(self) -> &'static [u32] {
        match self {
            ColourMap::Viridis => VIRIDIS,
            ColourMap::Magma => MAGMA,
            ColourMap::BlueWhiteRed => BLUE_WHITE_RED,
            ColourMap::Grey => &[0xffffff, 0x000000],
        }
    }
}

/// Colours for `count` layers of one panel: the palette, or viridis if the palette is too small.
pub(super) fn palette(count: usize) -> Vec<Rgb> {
    /// Above this value viridis is too pale on white.
    const VIRIDIS_MAX: f64 = 0.92;
    if count <= PALETTE.len() {
        return PALETTE[..count].to_vec();
    }
    (0..count)
        .map(|i| ColourMap::Viridis.at(VIRIDIS_MAX * i as f64 / (count - 1) as f64))
        .collect()
}

fn unpack(rgb: u32) -> Rgb {
    Rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

/// Viridis by van der Walt and Smith (CC0), every eighth of its 256 colours.
#[rustfmt::skip]
const VIRIDIS: &[u32] = &[
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453781, 0x424086, 0x3e4989,
    0x3b528b, 0x375b8d, 0x33638d, 0x2f6b8e, 0x2c728e, 0x297a8e, 0x26828e, 0x23898e,
    0x21918c, 0x1f988b, 0x1fa088, 0x22a785, 0x28ae80, 0x32b67a, 0x3fbc73, 0x4ec36b,
    0x5ec962, 0x70cf57, 0x84d44b, 0x98d83e, 0xaddc30, 0xc2df23, 0xd8e219, 0xece51b,
    0xfde725,
];

/// Magma by van der Walt and Smith (CC0), every eighth of its 256 colours.
#[rustfmt::skip]
const MAGMA: &[u32] = &[
    0x000004, 0x030312, 0x0a0822, 0x130d34, 0x1d1147, 0x29115a, 0x36106b, 0x440f76,
    0x51127c, 0x5d177f, 0x6a1c81, 0x762181, 0x832681, 0x902a81, 0x9c2e7f, 0xaa337d,
    0xb73779, 0xc43c75, 0xd0416f, 0xdc4869, 0xe75263, 0xef5d5e, 0xf56b5c, 0xf9795d,
    0xfc8961, 0xfd9869, 0xfea772, 0xfeb67c, 0xfec488, 0xfed395, 0xfde2a3, 0xfcf0b2,
    0xfcfdbf,
];

/// Two ramps of equal lightness that meet in white, so that zero has the colour of the background.
#[rustfmt::skip]
const BLUE_WHITE_RED: &[u32] = &[
    0x08306b, 0x15539a, 0x2f79b9, 0x62a3d1, 0x9ac6e1, 0xcfe1f0, 0xffffff,
    0xfbd9cd, 0xf5af95, 0xe77b62, 0xcf473d, 0xab1f2b, 0x6b0a1c,
];
