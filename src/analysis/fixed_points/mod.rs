//! Fixed points h* = F(h*, x) of a step F under a constant input x, and slow points, where h nearly
//! stands still.
//!
//! A search goes from many candidates at once, by one of two methods behind one protocol: each
//! makes [`Ends`] of [`Candidates`]. Ends within the tolerance are traced to the fixed points that
//! they stand for (`trace.rs`) and sorted out in `keep.rs`: which are one point, which are kept.
//!
//! ```text
//! q(h) = 1/2 |F(h, x) - h|^2      error(h) = mean over the state of (F(h, x) - h)^2 = 2 q / s
//! ```
//!
//! Source: Sussillo and Barak 2013; Golub and Sussillo 2018

mod adam;
mod coverage;
mod factor;
mod keep;
mod kinks;
mod local;
mod margins;
pub mod modes;
mod newton;
mod points;
mod runner;
mod scale;
mod search;
mod sets;
mod trace;
pub mod transitions;
mod unseen;

pub use adam::Adam;
pub use coverage::{missing, nonlinearity};
pub use keep::{Counts, Keep, KeepSlow};
pub use kinks::one_sided;
pub use margins::set_margins;
pub use newton::Newton;
pub use points::{Point, Points};
pub use scale::scale;
pub use search::{Candidates, Ends, Label};
pub use sets::{Set, isolated, sets};
pub use trace::{Root, Tracer};
pub use unseen::{Unseen, discovery};
