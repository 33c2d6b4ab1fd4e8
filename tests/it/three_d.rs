//! Figures in three dimensions: projection, depth order, clipping and invalid panels.

use attractor::base::Error;
use attractor::figure::{
    Arrows, Camera, Figure, Labels, Layer, Line, Panel, Paths, Point3, Points, Rgb, Scatter,
    Stroke, svg,
};
use resvg::usvg::roxmltree::{Document, Node};

const CORNERS: [Point3; 2] = [[0.0; 3], [1.0; 3]];

fn panel_3d(layers: Vec<Layer>, camera: Camera) -> Panel {
    Panel {
        layers,
        camera: Some(camera),
        ..Panel::default()
    }
}

fn front_camera() -> Camera {
    Camera {
        azimuth: -90.0,
        elevation: 0.0,
    }
}

fn render(panel: Panel) -> String {
    svg(&Figure::from(panel)).expect("a valid figure")
}

fn single_path(at: Vec<Point3>) -> Paths {
    Paths {
        ends: vec![at.len()],
        at,
        ..Paths::default()
    }
}

fn points_layer(at: &[Point3], colour: &str) -> Layer {
    Layer::Points(Points {
        colour: Rgb::parse(colour),
        ..Points::new(at.to_vec())
    })
}

fn number(node: Node, name: &str) -> f64 {
    let text = node.attribute(name).expect("the attribute");
    text.parse().expect("a number")
}

/// The circles in drawing order: x, y, radius and colour.
fn circles(drawing: &str) -> Vec<([f64; 3], String)> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let circle = |node: Node| {
        let fill = node.parent().and_then(|group| group.attribute("fill"));
        let geometry = ["cx", "cy", "r"].map(|name| number(node, name));
        (geometry, fill.expect("a colour").to_string())
    };
    let all = document.descendants().filter(|n| n.has_tag_name("circle"));
    all.map(circle).collect()
}

/// The points of all paths inside the clipped group, one list per continuous segment.
fn segments(drawing: &str) -> Vec<Vec<[f64; 2]>> {
    let document = Document::parse(drawing).expect("well-formed XML");
    let is_clipped = |n: &Node| n.attribute("clip-path").is_some();
    let group = document
        .descendants()
        .find(is_clipped)
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
        .flat_map(|data| data.split('M').skip(1).map(points).collect::<Vec<_>>())
        .collect()
}

#[test]
fn axes_point_to_the_right_up_and_away_from_the_camera() {
    // At azimuth -90 the camera is in front of the box: x points to the right, z up, y away.
    let table = [
        ("x", [1.0, 0.0, 0.0], [1.0, 0.0]),
        ("y", [0.0, 1.0, 0.0], [0.0, 0.0]),
        ("z", [0.0, 0.0, 1.0], [0.0, -1.0]),
    ];
    for (axis, far, expected) in table {
        let at = [far.map(|x: f64| 0.5 - x / 4.0), far.map(|x| 0.5 + x / 4.0)];
        let mut panel = panel_3d(vec![points_layer(&at, "blue")], front_camera());
        for of in [&mut panel.x, &mut panel.y, &mut panel.z] {
            of.limits = Some([0.0, 1.0]);
        }
        let mut actual = circles(&render(panel));
        actual.sort_by(|a, b| {
            let along = |d: &[f64; 3]| d[0] * expected[0] + d[1] * expected[1];
            along(&a.0).total_cmp(&along(&b.0))
        });
        let [(a, _), (b, _)] = &actual[..] else {
            panic!("{axis}: {actual:?}");
        };
        let shift = [b[0] - a[0], b[1] - a[1]];
        for k in 0..2 {
            if expected[k] == 0.0 {
                assert!(shift[k].abs() < 0.02, "{axis}: {shift:?}");
            } else {
                assert!(shift[k] * expected[k] > 50.0, "{axis}: {shift:?}");
            }
        }
    }
}

#[test]
fn near_objects_are_drawn_later_and_larger_for_any_layer_order() {
    let far = points_layer(&[[0.0, 1.0, 0.0]], "red");
    let near = points_layer(&[[1.0, 0.0, 1.0]], "blue");
    for layers in [vec![far.clone(), near.clone()], vec![near, far]] {
        let actual = circles(&render(panel_3d(layers, front_camera())));
        let colours: Vec<&str> = actual.iter().map(|(_, colour)| colour.as_str()).collect();
        assert_eq!(colours, ["#d55e00", "#0072b2"]);
        assert!(actual[0].0[2] < actual[1].0[2], "{actual:?}");
    }
}

#[test]
fn a_long_line_is_depth_sorted_in_parts() {
    // The line runs from the far corner to the near corner; on the page the points coincide with
    // its ends.
    let line = Layer::Paths(single_path(vec![[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]));
    let points = points_layer(&[[0.0, 0.0, 0.5], [1.0, 1.0, 0.5]], "red");
    let drawing = render(panel_3d(vec![points, line], front_camera()));
    let marks: Vec<char> = drawing
        .lines()
        .skip_while(|line| !line.contains("clip-path"))
        .filter_map(|line| match line {
            line if line.starts_with("<circle") => Some('o'),
            line if line.starts_with("<path") => Some('-'),
            _ => None,
        })
        .collect();
    let first_marker = marks
        .iter()
        .position(|marker| *marker == 'o')
        .expect("a point");
    // The far point is behind the line except for its far end, the near point is in front of the
    // line.
    let marker_positions: Vec<usize> = (0..marks.len()).filter(|i| marks[*i] == 'o').collect();
    assert_eq!(marker_positions.len(), 2, "{marks:?}");
    assert!(
        first_marker < 3 && marker_positions[1] > marks.len() - 3,
        "{marks:?}"
    );
    assert!(marks.len() > 30, "{marks:?}");
}

#[test]
fn labels_stay_inside_the_page_for_any_camera() {
    for azimuth in [-180.0, -135.0, -60.0, 0.0, 17.0, 90.0, 200.0] {
        for elevation in [-90.0, -30.0, 0.0, 22.0, 60.0, 90.0] {
            let camera = Camera { azimuth, elevation };
            let line = single_path(vec![[-1234.5, 0.001, 1e-7], [10_000.0, 0.002, 2e-7]]);
            let mut panel = panel_3d(vec![Layer::Paths(line)], camera);
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
                let transform = text
                    .attribute("transform")
                    .expect("a text with a transform");
                let coordinates = transform.trim_start_matches("translate(");
                let numbers: Vec<f64> = coordinates
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
            assert!(count >= 4, "{camera:?}: {count} labels");
        }
    }
}

#[test]
fn curves_are_clipped_at_the_box_and_interrupted_at_nan() {
    let line = vec![[-10.0, 0.0, 0.0], [10.0, 0.0, 0.0]];
    let mut panel = panel_3d(vec![Layer::Paths(single_path(line))], front_camera());
    panel.x.limits = Some([-1.0, 1.0]);
    let drawing = render(panel.clone());
    let whole = segments(&drawing).concat();
    let x_extent = |points: &[[f64; 2]]| {
        let x = points.iter().map(|p| p[0]);
        x.clone().fold(f64::MIN, f64::max) - x.fold(f64::MAX, f64::min)
    };
    let inside = x_extent(&whole);
    panel.x.limits = None;
    let all = x_extent(&segments(&render(panel)).concat());
    assert!((inside / all - 1.08).abs() < 0.02, "{inside} of {all}");

    let gap = vec![[0.0; 3], [0.4; 3], [f64::NAN, 0.0, 0.0], [0.6; 3], [1.0; 3]];
    let camera = Camera::default();
    let drawing = render(panel_3d(vec![Layer::Paths(single_path(gap))], camera));
    assert!(!drawing.contains("NaN"));
    let mut steps = Vec::new();
    for segment in segments(&drawing) {
        steps.extend(segment.windows(2).map(|p| (p[1][0] - p[0][0]).abs()));
    }
    let drawn_length: f64 = steps.iter().sum();
    let whole = single_path(vec![[0.0; 3], [1.0; 3]]);
    let whole = x_extent(&segments(&render(panel_3d(vec![Layer::Paths(whole)], camera))).concat());
    let part = drawn_length / whole;
    assert!((part - 0.8).abs() < 0.03, "{part} of the line is drawn");
}

#[test]
fn an_equal_aspect_preserves_the_proportions_of_the_data() {
    let corners = [[0.0, 0.0, 0.0], [4.0, 1.0, 1.0], [2.0, 0.5, 0.5]];
    let mut panel = panel_3d(vec![points_layer(&corners, "blue")], front_camera());
    panel.equal_aspect = true;
    let actual = circles(&render(panel));
    let x: Vec<f64> = actual.iter().map(|(p, _)| p[0]).collect();
    let y: Vec<f64> = actual.iter().map(|(p, _)| p[1]).collect();
    let extent = |v: &[f64]| {
        v.iter().fold(f64::MIN, |a, b| a.max(*b)) - v.iter().fold(f64::MAX, |a, b| a.min(*b))
    };
    let ratio = extent(&x) / extent(&y);
    assert!((ratio - 4.0).abs() < 0.3, "{ratio}");
}

#[test]
fn a_long_trajectory_is_simplified() {
    let helix_point = |i: usize| {
        let t = i as f64 * 1e-4;
        [t.cos(), t.sin(), t]
    };
    let long = single_path((0..200_000).map(helix_point).collect());
    let size = render(panel_3d(vec![Layer::Paths(long)], Camera::default())).len();
    assert!(size < 200_000, "{size} bytes");
}

#[test]
fn every_layer_type_is_drawn_in_three_dimensions() {
    let arrows = Arrows {
        from: vec![[0.0; 3]],
        to: vec![[1.0; 3]],
        head: true,
        ..Arrows::default()
    };
    let labels = Labels {
        at: vec![[0.5; 3]],
        texts: vec!["a saddle".into()],
        colour: None,
    };
    let values = Paths {
        values: Some(vec![0.0, 1.0]),
        ..single_path(CORNERS.to_vec())
    };
    let table = [
        (
            "paths",
            Layer::Paths(single_path(CORNERS.to_vec())),
            "stroke-linejoin",
        ),
        ("values", Layer::Paths(values), "#440154"),
        ("points", points_layer(&CORNERS, "blue"), "<circle"),
        ("arrows", Layer::Arrows(arrows), "Z\" fill=\"#"),
        ("labels", Layer::Labels(labels), "a saddle"),
    ];
    for (name, layer, fragment) in table {
        let drawing = render(panel_3d(vec![layer], Camera::default()));
        let inside = drawing.split("clip-path").nth(1).expect("a clipped group");
        assert!(inside.contains(fragment), "{name}: no {fragment}");
    }
}

#[test]
fn mixed_dimensions_and_lengths_are_rejected() {
    let points_with_values = |values| {
        let at = CORNERS.to_vec();
        Layer::Points(Points {
            values,
            ..Points::new(at)
        })
    };
    let unterminated = Paths {
        at: CORNERS.to_vec(),
        ends: vec![1],
        ..Paths::default()
    };
    let camera = |azimuth, elevation| Camera { azimuth, elevation };
    let line_layer = Layer::Line(Line::new(vec![0.0], vec![0.0]));
    let table = [
        (
            panel_3d(vec![line_layer], Camera::default()),
            "a panel in three dimensions: expected layers in three dimensions, found one in two",
        ),
        (
            Panel::from_layer(points_with_values(None)),
            "a panel in two dimensions: expected layers in two dimensions, found one in three",
        ),
        (
            panel_3d(vec![points_with_values(Some(vec![1.0]))], Camera::default()),
            "points: shapes [2] and [1] are incompatible",
        ),
        (
            panel_3d(vec![Layer::Paths(unterminated)], Camera::default()),
            "trajectories: expected ends of shape ascending up to 2, found [1]",
        ),
        (
            panel_3d(vec![points_with_values(None)], camera(0.0, 91.0)),
            "expected `elevation` from -90 to 90 degrees, found 91",
        ),
        (
            panel_3d(vec![points_with_values(None)], camera(f64::NAN, 0.0)),
            "expected `azimuth` from -360 to 360 degrees, found NaN",
        ),
    ];
    for (panel, expected) in table {
        let actual = svg(&Figure::from(panel)).expect_err("an error");
        assert!(
            actual.to_string().contains(expected),
            "{actual} instead of {expected}"
        );
        assert!(!matches!(actual, Error::Memory { .. }));
    }
}

#[test]
fn data_without_an_extent_or_values_are_drawn() {
    let nothing = Layer::Scatter(Scatter::new(Vec::new(), Vec::new()));
    render(Panel::from_layer(nothing));
    for at in [
        vec![],
        vec![[0.0; 3]],
        vec![[f64::NAN; 3]],
        vec![[1e300, -1e300, 0.0]],
    ] {
        let stroke = Stroke::default();
        let line = Paths {
            stroke,
            ..single_path(at.clone())
        };
        let drawing = render(panel_3d(
            vec![Layer::Paths(line), points_layer(&at, "red")],
            Camera::default(),
        ));
        assert!(!drawing.contains("NaN"), "{at:?}");
    }
}
