//! Layout of the box of a three-dimensional panel on the page: as large as fits together with its
//! labels.

use super::axes_box::{AxesBox, Edge, outward};
use super::projection::Projection;
use super::{Camera, Point3};
use crate::base::Result;
use crate::figure::Panel;
use crate::figure::axis_metrics::{
    CAP_HEIGHT, LABEL_GAP, LABEL_TEXT, TICK_GAP, TICK_LENGTH, TICK_TEXT,
};
use crate::figure::polyline::Point;
use crate::figure::text::Font;

/// Space for one tick along an edge, in pixels.
const TICK_SPACING: f64 = 38.0;
/// Gap between the labels around the box and the edge of the panel.
const LABEL_MARGIN: f64 = 2.0;

/// The box of a panel and its projection to the page.
#[derive(Debug, Clone)]
pub struct BoxLayout {
    pub projection: Projection,
    pub axes_box: AxesBox,
}

/// The projected edge at which an axis is labelled.
pub struct LabelledEdge<'a> {
    edge: &'a Edge,
    /// Start and end of the axis on the page.
    pub ends: [Point; 2],
    /// Unit vector that points away from the box.
    pub outward: Point,
}

/// A text, its centre and its rotation by `angle` degrees.
pub struct BoxLabel {
    pub middle: Point,
    pub angle: f64,
    pub size: f64,
    pub text: String,
    /// Half the width and height of its axis-aligned bounding box.
    half: Point,
}

impl BoxLayout {
    /// The layout of the box of `panel`, as large as fits into `size` together with its labels.
    ///
    /// Errors: `Range` if the span of the values is not finite
    pub fn fit(panel: &Panel, camera: Camera, size: [f64; 2], font: &Font) -> Result<BoxLayout> {
        let projection = Projection::new(panel, camera)?;
        let ranges = projection.ranges;
        let mut layout = BoxLayout {
            projection,
            axes_box: AxesBox::new(panel, &ranges, [0; 3]),
        };
        // The margins depend on the labels, the labels on the ticks, and the ticks on the size of
        // the box: iterate.
        let mut margins = [36.0; 4];
        for _ in 0..3 {
            layout.projection.scale_to_fit(size, margins);
            layout.axes_box = AxesBox::new(panel, &ranges, layout.max_tick_counts());
            margins = layout.margins(font).map(|margin| margin + LABEL_MARGIN);
        }
        layout.projection.scale_to_fit(size, margins);
        Ok(layout)
    }

    /// The edge at which axis `k` is labelled; `None` for an axis that points towards the eye.
    pub fn labelled_edge(&self, k: usize) -> Option<LabelledEdge<'_>> {
        let (low, high) = self.projection.outline();
        let centre = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
        let view = self.axes_box.view(self.projection.towards_eye());
        let edges = self.axes_box.label_edges(view, k).filter_map(|edge| {
            let ends = edge.ends.map(|end| self.project(end));
            (length(ends) >= AxesBox::MIN_EDGE).then_some(LabelledEdge {
                edge,
                ends,
                outward: outward(ends, centre),
            })
        });
        edges.min_by(|a, b| a.ends[0][0].total_cmp(&b.ends[0][0]))
    }

    /// The positions of the ticks of an edge on the page.
    pub fn tick_positions(&self, edge: &LabelledEdge) -> impl Iterator<Item = Point> {
        edge.edge.ticks.iter().map(|tick| self.project(*tick))
    }

    /// The labels of axis `k` beside its edge: tick labels and axis label.
    pub fn labels(&self, k: usize, font: &Font) -> Vec<BoxLabel> {
        let Some(edge) = self.labelled_edge(k) else {
            return Vec::new();
        };
        let axis = &self.axes_box.axes[k];
        let mut widest = 0.0f64;
        let mut labels: Vec<BoxLabel> = Vec::new();
        for ((_, label), position) in axis.ticks.iter().zip(self.tick_positions(&edge)) {
            let half = [
                font.width(label, TICK_TEXT) / 2.0,
                TICK_TEXT * CAP_HEIGHT / 2.0,
            ];
            let reach = edge.outward[0].abs() * half[0] + edge.outward[1].abs() * half[1];
            widest = widest.max(2.0 * reach);
            labels.push(BoxLabel {
                middle: edge.beside(position, TICK_LENGTH + TICK_GAP + reach),
                angle: 0.0,
                size: TICK_TEXT,
                text: label.clone(),
                half,
            });
        }
        if !axis.label.is_empty() {
            let distance = TICK_LENGTH + TICK_GAP + widest + LABEL_GAP;
            labels.push(edge.axis_label(axis.label.clone(), distance, font));
        }
        labels
    }

    /// The bounding boxes of the labels, and the labelled edges.
    pub fn outline(&self, font: &Font) -> Vec<Vec<Point>> {
        let labels = (0..3).flat_map(|k| self.labels(k, font)).map(|label| {
            let ([x, y], [w, h]) = (label.middle, label.half);
            let corners = [(-w, -h), (w, -h), (w, h), (-w, h), (-w, -h)];
            // The diagonal detects a legend that lies entirely inside the rectangle.
            corners
                .into_iter()
                .chain([(w, h)])
                .map(|(dx, dy)| [x + dx, y + dy])
                .collect()
        });
        let edges = (0..3).filter_map(|k| Some(self.labelled_edge(k)?.ends.to_vec()));
        labels.chain(edges).collect()
    }

    /// How many ticks fit along the edge of each axis.
    fn max_tick_counts(&self) -> [usize; 3] {
        [0, 1, 2].map(|k| {
            let length = self.labelled_edge(k).map_or(0.0, |edge| length(edge.ends));
            ((length / TICK_SPACING) as usize).clamp(2, 6)
        })
    }

    /// How far the labels extend beyond the box: left, right, above, below.
    fn margins(&self, font: &Font) -> [f64; 4] {
        let (low, high) = self.projection.outline();
        let mut margins = [0.0f64; 4];
        for label in (0..3).flat_map(|k| self.labels(k, font)) {
            let ([x, y], [w, h]) = (label.middle, label.half);
            let beyond = [
                low[0] - x + w,
                x + w - high[0],
                low[1] - y + h,
                y + h - high[1],
            ];
            for (margin, beyond) in margins.iter_mut().zip(beyond) {
                *margin = margin.max(beyond);
            }
        }
        margins
    }

    fn project(&self, position: Point3) -> Point {
        self.projection.project(position).position
    }
}

impl LabelledEdge<'_> {
    /// The position at a distance from `position`, away from the box.
    pub fn beside(&self, position: Point, distance: f64) -> Point {
        let [x, y] = self.outward;
        [position[0] + distance * x, position[1] + distance * y]
    }

    /// The axis label, parallel to the edge with a gap of `distance`.
    fn axis_label(&self, text: String, distance: f64, font: &Font) -> BoxLabel {
        let [a, b] = self.ends;
        let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
        let (width, height) = (
            font.width(&text, LABEL_TEXT) / 2.0,
            LABEL_TEXT * CAP_HEIGHT / 2.0,
        );
        let angle = text_angle(self.ends);
        let (sin, cos) = angle.to_radians().sin_cos();
        BoxLabel {
            middle: self.beside(middle, distance + height),
            angle,
            size: LABEL_TEXT,
            half: [
                width * cos.abs() + height * sin.abs(),
                width * sin.abs() + height * cos.abs(),
            ],
            text,
        }
    }
}

/// The reading angle of text along a line, from -91 up to 89. Units: degrees, clockwise.
fn text_angle([a, b]: [Point; 2]) -> f64 {
    let angle = (b[1] - a[1]).atan2(b[0] - a[0]).to_degrees();
    match angle {
        steep if steep >= 89.0 => steep - 180.0,
        backward if backward < -91.0 => backward + 180.0,
        forward => forward,
    }
}

fn length([a, b]: [Point; 2]) -> f64 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}
