//! Script function `view`: shows a figure in a window, or writes it to a file if no window is
//! available.

use std::rc::Rc;

use super::context::Context;
use super::options::CallOptions;
use super::plot::Plot;
use crate::base::options::Span;
use crate::figure::scene::{DEFAULT_SIZE, Scene};
use crate::figure::{page, png};
use crate::io::atomic_write;
use crate::options;

/// Pixels per 1/96 inch of an image that is rendered without a graphics driver, at the default
/// width.
const SCALE: f64 = 2.0;

// Help shows default values as written in the source: those of the image size repeat
// `DEFAULT_SIZE`.
options! {
    /// Options of `view`.
    pub struct ViewOptions for "view" {
        /// Wait until the window is closed. If a window is already open, the new figure replaces
        /// the current one.
        wait: bool = true;
        /// Name of the output file if no window is available, and of screenshots taken in the
        /// window.
        name: String = "view".into();
        /// Render to this PNG file in the folder of `--out` instead of opening a window (for a
        /// grid, its first panel). No display is needed.
        picture: Option<String> = None;
        /// Width of the PNG file in pixels. Text and line widths scale with it.
        width: usize = 1000, in Span::between(100.0, 4096.0);
        /// Height of the PNG file in pixels.
        height: usize = 760, in Span::between(100.0, 4096.0);
    }
}

crate::natives! {
    /// Interactive windows that show figures.
    module "";

    /// Shows a three-dimensional figure in an interactive window: drag to rotate, scroll to zoom,
    /// press space to animate time; H lists all keys. For a grid, Tab switches between its
    /// three-dimensional panels. If no window is available (a build without window support, no
    /// display, `--no-window`), or if the figure is two-dimensional, an HTML page is written to the
    /// folder of `--out` instead, and a message is printed.
    ///
    /// > view(scene::points([[0, 0, 0], [1, 1, 1]]), #{ wait: false })
    /// = nil
    fn view(cx: &Context, figure: Rc<Plot>, options: CallOptions<ViewOptions>) -> () {
        let panels = Scene::from_figure(&figure.0)?;
        let not_3d = || String::from("the figure is two-dimensional");
        if let Some(path) = &options.picture {
            let path = cx.output_path(path)?;
            let size = [options.width as u32, options.height as u32];
            let first = panels.into_iter().next().ok_or_else(not_3d);
            let bytes = first.and_then(|panel| cx.terminal.render_png(panel, size));
            let bytes = bytes.or_else(|reason| {
                let path = path.display();
                cx.terminal.print(&format!("no window: {reason}; {path} is rendered without it"));
                png(&figure.0, SCALE * options.width as f64 / f64::from(DEFAULT_SIZE[0]))
            })?;
            return Ok(atomic_write(path, &bytes)?);
        }
        let screenshots = cx.output_path(&options.name)?;
        let result = match panels.is_empty() {
            true => Err(not_3d()),
            false => cx.terminal.show_window(panels, screenshots, options.wait),
        };
        if let Err(reason) = result {
            let path = cx.output_path(format!("{}.html", options.name))?;
            atomic_write(path.clone(), page(&figure.0)?.as_bytes())?;
            let path = path.display();
            cx.terminal.print(&format!("no window: {reason}; open {path} in a browser"));
        }
        Ok(())
    }
}
