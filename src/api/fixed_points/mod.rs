//! The table `fixed_points`: the search, and the points as scripts hold them.

mod analyse;
mod find;
mod keep;
mod list;
mod show;

use std::rc::Rc;

use crate::analysis::fixed_points::{Ends, Points};
use crate::nn::Network;

use super::native::Module;
use super::value::Thing;

/// Points as scripts hold them, with a copy of the network that they are points of.
#[derive(Clone)]
pub struct FixedPoints {
    pub points: Points,
    /// The network at the time of the search; none for points of a file.
    pub network: Option<Network>,
    /// What became of each candidate, right after a search.
    pub ends: Option<Rc<Ends>>,
}

impl Thing for FixedPoints {
    const KIND: &'static str = "fixed points";
    fn show(&self) -> String {
        show::table(self)
    }
}

pub fn modules() -> [Module; 4] {
    [
        find::module(),
        list::module(),
        analyse::module(),
        keep::module(),
    ]
}
