//! A figure in motion, as GIF: its panels in three dimensions turn once around, or their curves
//! grow in time.

use std::ops::Range;
use std::sync::Arc;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::space::stage::Stage;
use super::{Figure, Layer, Legend, Panel, png::pixels};
use crate::base::options::Span;
use crate::base::{Error, Progress, Report, Result, Standing};
use crate::{choices, options};

/// How coarsely colours are chosen, from 1 (slow) to 30.
const SPEED: i32 = 10;
/// Frames that are drawn before they are written, at most.
const TOGETHER: usize = 16;

choices! {
    /// What changes from frame to frame.
    pub enum Motion {
        /// The camera goes once around.
        #[default]
        Turn = "turn",
        /// Trajectories grow from their first step to their last.
        Time = "time",
    }
}

options! {
    /// How a figure moves.
    pub struct Film for "figure.save" {
        /// What changes: "turn" or "time". For files that end in .gif, as all that follows.
        motion: Motion = Motion::Turn;
        /// Pictures that are shown one after another.
        frames: usize = 72, in Span::between(2.0, 2000.0);
        /// Pictures in a second.
        rate: f64 = 18.0, in Span::between(0.1, 50.0);
    }
}

/// Frames of a film that are drawn together, one on each thread.
#[derive(Clone)]
pub struct Shots {
    figure: Arc<Figure>,
    film: Film,
    scale: f64,
    range: Range<usize>,
}

impl Shots {
    /// The pictures.
    ///
    /// Errors: those of [`png`](super::png())
    pub fn draw(self) -> Result<Vec<Frame<'static>>> {
        let shot = |k| frame(&moved(&self.figure, &self.film, k), &self.film, self.scale);
        self.range.into_par_iter().map(shot).collect()
    }
}

/// The bytes of a GIF file, which begins anew at its end; nothing if `progress` ends the work.
/// `draw` calls [`Shots::draw`], on whichever thread.
///
/// Errors: `Kind` where no panel is in three dimensions; those of [`png`](super::png()); those of
/// `draw`
pub fn gif(
    figure: &Figure,
    (film, scale): (&Film, f64),
    progress: &mut dyn Progress,
    draw: &mut dyn FnMut(Shots) -> Result<Vec<Frame<'static>>>,
) -> Result<Option<Vec<u8>>> {
    let figure = Arc::new(held(figure)?);
    let mut encoder: Option<Encoder<Vec<u8>>> = None;
    let unwritten = |_| Error::Algebra {
        op: "figure.save",
        fact: "these pictures cannot be parts of one GIF",
    };
    let together = rayon::current_num_threads().clamp(1, TOGETHER);
    for first in (0..film.frames).step_by(together) {
        if progress.stopped() {
            return Ok(None);
        }
        let done = film.frames.min(first + together);
        let shots = Shots {
            figure: figure.clone(),
            film: film.clone(),
            scale,
            range: first..done,
        };
        for part in draw(shots)? {
            let encoder = match &mut encoder {
                Some(encoder) => encoder,
                None => {
                    let new = Encoder::new(Vec::new(), part.width, part.height, &[]);
                    let mut new = new.map_err(unwritten)?;
                    new.set_repeat(Repeat::Infinite).map_err(unwritten)?;
                    encoder.insert(new)
                }
            };
            encoder.write_frame(&part).map_err(unwritten)?;
        }
        progress.report(Report {
            done,
            total: film.frames,
            standing: Standing::Count { of: "frames" },
        });
    }
    let bytes = encoder.map(Encoder::into_inner).transpose();
    Ok(Some(
        bytes
            .expect("writing into memory does not fail")
            .unwrap_or_default(),
    ))
}

fn frame(figure: &Figure, film: &Film, scale: f64) -> Result<Frame<'static>> {
    let pixels = pixels(figure, scale)?;
    let side = |length: u32| {
        u16::try_from(length).map_err(|_| Error::Algebra {
            op: "figure.save",
            fact: "a GIF has 65,535 pixels a side at most",
        })
    };
    let (width, height) = (side(pixels.width())?, side(pixels.height())?);
    let mut rgba = pixels.take();
    let mut frame = Frame::from_rgba_speed(width, height, &mut rgba, SPEED);
    frame.delay = (100.0 / film.rate).round() as u16;
    frame.dispose = DisposalMethod::Keep;
    Ok(frame)
}

/// The figure with axes and legends that stay where they are.
fn held(figure: &Figure) -> Result<Figure> {
    let stages = Stage::of(figure)?;
    if stages.is_empty() {
        return Err(Error::Kind {
            of: "a film".into(),
            expected: "a figure in three dimensions, such as scene::trajectories gives".into(),
            found: "a flat one".into(),
        });
    }
    let mut stages = stages.into_iter();
    let mut held = figure.clone();
    for panel in held
        .panels
        .iter_mut()
        .filter(|panel| panel.camera.is_some())
    {
        let Some(stage) = stages.next() else { break };
        let ranges = stage
            .scales
            .map(|scale| Some([scale.range.low, scale.range.high]));
        [panel.x.limits, panel.y.limits, panel.z.limits] = ranges;
        if let Some(range) = super::extent::of_colour(panel)? {
            panel.colour.limits = Some([range.low, range.high]);
        }
        if panel.legend == Legend::Auto {
            panel.legend = Legend::Outside;
        }
    }
    Ok(held)
}

/// The figure as frame `k` shows it.
fn moved(figure: &Figure, film: &Film, k: usize) -> Figure {
    let mut figure = figure.clone();
    for panel in &mut figure.panels {
        match (film.motion, &mut panel.camera) {
            (Motion::Turn, Some(camera)) => {
                let turned = camera.azimuth + 360.0 * k as f64 / film.frames as f64;
                camera.azimuth = (turned + 180.0).rem_euclid(360.0) - 180.0;
            }
            (Motion::Time, Some(_)) => grown(panel, (k + 1) as f64 / film.frames as f64),
            (_, None) => {}
        }
    }
    figure
}

/// Leaves the first part of each curve.
fn grown(panel: &mut Panel, part: f64) {
    for layer in &mut panel.layers {
        let Layer::Paths(paths) = layer else { continue };
        let longest = paths
            .each()
            .map(|(_, curve)| curve.len())
            .max()
            .unwrap_or(0);
        let most = ((longest as f64 * part).ceil() as usize).max(1);
        let (mut at, mut values, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for (first, curve) in paths.each() {
            let count = curve.len().min(most);
            at.extend_from_slice(&curve[..count]);
            if let Some(all) = &paths.values {
                values.extend_from_slice(&all[first..first + count]);
            }
            ends.push(at.len());
        }
        (paths.at, paths.ends) = (at, ends);
        paths.values = paths.values.is_some().then_some(values);
    }
}
