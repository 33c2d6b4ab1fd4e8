//! The script vocabulary: one table of native functions for every language.
//!
//! A new native is a row in the table of its module; a new module is a file here and a line in
//! [`modules`].

pub mod context;
pub mod convert;
mod core;
pub mod fault;
pub mod help;
pub mod library;
pub mod manual;
pub mod native;
pub mod optim;
pub mod random;
pub mod rnn;
pub mod settings;
pub mod show;
pub mod tasks;
pub mod train;
pub mod translate;
pub mod value;

use native::{Module, Native};

/// Every module of the vocabulary. Modules of one name are shown and reached as one.
pub fn modules() -> Vec<Module> {
    let mut modules = vec![
        core::module(),
        random::module(),
        tasks::module(),
        rnn::module(),
        optim::module(),
        train::module(),
    ];
    modules.extend(library::LIBRARIES.iter().map(library::module));
    modules
}

/// Every native function, module by module.
pub fn natives() -> Vec<Native> {
    modules()
        .into_iter()
        .flat_map(|module| module.natives)
        .collect()
}
