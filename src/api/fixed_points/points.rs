//! The script object for fixed points.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::analysis::fixed_points::{Points, SearchResult, Set};
use crate::nn::Network;

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

    /// Other points of the same network.
    pub fn with_points(&self, points: Points) -> FixedPoints {
        FixedPoints {
            points,
            network: self.network.clone(),
            result: None,
            from_file: self.from_file,
            findings: self.findings.clone(),
            sets: Rc::default(),
        }
    }
}

/// Findings of a search about its own completeness.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Whether all candidates come from one small region.
    pub one_region: bool,
    /// Minimum number of fixed points that exist but were not found.
    pub missing: usize,
    /// The warnings of the search itself, one sentence each.
    pub warnings: Vec<String>,
}
