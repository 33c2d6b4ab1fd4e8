//! Where everything stands: panels whose axes align, with just the room their labels need.

use super::axes::{
    BAR, BAR_GAP, CAPITALS, LABEL_GAP, LABEL_TEXT, TICK, TICK_GAP, TICK_TEXT, TITLE_TEXT, power,
    title_lift, widest,
};
use super::extent::{Frame, Range, of_axis, of_colour};
use super::space::view::Space;
use super::text::Font;
use super::ticks::{self, Ticks};
use super::trace::{Point, outline};
use super::{Axis, Figure, Layer, Panel, Rgb, Side, colour, legend, space};
use crate::base::Result;

pub const FIGURE_TITLE: f64 = 15.0;
/// White around the page.
const MARGIN: f64 = 10.0;
/// White between panels, besides their labels.
const BETWEEN: [f64; 2] = [22.0, 18.0];
/// One label takes so many pixels along y.
const TICK_ROOM: f64 = 27.0;
/// The least side of a panel that keeps its aspect.
const THINNEST: f64 = 14.0;

/// A panel with its place on the page.
pub struct Placed<'a> {
    pub panel: &'a Panel,
    pub frame: Frame,
    /// The box of a panel with a camera.
    pub space: Option<Space>,
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
    let camera = panel.camera;
    let space = camera
        .map(|camera| Space::fit(panel, camera, size, font))
        .transpose()?;
    let frame = frame(panel, space.as_ref(), size)?;
    let colour_range = of_colour(panel)?;
    let shown = colour_range.filter(|_| !panel.colour.hidden);
    let most = fitting(frame.height);
    let bar_ticks = shown.map(|range| ticks::of_axis(&Axis::default(), &range, most, 0.0));
    let bar = bar_ticks
        .as_ref()
        .map_or(0.0, |ticks| bar_room(panel, ticks, font));
    let drawn = || outlines(panel, &frame, space.as_ref(), font);
    let legend = legend::place(panel, &frame, drawn, font, bar + 10.0);
    let (x_ticks, y_ticks) = match space {
        Some(_) => Default::default(),
        None => flat_ticks(panel, &frame, font),
    };
    let mut room = match space {
        Some(_) => Room {
            top: above(panel, frame.width, &y_ticks, font),
            ..Room::default()
        },
        None => around(panel, frame.width, &x_ticks, &y_ticks, font),
    };
    let beside = legend.as_ref().filter(|legend| legend.outside);
    let legend_room = beside.map_or(0.0, |legend| bar + 10.0 + legend.size[0]);
    room.right = room.right.max(bar).max(legend_room);
    if bar_ticks
        .as_ref()
        .is_some_and(|ticks| ticks.power.is_some())
    {
        room.top = room.top.max(6.0 + TICK_TEXT);
    }
    Ok(Placed {
        panel,
        frame,
        space,
        x_ticks,
        y_ticks,
        colour_range,
        bar_ticks,
        legend,
        colours: colours(panel),
        room,
    })
}

/// The axes at the corner of the page; of a box, the rectangle that it fills.
fn frame(panel: &Panel, space: Option<&Space>, size: [f64; 2]) -> Result<Frame> {
    let (x, y) = match space {
        Some(space) => (space.ranges[0], space.ranges[1]),
        None => (of_axis(panel, Side::X)?, of_axis(panel, Side::Y)?),
    };
    let [width, height] = match space {
        Some(_) => size,
        None => shaped(panel, size, &x, &y),
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

/// What no legend may hide, as lines and points.
fn outlines(panel: &Panel, frame: &Frame, space: Option<&Space>, font: &Font) -> Vec<Vec<Point>> {
    let layers = panel.layers.iter();
    match space {
        None => layers.flat_map(|layer| outline(frame, layer)).collect(),
        Some(space) => {
            let drawn = layers.flat_map(|layer| space::marks::outline(space, layer));
            drawn
                .chain(space::walls::outline(space, panel, font))
                .collect()
        }
    }
}

fn flat_ticks(panel: &Panel, frame: &Frame, font: &Font) -> (Ticks, Ticks) {
    let x_ticks = x_ticks(panel, frame, font);
    let least = alike(panel, &x_ticks);
    let y_ticks = ticks::of_axis(&panel.y, &frame.y, fitting(frame.height), least);
    (x_ticks, y_ticks)
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
    let least = least_step(panel, Side::X);
    let most = ((frame.width / 40.0) as usize).clamp(2, 8);
    let fits = |ticks: &Ticks| {
        let count = ticks.major.len().max(1) as f64;
        (widest(ticks, font) + 12.0) * count <= frame.width * 1.05
    };
    (2..=most)
        .rev()
        .map(|most| ticks::of_axis(&panel.x, &frame.x, most, least))
        .find(fits)
        .unwrap_or_else(|| ticks::of_axis(&panel.x, &frame.x, 1, least))
}

/// Rows and columns of a matrix are counted: nothing stands between two of them.
fn least_step(panel: &Panel, side: Side) -> f64 {
    let counted = |layer: &Layer| match (layer, side) {
        (Layer::Cells(cells), Side::X) => cells.x == [-0.5, cells.columns as f64 - 0.5],
        (Layer::Cells(cells), Side::Y) => cells.y == [-0.5, cells.rows as f64 - 0.5],
        _ => false,
    };
    f64::from(u8::from(panel.layers.iter().any(counted)))
}

/// The least step along y: with an equal aspect, the step along x.
fn alike(panel: &Panel, x_ticks: &Ticks) -> f64 {
    match x_ticks.major.as_slice() {
        [first, second, ..] if panel.equal_aspect => second.at - first.at,
        _ => least_step(panel, Side::Y),
    }
}

fn around(panel: &Panel, width: f64, x_ticks: &Ticks, y_ticks: &Ticks, font: &Font) -> Room {
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
    Room {
        left: (TICK + TICK_GAP + widest(y_ticks, font) + label(&panel.y.label)).max(overhang),
        right: overhang.max(4.0),
        top: above(panel, width, y_ticks, font),
        bottom: TICK + TICK_GAP + TICK_TEXT + below,
    }
}

fn above(panel: &Panel, width: f64, y_ticks: &Ticks, font: &Font) -> f64 {
    match (panel.title.is_empty(), y_ticks.power.is_some()) {
        (false, _) => title_lift(panel, width, y_ticks, font) + TITLE_TEXT,
        (true, true) => 6.0 + TICK_TEXT,
        (true, false) => TICK_TEXT / 2.0,
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

/// The colour of each layer, from the palette where it has none of its own.
pub fn colours(panel: &Panel) -> Vec<Rgb> {
    let free = panel.layers.iter().filter(|layer| layer.colour().is_none());
    let mut palette = colour::distinct(free.count()).into_iter();
    let mut next = || palette.next().unwrap_or(colour::INK);
    let of = |layer: &Layer| layer.colour().unwrap_or_else(&mut next);
    panel.layers.iter().map(of).collect()
}
