//! Figures: rendering of layers and special values, invalid figures, and reproducible output.

use attractor::base::Error;
use attractor::figure::{
    Band, Bars, ColourMap, Dash, Figure, Heatmap, Layer, Line, Marker, Panel, ReferenceLine, Rgb,
    Scatter, Side, Stem, png, svg,
};
use resvg::usvg::roxmltree::Document;

fn line(x: &[f64], y: &[f64]) -> Panel {
    Panel::lines(x, vec![y.to_vec()])
}

fn render(panel: Panel) -> String {
    svg(&Figure::from(panel)).expect("a valid figure")
}

fn labels(drawing: &str) -> Vec<String> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let text = |node: resvg::usvg::roxmltree::Node| {
        let parts = node.descendants().filter(|n| n.is_text());
        parts.filter_map(|n| n.text()).collect::<String>()
    };
    let text_nodes = document.descendants().filter(|n| n.has_tag_name("text"));
    text_nodes.map(text).collect()
}

/// The points of the first path inside the clipped group, one list per continuous segment.
fn segments_of(drawing: &str) -> Vec<Vec<[f64; 2]>> {
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
fn every_layer_type_is_drawn_in_valid_svg() {
    let (x, y) = (vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 2.0]);
    let band = Band {
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
        ("ribbon", Layer::Band(band), "Z\" fill="),
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
    for (name, layer, fragment) in table {
        let drawing = render(Panel::from_layer(layer));
        Document::parse(&drawing).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(drawing.contains(fragment), "{name}: no {fragment}");
    }
}

#[test]
fn labels_are_text_elements_with_escaped_characters() {
    let mut panel = line(&[0.0, 1.0], &[0.0, 1.0]);
    panel.title = "a < b & \"c\" \u{1}>".into();
    panel.x.label = "τ (ms^{−1})".into();
    panel.y.label = "W_{rec} h^{".into();
    let labels = labels(&render(panel));
    for expected in ["a < b & \"c\"  >", "τ (ms−1)", "Wrec h^{"] {
        assert!(
            labels.iter().any(|t| t == expected),
            "{expected:?} not in {labels:?}"
        );
    }
}

#[test]
fn a_value_that_is_not_finite_leaves_a_gap() {
    let x: Vec<f64> = (0..7).map(f64::from).collect();
    for gap in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let segments = segments_of(&render(line(&x, &[0.0, 1.0, 2.0, gap, 2.0, 1.0, 0.0])));
        let lengths: Vec<usize> = segments.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 3], "{gap}");
    }
}

#[test]
fn values_of_zero_or_less_leave_a_gap_on_a_log_axis() {
    let mut panel = line(&[0.0, 1.0, 2.0, 3.0, 4.0], &[1.0, 10.0, 0.0, 10.0, 1.0]);
    panel.y.log = true;
    assert_eq!(segments_of(&render(panel)).len(), 2);
    let mut empty = line(&[0.0, 1.0], &[-1.0, 0.0]);
    empty.y.log = true;
    assert!(segments_of(&render(empty)).is_empty());
}

#[test]
fn data_without_an_extent_are_drawn() {
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
            let drawing = render(panel);
            assert!(
                !drawing.contains("NaN") && !drawing.contains("inf"),
                "{name} {log}"
            );
        }
        let histogram = render(Panel::histogram(y, None));
        assert!(!histogram.contains("NaN"), "{name}");
    }
}

#[test]
fn an_invalid_figure_is_an_error() {
    let error_message = |panel: Panel| svg(&Figure::from(panel)).expect_err("an error").to_string();
    let modified = |change: fn(&mut Panel)| {
        let mut panel = line(&[0.0, 1.0], &[0.0, 1.0]);
        change(&mut panel);
        panel
    };
    let mut log_heatmap = Panel::heatmap(Heatmap::new(vec![1.0], 1, 1));
    log_heatmap.x.log = true;
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
            log_heatmap,
            "log axis: expected lines, points or bars, found a heatmap",
        ),
        (
            modified(|p| p.x.limits = Some([1.0, 1.0])),
            "expected `limits` of two different values",
        ),
        (
            modified(|p| p.x.limits = Some([f64::NAN, 1.0])),
            "expected `limits` of two finite numbers",
        ),
        (
            modified(|p| (p.y.log, p.y.limits) = (true, Some([0.0, 1.0]))),
            "expected `limits` above 0 on a log axis, found 0",
        ),
        (line(&[0.0, 1.0], &[-1e308, 1e308]), "of a finite span"),
    ];
    for (panel, expected) in table {
        let actual = error_message(panel);
        assert!(
            actual.contains(expected),
            "{actual:?} instead of {expected:?}"
        );
    }
    let figure = Figure::from(line(&[0.0], &[0.0]));
    assert!(matches!(png(&figure, f64::NAN), Err(Error::Range { .. })));
    let huge_figure = Figure {
        size: [19_000.0, 19_000.0],
        ..figure
    };
    assert!(matches!(png(&huge_figure, 20.0), Err(Error::Memory { .. })));
    assert!(svg(&Figure::new(0, 3)).is_err());
}

#[test]
fn a_png_has_the_size_of_the_page_times_the_scale() {
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
fn the_pixels_of_a_figure_depend_only_on_the_embedded_font() {
    let mut panel = line(&[0.0, 1.0], &[0.0, 1.0]);
    panel.title = "αβγ ±×≤∞ W^{−1}_{rec} é".into();
    let pixels = png(&Figure::from(panel.clone()), 1.0).expect("pixels");
    assert_eq!(
        pixels,
        png(&Figure::from(panel.clone()), 1.0).expect("pixels")
    );
    panel.title = String::new();
    let baseline = png(&Figure::from(panel), 1.0).expect("pixels");
    assert!(
        pixels.len() > baseline.len() + 500,
        "the title is not drawn"
    );
    let pixmap = resvg::tiny_skia::Pixmap::decode_png(&pixels).expect("a PNG");
    if cfg!(target_arch = "x86_64") {
        // A change of the layout changes this hash too: inspect the page, then update the hash.
        assert_eq!(fingerprint(pixmap.data()), PIXELS);
    }
}

/// FNV-1a hash of the pixels of the page above; it does not depend on installed fonts. Other
/// processors may round grey values differently.
const PIXELS: u64 = 18_265_999_865_915_833_479;

fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn long_curves_are_simplified_but_keep_their_extremes() {
    let x: Vec<f64> = (0..100_000).map(f64::from).collect();
    let mut y: Vec<f64> = x.iter().map(|x| (x * 0.37).sin()).collect();
    y[54_321] = 5.0;
    let drawing = render(line(&x, &y));
    assert!(drawing.len() < 150_000, "{} bytes", drawing.len());
    let points = segments_of(&drawing).concat();
    let coarse_line = line(&[0.0, 54_321.0, 99_999.0], &[-1.0, 5.0, 0.0]);
    let peak = segments_of(&render(coarse_line)).concat()[1];
    let near = |p: &[f64; 2]| (p[0] - peak[0]).abs() < 1.0 && (p[1] - peak[1]).abs() < 1.0;
    assert!(points.iter().any(near), "no peak at {peak:?}");
}

#[test]
fn a_large_heatmap_is_a_single_small_image() {
    let values = (0..500 * 2500).map(|i| (i as f64 * 1e-3).sin()).collect();
    let drawing = render(Panel::heatmap(Heatmap::new(values, 500, 2500)));
    assert!(drawing.len() < 2_000_000, "{} bytes", drawing.len());
    assert_eq!(drawing.matches("<image").count(), 2, "cells, colour bar");
}

#[test]
fn heatmap_cells_are_at_their_row_and_column() {
    // One dark cell at row 0, column 2 of a heatmap: upper right.
    let mut values = vec![0.0; 6];
    values[2] = 1.0;
    let mut panel = Panel::heatmap(Heatmap::new(values, 2, 3));
    panel.colour.map = ColourMap::Grey;
    panel.colour.hidden = true;
    let bytes = png(&Figure::from(panel), 1.0).expect("pixels");
    let pixmap = resvg::tiny_skia::Pixmap::decode_png(&bytes).expect("a PNG");
    let (w, h) = (pixmap.width(), pixmap.height());
    let is_dark = |x: f64, y: f64| {
        let pixel = pixmap.pixel((w as f64 * x) as u32, (h as f64 * y) as u32);
        pixel.expect("a pixel of the page").red() < 100
    };
    assert!(is_dark(0.85, 0.25));
    assert!(!is_dark(0.85, 0.75) && !is_dark(0.25, 0.25) && !is_dark(0.5, 0.25));
}

#[test]
fn a_symmetric_colour_range_is_centred_at_zero() {
    let labels = labels(&render(Panel::image(Heatmap::new(vec![-0.2, 1.0], 1, 2))));
    for expected in ["−1.0", "0.0", "1.0"] {
        assert!(
            labels.iter().any(|t| t == expected),
            "{expected} not in {labels:?}"
        );
    }
    assert_eq!(ColourMap::BlueWhiteRed.at(0.5), Rgb(255, 255, 255));
}

#[test]
fn a_histogram_counts_every_finite_value_once() {
    let bars = Bars::histogram(&[0.0, 0.5, 1.0, 1.0, f64::NAN, 2.0], Some(2));
    assert_eq!(bars.edges, [0.0, 1.0, 2.0]);
    assert_eq!(bars.heights, [2.0, 3.0]);
    for data in [vec![1.0; 50], (0..1000).map(f64::from).collect()] {
        let bars = Bars::histogram(&data, None);
        assert_eq!(bars.heights.iter().sum::<f64>(), data.len() as f64);
    }
}

#[test]
fn a_legend_is_in_a_free_corner_or_outside_the_axes() {
    let widths = |panel: &Panel| -> f64 {
        let drawing = render(panel.clone());
        let document = Document::parse(&drawing).expect("well-formed XML");
        let width = document.root_element().attribute("width");
        width.and_then(|w| w.parse().ok()).expect("a width")
    };
    let mut uncrowded = line(&[0.0, 1.0], &[0.0, 1.0]);
    let baseline = widths(&uncrowded);
    let name = |panel: &mut Panel| {
        for layer in &mut panel.layers {
            *layer.label_mut().expect("a line has a label") = Some("name".into());
        }
    };
    name(&mut uncrowded);
    assert_eq!(widths(&uncrowded), baseline, "room for the legend");
    let x: Vec<f64> = (0..2000).map(f64::from).collect();
    let mut crowded = line(&x, &x.iter().map(|x| (x * 1.7).sin()).collect::<Vec<_>>());
    let baseline = widths(&crowded);
    name(&mut crowded);
    assert!(widths(&crowded) > baseline + 30.0, "no room left");
}

#[test]
fn an_equal_aspect_makes_a_circle_round() {
    let points = segments_of(&render(Panel::eigenvalues(&[0.5, 1.2], &[0.0, 0.3])));
    assert!(!points.is_empty());
    let drawing = render(Panel::eigenvalues(&[0.5], &[0.0]));
    let document = Document::parse(&drawing).expect("well-formed XML");
    let circle_path = document
        .descendants()
        .filter_map(|n| n.attribute("d"))
        .max_by_key(|d| d.len())
        .expect("the circle");
    let all: Vec<f64> = circle_path[1..]
        .split(['L', ' '])
        .map(|v| v.parse().expect("a number"))
        .collect();
    let side = |axis: usize| {
        let coords = all.iter().skip(axis).step_by(2);
        let (low, high) = coords.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
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
fn line_styles_appear_in_the_svg() {
    let mut styled = Line::new(vec![0.0, 1.0], vec![0.0, 1.0]);
    styled.stroke.dash = Dash::Dotted;
    styled.stroke.colour = Rgb::parse("#12ab9f");
    styled.marker = Some(Marker::Square);
    let drawing = render(Panel::from_layer(Layer::Line(styled)));
    for fragment in [
        "stroke-dasharray",
        "stroke=\"#12ab9f\"",
        "<g fill=\"#12ab9f\"",
    ] {
        assert!(drawing.contains(fragment), "no {fragment}");
    }
    assert_eq!(Rgb::parse("nonsense"), None);
}
