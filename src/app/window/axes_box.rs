//! Drawing of the box around a scene: grid and edges of the far faces, and the axis labels.

use kiss3d::prelude::{Vec2, Vec3};

use super::canvas::{Canvas, INK, TEXT, colour};
use super::scene::PreparedScene;
use crate::figure::scene::{AxesBox, Edge, outward};

/// Width of the labelled edges, and of the other edges and the grid.
const EDGE_WIDTH: f32 = 1.3;
const GRID_WIDTH: f32 = 1.0;
/// Gap between an edge and its tick labels, and between those and the axis label.
const TICK_GAP: f32 = 8.0;
const LABEL_GAP: f32 = 16.0;

impl PreparedScene {
    /// Draws grid and edges of the far faces, and the axis labels.
    pub fn axes_box(&self, canvas: &mut Canvas) {
        let axes_box = &self.scene.axes_box;
        let towards_eye: [f32; 3] = canvas.towards_eye.into();
        let view = axes_box.view(towards_eye.map(f64::from));
        let left = |edge: &Edge| canvas.project(self.position_of(edge.ends[0])).x;
        let edges = [0, 1, 2].map(|k| {
            let candidates = axes_box.label_edges(view, k);
            candidates.min_by(|a, b| left(a).total_cmp(&left(b)))
        });
        let edges: Vec<&Edge> = edges.into_iter().flatten().collect();
        let labelled: Vec<[Vec3; 2]> = edges.iter().map(|edge| self.line(edge.ends)).collect();
        for (k, face) in axes_box.far_faces(view).into_iter().enumerate() {
            for line in axes_box.grid(view, k).chain(face.border()) {
                let [a, b] = self.line(line);
                if !labelled.contains(&[a, b]) && !labelled.contains(&[b, a]) {
                    canvas.line([a, b], GRID_WIDTH, colour(AxesBox::GRID_COLOUR, 1.0));
                }
            }
        }
        for (k, edge) in edges.into_iter().enumerate() {
            canvas.line(labelled[k], EDGE_WIDTH, colour(INK, 1.0));
            if f64::from(towards_eye[k].abs()) <= AxesBox::MAX_COSINE {
                self.axis_labels(canvas, k, edge);
            }
        }
    }

    /// Draws the labels of axis `k` beside its edge, unless the edge is too short.
    fn axis_labels(&self, canvas: &mut Canvas, k: usize, edge: &Edge) {
        let axis = &self.scene.axes_box.axes[k];
        let ends = self.line(edge.ends).map(|end| canvas.project(end));
        if f64::from((ends[1] - ends[0]).length()) < AxesBox::MIN_EDGE {
            return;
        }
        let point = |at: Vec2| [f64::from(at.x), f64::from(at.y)];
        let centre = canvas.project(Vec3::ZERO);
        let [x, y] = outward(ends.map(point), point(centre));
        let outward = Vec2::new(x as f32, y as f32);
        let ink = colour(INK, 1.0);
        let mut widest = 0.0f32;
        for ((_, label), tick) in axis.ticks.iter().zip(&edge.ticks) {
            let base = canvas.project(self.position_of(*tick));
            let reach = canvas.reach(label, outward);
            widest = widest.max(2.0 * reach);
            let middle = base + outward * (TICK_GAP + reach);
            canvas.centred_text(label, middle, TEXT, ink);
        }
        let distance = LABEL_GAP + widest + canvas.reach(&axis.label, outward);
        let [a, b] = self.line(edge.ends);
        let middle = canvas.project((a + b) / 2.0);
        canvas.centred_text(&axis.label, middle + outward * distance, TEXT + 2.0, ink);
    }

    fn line(&self, ends: [[f64; 3]; 2]) -> [Vec3; 2] {
        ends.map(|end| self.position_of(end))
    }

    fn position_of(&self, coordinates: [f64; 3]) -> Vec3 {
        self.position(coordinates.map(|x| x as f32))
    }
}
