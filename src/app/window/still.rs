//! One picture of what a window would show, without a window; and what both begin with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use kiss3d::post_processing::Tonemap;
use kiss3d::prelude::{CanvasSetup, Font, NumSamples, OrbitCamera3d, SceneNode3d, WHITE, Window};
use resvg::tiny_skia::{IntSize, Pixmap};

use super::Fate;
use super::draw::Ready;
use super::wanted::Wanted;
use crate::figure::FONT;
use crate::figure::stage::Stage;

/// The size of a picture, and of a window at first. Units: pixels.
pub const SIZE: [u32; 2] = [1000, 760];
/// How a machine comes by what is needed.
pub const DEBIAN: &str = "Debian: apt-get install mesa-vulkan-drivers libxcursor1 libxi6 \
                          libxkbcommon-x11-0";

/// Where pictures are made: a window that nobody sees, kept from one picture to the next (the
/// library cannot make a second one when the first is gone).
#[derive(Default)]
pub struct Still(Option<Window>);

impl Still {
    /// Hands out a picture.
    pub fn picture(&mut self, stage: Stage, answer: &Sender<Fate>) {
        guarded("a Vulkan driver is", answer, || {
            let bytes = pollster::block_on(self.draw(stage));
            let _ = answer.send(bytes.map_or_else(Fate::Failed, Fate::Picture));
        });
    }

    async fn draw(&mut self, stage: Stage) -> Result<Vec<u8>, String> {
        let window = match &mut self.0 {
            Some(window) => window,
            None => {
                let setup = CanvasSetup {
                    samples: NumSamples::Four,
                    ..CanvasSetup::default()
                };
                let new = Window::new_headless_with_setup(SIZE[0], SIZE[1], setup).await;
                self.0.insert(new)
            }
        };
        dress(window);
        let mut camera = camera(&stage);
        let (ready, wanted) = (Ready::new(stage), Wanted::default());
        ready.draw(window, &camera, &font(), &wanted, Some(""));
        let mut scene = SceneNode3d::empty();
        window.render_3d(&mut scene, &mut camera).await;
        let image = window.snap_image();
        let rgba = image.pixels().flat_map(|pixel| {
            let [r, g, b] = pixel.0;
            [r, g, b, 255]
        });
        let size = IntSize::from_wh(SIZE[0], SIZE[1]);
        let pixels = size.and_then(|size| Pixmap::from_vec(rgba.collect(), size));
        let bytes = pixels.and_then(|pixels| pixels.encode_png().ok());
        bytes.ok_or_else(|| "the driver drew nothing".into())
    }
}

/// Does what panics in the library where there is no display or no driver.
pub fn guarded(need: &str, answer: &Sender<Fate>, work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("unknown").lines().next();
        // What follows is of no use to users.
        let text = text.and_then(|text| text.split(": Os(").next());
        let text = text.unwrap_or_default();
        let _ = answer.send(Fate::Failed(format!(
            "it cannot be opened ({text}): {need} needed ({DEBIAN})"
        )));
    }
}

/// White paper, and colours as they are.
pub fn dress(window: &mut Window) {
    window.set_background_color(WHITE);
    window.set_tonemap(Tonemap::None);
    window.set_samples(NumSamples::Four);
}

pub fn font() -> Arc<Font> {
    Font::from_bytes(FONT).map_or_else(Font::default, Arc::new)
}

/// Where a figure is seen from at first.
pub fn camera(stage: &Stage) -> OrbitCamera3d {
    const DISTANCE: f32 = 2.5;
    let (turn, rise) = (
        stage.camera.azimuth.to_radians() as f32,
        stage.camera.elevation.to_radians() as f32,
    );
    let eye = [rise.cos() * turn.cos(), rise.cos() * turn.sin(), rise.sin()];
    let eye = eye.map(|x| x * DISTANCE).into();
    let mut camera = OrbitCamera3d::new(eye, [0.0; 3].into());
    camera.set_up_axis([0.0, 0.0, 1.0].into());
    camera.look_at(eye, [0.0; 3].into());
    camera
}
