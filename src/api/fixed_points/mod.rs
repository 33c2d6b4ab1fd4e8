//! Script module `fixed_points`: the search for fixed points, and the resulting points.

mod analyse;
mod completeness;
mod display;
mod find;
mod io;
mod list;
mod search;
mod warnings;

use std::cell::OnceCell;
use std::rc::Rc;

use crate::analysis::fixed_points::{Points, SearchResult, Set};
use crate::nn::Network;

use self::warnings::Findings;
use super::native::Module;
use super::value::ScriptObject;

/// Fixed points in scripts, with a copy of their network.
#[derive(Clone)]
pub struct FixedPoints {
    pub points: Points,
    /// The network at the time of the search; None for points from a file.
    pub network: Option<Network>,
    /// The final state of each candidate; None unless the points come directly from a search.
    pub result: Option<Rc<SearchResult>>,
    /// Whether the points were read from a file.
    pub from_file: bool,
    /// Limitations of the search and of its points; empty for points from a file.
    pub findings: Rc<Findings>,
    /// The sets that the points form, computed on first use.
    pub sets: Rc<OnceCell<Vec<Set>>>,
}

impl FixedPoints {
    /// Points that do not come directly from a search.
    pub fn new(points: Points, network: Option<Network>) -> FixedPoints {
        FixedPoints {
            points,
            network,
            result: None,
            from_file: false,
            findings: Rc::default(),
            sets: Rc::default(),
        }
    }
}

impl ScriptObject for FixedPoints {
    const KIND: &'static str = "fixed points";
    fn display(&self) -> String {
        display::table(self)
    }
}

pub fn modules() -> [Module; 5] {
    [
        find::module(),
        completeness::module(),
        analyse::module(),
        list::module(),
        io::module(),
    ]
}
