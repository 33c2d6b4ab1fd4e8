//! Animated figures as GIF files: three-dimensional panels rotate, or their curves grow over time.

use std::ops::Range;
use std::sync::Arc;

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::three_d::scene::Scene;
use super::{Figure, Layer, Legend, Panel, png::pixels};
use crate::base::options::Span;
use crate::base::{Error, Progress, Report, Result, Status};
use crate::{choices, options};

/// Speed of colour quantization, from 1 (slow, accurate) to 30.
const QUANTIZER_SPEED: i32 = 10;
/// Largest number of frames that are drawn before they are written.
const MAX_BATCH: usize = 16;

choices! {
    /// Motion of an animation from frame to frame.
    pub enum Motion {
        /// The camera rotates once around the vertical axis.
        #[default]
        Turn = "turn",
        /// Trajectories grow from their first time step to their last.
        Time = "time",
    }
}

options! {
    /// Options of an animation.
    pub struct AnimationOptions for "figure.save" {
        /// Motion: "turn" (the camera rotates) or "time" (trajectories grow). This option and
        /// the following ones apply to files that end in .gif.
        motion: Motion = Motion::Turn;
        /// Number of frames.
        frames: usize = 72, in Span::between(2.0, 2000.0);
        /// Frames per second.
        rate: f64 = 18.0, in Span::between(0.1, 50.0);
    }
}

/// A batch of frames that are drawn in parallel.
#[derive(Clone)]
pub struct FrameBatch {
    figure: Arc<Figure>,
    options: AnimationOptions,
    scale: f64,
    range: Range<usize>,
}

impl FrameBatch {
    /// Draws the frames.
    ///
    /// Errors: those of [`png`](super::png())
    pub fn draw(self) -> Result<Vec<Frame<'static>>> {
        let render = |k| {
            frame(
                &at_frame(&self.figure, &self.options, k),
                &self.options,
                self.scale,
            )
        };
        self.range.into_par_iter().map(render).collect()
    }
}

/// The bytes of a looping GIF file; `None` if `progress` requests a stop. `draw` calls
/// [`FrameBatch::draw`] on a thread of its choice.
///
/// Errors: `Kind` if no panel is three-dimensional; those of [`png`](super::png()); those of `draw`
pub fn gif(
    figure: &Figure,
    (options, scale): (&AnimationOptions, f64),
    progress: &mut dyn Progress,
    draw: &mut dyn FnMut(FrameBatch) -> Result<Vec<Frame<'static>>>,
) -> Result<Option<Vec<u8>>> {
    let figure = Arc::new(fix_axes(figure)?);
    let mut encoder: Option<Encoder<Vec<u8>>> = None;
    let batch_size = rayon::current_num_threads().clamp(1, MAX_BATCH);
    for first in (0..options.frames).step_by(batch_size) {
        if progress.stop_requested() {
            return Ok(None);
        }
        let done = options.frames.min(first + batch_size);
        let batch = FrameBatch {
            figure: figure.clone(),
            options: options.clone(),
            scale,
            range: first..done,
        };
        for picture in draw(batch)? {
            let encoder = match &mut encoder {
                Some(encoder) => encoder,
                None => encoder.insert(new_encoder(&picture)?),
            };
            encoder.write_frame(&picture).map_err(encoding_error)?;
        }
        progress.report(Report {
            done,
            total: options.frames,
            status: Status::Count { of: "frames" },
        });
    }
    let bytes = encoder.map(Encoder::into_inner).transpose();
    Ok(Some(
        bytes
            .expect("writing into memory does not fail")
            .unwrap_or_default(),
    ))
}

/// An encoder of a looping GIF with frames of the size of `picture`.
fn new_encoder(picture: &Frame) -> Result<Encoder<Vec<u8>>> {
    let encoder = Encoder::new(Vec::new(), picture.width, picture.height, &[]);
    let mut encoder = encoder.map_err(encoding_error)?;
    encoder
        .set_repeat(Repeat::Infinite)
        .map_err(encoding_error)?;
    Ok(encoder)
}

fn encoding_error(_: EncodingError) -> Error {
    Error::Algebra {
        op: "figure.save",
        fact: "the frames cannot be encoded as one GIF",
    }
}

fn frame(figure: &Figure, options: &AnimationOptions, scale: f64) -> Result<Frame<'static>> {
    let pixels = pixels(figure, scale)?;
    let side = |length: u32| {
        u16::try_from(length).map_err(|_| Error::Algebra {
            op: "figure.save",
            fact: "a side of a GIF is limited to 65,535 pixels",
        })
    };
    let (width, height) = (side(pixels.width())?, side(pixels.height())?);
    let mut rgba = pixels.take();
    let mut frame = Frame::from_rgba_speed(width, height, &mut rgba, QUANTIZER_SPEED);
    frame.delay = (100.0 / options.rate).round() as u16;
    frame.dispose = DisposalMethod::Keep;
    Ok(frame)
}

/// The figure with fixed axis limits and legend positions.
fn fix_axes(figure: &Figure) -> Result<Figure> {
    let scenes = Scene::from_figure(figure)?;
    if scenes.is_empty() {
        return Err(Error::Kind {
            of: "an animation".into(),
            expected: "a figure in three dimensions, such as a result of scene::trajectories"
                .into(),
            found: "a flat figure".into(),
        });
    }
    let mut scenes = scenes.into_iter();
    let mut fixed = figure.clone();
    for panel in fixed
        .panels
        .iter_mut()
        .filter(|panel| panel.camera.is_some())
    {
        let Some(scene) = scenes.next() else { break };
        let ranges = scene
            .axes_box
            .axes
            .map(|axis| Some([axis.range.low, axis.range.high]));
        [panel.x.limits, panel.y.limits, panel.z.limits] = ranges;
        if let Some(range) = super::scale::of_colour(panel)? {
            panel.colour.limits = Some([range.low, range.high]);
        }
        if panel.legend == Legend::Auto {
            panel.legend = Legend::Outside;
        }
    }
    Ok(fixed)
}

/// The figure of frame `k`.
fn at_frame(figure: &Figure, options: &AnimationOptions, k: usize) -> Figure {
    let mut figure = figure.clone();
    for panel in &mut figure.panels {
        match (options.motion, &mut panel.camera) {
            (Motion::Turn, Some(camera)) => {
                let turned = camera.azimuth + 360.0 * k as f64 / options.frames as f64;
                camera.azimuth = (turned + 180.0).rem_euclid(360.0) - 180.0;
            }
            (Motion::Time, Some(_)) => {
                truncate_paths(panel, (k + 1) as f64 / options.frames as f64)
            }
            (_, None) => {}
        }
    }
    figure
}

/// Truncates each curve to its first part.
fn truncate_paths(panel: &mut Panel, fraction: f64) {
    for layer in &mut panel.layers {
        let Layer::Paths(paths) = layer else { continue };
        let longest = paths
            .each()
            .map(|(_, curve)| curve.len())
            .max()
            .unwrap_or(0);
        let most = ((longest as f64 * fraction).ceil() as usize).max(1);
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
