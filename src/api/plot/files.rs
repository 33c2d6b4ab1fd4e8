//! The script module `plot`: reading and writing of figure files.

use std::rc::Rc;

use super::Plot;
use super::options::SaveOptions;
use crate::api::context::Context;
use crate::api::convert::New;
use crate::api::diagnostic::Diagnostic;
use crate::api::file_kind::other_kind;
use crate::api::h5;
use crate::api::options::CallOptions;
use crate::base::Error;
use crate::base::error::FileError;
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
        let (options, film) = &*options;
        let target = cx.output_path(&path)?;
        let end = target.extension().and_then(|end| end.to_str()).map(str::to_lowercase);
        let bytes = match end.as_deref() {
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
                let mut progress = cx.terminal.progress("film");
                let mut draw = |shots: FrameBatch| cx.run_interruptible(move || shots.draw())?;
                let how = (film, options.scale);
                let bytes = gif(&this.0, how, &mut *progress, &mut draw)?;
                bytes.ok_or_else(Diagnostic::interrupted)?
            }
            Some("h5") => {
                let said = Map::from([("holds".into(), Tree::from(serialize::CONTENT))]);
                return h5::save(cx, &path, &serialize::to_tree(&this.0)?, said, 0);
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
        let found = cx.input_path(&path)?;
        let holds = content.attributes.get("").and_then(|said| said.get("holds"));
        if !matches!(holds, Some(Tree::Text(what)) if what == serialize::CONTENT) {
            let expected = "a figure that `save` wrote";
            let attributes = content.attributes.get("").cloned().unwrap_or_default();
            if let Some(error) = other_kind(&found, &attributes, expected) {
                return Err(error.into());
            }
            return Err(Error::file(found, FileError::Network {
                expected: expected.into(),
                found: content.tree.paths(),
                hint: "arrays are read by `h5::read`; `show::file` draws what other files hold",
            }).into());
        }
        Ok(New(Plot(serialize::from_tree(&found, &content.tree)?)))
    }
}
