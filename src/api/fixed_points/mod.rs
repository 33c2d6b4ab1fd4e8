//! Script module `fixed_points`: the search for fixed points, and the resulting points.

mod completeness;
mod display;
mod find;
mod io;
mod linearization;
mod list;
mod modes;
mod options;
mod points;
mod precision;
mod search;
mod transitions;
mod warnings;

use super::native::Module;

/// The modules of the functions, in the order of the documentation.
pub fn modules() -> [Module; 6] {
    [
        find::module(),
        completeness::module(),
        modes::module(),
        transitions::module(),
        list::module(),
        io::module(),
    ]
}
