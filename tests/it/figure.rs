//! Figures: what is drawn of which data, what is refused, and that the bytes depend on nothing
//! else.

use attractor::base::Error;
use attractor::figure::{
    Band, Bars, ColourMap, Dash, Figure, Heatmap, Layer, Line, Marker, Panel, ReferenceLine, Rgb,
    Scatter, Side, Stem, png, svg,
};
use resvg::usvg::roxmltree::Document;

fn line(x: &[f64], y: &[f64]) -> Panel {
    Panel::lines(x, vec![y.to_vec()])
}

fn drawn(panel: Panel) -> String {
    svg(&Figure::from(panel)).expect("a valid figure")
}

fn texts(drawing: &str) -> Vec<String> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let text = |node: resvg::usvg::roxmltree::Node| {
        let parts = node.descendants().filter(|n| n.is_text());
        parts.filter_map(|n| n.text()).collect::<String>()
    };
    let written = document.descendants().filter(|n| n.has_tag_name("text"));
    written.map(text).collect()
}

/// The points of the first stroked path inside a clipped group, stretch by stretch.
fn path_of(drawing: &str) -> Vec<Vec<[f64; 2]>> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let group = document
        .descendants()
        .find(|n| n.attribute("clip-path").is_some())
        .expect("a clipped group");
    let Some(path) = group.descendants().find_map(|n| n.attribute("d")) else {
        return Vec::new();
    };
    let numbers = |part: &str| -> Vec<[f64; 2]> {
        let all: Vec<f64> = part
            .split(['L', ' '])
            .map(|v| v.parse().expect("a number"))
            .collect();
        all.chunks(2).map(|xy| [xy[0], xy[1]]).collect()
    };
    path.split('M').skip(1).map(numbers).collect()
}

fn png_size(bytes: &[u8]) -> (u32, u32) {
    let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (side(16), side(20))
}

#[test]
fn every_kind_of_layer_leaves_its_mark_in_valid_svg() {
    let (x, y) = (vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 2.0]);
    let ribbon = Band {
        x: x.clone(),
        low: vec![0.0; 3],
        high: y.clone(),
        ..Band::default()
    };
    let table = [
        (
            "line",
            Layer::Line(Line::new(x.clone(), y.clone())),
            "stroke-linejoin",
        ),
        (
            "scatter",
            Layer::Scatter(Scatter::new(x.clone(), y.clone())),
            "<circle",
        ),
        (
            "stem",
            Layer::Stem(Stem::new(x.clone(), y.clone())),
            "<circle",
        ),
        (
            "bars",
            Layer::Bars(Bars::histogram(&y, Some(3))),
            "Z\" fill=",
        ),
        ("ribbon", Layer::Band(ribbon), "Z\" fill="),
        (
            "cells",
            Layer::Heatmap(Heatmap::new(vec![1.0; 6], 2, 3)),
            "data:image/png;base64,",
        ),
        (
            "rule",
            Layer::ReferenceLine(ReferenceLine::new(Side::X, 1.0)),
            "stroke-dasharray",
        ),
    ];
    for (name, layer, mark) in table {
        let drawing = drawn(Panel::from_layer(layer));
        Document::parse(&drawing).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(drawing.contains(mark), "{name}: no {mark}");
    }
}

#[test]
fn words_of_a_figure_are_text_whatever_characters_they_hold() {
    let mut panel = line(&[0.0, 1.0], &[0.0, 1.0]);
    panel.title = "a < b & \"c\" \u{1}>".into();
    panel.x.label = "τ (ms^{−1})".into();
    panel.y.label = "W_{rec} h^{".into();
    let texts = texts(&drawn(panel));
    for expected in ["a < b & \"c\"  >", "τ (ms−1)", "Wrec h^{"] {
        assert!(
            texts.iter().any(|t| t == expected),
            "{expected:?} not in {texts:?}"
        );
    }
}

#[test]
fn a_number_that_is_not_finite_leaves_a_gap() {
    let x: Vec<f64> = (0..7).map(f64::from).collect();
    for gap in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let stretches = path_of(&drawn(line(&x, &[0.0, 1.0, 2.0, gap, 2.0, 1.0, 0.0])));
        let lengths: Vec<usize> = stretches.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 3], "{gap}");
    }
}

#[test]
fn numbers_not_above_zero_leave_a_gap_on_a_log_axis() {
    let mut panel = line(&[0.0, 1.0, 2.0, 3.0, 4.0], &[1.0, 10.0, 0.0, 10.0, 1.0]);
    panel.y.log = true;
    assert_eq!(path_of(&drawn(panel)).len(), 2);
    let mut empty = line(&[0.0, 1.0], &[-1.0, 0.0]);
    empty.y.log = true;
    assert!(path_of(&drawn(empty)).is_empty());
}

#[test]
fn data_without_a_span_are_drawn() {
    let table: [(&str, &[f64]); 6] = [
        ("nothing", &[]),
        ("one", &[3.0]),
        ("equal", &[2.5, 2.5, 2.5]),
        ("zeros", &[0.0, 0.0]),
        ("not a number", &[f64::NAN, f64::NAN]),
        ("tiny", &[1e-320, 2e-320]),
    ];
    for (name, y) in table {
        let x: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
        for log in [false, true] {
            let mut panel = line(&x, y);
            panel.y.log = log;
            let drawing = drawn(panel);
            assert!(
                !drawing.contains("NaN") && !drawing.contains("inf"),
                "{name} {log}"
            );
        }
        let histogram = drawn(Panel::histogram(y, None));
        assert!(!histogram.contains("NaN"), "{name}");
    }
}

#[test]
fn what_cannot_be_drawn_is_a_clear_fault() {
    let fault = |panel: Panel| svg(&Figure::from(panel)).expect_err("an error").to_string();
    let with = |change: fn(&mut Panel)| {
        let mut panel = line(&[0.0, 1.0], &[0.0, 1.0]);
        change(&mut panel);
        panel
    };
    let mut log_cells = Panel::heatmap(Heatmap::new(vec![1.0], 1, 1));
    log_cells.x.log = true;
    let table = [
        (
            line(&[0.0, 1.0], &[1.0]),
            "lines: shapes [2] and [1] are incompatible",
        ),
        (Panel::heatmap(Heatmap::new(vec![], 0, 3)), "found [0, 3]"),
        (
            Panel::heatmap(Heatmap::new(vec![1.0; 5], 2, 3)),
            "found [2, 3]",
        ),
        (
            log_cells,
            "log axis: expected lines, points or bars, found a heatmap",
        ),
        (
            with(|p| p.x.limits = Some([1.0, 1.0])),
            "expected `limits` of two different values",
        ),
        (
            with(|p| p.x.limits = Some([f64::NAN, 1.0])),
            "expected `limits` of two finite numbers",
        ),
        (
            with(|p| (p.y.log, p.y.limits) = (true, Some([0.0, 1.0]))),
            "expected `limits` above 0 on a log axis, found 0",
        ),
        (line(&[0.0, 1.0], &[-1e308, 1e308]), "of a finite span"),
    ];
    for (panel, expected) in table {
        let found = fault(panel);
        assert!(
            found.contains(expected),
            "{found:?} instead of {expected:?}"
        );
    }
    let figure = Figure::from(line(&[0.0], &[0.0]));
    assert!(matches!(png(&figure, f64::NAN), Err(Error::Range { .. })));
    let huge = Figure {
        size: [19_000.0, 19_000.0],
        ..figure
    };
    assert!(matches!(png(&huge, 20.0), Err(Error::Memory { .. })));
    assert!(svg(&Figure::new(0, 3)).is_err());
}

#[test]
fn a_png_is_the_page_at_the_scale_asked_for() {
    let figure = Figure::from(line(&[0.0, 1.0], &[0.0, 1.0]));
    let drawing = svg(&figure).expect("a drawing");
    let document = Document::parse(&drawing).expect("well-formed XML");
    let root = document.root_element();
    let side = |name| -> f64 {
        root.attribute(name)
            .and_then(|v| v.parse().ok())
            .expect(name)
    };
    for scale in [1.0, 2.5] {
        let bytes = png(&figure, scale).expect("pixels");
        let expected = ["width", "height"].map(|name| (side(name) * scale).round() as u32);
        assert_eq!(png_size(&bytes), (expected[0], expected[1]), "{scale}");
    }
}

#[test]
fn the_pixels_of_a_figure_come_from_the_embedded_font_alone() {
    let mut panel = line(&[0.0, 1.0], &[0.0, 1.0]);
    panel.title = "αβγ ±×≤∞ W^{−1}_{rec} é".into();
    let pixels = png(&Figure::from(panel.clone()), 1.0).expect("pixels");
    assert_eq!(
        pixels,
        png(&Figure::from(panel.clone()), 1.0).expect("pixels")
    );
    panel.title = String::new();
    let bare = png(&Figure::from(panel), 1.0).expect("pixels");
    assert!(pixels.len() > bare.len() + 500, "the title left no ink");
    let picture = resvg::tiny_skia::Pixmap::decode_png(&pixels).expect("a PNG");
    if cfg!(target_arch = "x86_64") {
        // A change of layout changes this number too: look at the page, then take the new one.
        assert_eq!(fingerprint(picture.data()), PIXELS);
    }
}

/// FNV-1a of the pixels of the page above, whatever fonts a machine has. Other processors may round
/// a shade of grey differently.
const PIXELS: u64 = 18_265_999_865_915_833_479;

fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn long_curves_keep_their_extremes_and_lose_what_no_eye_can_see() {
    let x: Vec<f64> = (0..100_000).map(f64::from).collect();
    let mut y: Vec<f64> = x.iter().map(|x| (x * 0.37).sin()).collect();
    y[54_321] = 5.0;
    let drawing = drawn(line(&x, &y));
    assert!(drawing.len() < 150_000, "{} bytes", drawing.len());
    let points = path_of(&drawing).concat();
    let short = line(&[0.0, 54_321.0, 99_999.0], &[-1.0, 5.0, 0.0]);
    let top = path_of(&drawn(short)).concat()[1];
    let near = |p: &[f64; 2]| (p[0] - top[0]).abs() < 1.0 && (p[1] - top[1]).abs() < 1.0;
    assert!(points.iter().any(near), "the spike at {top:?} is gone");
}

#[test]
fn a_large_heatmap_is_one_small_picture() {
    let values = (0..500 * 2500).map(|i| (i as f64 * 1e-3).sin()).collect();
    let drawing = drawn(Panel::heatmap(Heatmap::new(values, 500, 2500)));
    assert!(drawing.len() < 2_000_000, "{} bytes", drawing.len());
    assert_eq!(drawing.matches("<image").count(), 2, "cells and colour bar");
}

#[test]
fn cells_lie_where_their_rows_and_columns_say() {
    // One dark cell at row 0, column 2 of an image: upper right.
    let mut values = vec![0.0; 6];
    values[2] = 1.0;
    let mut panel = Panel::heatmap(Heatmap::new(values, 2, 3));
    panel.colour.map = ColourMap::Grey;
    panel.colour.hidden = true;
    let bytes = png(&Figure::from(panel), 1.0).expect("pixels");
    let picture = resvg::tiny_skia::Pixmap::decode_png(&bytes).expect("a PNG");
    let (w, h) = (picture.width(), picture.height());
    let dark = |x: f64, y: f64| {
        let pixel = picture.pixel((w as f64 * x) as u32, (h as f64 * y) as u32);
        pixel.expect("a pixel of the page").red() < 100
    };
    assert!(dark(0.85, 0.25));
    assert!(!dark(0.85, 0.75) && !dark(0.25, 0.25) && !dark(0.5, 0.25));
}

#[test]
fn symmetric_colours_put_zero_in_the_middle() {
    let texts = texts(&drawn(Panel::image(Heatmap::new(vec![-0.2, 1.0], 1, 2))));
    for expected in ["−1.0", "0.0", "1.0"] {
        assert!(
            texts.iter().any(|t| t == expected),
            "{expected} not in {texts:?}"
        );
    }
    assert_eq!(ColourMap::BlueWhiteRed.at(0.5), Rgb(255, 255, 255));
}

#[test]
fn a_histogram_counts_every_finite_number_once() {
    let bars = Bars::histogram(&[0.0, 0.5, 1.0, 1.0, f64::NAN, 2.0], Some(2));
    assert_eq!(bars.edges, [0.0, 1.0, 2.0]);
    assert_eq!(bars.heights, [2.0, 3.0]);
    for data in [vec![1.0; 50], (0..1000).map(f64::from).collect()] {
        let bars = Bars::histogram(&data, None);
        assert_eq!(bars.heights.iter().sum::<f64>(), data.len() as f64);
    }
}

#[test]
fn a_legend_stands_in_a_free_corner_or_beside_the_axes() {
    let widths = |panel: &Panel| -> f64 {
        let drawing = drawn(panel.clone());
        let document = Document::parse(&drawing).expect("well-formed XML");
        let width = document.root_element().attribute("width");
        width.and_then(|w| w.parse().ok()).expect("a width")
    };
    let mut free = line(&[0.0, 1.0], &[0.0, 1.0]);
    let bare = widths(&free);
    let name = |panel: &mut Panel| {
        for layer in &mut panel.layers {
            *layer.label_mut().expect("a line has a label") = Some("name".into());
        }
    };
    name(&mut free);
    assert_eq!(widths(&free), bare, "there is room above the line");
    let x: Vec<f64> = (0..2000).map(f64::from).collect();
    let mut full = line(&x, &x.iter().map(|x| (x * 1.7).sin()).collect::<Vec<_>>());
    let bare = widths(&full);
    name(&mut full);
    assert!(widths(&full) > bare + 30.0, "the line is everywhere");
}

#[test]
fn equal_aspect_makes_a_circle_round() {
    let points = path_of(&drawn(Panel::eigenvalues(&[0.5, 1.2], &[0.0, 0.3])));
    assert!(!points.is_empty());
    let drawing = drawn(Panel::eigenvalues(&[0.5], &[0.0]));
    let document = Document::parse(&drawing).expect("well-formed XML");
    let round = document
        .descendants()
        .filter_map(|n| n.attribute("d"))
        .max_by_key(|d| d.len())
        .expect("the circle");
    let all: Vec<f64> = round[1..]
        .split(['L', ' '])
        .map(|v| v.parse().expect("a number"))
        .collect();
    let side = |axis: usize| {
        let along = all.iter().skip(axis).step_by(2);
        let (low, high) = along.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        high - low
    };
    assert!(
        (side(0) - side(1)).abs() < 0.05,
        "{} by {}",
        side(0),
        side(1)
    );
}

#[test]
fn styles_reach_the_drawing() {
    let mut styled = Line::new(vec![0.0, 1.0], vec![0.0, 1.0]);
    styled.stroke.dash = Dash::Dotted;
    styled.stroke.colour = Rgb::parse("#12ab9f");
    styled.marker = Some(Marker::Square);
    let drawing = drawn(Panel::from_layer(Layer::Line(styled)));
    for mark in [
        "stroke-dasharray",
        "stroke=\"#12ab9f\"",
        "<g fill=\"#12ab9f\"",
    ] {
        assert!(drawing.contains(mark), "no {mark}");
    }
    assert_eq!(Rgb::parse("nonsense"), None);
}
