//! One window from its opening to its end: keys, the mouse, and frame after frame.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use kiss3d::prelude::{
    Action, Key, MouseButton, OrbitCamera3d, SceneNode3d, Vec2, Window, WindowEvent,
};

use super::draw::Ready;
use super::frame::Sight;
use super::still::{self, Still};
use super::wanted::Wanted;
use super::{Asked, Fate, Shot, Word, missing};
use crate::figure::stage::SIZE;

/// A press that moves less than this is a click. Units: pixels.
const STILL: f32 = 4.0;
/// Seconds that a frame may take while something moves.
const QUICK: f64 = 0.045;
/// Steps of a curve that are drawn as one line, at most.
const COARSEST: f64 = 8.0;
/// Seconds that a word about what was done stays.
const SAID: u64 = 4;
/// After so long without an event there is a rest after each frame, of so many seconds.
const QUIET: Duration = Duration::from_millis(600);
const REST: [f64; 2] = [0.04, 0.25];

/// The keys that show and hide layers.
const LAYERS: [Key; 9] = [
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

/// What is shown at the moment.
struct Shown {
    panels: Vec<Ready>,
    /// The panel that is seen.
    at: usize,
    wanted: Wanted,
    pictures: PathBuf,
    answer: Sender<Fate>,
    /// Set by Ctrl-C.
    stop: Arc<AtomicBool>,
    /// A picture is taken of the next frame.
    snap: bool,
    /// Pictures taken so far.
    taken: usize,
    /// Where the pointer is, and where the button went down. Units: dots of the screen.
    pointer: Vec2,
    pressed: Option<Vec2>,
    /// The user has closed it.
    over: bool,
    said: Option<(String, Instant)>,
    /// Seconds from frame to frame, lately.
    pace: f64,
    /// Seconds that the last frame took where nothing moved.
    whole: f64,
    /// Steps that are drawn as one line while something moves.
    coarse: f64,
}

/// Where windows open: the one window of this program, hidden between two figures. (The library
/// cannot open a second one when the first is gone.)
#[derive(Default)]
pub struct Place {
    window: Option<Window>,
    still: Still,
}

impl Place {
    /// Opens the window and stays until it is closed. The library panics where there is no display
    /// or no driver.
    pub fn open(&mut self, asked: Asked, words: &Receiver<Word>) {
        let answer = asked.answer.clone();
        let need = "a display and a Vulkan driver are";
        still::guarded(need, &answer, || {
            pollster::block_on(self.stay(asked, words))
        });
    }

    /// Hands out what a window would show, without one.
    pub fn picture(&mut self, shot: Shot, answer: &Sender<Fate>) {
        // The library opens windows on what it finds first, and what it finds for pictures alone
        // has none: where windows can be, there is one, unseen, before the first picture.
        if self.window.is_none() && missing().is_none() {
            let new = Window::new_hidden_with_size("attractor", SIZE[0], SIZE[1]);
            let open = || self.window = Some(pollster::block_on(new));
            let _ = catch_unwind(AssertUnwindSafe(open));
        }
        self.still.picture(shot, answer);
    }

    async fn stay(&mut self, asked: Asked, words: &Receiver<Word>) {
        let window = match &mut self.window {
            Some(window) => {
                window.show();
                window
            }
            None => {
                let new = Window::new_with_size("attractor", SIZE[0], SIZE[1]).await;
                self.window.insert(new)
            }
        };
        if let Err(why) = still::driver() {
            window.hide();
            let _ = asked.answer.send(Fate::Failed(why));
            return;
        }
        still::dress(window);
        let _ = asked.answer.send(Fate::Shown);
        frames(window, &mut self.still, asked, words).await;
        window.hide();
    }
}

/// Frame after frame, until the user closes the window.
async fn frames(window: &mut Window, still: &mut Still, asked: Asked, words: &Receiver<Word>) {
    let font = still::font();
    let mut scene = SceneNode3d::empty();
    let mut shown = Shown::new(asked);
    let mut camera = still::camera(&shown.seen().stage);
    let mut title = String::new();
    let (mut last, mut stirred) = (Some(Instant::now()), Instant::now());
    while !(shown.over || shown.stop.load(Ordering::Relaxed)) {
        match words.try_recv() {
            Ok(Word::Show(asked)) => {
                let _ = shown.answer.send(Fate::Over);
                let _ = asked.answer.send(Fate::Shown);
                shown = shown.giving_way(*asked);
                stirred = Instant::now();
            }
            Ok(Word::Picture(shot, answer)) => still.picture(*shot, &answer),
            Ok(Word::Done) | Err(_) => {}
        }
        for mut event in window.events().iter() {
            stirred = Instant::now();
            event.inhibited |= shown.event(&event.value, window, &mut camera);
        }
        if title != shown.title() {
            title = shown.title();
            window.set_title(&title);
        }
        let held = [MouseButton::Button1, MouseButton::Button2]
            .map(|button| window.get_mouse_button(button) == Action::Press);
        let seconds = last.map(|last| last.elapsed().as_secs_f64());
        shown.tick(seconds, held.contains(&true));
        last = Some(Instant::now());
        let said = shown.said.as_ref();
        let said = said.filter(|(_, at)| at.elapsed().as_secs() < SAID);
        let foot = said.map_or("H: keys", |(text, _)| text.as_str());
        let foot = Some(foot).filter(|_| !shown.snap);
        still::fit(window, &mut camera);
        let (seen, wanted) = (shown.seen(), &shown.wanted);
        let sight = Sight {
            camera: &camera,
            font: &font,
            scale: window.scale_factor() as f32,
        };
        seen.draw(window, sight, wanted, foot);
        window.render_3d(&mut scene, &mut camera).await;
        if std::mem::take(&mut shown.snap) {
            let taken = shown.picture(window);
            shown.say(taken);
        }
        // What nobody touches leaves the processor to the script.
        if !shown.wanted.playing && stirred.elapsed() > QUIET {
            std::thread::sleep(shown.rest());
            last = None;
        }
    }
    let _ = shown.answer.send(Fate::Over);
}

impl Shown {
    fn new(asked: Asked) -> Shown {
        let Asked {
            panels,
            pictures,
            answer,
            stop,
        } = asked;
        Shown {
            panels: panels.into_iter().map(Ready::new).collect(),
            at: 0,
            wanted: Wanted::default(),
            pictures,
            answer,
            stop,
            snap: false,
            taken: 0,
            pointer: Vec2::ZERO,
            pressed: None,
            over: false,
            said: None,
            pace: 0.0,
            whole: 0.0,
            coarse: 1.0,
        }
    }

    /// The panel that is seen.
    fn seen(&self) -> &Ready {
        &self.panels[self.at]
    }

    /// Another figure, looked at in the same way.
    fn giving_way(self, asked: Asked) -> Shown {
        let new = Shown::new(asked);
        let trials = new.seen().trials;
        Shown {
            wanted: Wanted {
                kept: None,
                trial: self.wanted.trial.filter(|trial| *trial < trials),
                ..self.wanted
            },
            taken: self.taken,
            pointer: self.pointer,
            ..new
        }
    }

    /// Time goes on after a frame that took so long, which is unknown after a rest; `held` says
    /// whether a button is.
    fn tick(&mut self, seconds: Option<f64>, held: bool) {
        let moves = held || self.wanted.playing;
        if let Some(seconds) = seconds {
            self.pace = 0.9 * self.pace + 0.1 * seconds;
            if moves {
                let change = (seconds / QUICK).clamp(0.7, 1.4);
                self.coarse = (self.coarse * change).clamp(1.0, COARSEST);
            } else {
                self.whole = seconds;
            }
            let steps = self.seen().steps;
            self.wanted.advance(seconds.min(0.1), steps);
        }
        // Where frames take long, curves are coarser while something moves.
        self.wanted.stride = if moves {
            self.coarse.round() as usize
        } else {
            1
        };
    }

    /// How long nothing is drawn where nothing happens: twice as long as a frame takes.
    fn rest(&self) -> Duration {
        let [least, most] = REST;
        Duration::from_secs_f64((2.0 * self.whole).clamp(least, most))
    }

    /// Does what the user asks for; true if the library must not see it.
    fn event(&mut self, event: &WindowEvent, window: &Window, camera: &mut OrbitCamera3d) -> bool {
        match event {
            WindowEvent::Close => {
                self.over = true;
                return true;
            }
            WindowEvent::Key(key, Action::Press, _) => self.key(*key, camera),
            WindowEvent::Char(letter) => self.letter(*letter, camera),
            // The library knows where it is at the end of a frame, and not at a press before that.
            WindowEvent::CursorPos(x, y, _) => self.pointer = Vec2::new(*x as f32, *y as f32),
            WindowEvent::MouseButton(MouseButton::Button1, Action::Press, _) => {
                self.pressed = Some(self.pointer);
            }
            WindowEvent::MouseButton(MouseButton::Button1, Action::Release, _) => {
                let scale = window.scale_factor() as f32;
                let (size, at) = (window.size().as_vec2() / scale, self.pointer / scale);
                let pressed = self.pressed.take();
                if pressed.is_some_and(|from| (from / scale - at).length() < STILL) {
                    self.wanted.kept = self.seen().nearest(&self.wanted, camera, size, at);
                }
            }
            _ => {}
        }
        false
    }

    fn title(&self) -> String {
        match self.seen().stage.title.as_str() {
            "" => "attractor".into(),
            title => format!("{title} - attractor"),
        }
    }

    /// What keys do that are in the same place on every keyboard.
    fn key(&mut self, key: Key, camera: &mut OrbitCamera3d) {
        let steps = self.seen().steps;
        let wanted = &mut self.wanted;
        match key {
            Key::Space if steps > 1 => wanted.play(steps),
            Key::Left => wanted.step(-1.0, steps),
            Key::Right => wanted.step(1.0, steps),
            Key::Up | Key::Down => {
                let times = if key == Key::Up { 2.0 } else { 0.5 };
                wanted.speed = (wanted.speed * times).clamp(1.0 / 64.0, 64.0);
                self.say(format!("speed x {}", self.wanted.speed));
            }
            Key::Tab if self.panels.len() > 1 => {
                self.at = (self.at + 1) % self.panels.len();
                self.wanted = Wanted::default();
                *camera = still::camera(&self.seen().stage);
            }
            Key::Escape if wanted.kept.is_some() => wanted.kept = None,
            Key::Escape => self.over = true,
            key => {
                if let Some(layer) = LAYERS.iter().position(|one| *one == key) {
                    wanted.switch(layer);
                }
            }
        }
    }

    /// What letters do, wherever they are on the keyboard.
    fn letter(&mut self, letter: char, camera: &mut OrbitCamera3d) {
        let trials = self.seen().trials;
        let wanted = &mut self.wanted;
        match letter.to_ascii_lowercase() {
            'a' => (wanted.now, wanted.playing) = (None, false),
            't' if trials > 1 => wanted.turn_over(letter == 'T', trials),
            'r' => *camera = still::camera(&self.seen().stage),
            'x' => still::look(camera, 0.0, 0.0),
            'y' => still::look(camera, -90.0, 0.0),
            'z' => still::look(camera, -90.0, 90.0),
            'h' => wanted.help = !wanted.help,
            's' => self.snap = true,
            'f' => self.say(format!("{:.1} pictures in a second", 1.0 / self.pace)),
            'q' => self.over = true,
            _ => {}
        }
    }

    /// Shows a word at the foot for a while.
    fn say(&mut self, text: String) {
        self.said = Some((text, Instant::now()));
    }

    /// Writes what is seen to a file; says how that went.
    fn picture(&mut self, window: &Window) -> String {
        let named = |number: usize| {
            let mut name = self.pictures.file_name().unwrap_or_default().to_os_string();
            name.push(format!("-{number}.png"));
            self.pictures.with_file_name(name)
        };
        let numbers = self.taken + 1..;
        let free = numbers.map(|number| (number, named(number)));
        let Some((number, path)) = free.into_iter().find(|(_, path)| !path.exists()) else {
            return "no name is free".into();
        };
        self.taken = number;
        match window.snap_image().save(&path) {
            Ok(()) => format!("saved {}", path.display()),
            Err(fault) => format!("{} cannot be written: {fault}", path.display()),
        }
    }
}
