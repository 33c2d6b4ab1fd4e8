//! The event loop of a window: keys, mouse and frames.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use kiss3d::prelude::{
    Action, Key, MouseButton, OrbitCamera3d, SceneNode3d, Vec2, Window, WindowEvent,
};

use super::canvas::Viewpoint;
use super::offscreen::{self, OffscreenRenderer};
use super::scene::PreparedScene;
use super::view_state::ViewState;
use super::{ImageRequest, Request, Response, ShowRequest, unavailable};
use crate::figure::scene::DEFAULT_SIZE;

/// A press with less movement is a click. Units: pixels.
const CLICK_DISTANCE: f32 = 4.0;
/// Target duration of a frame during motion, in seconds.
const FRAME_SECONDS: f64 = 0.045;
/// Largest number of time steps per drawn segment.
const MAX_STRIDE: f64 = 8.0;
/// Display duration of a status message, in seconds.
const MESSAGE_SECONDS: u64 = 4;
/// After this time without an event, the loop sleeps after each frame, with this minimum and
/// maximum in seconds.
const IDLE_AFTER: Duration = Duration::from_millis(600);
const IDLE_SECONDS: [f64; 2] = [0.04, 0.25];

/// The keys that toggle layers.
const LAYER_KEYS: [Key; 9] = [
    Key::Key1,
    Key::Key2,
    Key::Key3,
    Key::Key4,
    Key::Key5,
    Key::Key6,
    Key::Key7,
    Key::Key8,
    Key::Key9,
];

/// The state of the window.
struct WindowState {
    panels: Vec<PreparedScene>,
    /// The index of the visible panel.
    current: usize,
    view: ViewState,
    image_prefix: PathBuf,
    responses: Sender<Response>,
    /// Set by Ctrl-C.
    stop: Arc<AtomicBool>,
    /// An image of the next frame is saved.
    capture: bool,
    /// Number of saved images.
    images_saved: usize,
    /// Position of the pointer, and where the button was pressed. Units: screen pixels.
    pointer: Vec2,
    pressed: Option<Vec2>,
    /// The user has closed the window.
    closed: bool,
    message: Option<(String, Instant)>,
    /// Moving average of the frame interval, in seconds.
    frame_seconds: f64,
    /// Duration of the last frame without motion, in seconds.
    full_frame_seconds: f64,
    /// Time steps per drawn segment during motion.
    stride: f64,
}

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

/// Draws frames until the user closes the window.
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
    let (mut last, mut last_event) = (Some(Instant::now()), Instant::now());
    while !(state.closed || state.stop.load(Ordering::Relaxed)) {
        match requests.try_recv() {
            Ok(Request::Show(request)) => {
                let _ = state.responses.send(Response::Closed);
                let _ = request.responses.send(Response::Shown);
                state = state.replace(*request);
                last_event = Instant::now();
            }
            Ok(Request::Image(image, responses)) => renderer.image(*image, &responses),
            Ok(Request::Done) | Err(_) => {}
        }
        for mut event in window.events().iter() {
            last_event = Instant::now();
            event.inhibited |= state.event(&event.value, window, &mut camera);
        }
        if title != state.title() {
            title = state.title();
            window.set_title(&title);
        }
        let held = [MouseButton::Button1, MouseButton::Button2]
            .map(|button| window.get_mouse_button(button) == Action::Press);
        let seconds = last.map(|last| last.elapsed().as_secs_f64());
        state.tick(seconds, held.contains(&true));
        last = Some(Instant::now());
        let message = state.message.as_ref();
        let message = message.filter(|(_, at)| at.elapsed().as_secs() < MESSAGE_SECONDS);
        let foot = message.map_or("H: keys", |(text, _)| text.as_str());
        let foot = Some(foot).filter(|_| !state.capture);
        offscreen::fit_camera(window, &mut camera);
        let (panel, view) = (state.panel(), &state.view);
        let viewpoint = Viewpoint {
            camera: &camera,
            font: &font,
            scale: window.scale_factor() as f32,
        };
        panel.draw(window, viewpoint, view, foot);
        window.render_3d(&mut root, &mut camera).await;
        if std::mem::take(&mut state.capture) {
            let message = state.save_image(window);
            state.set_message(message);
        }
        // An idle window leaves the processor to the script.
        if !state.view.playing && last_event.elapsed() > IDLE_AFTER {
            std::thread::sleep(state.idle_time());
            last = None;
        }
    }
    let _ = state.responses.send(Response::Closed);
}

impl WindowState {
    fn new(request: ShowRequest) -> WindowState {
        let ShowRequest {
            panels,
            image_prefix,
            responses,
            stop,
        } = request;
        WindowState {
            panels: panels.into_iter().map(PreparedScene::new).collect(),
            current: 0,
            view: ViewState::default(),
            image_prefix,
            responses,
            stop,
            capture: false,
            images_saved: 0,
            pointer: Vec2::ZERO,
            pressed: None,
            closed: false,
            message: None,
            frame_seconds: 0.0,
            full_frame_seconds: 0.0,
            stride: 1.0,
        }
    }

    /// The visible panel.
    fn panel(&self) -> &PreparedScene {
        &self.panels[self.current]
    }

    /// Replaces the figure and retains the view.
    fn replace(self, request: ShowRequest) -> WindowState {
        let new = WindowState::new(request);
        let trials = new.panel().trials;
        WindowState {
            view: ViewState {
                selected: None,
                trial: self.view.trial.filter(|trial| *trial < trials),
                ..self.view
            },
            images_saved: self.images_saved,
            pointer: self.pointer,
            ..new
        }
    }

    /// Advances playback after a frame that took `seconds` (unknown after a sleep); `held` states
    /// whether a button is pressed.
    fn tick(&mut self, seconds: Option<f64>, held: bool) {
        let moving = held || self.view.playing;
        if let Some(seconds) = seconds {
            self.frame_seconds = 0.9 * self.frame_seconds + 0.1 * seconds;
            if moving {
                let change = (seconds / FRAME_SECONDS).clamp(0.7, 1.4);
                self.stride = (self.stride * change).clamp(1.0, MAX_STRIDE);
            } else {
                self.full_frame_seconds = seconds;
            }
            let steps = self.panel().steps;
            self.view.advance(seconds.min(0.1), steps);
        }
        // Reduce the detail of curves during motion if frames take long.
        self.view.stride = if moving {
            self.stride.round() as usize
        } else {
            1
        };
    }

    /// The sleep time of an idle window: twice the duration of a frame.
    fn idle_time(&self) -> Duration {
        let [least, most] = IDLE_SECONDS;
        Duration::from_secs_f64((2.0 * self.full_frame_seconds).clamp(least, most))
    }

    /// Handles an event; returns true if the library must not process it.
    fn event(&mut self, event: &WindowEvent, window: &Window, camera: &mut OrbitCamera3d) -> bool {
        match event {
            WindowEvent::Close => {
                self.closed = true;
                return true;
            }
            WindowEvent::Key(key, Action::Press, _) => self.key(*key, camera),
            WindowEvent::Char(letter) => self.character(*letter, camera),
            // The library updates its pointer position only at the end of a frame, not at a press
            // before that.
            WindowEvent::CursorPos(x, y, _) => self.pointer = Vec2::new(*x as f32, *y as f32),
            WindowEvent::MouseButton(MouseButton::Button1, Action::Press, _) => {
                self.pressed = Some(self.pointer);
            }
            WindowEvent::MouseButton(MouseButton::Button1, Action::Release, _) => {
                let scale = window.scale_factor() as f32;
                let (size, at) = (window.size().as_vec2() / scale, self.pointer / scale);
                let pressed = self.pressed.take();
                if pressed.is_some_and(|from| (from / scale - at).length() < CLICK_DISTANCE) {
                    self.view.selected = self.panel().nearest(&self.view, camera, size, at);
                }
            }
            _ => {}
        }
        false
    }

    fn title(&self) -> String {
        match self.panel().scene.title.as_str() {
            "" => "attractor".into(),
            title => format!("{title} - attractor"),
        }
    }

    /// Handles keys that have the same position on every keyboard layout.
    fn key(&mut self, key: Key, camera: &mut OrbitCamera3d) {
        let steps = self.panel().steps;
        let view = &mut self.view;
        match key {
            Key::Space if steps > 1 => view.play(steps),
            Key::Left => view.step(-1.0, steps),
            Key::Right => view.step(1.0, steps),
            Key::Up | Key::Down => {
                let times = if key == Key::Up { 2.0 } else { 0.5 };
                view.speed = (view.speed * times).clamp(1.0 / 64.0, 64.0);
                self.set_message(format!("speed x {}", self.view.speed));
            }
            Key::Tab if self.panels.len() > 1 => {
                self.current = (self.current + 1) % self.panels.len();
                self.view = ViewState::default();
                *camera = offscreen::initial_camera(&self.panel().scene);
            }
            Key::Escape if view.selected.is_some() => view.selected = None,
            Key::Escape => self.closed = true,
            key => {
                if let Some(layer) = LAYER_KEYS.iter().position(|one| *one == key) {
                    view.toggle_layer(layer);
                }
            }
        }
    }

    /// Handles characters, independent of the keyboard layout.
    fn character(&mut self, letter: char, camera: &mut OrbitCamera3d) {
        let trials = self.panel().trials;
        let view = &mut self.view;
        match letter.to_ascii_lowercase() {
            'a' => (view.now, view.playing) = (None, false),
            't' if trials > 1 => view.next_trial(letter == 'T', trials),
            'r' => *camera = offscreen::initial_camera(&self.panel().scene),
            'x' => offscreen::set_angles(camera, 0.0, 0.0),
            'y' => offscreen::set_angles(camera, -90.0, 0.0),
            'z' => offscreen::set_angles(camera, -90.0, 90.0),
            'h' => view.help = !view.help,
            's' => self.capture = true,
            'f' => self.set_message(format!("{:.1} frames per second", 1.0 / self.frame_seconds)),
            'q' => self.closed = true,
            _ => {}
        }
    }

    /// Shows a status message for a limited time.
    fn set_message(&mut self, text: String) {
        self.message = Some((text, Instant::now()));
    }

    /// Saves the visible frame as an image; returns the status message.
    fn save_image(&mut self, window: &Window) -> String {
        let path_of = |number: usize| {
            let mut name = self
                .image_prefix
                .file_name()
                .unwrap_or_default()
                .to_os_string();
            name.push(format!("-{number}.png"));
            self.image_prefix.with_file_name(name)
        };
        let numbers = self.images_saved + 1..;
        let free = numbers.map(|number| (number, path_of(number)));
        let Some((number, path)) = free.into_iter().find(|(_, path)| !path.exists()) else {
            return "no file name is available".into();
        };
        self.images_saved = number;
        match window.snap_image().save(&path) {
            Ok(()) => format!("saved {}", path.display()),
            Err(error) => format!("{} cannot be written: {error}", path.display()),
        }
    }
}
