//! A scene with its geometry prepared for drawing.

use kiss3d::prelude::{Color, Vec3};

use super::canvas::colour;
use crate::figure::scene::{Geometry, Scene, SceneLayer};
use crate::figure::{Font as Widths, Marker};

/// Line width in a window, relative to that in other formats.
const LINE_SCALE: f32 = 1.3;

/// A scene with all geometry prepared for drawing.
pub struct PreparedScene {
    pub scene: Scene,
    /// Time steps of the longest curve, and the largest number of curves in a layer.
    pub steps: usize,
    pub trials: usize,
    pub layers: Vec<PreparedLayer>,
    /// Text widths.
    pub widths: Widths,
}

/// The prepared geometry of one layer.
#[derive(Default)]
pub struct PreparedLayer {
    pub lines: Vec<Segment>,
    pub width: f32,
    /// Dash and gap length in pixels; `None` for a solid line.
    pub dash: Option<[f32; 2]>,
    /// Whether lines fade with distance; false for lines coloured by values.
    pub fades: bool,
    pub points: Vec<(Vec3, Color, f32)>,
    pub marker: Option<Marker>,
}

/// A straight part of a curve or an arrow.
pub struct Segment {
    pub ends: [Vec3; 2],
    pub colour: Color,
    /// Trial and time step; `None` outside curves.
    pub trial_step: Option<[usize; 2]>,
    /// Arc length along the curve at its start.
    pub start: f32,
}

impl PreparedScene {
    pub fn new(scene: Scene) -> PreparedScene {
        let mut prepared = PreparedScene {
            steps: 0,
            trials: 0,
            layers: Vec::new(),
            widths: Widths::embedded(),
            scene,
        };
        for k in 0..prepared.scene.layers.len() {
            let layer = prepared.layer(&prepared.scene.layers[k]);
            prepared.layers.push(layer);
            let curves = || prepared.scene.layers[k].curves();
            let longest = curves().map(|curve| curve.len()).max().unwrap_or(0);
            let trials = curves().count();
            (prepared.steps, prepared.trials) =
                (prepared.steps.max(longest), prepared.trials.max(trials));
        }
        prepared
    }

    /// The position in space of box coordinates.
    pub fn position(&self, parts: [f32; 3]) -> Vec3 {
        let side = |k: usize| (parts[k] - 0.5) * self.scene.side_lengths[k] as f32;
        Vec3::new(side(0), side(1), side(2))
    }

    fn layer(&self, layer: &SceneLayer) -> PreparedLayer {
        let mut prepared = PreparedLayer {
            fades: layer.values.is_empty(),
            ..PreparedLayer::default()
        };
        match &layer.geometry {
            Geometry::Paths { width, .. } => {
                prepared.lines = self.path_segments(layer);
                prepared.width = *width as f32 * LINE_SCALE;
            }
            Geometry::Arrows { width, .. } => {
                let segment = |k| self.segment(layer, [2 * k, 2 * k + 1], None, 0.0);
                prepared.lines = (0..layer.positions.len() / 2).filter_map(segment).collect();
                prepared.width = *width as f32 * LINE_SCALE;
            }
            Geometry::Points { sizes, marker } => {
                prepared.marker = Some(*marker);
                prepared.points = self.points(layer, sizes);
            }
            Geometry::Labels(_) => {}
        }
        let dash = layer.geometry.dash();
        let pattern = dash.pattern(f64::from(prepared.width), false);
        prepared.dash = pattern.map(|lengths| lengths.map(|length| length as f32));
        prepared
    }

    /// The segments of all curves of a layer.
    fn path_segments(&self, layer: &SceneLayer) -> Vec<Segment> {
        let mut segments = Vec::new();
        for (trial, curve) in layer.curves().enumerate() {
            let mut start = 0.0;
            for i in curve.clone().skip(1) {
                let trial_step = Some([trial, i - 1 - curve.start]);
                if let Some(segment) = self.segment(layer, [i - 1, i], trial_step, start) {
                    start += (segment.ends[1] - segment.ends[0]).length();
                    segments.push(segment);
                }
            }
        }
        segments
    }

    /// The segment between two positions of a layer; `None` if one of them is not finite.
    fn segment(
        &self,
        layer: &SceneLayer,
        [i, j]: [usize; 2],
        trial_step: Option<[usize; 2]>,
        start: f32,
    ) -> Option<Segment> {
        let ends = [layer.positions[i], layer.positions[j]];
        let finite = ends.iter().flatten().all(|x| x.is_finite());
        finite.then(|| Segment {
            ends: ends.map(|at| self.position(at)),
            colour: colour(layer.colour(i), layer.opacity),
            trial_step,
            start,
        })
    }

    /// Position, colour and size of the points of a layer.
    fn points(&self, layer: &SceneLayer, sizes: &[f32]) -> Vec<(Vec3, Color, f32)> {
        let positions = layer.positions.iter().enumerate();
        let finite = positions.filter(|(_, at)| at.iter().all(|x| x.is_finite()));
        let point = |(i, at): (usize, &[f32; 3])| {
            let colour = colour(layer.colour(i), layer.opacity);
            (self.position(*at), colour, sizes[i.min(sizes.len() - 1)])
        };
        finite.map(point).collect()
    }
}
