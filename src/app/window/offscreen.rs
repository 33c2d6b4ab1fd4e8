//! Offscreen rendering of a scene, and setup shared with windows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use kiss3d::post_processing::Tonemap;
use kiss3d::prelude::{
    Camera3d, CanvasSetup, Context, Font, NumSamples, OrbitCamera3d, SceneNode3d, Vec3, WHITE,
    Window, WindowEvent,
};
use resvg::tiny_skia::{FilterQuality, IntSize, Pixmap, PixmapPaint, Transform};

use super::canvas::Viewpoint;
use super::requests::{ImageRequest, Response};
use super::scene::PreparedScene;
use super::view_state::ViewState;
use crate::figure::FONT;
use crate::figure::scene::{DEFAULT_SIZE, Scene};

/// Supersampling factor for smooth lines, and the largest image (in pixels) that is supersampled.
const SUPERSAMPLING: u32 = 2;
const MAX_SUPERSAMPLED_PIXELS: u32 = 2000 * 2000;
/// Installation hint for the required libraries.
const INSTALL_HINT: &str = "Debian: apt-get install mesa-vulkan-drivers libxcursor1 libxi6 \
                          libxkbcommon-x11-0";

/// An offscreen renderer with an invisible window, which is reused (the library cannot create a
/// second one after the first is dropped).
#[derive(Default)]
pub struct OffscreenRenderer(Option<Window>);

impl OffscreenRenderer {
    /// Renders an image and sends it as a response.
    pub fn image(&mut self, request: ImageRequest, responses: &Sender<Response>) {
        catch_panics("a Vulkan driver is", responses, || {
            let bytes = pollster::block_on(self.render(request));
            let _ = responses.send(bytes.map_or_else(Response::Failed, Response::Image));
        });
    }

    async fn render(
        &mut self,
        ImageRequest { scene, size }: ImageRequest,
    ) -> Result<Vec<u8>, String> {
        let factor = if size[0] * size[1] <= MAX_SUPERSAMPLED_PIXELS {
            SUPERSAMPLING
        } else {
            1
        };
        let [width, height] = size.map(|side| side * factor);
        let window = self.window(width, height).await;
        require_vulkan()?;
        window.canvas_mut().resize(width, height);
        configure(window);
        let mut camera = initial_camera(&scene);
        fit_camera(window, &mut camera);
        let (prepared, view) = (PreparedScene::new(scene), ViewState::default());
        // Text and line widths scale with the size of the image.
        let scale =
            (width as f32 / DEFAULT_SIZE[0] as f32).min(height as f32 / DEFAULT_SIZE[1] as f32);
        let viewpoint = Viewpoint {
            camera: &camera,
            font: &font(),
            scale,
        };
        prepared.draw(window, viewpoint, &view, None);
        let mut root = SceneNode3d::empty();
        window.render_3d(&mut root, &mut camera).await;
        let pixels =
            snapshot(window, [width, height]).and_then(|drawn| downsample(&drawn, size, factor));
        let bytes = pixels.and_then(|pixels| pixels.encode_png().ok());
        bytes.ok_or_else(|| "the driver drew nothing".into())
    }

    /// The invisible window, created with this size if there is none.
    async fn window(&mut self, width: u32, height: u32) -> &mut Window {
        match &mut self.0 {
            Some(window) => window,
            empty => {
                let setup = CanvasSetup {
                    samples: NumSamples::Four,
                    ..CanvasSetup::default()
                };
                let new = Window::new_headless_with_setup(width, height, setup).await;
                empty.insert(new)
            }
        }
    }
}

/// The pixels of the last frame; `None` if it does not have this size.
fn snapshot(window: &Window, [width, height]: [u32; 2]) -> Option<Pixmap> {
    let image = window.snap_image();
    let rgba = image.pixels().flat_map(|pixel| {
        let [r, g, b] = pixel.0;
        [r, g, b, 255]
    });
    Pixmap::from_vec(rgba.collect(), IntSize::from_wh(width, height)?)
}

/// The image scaled down to this size by an integer factor.
fn downsample(drawn: &Pixmap, [width, height]: [u32; 2], factor: u32) -> Option<Pixmap> {
    let mut pixels = Pixmap::new(width, height)?;
    // Bilinear sampling between four pixels computes their mean.
    let paint = PixmapPaint {
        quality: FilterQuality::Bilinear,
        ..PixmapPaint::default()
    };
    let scale = Transform::from_scale(1.0 / factor as f32, 1.0 / factor as f32);
    pixels.draw_pixmap(0, 0, drawn.as_ref(), &paint, scale, None);
    Some(pixels)
}

/// Runs code that panics in the library if there is no display or no driver.
pub fn catch_panics(need: &str, responses: &Sender<Response>, work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("unknown").lines().next();
        // The remaining text does not help users.
        let text = text.and_then(|text| text.split(": Os(").next());
        let text = text.unwrap_or_default();
        let _ = responses.send(Response::Failed(format!(
            "it cannot be opened ({text}): {need} needed ({INSTALL_HINT})"
        )));
    }
}

/// Rejects the OpenGL fallback of the library, which renders but displays nothing.
pub fn require_vulkan() -> Result<(), String> {
    let backend = Context::get().adapter.get_info().backend;
    match format!("{backend:?}").as_str() {
        "Gl" => Err(format!(
            "only OpenGL was found, and a Vulkan driver is needed ({INSTALL_HINT})"
        )),
        _ => Ok(()),
    }
}

/// Sets a white background and disables tone mapping.
pub fn configure(window: &mut Window) {
    window.set_background_color(WHITE);
    window.set_tonemap(Tonemap::None);
    window.set_samples(NumSamples::Four);
}

pub fn font() -> Arc<Font> {
    Font::from_bytes(FONT).map_or_else(Font::default, Arc::new)
}

/// Adapts the camera to the size of the window, so that the box fits into a narrow window.
///
/// The library also does this, but too late for the next frame.
pub fn fit_camera(window: &Window, camera: &mut OrbitCamera3d) {
    const ANGLE: f32 = std::f32::consts::FRAC_PI_4;
    let (width, height) = (window.width(), window.height());
    let usual = DEFAULT_SIZE[0] as f32 / DEFAULT_SIZE[1] as f32;
    let narrow = (usual * height as f32 / width.max(1) as f32).max(1.0);
    camera.set_fov(2.0 * ((ANGLE / 2.0).tan() * narrow).atan());
    camera.handle_event(
        window.canvas(),
        &WindowEvent::FramebufferSize(width, height),
    );
}

/// The initial camera of a scene.
pub fn initial_camera(scene: &Scene) -> OrbitCamera3d {
    const DISTANCE: f32 = 2.5;
    let mut camera = OrbitCamera3d::new([DISTANCE, 0.0, 0.0].into(), [0.0; 3].into());
    camera.set_up_axis([0.0, 0.0, 1.0].into());
    set_angles(
        &mut camera,
        scene.camera.azimuth as f32,
        scene.camera.elevation as f32,
    );
    camera
}

/// Sets the viewing angles of a camera around its target. Units: degrees.
pub fn set_angles(camera: &mut OrbitCamera3d, azimuth: f32, elevation: f32) {
    // The up direction is undefined exactly above and below the target.
    let (turn, rise) = (
        azimuth.to_radians(),
        elevation.clamp(-89.0, 89.0).to_radians(),
    );
    let eye: Vec3 = [rise.cos() * turn.cos(), rise.cos() * turn.sin(), rise.sin()].into();
    let (at, away) = (camera.at(), camera.dist());
    camera.look_at(at + eye * away, at);
}
