//! One picture of what a window would show, without a window; and what both begin with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use kiss3d::post_processing::Tonemap;
use kiss3d::prelude::{
    Camera3d, CanvasSetup, Context, Font, NumSamples, OrbitCamera3d, SceneNode3d, Vec3, WHITE,
    Window, WindowEvent,
};
use resvg::tiny_skia::{FilterQuality, IntSize, Pixmap, PixmapPaint, Transform};

use super::draw::Ready;
use super::frame::Sight;
use super::wanted::Wanted;
use super::{Fate, Shot};
use crate::figure::FONT;
use crate::figure::stage::{SIZE, Stage};

/// How many times as wide and tall a picture is drawn, for smooth lines, and the pixels of pictures
/// that are drawn so, at most.
const FINE: u32 = 2;
const MOST: u32 = 2000 * 2000;
/// How a machine comes by what is needed.
const DEBIAN: &str = "Debian: apt-get install mesa-vulkan-drivers libxcursor1 libxi6 \
                          libxkbcommon-x11-0";

/// Where pictures are made: a window that nobody sees, kept from one picture to the next (the
/// library cannot make a second one when the first is gone).
#[derive(Default)]
pub struct Still(Option<Window>);

impl Still {
    /// Hands out a picture.
    pub fn picture(&mut self, shot: Shot, answer: &Sender<Fate>) {
        guarded("a Vulkan driver is", answer, || {
            let bytes = pollster::block_on(self.draw(shot));
            let _ = answer.send(bytes.map_or_else(Fate::Failed, Fate::Picture));
        });
    }

    async fn draw(&mut self, Shot { stage, size }: Shot) -> Result<Vec<u8>, String> {
        let fine = if size[0] * size[1] <= MOST { FINE } else { 1 };
        let [wide, tall] = size.map(|side| side * fine);
        let window = match &mut self.0 {
            Some(window) => window,
            None => {
                let setup = CanvasSetup {
                    samples: NumSamples::Four,
                    ..CanvasSetup::default()
                };
                let new = Window::new_headless_with_setup(wide, tall, setup).await;
                self.0.insert(new)
            }
        };
        driver()?;
        window.canvas_mut().resize(wide, tall);
        dress(window);
        let mut camera = camera(&stage);
        fit(window, &mut camera);
        let (ready, wanted) = (Ready::new(stage), Wanted::default());
        // A larger picture has larger words and wider lines.
        let scale = (wide as f32 / SIZE[0] as f32).min(tall as f32 / SIZE[1] as f32);
        let sight = Sight {
            camera: &camera,
            font: &font(),
            scale,
        };
        ready.draw(window, sight, &wanted, None);
        let mut scene = SceneNode3d::empty();
        window.render_3d(&mut scene, &mut camera).await;
        let image = window.snap_image();
        let rgba = image.pixels().flat_map(|pixel| {
            let [r, g, b] = pixel.0;
            [r, g, b, 255]
        });
        let drawn = IntSize::from_wh(wide, tall);
        let drawn = drawn.and_then(|drawn| Pixmap::from_vec(rgba.collect(), drawn));
        let pixels = drawn.and_then(|drawn| smaller(&drawn, size, fine));
        let bytes = pixels.and_then(|pixels| pixels.encode_png().ok());
        bytes.ok_or_else(|| "the driver drew nothing".into())
    }
}

/// A picture of this size from one that is so many times as wide and tall.
fn smaller(drawn: &Pixmap, [wide, tall]: [u32; 2], fine: u32) -> Option<Pixmap> {
    let mut pixels = Pixmap::new(wide, tall)?;
    // Between four dots this is their mean.
    let paint = PixmapPaint {
        quality: FilterQuality::Bilinear,
        ..PixmapPaint::default()
    };
    let scale = Transform::from_scale(1.0 / fine as f32, 1.0 / fine as f32);
    pixels.draw_pixmap(0, 0, drawn.as_ref(), &paint, scale, None);
    Some(pixels)
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

/// Refuses what the library takes in place of Vulkan: through OpenGL it draws, and nothing is seen.
pub fn driver() -> Result<(), String> {
    let backend = Context::get().adapter.get_info().backend;
    match format!("{backend:?}").as_str() {
        "Gl" => Err(format!(
            "only OpenGL was found, and a Vulkan driver is needed ({DEBIAN})"
        )),
        _ => Ok(()),
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

/// Tells a camera how wide a window is, so that the box fits in a narrow one too.
///
/// The library tells it too, but too late for the next frame.
pub fn fit(window: &Window, camera: &mut OrbitCamera3d) {
    const ANGLE: f32 = std::f32::consts::FRAC_PI_4;
    let (width, height) = (window.width(), window.height());
    let usual = SIZE[0] as f32 / SIZE[1] as f32;
    let narrow = (usual * height as f32 / width.max(1) as f32).max(1.0);
    camera.set_fov(2.0 * ((ANGLE / 2.0).tan() * narrow).atan());
    camera.handle_event(
        window.canvas(),
        &WindowEvent::FramebufferSize(width, height),
    );
}

/// Where a figure is seen from at first.
pub fn camera(stage: &Stage) -> OrbitCamera3d {
    const DISTANCE: f32 = 2.5;
    let mut camera = OrbitCamera3d::new([DISTANCE, 0.0, 0.0].into(), [0.0; 3].into());
    camera.set_up_axis([0.0, 0.0, 1.0].into());
    look(
        &mut camera,
        stage.camera.azimuth as f32,
        stage.camera.elevation as f32,
    );
    camera
}

/// Turns a camera, around what it looks at. Units: degrees.
pub fn look(camera: &mut OrbitCamera3d, azimuth: f32, elevation: f32) {
    // Straight from above and below it would not know what is up.
    let (turn, rise) = (
        azimuth.to_radians(),
        elevation.clamp(-89.0, 89.0).to_radians(),
    );
    let eye: Vec3 = [rise.cos() * turn.cos(), rise.cos() * turn.sin(), rise.sin()].into();
    let (at, away) = (camera.at(), camera.dist());
    camera.look_at(at + eye * away, at);
}
