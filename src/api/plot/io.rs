//! The script module `plot`: reading and writing of figure files.

use std::rc::Rc;

use super::object::Plot;
use super::options::SaveOptions;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::file_kind::unexpected_content;
use crate::api::h5;
use crate::api::options::CallOptions;
use crate::base::Error;
use crate::figure::{AnimationOptions, FrameBatch, gif, page, png, serialize, svg};
use crate::io::{Map, Tree, atomic_write};

crate::natives! {
    /// Figures: lines, points, heatmaps and grids of them, saved as PNG or SVG.
    module "plot";

    /// Writes the figure to a file that ends in .png, .svg, .html, .gif or .h5.
    ///
    /// A relative path is resolved against the folder of `--out`. For figures in three dimensions,
    /// an .html page can be rotated, zoomed and played in a browser, without network access, and a
    /// .gif animation rotates once or follows the trajectories in time (`motion: "time"`). An .h5
    /// file contains all data of the figure; `plot::load` reads it.
    ///
    /// > plot::lines([1, 3, 2]).save("lines.svg")
    /// = nil
    fn save(cx: &Context, this: Rc<Plot>, path: String,
            options: CallOptions<(SaveOptions, AnimationOptions)>) -> () {
        let (options, animation) = &*options;
        let target = cx.output_path(&path)?;
        let extension = target.extension().and_then(|extension| extension.to_str());
        let bytes = match extension.map(str::to_lowercase).as_deref() {
            Some("png") => {
                let (figure, scale) = (this.0.clone(), options.scale);
                cx.run_interruptible(move || png(&figure, scale))??
            }
            Some("svg") => {
                let figure = this.0.clone();
                cx.run_interruptible(move || svg(&figure))??.into_bytes()
            }
            Some("html") => {
                let figure = this.0.clone();
                cx.run_interruptible(move || page(&figure))??.into_bytes()
            }
            Some("gif") => {
                let mut progress = cx.terminal.progress("animation");
                let mut draw = |frames: FrameBatch| cx.run_interruptible(move || frames.draw())?;
                let settings = (animation, options.scale);
                let bytes = gif(&this.0, settings, &mut *progress, &mut draw)?;
                bytes.ok_or_else(Diagnostic::interrupted)?
            }
            Some("h5") => {
                let attributes = Map::from([("holds".into(), Tree::from(serialize::CONTENT))]);
                return h5::save(cx, &path, &serialize::to_tree(&this.0)?, attributes, 0);
            }
            _ => return Err(Error::Kind {
                of: "figure.save: argument `path`".into(),
                expected: "a path that ends in .png, .svg, .html, .gif or .h5".into(),
                found: format!("{path:?}"),
            }.into()),
        };
        Ok(atomic_write(target, &bytes)?)
    }

    /// The figure in an .h5 file written by `save`.
    ///
    /// A file that does not contain a figure is an error.
    ///
    /// > plot::lines([1, 3, 2]).save("lines.h5");
    /// > plot::load("lines.h5").title("again")
    /// = figure [1, 1], 1 layer
    fn load(cx: &Context, path: String) -> New<Plot> {
        let content = h5::load(cx, &path)?;
        let path = cx.input_path(&path)?;
        let attributes = content.attributes.get("");
        let kind = attributes.and_then(|attributes| attributes.get("holds"));
        if !matches!(kind, Some(Tree::Text(kind)) if kind == serialize::CONTENT) {
            let expected = "a figure that `save` wrote";
            let hint = "arrays are read by `h5::read`; `show::file` plots the contents of a file";
            return Err(unexpected_content(&path, &content, expected, hint).into());
        }
        Ok(New(Plot(serialize::from_tree(&path, &content.tree)?)))
    }
}
