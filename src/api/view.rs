//! The function `view`: a figure in a window, or in a file where there is no window.

use std::rc::Rc;

use super::context::Context;
use super::options::CallOptions;
use super::plot::Plot;
use crate::base::options::Span;
use crate::figure::scene::{DEFAULT_SIZE, Scene};
use crate::figure::{page, png};
use crate::io::atomic_write;
use crate::options;

/// Pixels for each 1/96 inch of a picture that is drawn without a driver, at the usual width.
const STATIC: f64 = 2.0;

// Help shows defaults as they are written: those of a picture are the numbers of `DEFAULT_SIZE`.
options! {
    /// How a figure is looked at.
    pub struct Viewing for "view" {
        /// Whether the script waits until the window is closed. A figure that comes while a window
        /// is open takes the place of the one before.
        wait: bool = true;
        /// The name of the file where there is no window, and of pictures taken in the window.
        name: String = "view".into();
        /// Opens no window, and writes what it would show (of a grid the first panel) to this PNG
        /// file, in the folder of `--out`. No display is needed.
        picture: Option<String> = None;
        /// Width of that picture, in pixels. In a larger picture words and lines are larger too.
        width: usize = 1000, in Span::between(100.0, 4096.0);
        /// Height of that picture, in pixels.
        height: usize = 760, in Span::between(100.0, 4096.0);
    }
}

crate::natives! {
    /// Always in scope: printing, help, and what the command line asked for.
    module "";

    /// Shows a figure in three dimensions in a window: drag to turn, wheel to zoom, space to play
    /// time; H shows all keys. Where there is no window (a build without it, no display,
    /// `--no-window`), the figure becomes a page for a browser in the folder of `--out`, and a line
    /// says so; so does a flat figure. Of a grid, Tab shows one panel in three dimensions after the
    /// other.
    ///
    /// > view(scene::points([[0, 0, 0], [1, 1, 1]]), #{ wait: false })
    /// = nil
    fn view(cx: &Context, figure: Rc<Plot>, options: CallOptions<Viewing>) -> () {
        let panels = Scene::from_figure(&figure.0)?;
        let flat = || String::from("a flat figure does not turn");
        if let Some(path) = &options.picture {
            let path = cx.output_path(path)?;
            let size = [options.width as u32, options.height as u32];
            let first = panels.into_iter().next().ok_or_else(flat);
            let bytes = first.and_then(|panel| cx.terminal.render_png(panel, size)).or_else(|why| {
                let path = path.display();
                cx.terminal.print(&format!("no window: {why}; {path} is drawn without it"));
                png(&figure.0, STATIC * options.width as f64 / f64::from(DEFAULT_SIZE[0]))
            })?;
            return Ok(atomic_write(path, &bytes)?);
        }
        let pictures = cx.output_path(&options.name)?;
        let shown = match panels.is_empty() {
            true => Err(flat()),
            false => cx.terminal.show_window(panels, pictures, options.wait),
        };
        if let Err(why) = shown {
            let path = cx.output_path(format!("{}.html", options.name))?;
            atomic_write(path.clone(), page(&figure.0)?.as_bytes())?;
            let path = path.display();
            cx.terminal.print(&format!("no window: {why}; {path} shows it in a browser"));
        }
        Ok(())
    }
}
