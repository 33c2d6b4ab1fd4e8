//! Windows, which live on the first thread: scripts ask for them from theirs.
//!
//! One window is open at a time. A figure that comes while it is open takes the place of the one
//! shown before; the camera stays where the user has turned it.

#[cfg(feature = "window")]
mod draw;
#[cfg(feature = "window")]
mod frame;
#[cfg(feature = "window")]
mod marks;
#[cfg(feature = "window")]
mod pick;
#[cfg(feature = "window")]
mod show;
#[cfg(feature = "window")]
mod still;
#[cfg(feature = "window")]
mod wanted;
#[cfg(feature = "window")]
mod words;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::figure::stage::Stage;
#[cfg(feature = "window")]
use show::Place;

/// How often a script that waits for a window looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(50);
/// Why a build has no window.
const LACKING: &str = "this build has none (`./x window ...` makes one that has)";
/// Why a word to the first thread is lost.
const GONE: &str = "the thread for windows is gone";

/// A figure to be shown.
pub struct Asked {
    /// Its panels in three dimensions; at least one.
    pub panels: Vec<Stage>,
    /// The name of pictures of it, without an end.
    pub pictures: PathBuf,
    pub answer: Sender<Fate>,
    /// Set by Ctrl-C.
    pub stop: Arc<AtomicBool>,
}

/// A figure of which a picture is wanted.
pub struct Shot {
    pub stage: Stage,
    /// Units: pixels.
    pub size: [u32; 2],
}

/// What becomes of a figure.
pub enum Fate {
    Shown,
    /// It is seen no more.
    Over,
    /// Why it cannot be seen.
    Failed(String),
    /// What was to be seen, as a PNG file.
    Picture(Vec<u8>),
}

/// What the first thread is told.
pub enum Word {
    Show(Box<Asked>),
    /// What a window would show is wanted, without one.
    Picture(Box<Shot>, Sender<Fate>),
    /// The script is at its end: nothing more comes.
    Done,
}

/// Where figures are left for the first thread.
pub struct Desk {
    out: Sender<Word>,
    words: Mutex<Receiver<Word>>,
    /// Set when the script is at its end, just before the word that says so.
    ended: Arc<AtomicBool>,
    /// No window is wanted.
    pub shut: AtomicBool,
}

/// Tells the first thread that the script is at its end, also if that is a panic.
pub struct Done {
    out: Sender<Word>,
    ended: Arc<AtomicBool>,
}

impl Default for Desk {
    fn default() -> Desk {
        let (out, words) = channel();
        Desk {
            out,
            words: Mutex::new(words),
            ended: Arc::default(),
            shut: AtomicBool::new(false),
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        let _ = self.out.send(Word::Done);
    }
}

impl Desk {
    /// What a script's thread holds while it runs.
    pub fn done(&self) -> Done {
        Done {
            out: self.out.clone(),
            ended: self.ended.clone(),
        }
    }

    /// Shows a figure, and waits until its window is closed, if asked to; `stop` ends the
    /// wait, and closes the window.
    ///
    /// Errors: why there is no window
    pub fn show(
        &self,
        panels: Vec<Stage>,
        pictures: PathBuf,
        wait: bool,
        stop: &Arc<AtomicBool>,
    ) -> Result<(), String> {
        if self.shut.load(Ordering::Relaxed) {
            return Err("none is wanted (--no-window)".into());
        }
        missing().map_or(Ok(()), Err)?;
        let (answer, told) = channel();
        let asked = Box::new(Asked {
            panels,
            pictures,
            answer,
            stop: stop.clone(),
        });
        self.out
            .send(Word::Show(asked))
            .map_err(|_| GONE.to_string())?;
        loop {
            match told.recv_timeout(GLANCE) {
                Ok(Fate::Shown) if !wait => return Ok(()),
                Ok(Fate::Shown) => {}
                Ok(Fate::Over | Fate::Picture(_)) => return Ok(()),
                Ok(Fate::Failed(why)) => return Err(why),
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                // The user has had enough of waiting.
                Err(_) => return Ok(()),
            }
        }
    }

    /// A PNG file of what a window would show; no display is needed, but a driver is.
    ///
    /// Errors: why there is none
    pub fn picture(&self, shot: Shot) -> Result<Vec<u8>, String> {
        let (answer, told) = channel();
        let word = Word::Picture(Box::new(shot), answer);
        match self.out.send(word).ok().and_then(|()| told.recv().ok()) {
            Some(Fate::Picture(bytes)) => Ok(bytes),
            Some(Fate::Failed(why)) => Err(why),
            _ => Err(GONE.into()),
        }
    }

    /// Serves windows on this thread, the first one, until the script is at its end.
    pub fn serve(&self) {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = Place::default();
        loop {
            // A window may have taken the last word, and broken.
            let word = match self.ended.load(Ordering::Acquire) {
                true => words.try_recv().ok(),
                false => words.recv().ok(),
            };
            match word {
                Some(Word::Show(asked)) => place.open(*asked, &words),
                Some(Word::Picture(shot, answer)) => place.picture(*shot, &answer),
                Some(Word::Done) | None => return,
            }
        }
    }
}

/// Why no window can be opened here, if that is known beforehand.
fn missing() -> Option<String> {
    if !cfg!(feature = "window") {
        return Some(LACKING.into());
    }
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let unix = cfg!(all(unix, not(target_os = "macos")));
    if unix && !named("DISPLAY") && !named("WAYLAND_DISPLAY") {
        return Some("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".into());
    }
    None
}

/// Where windows open, in a build that has none.
#[cfg(not(feature = "window"))]
#[derive(Default)]
struct Place {}

#[cfg(not(feature = "window"))]
impl Place {
    fn open(&mut self, asked: Asked, _: &Receiver<Word>) {
        let why = missing().unwrap_or_default();
        let _ = asked.answer.send(Fate::Failed(why));
    }

    fn picture(&mut self, _: Shot, answer: &Sender<Fate>) {
        let _ = answer.send(Fate::Failed(LACKING.into()));
    }
}
