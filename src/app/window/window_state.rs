//! The state of a window, and its changes by keys, mouse and time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use kiss3d::prelude::{Action, Key, MouseButton, OrbitCamera3d, Vec2, Window, WindowEvent};

use super::offscreen;
use super::requests::{Response, ShowRequest};
use super::scene::PreparedScene;
use super::view_state::ViewState;

/// A press with less movement is a click. Units: pixels.
const CLICK_DISTANCE: f32 = 4.0;
/// Target duration of a frame during motion, in seconds.
const FRAME_SECONDS: f64 = 0.045;
/// Largest number of time steps per drawn segment.
const MAX_STRIDE: f64 = 8.0;
/// Display duration of a status message, in seconds.
const MESSAGE_SECONDS: u64 = 4;
/// Minimum and maximum sleep time of an idle window, in seconds.
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
pub struct WindowState {
    panels: Vec<PreparedScene>,
    /// The index of the visible panel.
    current: usize,
    pub view: ViewState,
    image_prefix: PathBuf,
    pub responses: Sender<Response>,
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

impl WindowState {
    pub fn new(request: ShowRequest) -> WindowState {
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
    pub fn panel(&self) -> &PreparedScene {
        &self.panels[self.current]
    }

    /// Replaces the figure and retains the view.
    pub fn replace(&mut self, request: ShowRequest) {
        let new = WindowState::new(request);
        let trials = new.panel().trials;
        let view = std::mem::take(&mut self.view);
        *self = WindowState {
            view: ViewState {
                selected: None,
                trial: view.trial.filter(|trial| *trial < trials),
                ..view
            },
            images_saved: self.images_saved,
            pointer: self.pointer,
            ..new
        };
    }

    /// Whether the user or Ctrl-C has closed the window.
    pub fn is_closed(&self) -> bool {
        self.closed || self.stop.load(Ordering::Relaxed)
    }

    /// The status text of the next frame; `None` if the frame is saved as an image.
    pub fn status(&self) -> Option<&str> {
        if self.capture {
            return None;
        }
        let message = self.message.as_ref();
        let message = message.filter(|(_, at)| at.elapsed().as_secs() < MESSAGE_SECONDS);
        Some(message.map_or("H: keys", |(text, _)| text.as_str()))
    }

    /// Advances playback after a frame that took `seconds` (unknown after a sleep);
    /// `pressed` states whether a button is pressed.
    pub fn tick(&mut self, seconds: Option<f64>, pressed: bool) {
        let moving = pressed || self.view.playing;
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
    pub fn idle_time(&self) -> Duration {
        let [least, most] = IDLE_SECONDS;
        Duration::from_secs_f64((2.0 * self.full_frame_seconds).clamp(least, most))
    }

    /// Handles an event; returns true if the library must not process it.
    pub fn event(
        &mut self,
        event: &WindowEvent,
        window: &Window,
        camera: &mut OrbitCamera3d,
    ) -> bool {
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
                self.release(window, camera);
            }
            _ => {}
        }
        false
    }

    /// Handles the release of the button: a click selects the nearest point.
    fn release(&mut self, window: &Window, camera: &OrbitCamera3d) {
        let scale = window.scale_factor() as f32;
        let (size, at) = (window.size().as_vec2() / scale, self.pointer / scale);
        let pressed = self.pressed.take();
        if pressed.is_some_and(|from| (from / scale - at).length() < CLICK_DISTANCE) {
            self.view.selected = self.panel().nearest(&self.view, camera, size, at);
        }
    }

    /// The title of the window.
    pub fn title(&self) -> String {
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

    /// Saves the drawn frame if an image was requested.
    pub fn save_requested_image(&mut self, window: &Window) {
        if std::mem::take(&mut self.capture) {
            let message = self.save_image(window);
            self.set_message(message);
        }
    }

    /// Saves the drawn frame as an image; returns the status message.
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
