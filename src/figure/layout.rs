//! Page layout: panels with aligned axes, and margins that fit their labels.

use super::axis_metrics::{
    BAR_GAP, BAR_WIDTH, CAP_HEIGHT, LABEL_GAP, LABEL_TEXT, TICK_GAP, TICK_LENGTH, TICK_TEXT,
    TITLE_TEXT, title_lift, widest,
};
use super::polyline::{Point, outline};
use super::scale::{Frame, Range, of_axis, of_colour};
use super::text::Font;
use super::three_d::box_layout::BoxLayout;
use super::three_d::outline::layer_outline;
use super::ticks::{self, Ticks};
use super::{Axis, Figure, Layer, Panel, Rgb, Side, colour, legend};
use crate::base::Result;

pub const FIGURE_TITLE: f64 = 15.0;
/// Margin around the page.
const PAGE_MARGIN: f64 = 10.0;
/// Gap between panels, in addition to their labels.
const PANEL_GAP: [f64; 2] = [22.0, 18.0];
/// Gap between the axes or their colour bar and a legend beside them.
const LEGEND_GAP: f64 = 10.0;
/// Space for one tick label along y, in pixels.
const TICK_SPACING: f64 = 27.0;
/// Minimum side of the axes of a panel with equal aspect.
const MIN_AXES_SIZE: f64 = 14.0;

/// A panel and its position on the page.
pub struct PanelLayout<'a> {
    pub panel: &'a Panel,
    pub frame: Frame,
    /// The projected box of a three-dimensional panel.
    pub axes_box: Option<BoxLayout>,
    pub x_ticks: Ticks,
    pub y_ticks: Ticks,
    pub colour_range: Option<Range>,
    /// `None` if there is no colour bar.
    pub bar_ticks: Option<Ticks>,
    pub legend: Option<legend::LegendLayout>,
    /// One colour per layer.
    pub colours: Vec<Rgb>,
    margins: Margins,
}

/// The layout of a page.
pub struct PageLayout<'a> {
    pub width: f64,
    pub height: f64,
    pub panels: Vec<PanelLayout<'a>>,
}

/// Margins around the axes, in pixels.
#[derive(Clone, Copy, Default)]
struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A column or row of the page: margin, axes, margin.
#[derive(Clone, Copy, Default)]
struct Track {
    before: f64,
    inner: f64,
    after: f64,
}

/// The layout of `figure`.
///
/// Errors: `Range` if the span of the data is not finite
pub fn page<'a>(figure: &'a Figure, font: &Font) -> Result<PageLayout<'a>> {
    let mut columns = vec![Track::default(); figure.columns];
    let mut rows = vec![Track::default(); figure.rows];
    let mut panels = Vec::new();
    for (i, panel) in figure.panels.iter().enumerate() {
        if panel.layers.is_empty() {
            continue;
        }
        let layout = layout_panel(panel, figure.size, font)?;
        let (frame, margins) = (&layout.frame, &layout.margins);
        columns[i % figure.columns].include(margins.left, frame.width, margins.right);
        rows[i / figure.columns].include(margins.top, frame.height, margins.bottom);
        panels.push((i, layout));
    }
    let title = if figure.title.is_empty() {
        0.0
    } else {
        FIGURE_TITLE + 12.0
    };
    let (lefts, width) = starts(&columns, PAGE_MARGIN, PANEL_GAP[0]);
    let (tops, height) = starts(&rows, PAGE_MARGIN + title, PANEL_GAP[1]);
    let positioned = |(i, mut layout): (usize, PanelLayout<'a>)| {
        let (column, row) = (i % figure.columns, i / figure.columns);
        let frame = &mut layout.frame;
        frame.left = lefts[column] + (columns[column].inner - frame.width) / 2.0;
        frame.top = tops[row] + (rows[row].inner - frame.height) / 2.0;
        layout
    };
    Ok(PageLayout {
        width: width
            .max(font.width(&figure.title, FIGURE_TITLE) + 2.0 * PAGE_MARGIN)
            .ceil(),
        height: height.ceil(),
        panels: panels.into_iter().map(positioned).collect(),
    })
}

impl Track {
    fn include(&mut self, before: f64, inner: f64, after: f64) {
        self.before = self.before.max(before);
        self.inner = self.inner.max(inner);
        self.after = self.after.max(after);
    }
}

impl Margins {
    /// Extends the margins to fit a colour bar of width `bar` and a legend beside it.
    fn include_legends(
        &mut self,
        bar: f64,
        bar_ticks: Option<&Ticks>,
        legend: Option<&legend::LegendLayout>,
    ) {
        let beside = legend.filter(|legend| legend.outside);
        let legend_width = beside.map_or(0.0, |legend| bar + LEGEND_GAP + legend.size[0]);
        self.right = self.right.max(bar).max(legend_width);
        if bar_ticks.is_some_and(|ticks| ticks.power.is_some()) {
            self.top = self.top.max(6.0 + TICK_TEXT);
        }
    }
}

/// The position of the axes of each track, and the length of the page.
fn starts(tracks: &[Track], margin: f64, between: f64) -> (Vec<f64>, f64) {
    let mut edge = margin;
    let mut starts = Vec::new();
    for track in tracks {
        starts.push(edge + track.before);
        edge += track.before + track.inner + track.after + between;
    }
    (starts, edge - between + PAGE_MARGIN)
}

fn layout_panel<'a>(panel: &'a Panel, size: [f64; 2], font: &Font) -> Result<PanelLayout<'a>> {
    let camera = panel.camera;
    let axes_box = camera
        .map(|camera| BoxLayout::fit(panel, camera, size, font))
        .transpose()?;
    let frame = frame(panel, axes_box.as_ref(), size)?;
    let colour_range = of_colour(panel)?;
    let bar_range = colour_range.filter(|_| !panel.colour.hidden);
    let bar_ticks = bar_range.map(|range| {
        let max_count = max_ticks(frame.height);
        ticks::of_axis(&Axis::default(), &range, max_count, 0.0)
    });
    let bar = bar_ticks
        .as_ref()
        .map_or(0.0, |ticks| colour_bar_width(panel, ticks, font));
    let obstacles = || outlines(panel, &frame, axes_box.as_ref(), font);
    let legend = legend::layout(panel, &frame, obstacles, font, bar + LEGEND_GAP);
    let (x_ticks, y_ticks) = match axes_box {
        Some(_) => Default::default(),
        None => flat_ticks(panel, &frame, font),
    };
    let mut margins = match axes_box {
        Some(_) => title_margin(panel, frame.width, font),
        None => axis_margins(panel, frame.width, &x_ticks, &y_ticks, font),
    };
    margins.include_legends(bar, bar_ticks.as_ref(), legend.as_ref());
    Ok(PanelLayout {
        panel,
        frame,
        axes_box,
        x_ticks,
        y_ticks,
        colour_range,
        bar_ticks,
        legend,
        colours: colours(panel),
        margins,
    })
}

/// The rectangle of the axes, at the origin; for a three-dimensional panel, the rectangle that
/// contains the box.
fn frame(panel: &Panel, axes_box: Option<&BoxLayout>, size: [f64; 2]) -> Result<Frame> {
    let (x, y) = match axes_box {
        Some(axes_box) => (axes_box.projection.ranges[0], axes_box.projection.ranges[1]),
        None => (of_axis(panel, Side::X)?, of_axis(panel, Side::Y)?),
    };
    let [width, height] = match axes_box {
        Some(_) => size,
        None => axes_size(panel, size, &x, &y),
    };
    Ok(Frame {
        left: 0.0,
        top: 0.0,
        width,
        height,
        x,
        y,
    })
}

/// The lines and points that a legend must not hide.
fn outlines(
    panel: &Panel,
    frame: &Frame,
    axes_box: Option<&BoxLayout>,
    font: &Font,
) -> Vec<Vec<Point>> {
    let layers = panel.layers.iter();
    match axes_box {
        None => layers.flat_map(|layer| outline(frame, layer)).collect(),
        Some(axes_box) => {
            let drawn = layers.flat_map(|layer| layer_outline(&axes_box.projection, layer));
            drawn.chain(axes_box.outline(font)).collect()
        }
    }
}

fn flat_ticks(panel: &Panel, frame: &Frame, font: &Font) -> (Ticks, Ticks) {
    let x_ticks = x_ticks(panel, frame, font);
    let min_step = y_step(panel, &x_ticks);
    let y_ticks = ticks::of_axis(&panel.y, &frame.y, max_ticks(frame.height), min_step);
    (x_ticks, y_ticks)
}

/// Width and height of the axes: `size`, or a reduced side for an equal aspect.
fn axes_size(panel: &Panel, size: [f64; 2], x: &Range, y: &Range) -> [f64; 2] {
    if !panel.equal_aspect || x.log || y.log {
        return size;
    }
    let aspect = y.span() / x.span();
    let (width, height) = match size[0] * aspect {
        height if height <= size[1] => (size[0], height),
        _ => (size[1] / aspect, size[1]),
    };
    [width.max(MIN_AXES_SIZE), height.max(MIN_AXES_SIZE)]
}

fn max_ticks(length: f64) -> usize {
    ((length / TICK_SPACING) as usize).clamp(2, 9)
}

/// As many ticks along x as fit with their labels.
fn x_ticks(panel: &Panel, frame: &Frame, font: &Font) -> Ticks {
    let min_step = min_step_of(panel, Side::X);
    let max_count = ((frame.width / 40.0) as usize).clamp(2, 8);
    let fits = |ticks: &Ticks| {
        let count = ticks.major.len().max(1) as f64;
        (widest(ticks, font) + 12.0) * count <= frame.width * 1.05
    };
    (2..=max_count)
        .rev()
        .map(|count| ticks::of_axis(&panel.x, &frame.x, count, min_step))
        .find(fits)
        .unwrap_or_else(|| ticks::of_axis(&panel.x, &frame.x, 1, min_step))
}

/// The minimum tick step: 1 on an axis of row or column indices, else 0.
fn min_step_of(panel: &Panel, side: Side) -> f64 {
    let is_index_axis = |layer: &Layer| match (layer, side) {
        (Layer::Heatmap(cells), Side::X) => cells.x == [-0.5, cells.columns as f64 - 0.5],
        (Layer::Heatmap(cells), Side::Y) => cells.y == [-0.5, cells.rows as f64 - 0.5],
        _ => false,
    };
    f64::from(u8::from(panel.layers.iter().any(is_index_axis)))
}

/// The minimum tick step along y; with an equal aspect, the step along x.
fn y_step(panel: &Panel, x_ticks: &Ticks) -> f64 {
    match x_ticks.major.as_slice() {
        [first, second, ..] if panel.equal_aspect => second.at - first.at,
        _ => min_step_of(panel, Side::Y),
    }
}

/// The margins of a three-dimensional panel, whose frame contains its labels.
fn title_margin(panel: &Panel, width: f64, font: &Font) -> Margins {
    Margins {
        top: top_margin(panel, width, &Ticks::default(), font),
        ..Margins::default()
    }
}

fn axis_margins(
    panel: &Panel,
    width: f64,
    x_ticks: &Ticks,
    y_ticks: &Ticks,
    font: &Font,
) -> Margins {
    let label = |text: &str| {
        if text.is_empty() {
            0.0
        } else {
            LABEL_GAP + LABEL_TEXT
        }
    };
    let last = x_ticks.major.last();
    let overhang = last.map_or(0.0, |tick| font.width(&tick.label, TICK_TEXT) / 2.0);
    let below = match x_ticks.exponent_label() {
        Some(_) => label("power"),
        None => label(&panel.x.label),
    };
    Margins {
        left: (TICK_LENGTH + TICK_GAP + widest(y_ticks, font) + label(&panel.y.label))
            .max(overhang),
        right: overhang.max(4.0),
        top: top_margin(panel, width, y_ticks, font),
        bottom: TICK_LENGTH + TICK_GAP + TICK_TEXT + below,
    }
}

fn top_margin(panel: &Panel, width: f64, y_ticks: &Ticks, font: &Font) -> f64 {
    match (panel.title.is_empty(), y_ticks.power.is_some()) {
        (false, _) => title_lift(panel, width, y_ticks, font) + TITLE_TEXT,
        (true, true) => 6.0 + TICK_TEXT,
        (true, false) => TICK_TEXT / 2.0,
    }
}

fn colour_bar_width(panel: &Panel, ticks: &Ticks, font: &Font) -> f64 {
    let labels = TICK_LENGTH + TICK_GAP + widest(ticks, font);
    let name = match panel.colour.label.is_empty() {
        true => 0.0,
        false => LABEL_GAP + LABEL_TEXT * CAP_HEIGHT + 3.0,
    };
    let power = ticks
        .exponent_label()
        .map_or(0.0, |text| font.width(&text, TICK_TEXT) - BAR_WIDTH);
    BAR_GAP + BAR_WIDTH + (labels + name).max(power)
}

/// The colour of each layer, from the palette if the layer has no colour of its own.
pub fn colours(panel: &Panel) -> Vec<Rgb> {
    let unset = panel
        .layers
        .iter()
        .filter(|layer| layer.own_colour().is_none());
    let mut palette = colour::palette(unset.count()).into_iter();
    let mut next = || palette.next().unwrap_or(colour::INK);
    let colour_of = |layer: &Layer| layer.own_colour().unwrap_or_else(&mut next);
    panel.layers.iter().map(colour_of).collect()
}
