//! Figures in files: a round trip preserves all fields, and errors name the invalid entry.

use std::path::Path;

use attractor::base::Error;
use attractor::figure::{
    Annotation, Arrows, Axis, Band, Bars, Camera, Circle, ColourAxis, ColourMap, Dash, Figure,
    Heatmap, Labels, Layer, Legend, Line, Marker, Panel, Paths, Points, ReferenceLine, Rgb,
    Scatter, Side, Stem, Stroke, serialize,
};
use attractor::io::Tree;
use attractor::io::hdf5::{self, WriteOptions};
use attractor::tensor::{DType, convert};

/// A grid with every layer type and non-default values in all fields.
fn figure_with_all_layers() -> Figure {
    let colour = Some(Rgb(1, 2, 3));
    let label = || Some("x_{0} ^ é".to_string());
    let stroke = Stroke {
        colour,
        width: 2.5,
        dash: Dash::Dotted,
        opacity: 0.25,
    };
    let (x, y) = (vec![0.5, f64::NAN, 2.0], vec![1.0, f64::INFINITY, -0.0]);
    let flat = vec![
        Layer::Line(Line {
            stroke,
            marker: Some(Marker::Cross),
            label: label(),
            ..Line::new(x.clone(), y.clone())
        }),
        Layer::Scatter(Scatter {
            values: Some(vec![1.0, 2.0, f64::NAN]),
            marker: Marker::Ring,
            size: 3.0,
            colour,
            opacity: 0.5,
            label: label(),
            ..Scatter::new(x.clone(), y.clone())
        }),
        Layer::Stem(Stem {
            base: -1.0,
            size: 2.0,
            colour,
            label: label(),
            ..Stem::new(x.clone(), y.clone())
        }),
        Layer::Bars(Bars {
            edges: vec![0.0, 1.0, 2.0],
            heights: vec![3.0, 4.0],
            colour,
            label: label(),
        }),
        Layer::Band(Band {
            x,
            low: vec![0.0; 3],
            high: y,
            colour,
            label: label(),
        }),
        Layer::Heatmap(Heatmap {
            x: [0.0, 9.0],
            y: [1.0, 2.0],
            ..Heatmap::new(vec![1.0; 6], 2, 3)
        }),
        Layer::ReferenceLine(ReferenceLine {
            stroke,
            label: label(),
            ..ReferenceLine::new(Side::Y, 0.75)
        }),
        Layer::Circle(Circle {
            centre: [1.0, 2.0],
            radius: 3.0,
            stroke,
        }),
        Layer::Annotation(Annotation {
            at: [0.1, 0.2],
            text: "here".into(),
            colour,
        }),
    ];
    let axis = |label: &str, log| Axis {
        label: label.into(),
        log,
        limits: Some([0.25, 8.0]),
        reversed: true,
        ticks: Some(vec![1.0, 2.0]),
    };
    let flat = Panel {
        title: "flat".into(),
        x: axis("x", false),
        colour: ColourAxis {
            label: "c".into(),
            map: ColourMap::BlueWhiteRed,
            limits: Some([-1.0, 1.0]),
            symmetric: true,
            hidden: true,
        },
        layers: flat,
        legend: Legend::Outside,
        equal_aspect: true,
        ..Panel::default()
    };
    let mut figure = Figure::new(1, 3);
    *figure.panel(0, 0) = flat;
    *figure.panel(0, 1) = panel_3d(stroke, axis("z", true));
    figure.title = "all".into();
    figure.size = [123.0, 234.0];
    figure
}

fn panel_3d(stroke: Stroke, z: Axis) -> Panel {
    let at = vec![[1.0, 2.0, 3.0], [f64::NAN, 0.0, 1.0], [4.0, 5.0, 6.0]];
    let label = || Some("one".to_string());
    let layers = vec![
        Layer::Paths(Paths {
            at: at.clone(),
            ends: vec![1, 3],
            values: Some(vec![1.0, 2.0, 3.0]),
            stroke,
            label: label(),
        }),
        Layer::Points(Points {
            values: Some(vec![0.5; 3]),
            marker: Marker::Diamond,
            size: 9.0,
            sizes: Some(vec![1.0, 2.0, 3.0]),
            colour: stroke.colour,
            opacity: 0.75,
            label: label(),
            ..Points::new(at.clone())
        }),
        Layer::Arrows(Arrows {
            from: at.clone(),
            to: at.clone(),
            values: Some(vec![0.0; 3]),
            head: true,
            stroke,
            label: label(),
        }),
        Layer::Labels(Labels {
            at,
            texts: vec![String::new(), "ü".into(), "three".into()],
            colour: stroke.colour,
        }),
        // Empty layers.
        Layer::Paths(Paths::default()),
        Layer::Labels(Labels::default()),
    ];
    Panel {
        layers,
        z,
        camera: Some(Camera {
            azimuth: 12.5,
            elevation: -7.0,
        }),
        ..Panel::default()
    }
}

fn to_tree(figure: &Figure) -> Tree {
    serialize::to_tree(figure).expect("a valid figure")
}

fn load_error(tree: &Tree) -> String {
    let error: Error =
        serialize::from_tree(Path::new("scene.h5"), tree).expect_err("an invalid tree");
    error.to_string()
}

/// The entry at `path`; list items are addressed by index.
fn entry_mut<'a>(tree: &'a mut Tree, path: &str) -> &'a mut Tree {
    path.split('/').fold(tree, |tree, name| match tree {
        Tree::Map(map) => map.get_mut(name).expect("an entry"),
        Tree::List(items) => &mut items[name.parse::<usize>().expect("a number")],
        other => panic!("{name} in {}", other.kind()),
    })
}

#[test]
fn a_figure_is_unchanged_after_a_round_trip_through_a_file() {
    let figure = figure_with_all_layers();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scene.h5");
    hdf5::write(&path, &to_tree(&figure), &WriteOptions::default()).expect("a file");
    let read = hdf5::read(&path).expect("a tree");
    let loaded = serialize::from_tree(&path, &read).expect("a figure");
    assert_eq!(format!("{figure:?}"), format!("{loaded:?}"));
}

#[test]
fn coordinates_are_stored_as_plain_arrays() {
    let mut tree = to_tree(&figure_with_all_layers());
    let layer = entry_mut(&mut tree, "panels/1/layers/0");
    assert_eq!(layer.text("kind"), Some("trajectories"));
    let at = layer.tensor("at").expect("positions");
    assert_eq!(at.dims(), [3, 3]);
    assert_eq!(convert::to_f64(at).expect("values")[..3], [1.0, 2.0, 3.0]);
}

#[test]
fn the_error_of_an_invalid_file_names_the_entry_and_the_expected_type() {
    let matrix = convert::from_f64(vec![0.0; 4], &[2, 2], DType::F64).expect("values");
    let ends = convert::from_i64(vec![2, 9], &[2]).expect("values");
    let cases = [
        (
            "rows",
            Tree::Int(-1),
            "an integer, expected an integer of 0 or more",
        ),
        ("title", Tree::Float(1.0), "a number, expected a string"),
        ("panels/0", Tree::Null, "nil, expected a map"),
        (
            "panels/0/legend",
            Tree::from("nowhere"),
            "a string \"nowhere\", expected one of auto, outside, hidden",
        ),
        (
            "panels/0/layers/0/kind",
            Tree::from("pie"),
            "a string \"pie\", expected one of line, scatter,",
        ),
        (
            "panels/1/layers/0/stroke/colour",
            Tree::from("x"),
            "a string \"x\", expected a colour such as #0072b2",
        ),
        (
            "panels/1/layers/0/at",
            Tree::Tensor(matrix),
            "a tensor of [2, 2], expected positions [n, 3]",
        ),
    ];
    for (path, invalid, expected) in cases {
        let mut tree = to_tree(&figure_with_all_layers());
        *entry_mut(&mut tree, path) = invalid;
        let error = load_error(&tree);
        let expected = format!("entry `{path}` has an unsupported type: {expected}");
        assert!(
            error.contains(&expected),
            "{error}\ndoes not contain\n{expected}"
        );
    }
    // Entries that are readable but inconsistent are rejected by the validation of the figure.
    let inconsistent = [
        (
            "panels/1/layers/0/ends",
            Tree::Tensor(ends),
            "trajectories: expected ends",
        ),
        ("panels", Tree::List(Vec::new()), "figure: expected panels"),
    ];
    for (path, invalid, expected) in inconsistent {
        let mut tree = to_tree(&figure_with_all_layers());
        *entry_mut(&mut tree, path) = invalid;
        let error = load_error(&tree);
        assert!(
            error.contains(expected),
            "{error}\ndoes not contain\n{expected}"
        );
    }
    let mut tree = to_tree(&figure_with_all_layers());
    let Tree::Map(map) = &mut tree else {
        panic!("a figure is a map");
    };
    map.remove("rows");
    assert!(load_error(&tree).contains("expected an entry `rows`"));
}
