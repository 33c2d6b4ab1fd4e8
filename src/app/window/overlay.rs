//! Text around a scene: title, legend, colour bar, selected point, status and help.

use kiss3d::prelude::{Color, Vec2};

use super::canvas::{Canvas, INK, TEXT, colour};
use super::scene::PreparedScene;
use super::view_state::{HELP, SelectedPoint, ViewState};

/// Line heights of the help text, of the selection box and of the legend. Units: pixels.
const KEY_LINE_HEIGHT: f32 = 24.0;
const VALUE_LINE_HEIGHT: f32 = 19.0;
const LEGEND_ROW_HEIGHT: f32 = 22.0;
/// Distance of the status text from the lower edge.
const STATUS_HEIGHT: f32 = 26.0;
/// Margin at the edges.
const MARGIN: f32 = 6.0;

impl PreparedScene {
    /// Draws title, legend, colour bar and status text.
    pub fn overlay(&self, canvas: &mut Canvas, view: &ViewState, status: Option<&str>) {
        let middle = Vec2::new(canvas.size.x / 2.0, 16.0);
        canvas.centred_text(&self.scene.title, middle, TEXT + 4.0, colour(INK, 1.0));
        self.legend(canvas, view);
        self.colour_bar(canvas);
        let mut parts = Vec::new();
        if let Some(now) = view.now {
            parts.push(format!("step {} of {}", now as usize, self.steps));
        }
        if let Some(trial) = view.trial {
            parts.push(format!("trial {trial} of {}", self.trials));
        }
        parts.extend(status.map(String::from));
        let low = Vec2::new(14.0, canvas.size.y - STATUS_HEIGHT);
        canvas.text(&parts.join("   "), low, TEXT, colour(INK, 1.0));
    }

    /// Boxes above everything else: the selected point and the help text.
    pub fn text_boxes(&self, canvas: &Canvas, view: &ViewState, help: bool) -> Vec<TextBox> {
        let selected = view.selected.as_ref();
        let selection = selected.map(|point| selection_box(canvas, point));
        let help = (help && view.help).then(|| {
            let lines = HELP.map(String::from).to_vec();
            let up = Vec2::new(
                MARGIN,
                canvas.size.y - STATUS_HEIGHT - 12.0 - KEY_LINE_HEIGHT * HELP.len() as f32,
            );
            TextBox::new(canvas, lines, KEY_LINE_HEIGHT, up)
        });
        selection.into_iter().chain(help).collect()
    }

    fn legend(&self, canvas: &mut Canvas, view: &ViewState) {
        let mut row = 34.0;
        for (k, layer) in self.scene.layers.iter().enumerate() {
            let Some(label) = &layer.label else { continue };
            let shown = !view.hidden.contains(&k);
            let opacity = if shown { 1.0 } else { 0.3 };
            let sign = colour(layer.colours[0], opacity);
            match self.layers[k].marker {
                Some(shape) => canvas.legend_marker(shape, Vec2::new(23.0, row + 9.0), 11.0, sign),
                None => canvas.bar(Vec2::new(14.0, row + 9.0), [18.0, 4.0], sign),
            }
            let text = format!("{label}  [{}]", k + 1);
            canvas.text(&text, Vec2::new(40.0, row), TEXT, colour(INK, opacity));
            row += LEGEND_ROW_HEIGHT;
        }
    }

    fn colour_bar(&self, canvas: &mut Canvas) {
        let Some(bar) = &self.scene.colour_bar else {
            return;
        };
        let ink = colour(INK, 1.0);
        let height = (canvas.size.y - 200.0).clamp(60.0, 280.0);
        let (left, low) = (canvas.size.x - 84.0, (canvas.size.y + height) / 2.0);
        let line_height = height / bar.colours.len() as f32;
        for (k, shade) in bar.colours.iter().enumerate() {
            let position = Vec2::new(left, low - (k as f32 + 0.5) * line_height);
            canvas.bar(position, [12.0, line_height + 1.0], colour(*shade, 1.0));
        }
        for (part, text) in &bar.ticks {
            let position = Vec2::new(left + 20.0, low - height * *part as f32 - TEXT / 2.0);
            canvas.text(text, position, TEXT, ink);
        }
        // Above the bar, shifted to the left as far as necessary to be fully visible.
        let half = canvas.text_width(&bar.label, TEXT) / 2.0;
        let across = (left + 6.0).min(canvas.size.x - MARGIN - half);
        canvas.centred_text(
            &bar.label,
            Vec2::new(across, low - height - 18.0),
            TEXT,
            ink,
        );
    }
}

/// A box with lines of text.
pub struct TextBox {
    lines: Vec<String>,
    /// The height of a line.
    line_height: f32,
    corner: Vec2,
    size: Vec2,
    /// The centre of the circle around the selected point.
    circled: Option<Vec2>,
}

impl TextBox {
    fn new(canvas: &Canvas, lines: Vec<String>, line_height: f32, corner: Vec2) -> TextBox {
        let widths = lines.iter().map(|line| canvas.text_width(line, TEXT));
        let width = widths.fold(0.0, f32::max) + 12.0;
        let size = Vec2::new(width, line_height * lines.len() as f32 + 4.0);
        TextBox {
            lines,
            line_height,
            corner,
            size,
            circled: None,
        }
    }

    /// The upper left and the lower right corner.
    pub fn corners(&self) -> [Vec2; 2] {
        [self.corner, self.corner + self.size]
    }

    pub fn draw(&self, canvas: &mut Canvas) {
        self.circled.iter().for_each(|at| canvas.ring(*at));
        let left = self.corner + Vec2::new(0.0, self.size.y / 2.0);
        canvas.bar(left, self.size.into(), Color::new(1.0, 1.0, 1.0, 0.85));
        for (row, line) in self.lines.iter().enumerate() {
            let at = self.corner + Vec2::new(6.0, 2.0 + self.line_height * row as f32);
            canvas.text(line, at, TEXT, colour(INK, 1.0));
        }
    }
}

/// The description of the selected point, placed beside it where it fits.
fn selection_box(canvas: &Canvas, point: &SelectedPoint) -> TextBox {
    const OFFSET: f32 = 8.0;
    let at = canvas.project(point.position);
    let mut text_box = TextBox::new(canvas, point.lines.clone(), VALUE_LINE_HEIGHT, at + OFFSET);
    let end = canvas.size - MARGIN - text_box.corner - text_box.size;
    if end.x < 0.0 {
        text_box.corner.x = at.x - OFFSET - text_box.size.x;
    }
    if end.y < 0.0 {
        text_box.corner.y = at.y - OFFSET - text_box.size.y;
    }
    text_box.circled = Some(at);
    text_box
}
