//! Interactive scenes: normalized positions, HTML pages and animations.

use std::io::Cursor;

use attractor::base::{NoProgress, Progress, Report};
use attractor::figure::scene::{Geometry, Scene};
use attractor::figure::{
    AnimationOptions, Arrows, Camera, Figure, FrameBatch, Labels, Layer, Line, Motion, Panel,
    Paths, Points, gif as animate, page,
};

fn test_figure() -> Figure {
    let paths = Paths {
        at: vec![
            [0.0, 0.0, 1.0],
            [1.0, 2.0, 10.0],
            [2.0, f64::NAN, 100.0],
            [2.0, 2.0, 100.0],
            [0.0, 1.0, 10.0],
        ],
        ends: vec![3, 5],
        values: Some(vec![0.0, 1.0, 2.0, 3.0, 4.0]),
        label: Some("</script> \u{2028} x^{2}".into()),
        ..Paths::default()
    };
    let arrows = Arrows {
        from: vec![[0.0, 0.0, 1.0]],
        to: vec![[1.0, 1.0, 10.0]],
        values: Some(vec![4.0]),
        head: true,
        ..Arrows::default()
    };
    let labels = Labels {
        at: vec![[1.0, 1.0, 10.0]],
        texts: vec!["x_{0} at 10^{-2}".into()],
        ..Labels::default()
    };
    let mut panel = Panel::from_layer(Layer::Paths(paths));
    panel
        .layers
        .push(Layer::Points(Points::new(vec![[1.0, 1.0, 10.0]])));
    panel.layers.push(Layer::Arrows(arrows));
    panel.layers.push(Layer::Labels(labels));
    panel.camera = Some(Camera::default());
    panel.z.log = true;
    panel.x.limits = Some([0.0, 2.0]);
    panel.y.limits = Some([0.0, 2.0]);
    panel.z.limits = Some([1.0, 100.0]);
    Figure::from(panel)
}

#[test]
fn positions_are_normalized_and_can_be_converted_back() {
    let scenes = Scene::from_figure(&test_figure()).expect("a scene");
    let [scene] = &scenes[..] else {
        panic!("{} scenes", scenes.len());
    };
    let paths = &scene.layers[0];
    assert_eq!(paths.positions[1], [0.5, 1.0, 0.5]);
    assert!(paths.positions[2][0].is_nan());
    assert_eq!(scene.axes_box.axes[2].value(0.5).round(), 10.0);
    assert_eq!(paths.colours.len(), paths.positions.len());
    assert!(matches!(&paths.geometry, Geometry::Paths { ends, .. } if ends[..] == [3, 5]));
    // Both ends of an arrow have its value; points have the colour of their layer.
    assert_eq!(scene.layers[2].values, [4.0, 4.0]);
    assert_eq!(scene.layers[1].colours.len(), 1);
    assert!(
        matches!(&scene.layers[3].geometry, Geometry::Labels(texts) if texts[0] == "x₀ at 10⁻²")
    );
    assert!(scene.colour_bar.is_some());
}

#[test]
fn a_page_is_self_contained_and_escapes_all_text() {
    let mut scene = test_figure();
    scene.title = "{data} <b>{script}".into();
    let text = page(&scene).expect("a page");
    assert!(text.contains("<title>{data} &lt;b&gt;{script}</title>"));
    assert_eq!(text.matches("</script>").count(), 2);
    for external in ["http:", "https:", "src=", "@import"] {
        assert!(!text.contains(external), "{external}");
    }
    let start = text.find("id=\"figure\">").expect("data") + 12;
    let end = text[start..]
        .find("</script>")
        .expect("the end of the data")
        + start;
    let data: serde_json::Value = serde_json::from_str(&text[start..end]).expect("JSON");
    assert_eq!(
        data["panels"][0]["layers"][0]["label"],
        "</script> \u{2028} x²"
    );
}

#[test]
fn a_flat_figure_has_no_scene_and_no_animation() {
    let flat_figure = Figure::from(Panel::from_layer(Layer::Line(Line::new(
        vec![0.0],
        vec![0.0],
    ))));
    assert!(Scene::from_figure(&flat_figure).is_ok_and(|panels| panels.is_empty()));
    assert!(page(&flat_figure).is_ok_and(|text| text.contains("\"svg\":")));
    let animation = animate(
        &flat_figure,
        (&AnimationOptions::default(), 1.0),
        &mut NoProgress,
        &mut FrameBatch::draw,
    );
    let error = animation
        .expect_err("the figure is two-dimensional")
        .to_string();
    assert!(
        error.contains("expected a figure in three dimensions"),
        "{error}"
    );
}

/// The frames of an animation in RGBA.
fn decode_frames(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let options = gif_reader();
    let mut reader = options.read_info(Cursor::new(bytes)).expect("a GIF");
    let mut all = Vec::new();
    while let Some(frame) = reader.read_next_frame().expect("a frame") {
        all.push(frame.buffer.to_vec());
    }
    all
}

fn gif_reader() -> gif::DecodeOptions {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    options
}

fn render_animation(animation_options: &AnimationOptions) -> Vec<u8> {
    let bytes = animate(
        &test_figure(),
        (animation_options, 0.5),
        &mut NoProgress,
        &mut FrameBatch::draw,
    );
    bytes.expect("an animation").expect("no interrupt")
}

/// Stops after this number of reports.
struct StopAfter(usize);

impl Progress for StopAfter {
    fn report(&mut self, report: Report) {
        assert_eq!(report.total, 40);
        self.0 -= 1;
    }
    fn stop_requested(&self) -> bool {
        self.0 == 0
    }
}

#[test]
fn an_animation_can_be_stopped() {
    let animation_options = AnimationOptions {
        frames: 40,
        ..AnimationOptions::default()
    };
    let mut progress = StopAfter(2);
    let bytes = animate(
        &test_figure(),
        (&animation_options, 0.2),
        &mut progress,
        &mut FrameBatch::draw,
    );
    assert!(bytes.expect("no error").is_none());
}

#[test]
fn an_animation_rotates_or_grows() {
    let animation_options = |motion| AnimationOptions {
        motion,
        frames: 3,
        ..AnimationOptions::default()
    };
    let rotating = decode_frames(render_animation(&animation_options(Motion::Turn)));
    assert_eq!(rotating.len(), 3);
    assert_ne!(rotating[0], rotating[1]);
    let growing = decode_frames(render_animation(&animation_options(Motion::Time)));
    let count_white = |frame: &[u8]| frame.chunks(4).filter(|c| c[..3] == [255; 3]).count();
    assert_ne!(growing[0], growing[2]);
    assert!(count_white(&growing[0]) >= count_white(&growing[2]));
}
