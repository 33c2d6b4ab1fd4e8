//! Resolved three-dimensional panels, with all colours and positions computed, for interactive
//! viewers: the window and the HTML page.
//!
//! Positions range from 0 to 1 along each side of the box; NaN marks positions that cannot be
//! shown.

use super::projection::{Projection, axis};
use super::{Arrows, Camera, Labels, Paths, Point3, Points};
use crate::base::Result;
use crate::figure::axes::exponent_label;
use crate::figure::layout::colours;
use crate::figure::scale::{Range, of_colour};
use crate::figure::text::{Font, to_unicode};
use crate::figure::ticks::{Ticks, of_axis};
use crate::figure::{Axis, ColourMap, Dash, Figure, Layer, Marker, Panel, Rgb};

/// Default size of a window and of an image. Units: pixels.
pub const DEFAULT_SIZE: [u32; 2] = [1000, 760];

/// Maximum number of ticks of a colour bar and of an axis.
const MAX_BAR_TICKS: usize = 6;
const MAX_AXIS_TICKS: usize = 5;
/// Number of colours of a colour bar.
const BAR_COLOURS: usize = 64;

/// A resolved three-dimensional panel.
#[derive(Debug, Clone)]
pub struct Scene {
    pub title: String,
    /// The initial viewpoint.
    pub camera: Camera,
    /// The side lengths of the box; the longest is 1.
    pub side_lengths: Point3,
    pub axes: [SceneAxis; 3],
    /// The legend of the colour axis.
    pub colour_bar: Option<ColourBar>,
    pub layers: Vec<SceneLayer>,
}

/// One axis of the box.
#[derive(Debug, Clone)]
pub struct SceneAxis {
    pub label: String,
    /// Position (0 to 1 along the side) and label of each tick.
    pub ticks: Vec<(f64, String)>,
    pub range: Range,
}

/// A colour bar.
#[derive(Debug, Clone)]
pub struct ColourBar {
    pub label: String,
    /// Position (0 to 1) and label of each tick.
    pub ticks: Vec<(f64, String)>,
    /// Colours in ascending order of the values.
    pub colours: Vec<Rgb>,
}

/// A resolved layer.
#[derive(Debug, Clone)]
pub struct SceneLayer {
    pub geometry: Geometry,
    pub label: Option<String>,
    /// Positions; for arrows, start and end alternate.
    pub positions: Vec<[f32; 3]>,
    /// One colour for all positions or one per position; never empty.
    pub colours: Vec<Rgb>,
    /// The values that determine the colours, one per position; empty if the layer has none.
    pub values: Vec<f32>,
    pub opacity: f64,
}

/// Geometry of a layer.
#[derive(Debug, Clone)]
pub enum Geometry {
    /// Curves, with the end index of each.
    Paths {
        ends: Vec<usize>,
        width: f64,
        dash: Dash,
    },
    /// Points, with their diameter in pixels: one for all or one per point.
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

impl Scene {
    /// The resolved three-dimensional panels of a figure in row-major order; empty for a flat
    /// figure.
    ///
    /// Errors: those of drawing the figure
    pub fn from_figure(figure: &Figure) -> Result<Vec<Scene>> {
        figure.validate()?;
        let font = Font::embedded();
        let solid = figure.panels.iter().filter(|panel| panel.camera.is_some());
        solid
            .map(|panel| Scene::from_panel(panel, figure.size, &font))
            .collect()
    }

    fn from_panel(panel: &Panel, size: [f64; 2], font: &Font) -> Result<Scene> {
        let camera = panel.camera.unwrap_or_default();
        let projection = Projection::fit(panel, camera, size, font)?;
        let colour_range = of_colour(panel)?;
        let axes = [0, 1, 2].map(|k| {
            let range = projection.ranges[k];
            let ticks = of_axis(axis(panel, k), &range, MAX_AXIS_TICKS, 0.0);
            SceneAxis {
                label: axis_label(&axis(panel, k).label, &ticks),
                ticks: tick_labels(&ticks, &range),
                range,
            }
        });
        let bar_range = colour_range.filter(|_| !panel.colour.hidden);
        let colour_bar = bar_range.map(|range| {
            let ticks = of_axis(&Axis::default(), &range, MAX_BAR_TICKS, 0.0);
            let shade = |i| panel.colour.map.at(i as f64 / (BAR_COLOURS - 1) as f64);
            ColourBar {
                label: axis_label(&panel.colour.label, &ticks),
                ticks: tick_labels(&ticks, &range),
                colours: (0..BAR_COLOURS).map(shade).collect(),
            }
        });
        let layers = panel.layers.iter().zip(colours(panel));
        let layers = layers.filter_map(|(layer, colour)| {
            let by_value = layer.values().zip(colour_range);
            let by_value = by_value.map(|(values, range)| (values, range, panel.colour.map));
            scene_layer(layer, &projection, colour, by_value)
        });
        Ok(Scene {
            title: to_unicode(&panel.title),
            camera,
            side_lengths: projection.side_lengths(),
            axes,
            colour_bar,
            layers: layers.collect(),
        })
    }
}

impl SceneLayer {
    /// The colour at a position.
    pub fn colour(&self, i: usize) -> Rgb {
        self.colours.get(i).copied().unwrap_or(self.colours[0])
    }

    /// The index range of each curve in `positions`; empty if the layer has no curves.
    pub fn curves(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = match &self.geometry {
            Geometry::Paths { ends, .. } => &ends[..],
            _ => &[],
        };
        let starts = std::iter::once(&0).chain(ends);
        starts.zip(ends).map(|(start, end)| *start..*end)
    }
}

impl Geometry {
    /// The dash pattern of lines.
    pub fn dash(&self) -> Dash {
        match self {
            Geometry::Paths { dash, .. } | Geometry::Arrows { dash, .. } => *dash,
            Geometry::Points { .. } | Geometry::Labels(_) => Dash::Solid,
        }
    }
}

impl SceneAxis {
    /// The value at a fraction of the side. Fractions have single precision, so a value below that
    /// precision is returned as zero.
    pub fn value(&self, fraction: f32) -> f64 {
        let value = self.range.value(f64::from(fraction));
        let zero_threshold = 1e-7 * self.range.span().abs();
        if !self.range.log && value.abs() < zero_threshold {
            return 0.0;
        }
        value
    }
}

fn scene_layer(
    layer: &Layer,
    projection: &Projection,
    plain: Rgb,
    by_value: Option<(&[f64], Range, ColourMap)>,
) -> Option<SceneLayer> {
    let position = |point: &Point3| {
        let coordinates = projection.box_coordinates(point).unwrap_or([f64::NAN; 3]);
        coordinates.map(|x| x as f32)
    };
    let all = |points: &[Point3]| points.iter().map(position).collect();
    let (geometry, positions, opacity) = match layer {
        Layer::Paths(paths) => {
            let Paths {
                at, ends, stroke, ..
            } = paths;
            let (ends, width, dash) = (ends.clone(), stroke.width, stroke.dash);
            (
                Geometry::Paths { ends, width, dash },
                all(at),
                stroke.opacity,
            )
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
            (Geometry::Points { sizes, marker }, all(at), *opacity)
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
            let ends = from
                .iter()
                .zip(to)
                .flat_map(|(a, b)| [position(a), position(b)]);
            (
                Geometry::Arrows { width, dash, head },
                ends.collect(),
                stroke.opacity,
            )
        }
        Layer::Labels(Labels { at, texts, .. }) => {
            let texts = texts.iter().map(|text| self::to_unicode(text)).collect();
            (Geometry::Labels(texts), all(at), 1.0)
        }
        _ => return None,
    };
    // Each arrow has one value for both of its ends.
    let repeats = if matches!(geometry, Geometry::Arrows { .. }) {
        2
    } else {
        1
    };
    let (values, colours) = match by_value {
        None | Some(([], ..)) => (Vec::new(), vec![plain]),
        Some((values, range, map)) => {
            let each = || values.iter().flat_map(|v| std::iter::repeat_n(*v, repeats));
            let shade = |v| map.at(range.fraction(v).unwrap_or(f64::NAN));
            (
                each().map(|v| v as f32).collect(),
                each().map(shade).collect(),
            )
        }
    };
    Some(SceneLayer {
        geometry,
        label: layer.label().map(to_unicode),
        positions,
        colours,
        values,
        opacity,
    })
}

fn axis_label(label: &str, ticks: &Ticks) -> String {
    let label = [label.to_string(), exponent_label(ticks).unwrap_or_default()];
    to_unicode(label.join(" ").trim())
}

fn tick_labels(ticks: &Ticks, range: &Range) -> Vec<(f64, String)> {
    let inside = ticks.major.iter().filter_map(|tick| {
        let fraction = range
            .fraction(tick.at)
            .filter(|fraction| (-1e-9..=1.0 + 1e-9).contains(fraction))?;
        Some((fraction, to_unicode(&tick.label)))
    });
    inside.collect()
}
