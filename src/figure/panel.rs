//! Figures as data: panels in rows and columns, each with axes and layers.

use super::{
    Bars, Camera, Circle, ColourMap, Heatmap, Layer, Line, ReferenceLine, Rgb, Scatter, Side,
    Stroke,
};
use crate::choices;

/// Width and height of the axes of a figure with one panel, in pixels of 1/96 inch.
const SINGLE_SIZE: [f64; 2] = [400.0, 260.0];
/// The same in a grid of panels.
const GRID_SIZE: [f64; 2] = [290.0, 200.0];
/// The sizes of three-dimensional panels, whose labels lie inside the given area.
const SINGLE_SIZE_3D: [f64; 2] = [440.0, 380.0];
const GRID_SIZE_3D: [f64; 2] = [340.0, 290.0];

/// A grid of panels.
#[derive(Debug, Clone)]
pub struct Figure {
    pub title: String,
    pub rows: usize,
    pub columns: usize,
    /// Row-major. A panel without layers leaves its cell blank.
    pub panels: Vec<Panel>,
    /// Width and height of the axes of each panel, without labels. Units: pixels of 1/96 inch.
    pub size: [f64; 2],
}

/// One set of axes and the layers in it.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    /// The third axis of a panel with a camera.
    pub z: Axis,
    /// The viewpoint; `None` for a flat panel.
    pub camera: Option<Camera>,
    pub colour: ColourAxis,
    pub layers: Vec<Layer>,
    pub legend: Legend,
    /// Whether one data unit has the same length along all axes.
    pub equal_aspect: bool,
}

/// One axis of a panel. Labels support the markup `^{..}` and `_{..}`.
#[derive(Debug, Clone, Default)]
pub struct Axis {
    pub label: String,
    pub log: bool,
    /// The values at both ends of the axis; `None` for a range that fits the data.
    pub limits: Option<[f64; 2]>,
    /// Whether values increase to the left or downwards.
    pub reversed: bool,
    /// Tick positions; `None` for automatic ticks, an empty list for no ticks.
    pub ticks: Option<Vec<f64>>,
}

/// The colour axis, which all coloured layers of a panel share.
#[derive(Debug, Clone, Default)]
pub struct ColourAxis {
    pub label: String,
    pub map: ColourMap,
    pub limits: Option<[f64; 2]>,
    /// Whether automatic limits are symmetric about zero.
    pub symmetric: bool,
    /// Whether the colour bar is omitted.
    pub hidden: bool,
}

choices! {
    /// Position of the legend.
    pub enum Legend {
        /// In a corner without data; outside the axes if there is no such corner.
        #[default]
        Auto = "auto",
        Outside = "outside",
        Hidden = "hidden",
    }
}

impl Figure {
    /// A figure of blank panels.
    pub fn new(rows: usize, columns: usize) -> Figure {
        let panels = vec![Panel::default(); rows * columns];
        Figure {
            title: String::new(),
            rows,
            columns,
            size: Figure::default_size(&panels),
            panels,
        }
    }

    /// The default size of the axes of these panels.
    pub fn default_size(panels: &[Panel]) -> [f64; 2] {
        let has_3d = panels.iter().any(|panel| panel.camera.is_some());
        match (panels.len() > 1, has_3d) {
            (false, false) => SINGLE_SIZE,
            (false, true) => SINGLE_SIZE_3D,
            (true, false) => GRID_SIZE,
            (true, true) => GRID_SIZE_3D,
        }
    }

    /// The panel at `row` and `column`.
    ///
    /// Panics if the index is out of range.
    pub fn panel(&mut self, row: usize, column: usize) -> &mut Panel {
        assert!(column < self.columns, "column {column} of {}", self.columns);
        &mut self.panels[row * self.columns + column]
    }
}

impl From<Panel> for Figure {
    fn from(panel: Panel) -> Figure {
        let panels = vec![panel];
        Figure {
            size: Figure::default_size(&panels),
            panels,
            ..Figure::new(1, 1)
        }
    }
}

impl Panel {
    /// A panel with one layer.
    pub fn from_layer(layer: Layer) -> Panel {
        Panel {
            layers: vec![layer],
            ..Panel::default()
        }
    }

    /// Curves over a shared x.
    pub fn lines(x: &[f64], curves: Vec<Vec<f64>>) -> Panel {
        let line = |y| Layer::Line(Line::new(x.to_vec(), y));
        Panel {
            layers: curves.into_iter().map(line).collect(),
            ..Panel::default()
        }
    }

    /// A heatmap over time or another ordered axis that fills the panel, with row 0 at the top.
    pub fn heatmap(cells: Heatmap) -> Panel {
        let mut panel = Panel::from_layer(Layer::Heatmap(cells));
        panel.y.reversed = true;
        panel
    }

    /// A heatmap with square cells, row 0 at the top, and a diverging colour map centred at zero.
    pub fn image(cells: Heatmap) -> Panel {
        let mut panel = Panel::heatmap(cells);
        panel.equal_aspect = true;
        panel.colour.map = ColourMap::BlueWhiteRed;
        panel.colour.symmetric = true;
        panel
    }

    /// A histogram of `data`.
    pub fn histogram(data: &[f64], bins: Option<usize>) -> Panel {
        let mut panel = Panel::from_layer(Layer::Bars(Bars::histogram(data, bins)));
        panel.y.label = "count".into();
        panel
    }

    /// Eigenvalues of a discrete-time map in the complex plane with the unit circle. Those outside
    /// the circle, whose modes grow, have a different colour.
    pub fn eigenvalues(re: &[f64], im: &[f64]) -> Panel {
        let mut panel = Panel {
            equal_aspect: true,
            ..Panel::default()
        };
        panel.x.label = "real part".into();
        panel.y.label = "imaginary part".into();
        let axis_stroke = Stroke {
            dash: super::Dash::Solid,
            width: 0.7,
            colour: Some(Rgb(0xd8, 0xd8, 0xd8)),
            ..Stroke::reference()
        };
        for side in [Side::X, Side::Y] {
            panel.layers.push(Layer::ReferenceLine(ReferenceLine {
                stroke: axis_stroke,
                ..ReferenceLine::new(side, 0.0)
            }));
        }
        panel.layers.push(Layer::Circle(Circle {
            centre: [0.0, 0.0],
            radius: 1.0,
            stroke: Stroke::reference(),
        }));
        let grows = |i: &usize| re[*i].hypot(im[*i]) > 1.0;
        let all = 0..re.len().min(im.len());
        let (outside, inside): (Vec<usize>, Vec<usize>) = all.partition(grows);
        for (indices, colour) in [
            (inside, super::colour::PALETTE[0]),
            (outside, super::colour::PALETTE[1]),
        ] {
            let pick = |from: &[f64]| indices.iter().map(|i| from[*i]).collect();
            panel.layers.push(Layer::Scatter(Scatter {
                colour: Some(colour),
                ..Scatter::new(pick(re), pick(im))
            }));
        }
        panel
    }
}
