//! Figures in three dimensions: where things stand on the page, and what covers what.

use attractor::base::Error;
use attractor::figure::{
    Arrows, Camera, Figure, Labels, Layer, Line, Panel, Paths, Point3, Points, Rgb, Scatter,
    Stroke, svg,
};
use resvg::usvg::roxmltree::{Document, Node};

const CORNERS: [Point3; 2] = [[0.0; 3], [1.0; 3]];

fn seen(layers: Vec<Layer>, camera: Camera) -> Panel {
    Panel {
        layers,
        camera: Some(camera),
        ..Panel::default()
    }
}

fn front() -> Camera {
    Camera {
        azimuth: -90.0,
        elevation: 0.0,
    }
}

fn drawn(panel: Panel) -> String {
    svg(&Figure::from(panel)).expect("a valid figure")
}

fn path(at: Vec<Point3>) -> Paths {
    Paths {
        ends: vec![at.len()],
        at,
        ..Paths::default()
    }
}

fn dots(at: &[Point3], colour: &str) -> Layer {
    Layer::Points(Points {
        colour: Rgb::parse(colour),
        ..Points::new(at.to_vec())
    })
}

fn number(node: Node, name: &str) -> f64 {
    let text = node.attribute(name).expect("the attribute");
    text.parse().expect("a number")
}

/// The discs in the order in which they are drawn: x, y, radius and colour.
fn discs(drawing: &str) -> Vec<([f64; 3], String)> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let disc = |node: Node| {
        let around = node.parent().and_then(|group| group.attribute("fill"));
        let place = ["cx", "cy", "r"].map(|name| number(node, name));
        (place, around.expect("a colour").to_string())
    };
    let all = document.descendants().filter(|n| n.has_tag_name("circle"));
    all.map(disc).collect()
}

/// All points of stroked paths inside the clipped group, stretch by stretch.
fn strands(drawing: &str) -> Vec<Vec<[f64; 2]>> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let clipped = |n: &Node| n.attribute("clip-path").is_some();
    let group = document
        .descendants()
        .find(clipped)
        .expect("a clipped group");
    let paths = group.descendants().filter_map(|n| n.attribute("d"));
    let points = |part: &str| -> Vec<[f64; 2]> {
        let all: Vec<f64> = part
            .trim_end_matches('Z')
            .split(['L', ' '])
            .map(|v| v.parse().expect("a number"))
            .collect();
        all.as_chunks::<2>().0.to_vec()
    };
    paths
        .flat_map(|path| path.split('M').skip(1).map(points).collect::<Vec<_>>())
        .collect()
}

#[test]
fn axes_run_to_the_right_upwards_and_away_from_the_eye() {
    // From azimuth -90 the eye stands before the box: x to the right, z upwards, y away.
    let table = [
        ("x", [1.0, 0.0, 0.0], [1.0, 0.0]),
        ("y", [0.0, 1.0, 0.0], [0.0, 0.0]),
        ("z", [0.0, 0.0, 1.0], [0.0, -1.0]),
    ];
    for (axis, far, expected) in table {
        let at = [far.map(|x: f64| 0.5 - x / 4.0), far.map(|x| 0.5 + x / 4.0)];
        let mut panel = seen(vec![dots(&at, "blue")], front());
        for of in [&mut panel.x, &mut panel.y, &mut panel.z] {
            of.limits = Some([0.0, 1.0]);
        }
        let mut found = discs(&drawn(panel));
        found.sort_by(|a, b| {
            let along = |d: &[f64; 3]| d[0] * expected[0] + d[1] * expected[1];
            along(&a.0).total_cmp(&along(&b.0))
        });
        let [(a, _), (b, _)] = &found[..] else {
            panic!("{axis}: {found:?}");
        };
        let moved = [b[0] - a[0], b[1] - a[1]];
        for k in 0..2 {
            if expected[k] == 0.0 {
                assert!(moved[k].abs() < 0.02, "{axis}: {moved:?}");
            } else {
                assert!(moved[k] * expected[k] > 50.0, "{axis}: {moved:?}");
            }
        }
    }
}

#[test]
fn what_is_nearer_is_drawn_later_and_larger_whatever_the_order_of_the_layers() {
    let far = dots(&[[0.0, 1.0, 0.0]], "red");
    let near = dots(&[[1.0, 0.0, 1.0]], "blue");
    for layers in [vec![far.clone(), near.clone()], vec![near, far]] {
        let found = discs(&drawn(seen(layers, front())));
        let colours: Vec<&str> = found.iter().map(|(_, colour)| colour.as_str()).collect();
        assert_eq!(colours, ["#d55e00", "#0072b2"]);
        assert!(found[0].0[2] < found[1].0[2], "{found:?}");
    }
}

#[test]
fn a_long_line_passes_before_one_point_and_behind_another() {
    // The line comes from the far end to the near one; both points lie on the page where it ends.
    let line = Layer::Paths(path(vec![[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]));
    let points = dots(&[[0.0, 0.0, 0.5], [1.0, 1.0, 0.5]], "red");
    let drawing = drawn(seen(vec![points, line], front()));
    let marks: Vec<char> = drawing
        .lines()
        .skip_while(|line| !line.contains("clip-path"))
        .filter_map(|line| match line {
            line if line.starts_with("<circle") => Some('o'),
            line if line.starts_with("<path") => Some('-'),
            _ => None,
        })
        .collect();
    let place = marks.iter().position(|mark| *mark == 'o').expect("a point");
    // The far point lies behind all of the line but its far end, the near one before the rest.
    let places: Vec<usize> = (0..marks.len()).filter(|i| marks[*i] == 'o').collect();
    assert_eq!(places.len(), 2, "{marks:?}");
    assert!(place < 3 && places[1] > marks.len() - 3, "{marks:?}");
    assert!(marks.len() > 30, "{marks:?}");
}

#[test]
fn box_and_words_stay_in_the_panel_from_wherever_it_is_seen() {
    for azimuth in [-180.0, -135.0, -60.0, 0.0, 17.0, 90.0, 200.0] {
        for elevation in [-90.0, -30.0, 0.0, 22.0, 60.0, 90.0] {
            let camera = Camera { azimuth, elevation };
            let line = path(vec![[-1234.5, 0.001, 1e-7], [10_000.0, 0.002, 2e-7]]);
            let mut panel = seen(vec![Layer::Paths(line)], camera);
            panel.x.label = "the first component".into();
            panel.z.label = "the third component".into();
            let figure = Figure::from(panel);
            let drawing = svg(&figure).expect("a drawing");
            let document = Document::parse(&drawing).expect("well-formed XML");
            let root = document.root_element();
            let page = [number(root, "width"), number(root, "height")];
            let texts = document.descendants().filter(|n| n.has_tag_name("text"));
            let mut count = 0;
            for text in texts {
                let place = text
                    .attribute("transform")
                    .expect("a text with a transform");
                let place = place.trim_start_matches("translate(");
                let numbers: Vec<f64> = place
                    .split([' ', ')'])
                    .take(2)
                    .map(|v| v.parse().expect("a number"))
                    .collect();
                for k in 0..2 {
                    let inside = (4.0..page[k] - 4.0).contains(&numbers[k]);
                    assert!(inside, "{camera:?}: {numbers:?} on {page:?}");
                }
                count += 1;
            }
            assert!(count >= 4, "{camera:?}: {count} words");
        }
    }
}

#[test]
fn curves_end_at_the_walls_and_at_numbers_that_are_not_finite() {
    let line = vec![[-10.0, 0.0, 0.0], [10.0, 0.0, 0.0]];
    let mut panel = seen(vec![Layer::Paths(path(line))], front());
    panel.x.limits = Some([-1.0, 1.0]);
    let drawing = drawn(panel.clone());
    let whole = strands(&drawing).concat();
    let reach = |points: &[[f64; 2]]| {
        let x = points.iter().map(|p| p[0]);
        x.clone().fold(f64::MIN, f64::max) - x.fold(f64::MAX, f64::min)
    };
    let inside = reach(&whole);
    panel.x.limits = None;
    let all = reach(&strands(&drawn(panel)).concat());
    assert!((inside / all - 1.08).abs() < 0.02, "{inside} of {all}");

    let gap = vec![[0.0; 3], [0.4; 3], [f64::NAN, 0.0, 0.0], [0.6; 3], [1.0; 3]];
    let camera = Camera::default();
    let drawing = drawn(seen(vec![Layer::Paths(path(gap))], camera));
    assert!(!drawing.contains("NaN"));
    let mut steps = Vec::new();
    for strand in strands(&drawing) {
        steps.extend(strand.windows(2).map(|p| (p[1][0] - p[0][0]).abs()));
    }
    let drawn_part: f64 = steps.iter().sum();
    let whole = path(vec![[0.0; 3], [1.0; 3]]);
    let whole = reach(&strands(&drawn(seen(vec![Layer::Paths(whole)], camera))).concat());
    let part = drawn_part / whole;
    assert!((part - 0.8).abs() < 0.03, "{part} of the way is drawn");
}

#[test]
fn an_equal_aspect_makes_the_sides_of_the_box_those_of_the_data() {
    let corners = [[0.0, 0.0, 0.0], [4.0, 1.0, 1.0], [2.0, 0.5, 0.5]];
    let mut panel = seen(vec![dots(&corners, "blue")], front());
    panel.equal_aspect = true;
    let found = discs(&drawn(panel));
    let x: Vec<f64> = found.iter().map(|(p, _)| p[0]).collect();
    let y: Vec<f64> = found.iter().map(|(p, _)| p[1]).collect();
    let span = |v: &[f64]| {
        v.iter().fold(f64::MIN, |a, b| a.max(*b)) - v.iter().fold(f64::MAX, |a, b| a.min(*b))
    };
    let ratio = span(&x) / span(&y);
    assert!((ratio - 4.0).abs() < 0.3, "{ratio}");
}

#[test]
fn a_long_trajectory_is_a_small_file() {
    let turn = |i: usize| {
        let t = i as f64 * 1e-4;
        [t.cos(), t.sin(), t]
    };
    let long = path((0..200_000).map(turn).collect());
    let size = drawn(seen(vec![Layer::Paths(long)], Camera::default())).len();
    assert!(size < 200_000, "{size} bytes");
}

#[test]
fn every_solid_layer_leaves_its_mark() {
    let arrows = Arrows {
        from: vec![[0.0; 3]],
        to: vec![[1.0; 3]],
        head: true,
        ..Arrows::default()
    };
    let words = Labels {
        at: vec![[0.5; 3]],
        texts: vec!["a saddle".into()],
        colour: None,
    };
    let values = Paths {
        values: Some(vec![0.0, 1.0]),
        ..path(CORNERS.to_vec())
    };
    let table = [
        (
            "paths",
            Layer::Paths(path(CORNERS.to_vec())),
            "stroke-linejoin",
        ),
        ("values", Layer::Paths(values), "#440154"),
        ("points", dots(&CORNERS, "blue"), "<circle"),
        ("arrows", Layer::Arrows(arrows), "Z\" fill=\"#"),
        ("labels", Layer::Labels(words), "a saddle"),
    ];
    for (name, layer, mark) in table {
        let drawing = drawn(seen(vec![layer], Camera::default()));
        let inside = drawing.split("clip-path").nth(1).expect("a clipped group");
        assert!(inside.contains(mark), "{name}: no {mark}");
    }
}

#[test]
fn a_panel_that_mixes_dimensions_or_lengths_is_a_clear_fault() {
    let short = |values| {
        let at = CORNERS.to_vec();
        Layer::Points(Points {
            values,
            ..Points::new(at)
        })
    };
    let unended = Paths {
        at: CORNERS.to_vec(),
        ends: vec![1],
        ..Paths::default()
    };
    let camera = |azimuth, elevation| Camera { azimuth, elevation };
    let flat = Layer::Line(Line::new(vec![0.0], vec![0.0]));
    let table = [
        (
            seen(vec![flat], Camera::default()),
            "a panel in three dimensions: expected layers in three dimensions, found one in two",
        ),
        (
            Panel::from_layer(short(None)),
            "a panel in two dimensions: expected layers in two dimensions, found one in three",
        ),
        (
            seen(vec![short(Some(vec![1.0]))], Camera::default()),
            "points: shapes [2] and [1] are incompatible",
        ),
        (
            seen(vec![Layer::Paths(unended)], Camera::default()),
            "trajectories: expected ends of shape ascending up to 2, found [1]",
        ),
        (
            seen(vec![short(None)], camera(0.0, 91.0)),
            "expected `elevation` from -90 to 90 degrees, found 91",
        ),
        (
            seen(vec![short(None)], camera(f64::NAN, 0.0)),
            "expected `azimuth` from -360 to 360 degrees, found NaN",
        ),
    ];
    for (panel, expected) in table {
        let found = svg(&Figure::from(panel)).expect_err("an error");
        assert!(
            found.to_string().contains(expected),
            "{found} instead of {expected}"
        );
        assert!(!matches!(found, Error::Memory { .. }));
    }
}

#[test]
fn data_without_a_span_and_without_numbers_are_drawn() {
    let nothing = Layer::Scatter(Scatter::new(Vec::new(), Vec::new()));
    drawn(Panel::from_layer(nothing));
    for at in [
        vec![],
        vec![[0.0; 3]],
        vec![[f64::NAN; 3]],
        vec![[1e300, -1e300, 0.0]],
    ] {
        let stroke = Stroke::default();
        let line = Paths {
            stroke,
            ..path(at.clone())
        };
        let drawing = drawn(seen(
            vec![Layer::Paths(line), dots(&at, "red")],
            Camera::default(),
        ));
        assert!(!drawing.contains("NaN"), "{at:?}");
    }
}
