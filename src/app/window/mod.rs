//! Windows. They must be created on the main thread; scripts send requests from their own thread.
//!
//! At most one window is open. A figure that arrives while it is open replaces the previous one;
//! the camera keeps the orientation that the user has chosen.

#[cfg(feature = "window")]
mod axes_box;
#[cfg(feature = "window")]
mod canvas;
#[cfg(feature = "window")]
mod event_loop;
#[cfg(feature = "window")]
mod markers;
#[cfg(feature = "window")]
mod offscreen;
#[cfg(feature = "window")]
mod overlay;
#[cfg(feature = "window")]
mod pick;
#[cfg(feature = "window")]
mod scene;
#[cfg(feature = "window")]
mod view_state;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::figure::scene::Scene;
#[cfg(feature = "window")]
use event_loop::WindowHost;

/// Interval at which a script that waits for a window checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The error of a build without window support.
const NOT_BUILT: &str = "this build has no window support (`./x window ...` builds it)";
/// The error when the window thread no longer receives requests.
const THREAD_ENDED: &str = "the thread for windows is gone";

/// A request to show a figure.
pub struct ShowRequest {
    /// The three-dimensional panels; not empty.
    pub panels: Vec<Scene>,
    /// Path prefix of saved images, without an extension.
    pub image_prefix: PathBuf,
    pub responses: Sender<Response>,
    /// Set by Ctrl-C.
    pub stop: Arc<AtomicBool>,
}

/// A request for an image of a figure.
pub struct ImageRequest {
    pub scene: Scene,
    /// Units: pixels.
    pub size: [u32; 2],
}

/// The response to a request.
pub enum Response {
    Shown,
    /// The window has been closed, or shows another figure.
    Closed,
    /// The reason why the figure cannot be shown.
    Failed(String),
    /// The image as the bytes of a PNG file.
    Image(Vec<u8>),
}

/// A message to the main thread.
pub enum Request {
    Show(Box<ShowRequest>),
    /// Render an image without a window.
    Image(Box<ImageRequest>, Sender<Response>),
    /// The script has ended; no further messages follow.
    Done,
}

/// The queue of window requests to the main thread.
pub struct WindowQueue {
    sender: Sender<Request>,
    requests: Mutex<Receiver<Request>>,
    /// Set when the script has ended, just before [`Request::Done`] is sent.
    ended: Arc<AtomicBool>,
    /// Windows are disabled (`--no-window`).
    pub disabled: AtomicBool,
}

/// Notifies the main thread on drop that the script has ended, also after a panic.
pub struct DoneGuard {
    sender: Sender<Request>,
    ended: Arc<AtomicBool>,
}

impl Default for WindowQueue {
    fn default() -> WindowQueue {
        let (sender, requests) = channel();
        WindowQueue {
            sender,
            requests: Mutex::new(requests),
            ended: Arc::default(),
            disabled: AtomicBool::new(false),
        }
    }
}

impl Drop for DoneGuard {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        let _ = self.sender.send(Request::Done);
    }
}

impl WindowQueue {
    /// The guard that the script thread holds while it runs.
    pub fn done_guard(&self) -> DoneGuard {
        DoneGuard {
            sender: self.sender.clone(),
            ended: self.ended.clone(),
        }
    }

    /// Shows a figure and, if `wait` is set, blocks until its window is closed; `stop` ends the
    /// wait and closes the window.
    ///
    /// Errors: the reason why there is no window
    pub fn show(
        &self,
        panels: Vec<Scene>,
        pictures: PathBuf,
        wait: bool,
        stop: &Arc<AtomicBool>,
    ) -> Result<(), String> {
        if self.disabled.load(Ordering::Relaxed) {
            return Err("windows are disabled (--no-window)".into());
        }
        unavailable().map_or(Ok(()), Err)?;
        let (responses, received) = channel();
        let request = Box::new(ShowRequest {
            panels,
            image_prefix: pictures,
            responses,
            stop: stop.clone(),
        });
        self.sender
            .send(Request::Show(request))
            .map_err(|_| THREAD_ENDED.to_string())?;
        loop {
            match received.recv_timeout(POLL_INTERVAL) {
                Ok(Response::Shown) if !wait => return Ok(()),
                Ok(Response::Shown) => {}
                Ok(Response::Closed | Response::Image(_)) => return Ok(()),
                Ok(Response::Failed(reason)) => return Err(reason),
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                // Ctrl-C was pressed, or the window thread has ended.
                Err(_) => return Ok(()),
            }
        }
    }

    /// The bytes of a PNG file of what a window would show. Requires a driver but no display.
    ///
    /// Errors: the reason why there is no image
    pub fn image(&self, request: ImageRequest) -> Result<Vec<u8>, String> {
        let (responses, received) = channel();
        let request = Request::Image(Box::new(request), responses);
        match self
            .sender
            .send(request)
            .ok()
            .and_then(|()| received.recv().ok())
        {
            Some(Response::Image(bytes)) => Ok(bytes),
            Some(Response::Failed(reason)) => Err(reason),
            _ => Err(THREAD_ENDED.into()),
        }
    }

    /// Serves requests on the current (main) thread until the script ends.
    pub fn serve(&self) {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut host = WindowHost::default();
        loop {
            // A window can have consumed the last message and then failed.
            let request = match self.ended.load(Ordering::Acquire) {
                true => requests.try_recv().ok(),
                false => requests.recv().ok(),
            };
            match request {
                Some(Request::Show(request)) => host.open(*request, &requests),
                Some(Request::Image(image, responses)) => host.image(*image, &responses),
                Some(Request::Done) | None => return,
            }
        }
    }
}

/// The reason why no window can be opened, if it is known in advance.
fn unavailable() -> Option<String> {
    if !cfg!(feature = "window") {
        return Some(NOT_BUILT.into());
    }
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let unix = cfg!(all(unix, not(target_os = "macos")));
    if unix && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return Some("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".into());
    }
    None
}

/// Stand-in for the window host in a build without window support.
#[cfg(not(feature = "window"))]
#[derive(Default)]
struct WindowHost {}

#[cfg(not(feature = "window"))]
impl WindowHost {
    fn open(&mut self, request: ShowRequest, _: &Receiver<Request>) {
        let reason = unavailable().unwrap_or_default();
        let _ = request.responses.send(Response::Failed(reason));
    }

    fn image(&mut self, _: ImageRequest, responses: &Sender<Response>) {
        let _ = responses.send(Response::Failed(NOT_BUILT.into()));
    }
}
