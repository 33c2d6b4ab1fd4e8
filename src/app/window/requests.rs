//! The messages between the script thread and the main thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;

use crate::figure::scene::Scene;

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
