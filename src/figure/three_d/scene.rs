//! Resolved three-dimensional panels, with all colours and positions computed, for interactive
//! viewers: the window and the HTML page.
//!
//! Positions range from 0 to 1 along each side of the box; NaN marks positions that cannot be
//! shown.

pub use super::axes_box::{AxesBox, BoxAxis, BoxView, Edge, Face, outward};
use super::projection::Projection;
use super::{Arrows, Camera, Labels, Paths, Point3};
use crate::base::Result;
use crate::figure::layout::colours;
use crate::figure::scale::{Range, of_colour};
use crate::figure::text::to_unicode;
use crate::figure::ticks::of_axis;
use crate::figure::{Axis, ColourAxis, ColourMap, Dash, Figure, Layer, Marker, Panel, Rgb};

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
    pub axes_box: AxesBox,
    /// The legend of the colour axis.
    pub colour_bar: Option<ColourBar>,
    pub layers: Vec<SceneLayer>,
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
        let with_camera = |panel: &Panel| Some(Scene::from_panel(panel, panel.camera?));
        figure.panels.iter().filter_map(with_camera).collect()
    }

    fn from_panel(panel: &Panel, camera: Camera) -> Result<Scene> {
        let projection = Projection::new(panel, camera)?;
        let colour_range = of_colour(panel)?;
        let bar_range = colour_range.filter(|_| !panel.colour.hidden);
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
            axes_box: AxesBox::new(panel, &projection.ranges, [MAX_AXIS_TICKS; 3])
                .with_unicode_labels(),
            colour_bar: bar_range.map(|range| ColourBar::new(&panel.colour, range)),
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

impl ColourBar {
    fn new(axis: &ColourAxis, range: Range) -> ColourBar {
        let ticks = of_axis(&Axis::default(), &range, MAX_BAR_TICKS, 0.0);
        let labelled = ticks.fractions(&range).into_iter();
        let colour = |i| axis.map.at(i as f64 / (BAR_COLOURS - 1) as f64);
        ColourBar {
            label: to_unicode(&ticks.label_with_exponent(&axis.label)),
            ticks: labelled
                .map(|(at, label)| (at, to_unicode(&label)))
                .collect(),
            colours: (0..BAR_COLOURS).map(colour).collect(),
        }
    }
}

/// The resolved layer; `None` for a flat layer. Without `by_value`, all positions have the colour
/// `plain`.
fn scene_layer(
    layer: &Layer,
    projection: &Projection,
    plain: Rgb,
    by_value: Option<(&[f64], Range, ColourMap)>,
) -> Option<SceneLayer> {
    let (geometry, opacity) = geometry(layer)?;
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
        positions: positions(layer, projection),
        colours,
        values,
        opacity,
    })
}

/// The geometry and the opacity of a three-dimensional layer.
fn geometry(layer: &Layer) -> Option<(Geometry, f64)> {
    Some(match layer {
        Layer::Paths(Paths { ends, stroke, .. }) => {
            let (ends, width, dash) = (ends.clone(), stroke.width, stroke.dash);
            (Geometry::Paths { ends, width, dash }, stroke.opacity)
        }
        Layer::Points(points) => {
            let sizes = match &points.sizes {
                Some(sizes) => sizes.iter().map(|size| *size as f32).collect(),
                None => vec![points.size as f32],
            };
            let marker = points.marker;
            (Geometry::Points { sizes, marker }, points.opacity)
        }
        Layer::Arrows(Arrows { head, stroke, .. }) => {
            let (head, width, dash) = (*head, stroke.width, stroke.dash);
            (Geometry::Arrows { width, dash, head }, stroke.opacity)
        }
        Layer::Labels(Labels { texts, .. }) => {
            let texts = texts.iter().map(|text| to_unicode(text)).collect();
            (Geometry::Labels(texts), 1.0)
        }
        _ => return None,
    })
}

/// The positions of a layer in the box; start and end alternate for arrows.
fn positions(layer: &Layer, projection: &Projection) -> Vec<[f32; 3]> {
    let position = |point: &Point3| {
        let coordinates = projection.box_coordinates(point).unwrap_or([f64::NAN; 3]);
        coordinates.map(|x| x as f32)
    };
    match layer {
        Layer::Arrows(Arrows { from, to, .. }) => {
            let ends = from.iter().zip(to);
            ends.flat_map(|(a, b)| [position(a), position(b)]).collect()
        }
        _ => layer.positions().map(position).collect(),
    }
}
