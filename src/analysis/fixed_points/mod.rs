//! Fixed points h* = F(h*, x) of a step F under a constant input x, and slow points, where h nearly
//! stands still.
//!
//! A search goes from many candidates at once, by one of two methods behind one protocol: each
//! makes [`Ends`] of [`Candidates`]. What they come to is sorted out in `keep.rs`: which ends meet
//! the tolerance, which are the same point, which lie far from all candidates.
//!
//! ```text
//! q(h) = 1/2 |F(h, x) - h|^2      error(h) = mean over the state of (F(h, x) - h)^2 = 2 q / s
//! ```
//!
//! Source: Sussillo and Barak 2013; Golub and Sussillo 2018

mod adam;
mod keep;
mod local;
pub mod modes;
mod newton;
mod points;
mod runner;
mod search;
pub mod transitions;
mod unseen;

pub use adam::Adam;
pub use keep::{Counts, Keep};
pub use newton::Newton;
pub use points::{Point, Points};
pub use search::{Candidates, Ends, Label};
pub use unseen::{Unseen, discovery};
