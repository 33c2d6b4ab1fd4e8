//! The figure as data: panels in rows and columns, each with axes and layers.

use super::{Bars, Camera, Cells, Circle, Layer, Line, Map, Rgb, Rule, Scatter, Side, Stroke};
use crate::base::Result;
use crate::choices;

/// Width and height of the axes of a figure with one panel, in pixels of 1/96 inch.
const ALONE: [f64; 2] = [400.0, 260.0];
/// The same in a grid of panels.
const IN_GRID: [f64; 2] = [290.0, 200.0];
/// Both for panels in three dimensions, whose words stand inside.
const BOX_ALONE: [f64; 2] = [440.0, 380.0];
const BOX_IN_GRID: [f64; 2] = [340.0, 290.0];

/// A page of panels.
#[derive(Debug, Clone)]
pub struct Figure {
    pub title: String,
    pub rows: usize,
    pub columns: usize,
    /// Row by row; one without layers leaves its place blank.
    pub panels: Vec<Panel>,
    /// Width and height of each panel's axes, without labels. Units: pixels of 1/96 inch.
    pub size: [f64; 2],
}

/// One pair of axes and what is drawn in it.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    /// The third axis of a panel with a camera.
    pub z: Axis,
    /// From where the panel is seen; `None` for a flat one.
    pub camera: Option<Camera>,
    pub colour: ColourAxis,
    pub layers: Vec<Layer>,
    pub legend: Legend,
    /// Whether one unit is equally long along all axes.
    pub equal_aspect: bool,
}

/// One axis of a panel. Labels know `^{..}` and `_{..}`.
#[derive(Debug, Clone, Default)]
pub struct Axis {
    pub label: String,
    pub log: bool,
    /// The first and the last number shown; `None` for what the data need.
    pub limits: Option<[f64; 2]>,
    /// Whether numbers grow leftwards or downwards.
    pub reversed: bool,
    /// Where ticks stand; `None` for a choice by size, an empty list for none.
    pub ticks: Option<Vec<f64>>,
}

/// The axis of numbers shown as colours; every coloured layer of a panel shares it.
#[derive(Debug, Clone, Default)]
pub struct ColourAxis {
    pub label: String,
    pub map: Map,
    pub limits: Option<[f64; 2]>,
    /// Whether limits found from the data are equally far from zero.
    pub symmetric: bool,
    /// Whether the colour bar is left out.
    pub hidden: bool,
}

choices! {
    /// Where a legend stands.
    pub enum Legend {
        /// In a corner without data, or beside the axes where there is none.
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
            size: Figure::usual_size(&panels),
            panels,
        }
    }

    /// The size of the axes of these panels where nobody asks for another.
    pub fn usual_size(panels: &[Panel]) -> [f64; 2] {
        let solid = panels.iter().any(|panel| panel.camera.is_some());
        match (panels.len() > 1, solid) {
            (false, false) => ALONE,
            (false, true) => BOX_ALONE,
            (true, false) => IN_GRID,
            (true, true) => BOX_IN_GRID,
        }
    }

    /// The panel at `row` and `column`. Panics, as an index does, where there is none.
    pub fn panel(&mut self, row: usize, column: usize) -> &mut Panel {
        assert!(column < self.columns, "column {column} of {}", self.columns);
        &mut self.panels[row * self.columns + column]
    }

    /// Whether the figure can be drawn.
    ///
    /// Errors: `Shapes` and `Shape` for arrays that do not go together; `Range` for impossible
    /// limits and sizes; `Kind` for a heatmap on a log axis.
    pub fn check(&self) -> Result<()> {
        super::check::figure(self)
    }
}

impl From<Panel> for Figure {
    fn from(panel: Panel) -> Figure {
        let panels = vec![panel];
        Figure {
            size: Figure::usual_size(&panels),
            panels,
            ..Figure::new(1, 1)
        }
    }
}

impl Panel {
    /// A panel with one layer.
    pub fn of(layer: Layer) -> Panel {
        Panel {
            layers: vec![layer],
            ..Panel::default()
        }
    }

    /// Curves over one x, each with its label if there are any.
    pub fn lines(x: &[f64], curves: Vec<Vec<f64>>) -> Panel {
        let line = |y| Layer::Line(Line::new(x.to_vec(), y));
        Panel {
            layers: curves.into_iter().map(line).collect(),
            ..Panel::default()
        }
    }

    /// A matrix over time or another ordered axis, filling the panel, row 0 at the top.
    pub fn heatmap(cells: Cells) -> Panel {
        let mut panel = Panel::of(Layer::Cells(cells));
        panel.y.reversed = true;
        panel
    }

    /// A matrix with square cells, row 0 at the top, in colours that show the sign.
    pub fn image(cells: Cells) -> Panel {
        let mut panel = Panel::heatmap(cells);
        panel.equal_aspect = true;
        panel.colour.map = Map::BlueWhiteRed;
        panel.colour.symmetric = true;
        panel
    }

    /// Counts of `data` in bins.
    pub fn histogram(data: &[f64], bins: Option<usize>) -> Panel {
        let mut panel = Panel::of(Layer::Bars(Bars::histogram(data, bins)));
        panel.y.label = "count".into();
        panel
    }

    /// Eigenvalues of a map in the complex plane with the unit circle; those outside it, whose
    /// modes grow, stand out.
    pub fn eigenvalues(re: &[f64], im: &[f64]) -> Panel {
        let mut panel = Panel {
            equal_aspect: true,
            ..Panel::default()
        };
        panel.x.label = "real part".into();
        panel.y.label = "imaginary part".into();
        let faint = Stroke {
            dash: super::Dash::Solid,
            width: 0.7,
            colour: Some(Rgb(0xd8, 0xd8, 0xd8)),
            ..Stroke::reference()
        };
        for side in [Side::X, Side::Y] {
            panel.layers.push(Layer::Rule(Rule {
                stroke: faint,
                ..Rule::new(side, 0.0)
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
        for (chosen, colour) in [
            (inside, super::colour::PALETTE[0]),
            (outside, super::colour::PALETTE[1]),
        ] {
            let pick = |from: &[f64]| chosen.iter().map(|i| from[*i]).collect();
            panel.layers.push(Layer::Scatter(Scatter {
                colour: Some(colour),
                ..Scatter::new(pick(re), pick(im))
            }));
        }
        panel
    }
}
