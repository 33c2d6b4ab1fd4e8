//! Where everything stands: panels whose axes align, with just the room their labels need.

use super::axes::{
    BAR, BAR_GAP, CAPITALS, LABEL_GAP, LABEL_TEXT, TICK, TICK_GAP, TICK_TEXT, TITLE_TEXT, power,
    title_lift, widest,
};
use super::extent::{Frame, Range, of_axis, of_colour};
use super::text::Font;
use super::ticks::{self, Ticks};
use super::{Axis, Figure, Panel, Rgb, Side, colour, legend};
use crate::base::Result;

pub const FIGURE_TITLE: f64 = 15.0;
/// White around the page.
const MARGIN: f64 = 10.0;
/// White between panels, besides their labels.
const BETWEEN: [f64; 2] = [22.0, 18.0];
/// One label takes so many pixels along y.
const TICK_ROOM: f64 = 34.0;
/// The least side of a panel that keeps its aspect.
const THINNEST: f64 = 14.0;

/// A panel with its place on the page.
pub struct Placed<'a> {
    pub panel: &'a Panel,
    pub frame: Frame,
    pub x_ticks: Ticks,
    pub y_ticks: Ticks,
    pub colour_range: Option<Range>,
    /// `None` where there is no colour bar.
    pub bar_ticks: Option<Ticks>,
    pub legend: Option<legend::Placed>,
    /// One for each layer.
    pub colours: Vec<Rgb>,
    room: Room,
}

/// The page.
pub struct Page<'a> {
    pub width: f64,
    pub height: f64,
    pub panels: Vec<Placed<'a>>,
}

/// Pixels needed around the axes.
#[derive(Clone, Copy, Default)]
struct Room {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Columns or rows of a page: room before, axes, room after.
#[derive(Clone, Copy, Default)]
struct Track {
    before: f64,
    inner: f64,
    after: f64,
}

/// Errors: `Range` for numbers whose span is not a number.
pub fn page<'a>(figure: &'a Figure, font: &Font) -> Result<Page<'a>> {
    let mut columns = vec![Track::default(); figure.columns];
    let mut rows = vec![Track::default(); figure.rows];
    let mut panels = Vec::new();
    for (i, panel) in figure.panels.iter().enumerate() {
        if panel.layers.is_empty() {
            continue;
        }
        let placed = place(panel, figure.size, font)?;
        let (frame, room) = (&placed.frame, &placed.room);
        columns[i % figure.columns].hold(room.left, frame.width, room.right);
        rows[i / figure.columns].hold(room.top, frame.height, room.bottom);
        panels.push((i, placed));
    }
    let title = if figure.title.is_empty() {
        0.0
    } else {
        FIGURE_TITLE + 12.0
    };
    let (lefts, width) = starts(&columns, MARGIN, BETWEEN[0]);
    let (tops, height) = starts(&rows, MARGIN + title, BETWEEN[1]);
    let moved = |(i, mut placed): (usize, Placed<'a>)| {
        let (column, row) = (i % figure.columns, i / figure.columns);
        let frame = &mut placed.frame;
        frame.left = lefts[column] + (columns[column].inner - frame.width) / 2.0;
        frame.top = tops[row] + (rows[row].inner - frame.height) / 2.0;
        placed
    };
    Ok(Page {
        width: width
            .max(font.width(&figure.title, FIGURE_TITLE) + 2.0 * MARGIN)
            .ceil(),
        height: height.ceil(),
        panels: panels.into_iter().map(moved).collect(),
    })
}

impl Track {
    fn hold(&mut self, before: f64, inner: f64, after: f64) {
        self.before = self.before.max(before);
        self.inner = self.inner.max(inner);
        self.after = self.after.max(after);
    }
}

/// Where the axes of each track begin, and where the page ends.
fn starts(tracks: &[Track], margin: f64, between: f64) -> (Vec<f64>, f64) {
    let mut edge = margin;
    let mut starts = Vec::new();
    for track in tracks {
        starts.push(edge + track.before);
        edge += track.before + track.inner + track.after + between;
    }
    (starts, edge - between + MARGIN)
}

fn place<'a>(panel: &'a Panel, size: [f64; 2], font: &Font) -> Result<Placed<'a>> {
    let (x, y) = (of_axis(panel, Side::X)?, of_axis(panel, Side::Y)?);
    let [width, height] = shaped(panel, size, &x, &y);
    let frame = Frame {
        left: 0.0,
        top: 0.0,
        width,
        height,
        x,
        y,
    };
    let colour_range = of_colour(panel)?;
    let shown = colour_range.filter(|_| !panel.colour.hidden);
    let bar_ticks = shown.map(|range| ticks_of(&Axis::default(), &range, fitting(height)));
    let bar = bar_ticks
        .as_ref()
        .map_or(0.0, |ticks| bar_room(panel, ticks, font));
    let legend = legend::place(panel, &frame, font, bar + 10.0);
    let x_ticks = x_ticks(panel, &frame, font);
    let y_ticks = ticks_of(&panel.y, &y, fitting(height));
    let mut room = around(panel, &x_ticks, &y_ticks, font);
    let beside = legend.as_ref().filter(|legend| legend.outside);
    room.right = room
        .right
        .max(bar)
        .max(beside.map_or(0.0, |l| bar + 10.0 + l.size[0]));
    if bar_ticks
        .as_ref()
        .is_some_and(|ticks| ticks.power.is_some())
    {
        room.top = room.top.max(6.0 + TICK_TEXT);
    }
    Ok(Placed {
        panel,
        frame,
        x_ticks,
        y_ticks,
        colour_range,
        bar_ticks,
        legend,
        colours: colours(panel),
        room,
    })
}

/// Width and height of the axes: all of `size`, or less of one side for an equal aspect.
fn shaped(panel: &Panel, size: [f64; 2], x: &Range, y: &Range) -> [f64; 2] {
    if !panel.equal_aspect || x.log || y.log {
        return size;
    }
    let tall = y.span() / x.span();
    let (width, height) = match size[0] * tall {
        height if height <= size[1] => (size[0], height),
        _ => (size[1] / tall, size[1]),
    };
    [width.max(THINNEST), height.max(THINNEST)]
}

fn fitting(length: f64) -> usize {
    ((length / TICK_ROOM) as usize).clamp(2, 9)
}

/// As many ticks along x as stand apart with their labels.
fn x_ticks(panel: &Panel, frame: &Frame, font: &Font) -> Ticks {
    let most = ((frame.width / 40.0) as usize).clamp(2, 8);
    let fits = |ticks: &Ticks| {
        let count = ticks.major.len().max(1) as f64;
        (widest(ticks, font) + 12.0) * count <= frame.width * 1.05
    };
    (2..=most)
        .rev()
        .map(|most| ticks_of(&panel.x, &frame.x, most))
        .find(fits)
        .unwrap_or_else(|| ticks_of(&panel.x, &frame.x, 1))
}

fn ticks_of(axis: &Axis, range: &Range, most: usize) -> Ticks {
    match &axis.ticks {
        Some(at) => ticks::chosen(at, range.log),
        None if range.log => ticks::log(range.low, range.high, most),
        None => ticks::linear(range.low, range.high, most),
    }
}

fn around(panel: &Panel, x_ticks: &Ticks, y_ticks: &Ticks, font: &Font) -> Room {
    let label = |text: &str| {
        if text.is_empty() {
            0.0
        } else {
            LABEL_GAP + LABEL_TEXT
        }
    };
    let last = x_ticks.major.last();
    let overhang = last.map_or(0.0, |tick| font.width(&tick.label, TICK_TEXT) / 2.0);
    let below = match power(x_ticks) {
        Some(_) => label("power"),
        None => label(&panel.x.label),
    };
    let above = match (panel.title.is_empty(), y_ticks.power.is_some()) {
        (false, _) => title_lift(y_ticks) + TITLE_TEXT,
        (true, true) => 6.0 + TICK_TEXT,
        (true, false) => TICK_TEXT / 2.0,
    };
    Room {
        left: (TICK + TICK_GAP + widest(y_ticks, font) + label(&panel.y.label)).max(overhang),
        right: overhang.max(4.0),
        top: above,
        bottom: TICK + TICK_GAP + TICK_TEXT + below,
    }
}

fn bar_room(panel: &Panel, ticks: &Ticks, font: &Font) -> f64 {
    let labels = TICK + TICK_GAP + widest(ticks, font);
    let name = match panel.colour.label.is_empty() {
        true => 0.0,
        false => LABEL_GAP + LABEL_TEXT * CAPITALS + 3.0,
    };
    let power = power(ticks).map_or(0.0, |text| font.width(&text, TICK_TEXT) - BAR);
    BAR_GAP + BAR + (labels + name).max(power)
}

fn colours(panel: &Panel) -> Vec<Rgb> {
    let free = panel.layers.iter().filter(|layer| layer.colour().is_none());
    let mut palette = colour::distinct(free.count()).into_iter();
    let mut next = || palette.next().unwrap_or(colour::INK);
    let of = |layer: &super::Layer| layer.colour().unwrap_or_else(&mut next);
    panel.layers.iter().map(of).collect()
}
