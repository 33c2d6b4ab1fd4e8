//! The window and its event loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use kiss3d::prelude::{Action, Font, MouseButton, OrbitCamera3d, SceneNode3d, Window};

use super::availability::unavailable;
use super::canvas::Viewpoint;
use super::offscreen::{self, OffscreenRenderer};
use super::requests::{ImageRequest, Request, Response, ShowRequest};
use super::window_state::WindowState;
use crate::figure::scene::DEFAULT_SIZE;

/// After this time without an event, the loop sleeps after each frame.
const IDLE_AFTER: Duration = Duration::from_millis(600);

/// The window of the program, which is hidden while no figure is shown. (The library cannot open a
/// second window after the first is dropped.)
#[derive(Default)]
pub struct WindowHost {
    window: Option<Window>,
    offscreen: OffscreenRenderer,
}

impl WindowHost {
    /// Opens the window and blocks until it is closed. The library panics if there is no display or
    /// no driver.
    pub fn open(&mut self, request: ShowRequest, requests: &Receiver<Request>) {
        let responses = request.responses.clone();
        let need = "a display and a Vulkan driver are";
        offscreen::catch_panics(need, &responses, || {
            pollster::block_on(self.run(request, requests))
        });
    }

    /// Renders an image without opening a window.
    pub fn image(&mut self, image: ImageRequest, responses: &Sender<Response>) {
        // The library uses the first graphics instance it creates for all windows, and an instance
        // created for offscreen images cannot open windows. Where windows are available, create a
        // hidden one before the first image.
        if self.window.is_none() && unavailable().is_none() {
            let new = Window::new_hidden_with_size("attractor", DEFAULT_SIZE[0], DEFAULT_SIZE[1]);
            let open = || self.window = Some(pollster::block_on(new));
            let _ = catch_unwind(AssertUnwindSafe(open));
        }
        self.offscreen.image(image, responses);
    }

    async fn run(&mut self, request: ShowRequest, requests: &Receiver<Request>) {
        let window = match &mut self.window {
            Some(window) => {
                window.show();
                window
            }
            None => {
                let new =
                    Window::new_with_size("attractor", DEFAULT_SIZE[0], DEFAULT_SIZE[1]).await;
                self.window.insert(new)
            }
        };
        if let Err(reason) = offscreen::require_vulkan() {
            window.hide();
            let _ = request.responses.send(Response::Failed(reason));
            return;
        }
        offscreen::configure(window);
        let _ = request.responses.send(Response::Shown);
        event_loop(window, &mut self.offscreen, request, requests).await;
        window.hide();
    }
}

/// Draws frames until the window is closed.
async fn event_loop(
    window: &mut Window,
    renderer: &mut OffscreenRenderer,
    request: ShowRequest,
    requests: &Receiver<Request>,
) {
    let font = offscreen::font();
    let mut root = SceneNode3d::empty();
    let mut state = WindowState::new(request);
    let mut camera = offscreen::initial_camera(&state.panel().scene);
    let mut title = String::new();
    let (mut last_frame, mut last_event) = (Some(Instant::now()), Instant::now());
    while !state.is_closed() {
        let replaced = handle_request(&mut state, renderer, requests);
        if handle_events(&mut state, window, &mut camera) || replaced {
            last_event = Instant::now();
        }
        if title != state.title() {
            title = state.title();
            window.set_title(&title);
        }
        let seconds = last_frame.map(|start| start.elapsed().as_secs_f64());
        state.tick(seconds, is_button_pressed(window));
        last_frame = Some(Instant::now());
        offscreen::fit_camera(window, &mut camera);
        draw_frame(window, &state, &camera, &font);
        window.render_3d(&mut root, &mut camera).await;
        state.save_requested_image(window);
        // An idle window leaves the processor to the script.
        if !state.view.playing && last_event.elapsed() > IDLE_AFTER {
            std::thread::sleep(state.idle_time());
            last_frame = None;
        }
    }
    let _ = state.responses.send(Response::Closed);
}

/// Handles one request of the script, if any; returns true if it replaced the figure.
fn handle_request(
    state: &mut WindowState,
    renderer: &mut OffscreenRenderer,
    requests: &Receiver<Request>,
) -> bool {
    match requests.try_recv() {
        Ok(Request::Show(request)) => {
            let _ = state.responses.send(Response::Closed);
            let _ = request.responses.send(Response::Shown);
            state.replace(*request);
            return true;
        }
        Ok(Request::Image(image, responses)) => renderer.image(*image, &responses),
        Ok(Request::Done) | Err(_) => {}
    }
    false
}

/// Handles the events since the last frame; returns true if there are any.
fn handle_events(state: &mut WindowState, window: &Window, camera: &mut OrbitCamera3d) -> bool {
    let mut any = false;
    for mut event in window.events().iter() {
        any = true;
        event.inhibited |= state.event(&event.value, window, camera);
    }
    any
}

fn is_button_pressed(window: &Window) -> bool {
    let buttons = [MouseButton::Button1, MouseButton::Button2];
    buttons
        .map(|button| window.get_mouse_button(button))
        .contains(&Action::Press)
}

fn draw_frame(window: &mut Window, state: &WindowState, camera: &OrbitCamera3d, font: &Arc<Font>) {
    let viewpoint = Viewpoint {
        camera,
        font,
        scale: window.scale_factor() as f32,
    };
    state
        .panel()
        .draw(window, viewpoint, &state.view, state.status());
}
