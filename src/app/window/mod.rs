//! Windows. They must be created on the main thread; scripts send requests from their own thread.
//!
//! At most one window is open. A figure that arrives while it is open replaces the previous one;
//! the camera keeps the orientation that the user has chosen.

mod availability;
#[cfg(feature = "window")]
mod axes_box;
#[cfg(feature = "window")]
mod canvas;
#[cfg(feature = "window")]
mod draw_scene;
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
mod requests;
#[cfg(feature = "window")]
mod scene;
#[cfg(feature = "window")]
mod view_state;
#[cfg(feature = "window")]
mod window_state;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use requests::{ImageRequest, Request, Response, ShowRequest};

use crate::figure::scene::Scene;
#[cfg(not(feature = "window"))]
use availability::NOT_BUILT;
use availability::unavailable;
#[cfg(feature = "window")]
use event_loop::WindowHost;

/// Interval at which a script that waits for a window checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The error when the window thread no longer receives requests.
const THREAD_ENDED: &str = "the window thread has ended";

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
        image_prefix: PathBuf,
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
            image_prefix,
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

    /// The bytes of a PNG file of the scene as a window shows it. Requires a driver but no display.
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
