//! A panel in three dimensions with every colour and place worked out, for whatever turns it while
//! someone looks: the window, and the page for browsers.
//!
//! Places run from 0 to 1 along each side of the box; NaN stands for what has no place.

use super::view::{Space, axis};
use super::{Arrows, Camera, Labels, Paths, Place, Points};
use crate::base::Result;
use crate::figure::axes::power;
use crate::figure::extent::{Range, of_colour};
use crate::figure::layout::colours;
use crate::figure::text::{Font, plain};
use crate::figure::ticks::{Ticks, of_axis};
use crate::figure::{Axis, Dash, Figure, Layer, Map, Marker, Panel, Rgb};

/// The size of a window at first, and of a picture where no other is asked for. Units: pixels.
pub const SIZE: [u32; 2] = [1000, 760];

/// Ticks of a colour bar, and of an axis, at most.
const TICKS: [usize; 2] = [6, 5];
/// Colours of a colour bar.
const SHADES: usize = 64;

/// What there is to see in one panel.
#[derive(Debug, Clone)]
pub struct Stage {
    pub title: String,
    /// From where it is seen at first.
    pub camera: Camera,
    /// The sides of the box, the longest 1.
    pub sides: Place,
    pub scales: [Scale; 3],
    /// What the colours of numbers mean.
    pub bar: Option<Bar>,
    pub acts: Vec<Act>,
}

/// What stands along one side of the box.
#[derive(Debug, Clone)]
pub struct Scale {
    pub label: String,
    /// Where along the side, and what is written there.
    pub ticks: Vec<(f64, String)>,
    pub range: Range,
}

/// A colour bar.
#[derive(Debug, Clone)]
pub struct Bar {
    pub label: String,
    /// Where from 0 to 1, and what is written there.
    pub ticks: Vec<(f64, String)>,
    /// From the lowest number to the highest.
    pub shades: Vec<Rgb>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Act {
    pub kind: Kind,
    pub label: Option<String>,
    /// Of arrows, both ends by turns.
    pub at: Vec<[f32; 3]>,
    /// One for all, or one for each place; at least one.
    pub colours: Vec<Rgb>,
    /// The numbers behind the colours, one for each place, if there are any.
    pub values: Vec<f32>,
    pub opacity: f64,
}

/// What the places of a layer are.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Curves that end at these places.
    Paths {
        ends: Vec<usize>,
        width: f64,
        dash: Dash,
    },
    /// Points of this diameter in pixels: one for all, or one for each.
    Points {
        sizes: Vec<f32>,
        marker: Marker,
    },
    Arrows {
        width: f64,
        dash: Dash,
        head: bool,
    },
    Labels(Vec<String>),
}

impl Stage {
    /// The panels in three dimensions, row by row; none of a flat figure.
    ///
    /// Errors: what drawing the figure would give
    pub fn of(figure: &Figure) -> Result<Vec<Stage>> {
        figure.check()?;
        let font = Font::embedded();
        let solid = figure.panels.iter().filter(|panel| panel.camera.is_some());
        solid
            .map(|panel| Stage::of_panel(panel, figure.size, &font))
            .collect()
    }

    fn of_panel(panel: &Panel, size: [f64; 2], font: &Font) -> Result<Stage> {
        let camera = panel.camera.unwrap_or_default();
        let space = Space::fit(panel, camera, size, font)?;
        let colour_range = of_colour(panel)?;
        let scales = [0, 1, 2].map(|k| {
            let range = space.ranges[k];
            let ticks = of_axis(axis(panel, k), &range, TICKS[1], 0.0);
            Scale {
                label: named(&axis(panel, k).label, &ticks),
                ticks: written(&ticks, &range),
                range,
            }
        });
        let shown = colour_range.filter(|_| !panel.colour.hidden);
        let bar = shown.map(|range| {
            let ticks = of_axis(&Axis::default(), &range, TICKS[0], 0.0);
            let shade = |i| panel.colour.map.at(i as f64 / (SHADES - 1) as f64);
            Bar {
                label: named(&panel.colour.label, &ticks),
                ticks: written(&ticks, &range),
                shades: (0..SHADES).map(shade).collect(),
            }
        });
        let layers = panel.layers.iter().zip(colours(panel));
        let acts = layers.filter_map(|(layer, plain)| {
            let by = layer.values().zip(colour_range);
            let by = by.map(|(values, range)| (values, range, panel.colour.map));
            act(layer, &space, plain, by)
        });
        Ok(Stage {
            title: plain(&panel.title),
            camera,
            sides: space.sides(),
            scales,
            bar,
            acts: acts.collect(),
        })
    }
}

impl Act {
    /// The colour of a place.
    pub fn colour(&self, i: usize) -> Rgb {
        self.colours.get(i).copied().unwrap_or(self.colours[0])
    }

    /// Where each curve begins and ends in `at`; none for what is no curve.
    pub fn curves(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = match &self.kind {
            Kind::Paths { ends, .. } => &ends[..],
            _ => &[],
        };
        let starts = std::iter::once(&0).chain(ends);
        starts.zip(ends).map(|(start, end)| *start..*end)
    }
}

impl Kind {
    /// How lines are broken up.
    pub fn dash(&self) -> Dash {
        match self {
            Kind::Paths { dash, .. } | Kind::Arrows { dash, .. } => *dash,
            Kind::Points { .. } | Kind::Labels(_) => Dash::Solid,
        }
    }
}

impl Scale {
    /// The number at this part of the side; parts are known in single precision.
    pub fn number(&self, part: f32) -> f64 {
        let number = self.range.number(f64::from(part));
        let nothing = 1e-7 * self.range.span().abs();
        if !self.range.log && number.abs() < nothing {
            return 0.0;
        }
        number
    }
}

fn act(layer: &Layer, space: &Space, plain: Rgb, by: Option<(&[f64], Range, Map)>) -> Option<Act> {
    let place = |place: &Place| {
        let parts = space.parts(place).unwrap_or([f64::NAN; 3]);
        parts.map(|part| part as f32)
    };
    let all = |places: &[Place]| places.iter().map(place).collect();
    let (kind, at, opacity) = match layer {
        Layer::Paths(paths) => {
            let Paths {
                at, ends, stroke, ..
            } = paths;
            let (ends, width, dash) = (ends.clone(), stroke.width, stroke.dash);
            (Kind::Paths { ends, width, dash }, all(at), stroke.opacity)
        }
        Layer::Points(points) => {
            let Points {
                at,
                size,
                sizes,
                opacity,
                marker,
                ..
            } = points;
            let sizes = match sizes {
                Some(sizes) => sizes.iter().map(|size| *size as f32).collect(),
                None => vec![*size as f32],
            };
            let marker = *marker;
            (Kind::Points { sizes, marker }, all(at), *opacity)
        }
        Layer::Arrows(arrows) => {
            let Arrows {
                from,
                to,
                head,
                stroke,
                ..
            } = arrows;
            let (head, width, dash) = (*head, stroke.width, stroke.dash);
            let ends = from.iter().zip(to).flat_map(|(a, b)| [place(a), place(b)]);
            (
                Kind::Arrows { width, dash, head },
                ends.collect(),
                stroke.opacity,
            )
        }
        Layer::Labels(Labels { at, texts, .. }) => {
            let texts = texts.iter().map(|text| self::plain(text)).collect();
            (Kind::Labels(texts), all(at), 1.0)
        }
        _ => return None,
    };
    // An arrow has one number for its two ends.
    let times = if matches!(kind, Kind::Arrows { .. }) {
        2
    } else {
        1
    };
    let (values, colours) = match by {
        None | Some(([], ..)) => (Vec::new(), vec![plain]),
        Some((values, range, map)) => {
            let each = || values.iter().flat_map(|v| std::iter::repeat_n(*v, times));
            let shade = |v| map.at(range.part(v).unwrap_or(f64::NAN));
            (
                each().map(|v| v as f32).collect(),
                each().map(shade).collect(),
            )
        }
    };
    Some(Act {
        kind,
        label: layer.label().map(self::plain),
        at,
        colours,
        values,
        opacity,
    })
}

fn named(label: &str, ticks: &Ticks) -> String {
    let label = [label.to_string(), power(ticks).unwrap_or_default()];
    plain(label.join(" ").trim())
}

fn written(ticks: &Ticks, range: &Range) -> Vec<(f64, String)> {
    let inside = ticks.major.iter().filter_map(|tick| {
        let part = range
            .part(tick.at)
            .filter(|part| (-1e-9..=1.0 + 1e-9).contains(part))?;
        Some((part, plain(&tick.label)))
    });
    inside.collect()
}
