//! The table `fixed_points`: the search, and the points as scripts hold them.

mod analyse;
mod completeness;
mod find;
mod keep;
mod list;
mod search;
mod show;
mod warnings;

use std::cell::OnceCell;
use std::rc::Rc;

use crate::analysis::fixed_points::{Points, SearchResult, Set};
use crate::nn::Network;

use self::warnings::Findings;
use super::native::Module;
use super::value::ScriptObject;

/// Points as scripts hold them, with a copy of the network that they are points of.
#[derive(Clone)]
pub struct FixedPoints {
    pub points: Points,
    /// The network at the time of the search; none for points of a file.
    pub network: Option<Network>,
    /// What became of each candidate, right after a search.
    pub ends: Option<Rc<SearchResult>>,
    /// What makes the search incomplete or its points doubtful; empty for points of a file.
    pub findings: Rc<Findings>,
    /// The sets that the points make, once they are needed.
    pub sets: Rc<OnceCell<Vec<Set>>>,
}

impl FixedPoints {
    /// Points that no search found just now.
    pub fn new(points: Points, network: Option<Network>) -> FixedPoints {
        FixedPoints {
            points,
            network,
            ends: None,
            findings: Rc::default(),
            sets: Rc::default(),
        }
    }
}

impl ScriptObject for FixedPoints {
    const KIND: &'static str = "fixed points";
    fn display(&self) -> String {
        show::table(self)
    }
}

pub fn modules() -> [Module; 5] {
    [
        find::module(),
        list::module(),
        analyse::module(),
        keep::module(),
        completeness::module(),
    ]
}
