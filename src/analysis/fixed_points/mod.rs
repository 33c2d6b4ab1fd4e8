//! Fixed points h* = F(h*, x) of a step F under a constant input x, and slow points, where F moves
//! h only slightly.
//!
//! A search starts from many candidates at once and uses one of two methods with the same
//! interface: each maps [`Candidates`] to a [`SearchResult`]. `refine.rs` converges the final
//! states within the tolerance to the fixed points that they approximate. `filter.rs` merges
//! duplicates and selects the points to return.
//!
//! ```text
//! q(h) = 1/2 |F(h, x) - h|^2      error(h) = mean over the state of (F(h, x) - h)^2 = 2 q / s
//! ```
//!
//! Source: Sussillo and Barak 2013; Golub and Sussillo 2018

mod adam;
mod candidates;
mod completeness;
mod coverage;
mod damped_step;
mod dimension;
mod factor;
mod filter;
mod iterate;
mod kinks;
pub mod linearization;
mod margins;
mod newton;
mod newton_path;
mod points;
mod refine;
mod scale;
mod sets;
pub mod transitions;

pub use adam::Adam;
pub use candidates::{Candidates, Label, SearchResult};
pub use completeness::{CountEstimate, discovery_curve};
pub use coverage::{min_missing, nonlinearity, points_inward};
pub use filter::{Filter, SlowFilter, exceeds};
pub use kinks::one_sided;
pub use margins::set_margins;
pub use newton::Newton;
pub use newton_path::Root;
pub use points::{Counts, Point, Points};
pub use refine::Refinement;
pub use scale::{Scale, scale};
pub use sets::{Set, sets, singletons};
