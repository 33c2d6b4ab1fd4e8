//! The script vocabulary: one table of native functions for every language.
//!
//! A new native is a row in the table of its module; a new module is a file here and a line in
//! [`modules`].

pub mod access;
pub mod context;
pub mod convert;
mod core;
pub mod dataset;
mod either;
pub mod fault;
mod file;
pub mod fixed_points;
pub mod force;
pub mod h5;
pub mod help;
pub mod interrupt;
mod json;
pub mod lfads;
pub mod library;
pub mod manual;
pub mod meter;
pub mod native;
mod network;
pub mod optim;
pub mod pca;
mod plot;
pub mod random;
pub mod rnn;
pub mod settings;
pub mod show;
pub mod signals;
pub mod spikes;
pub mod tasks;
mod tensor;
mod tensor_args;
mod tensor_grad;
mod tensor_linear;
mod tensor_math;
mod tensor_reduce;
mod tensor_shape;
pub mod train;
pub mod translate;
pub mod trials;
pub mod tsne;
pub mod value;
pub mod view;

use native::{Module, Native};

/// Every module of the vocabulary. Modules of one name are shown and reached as one.
pub fn modules() -> Vec<Module> {
    let mut modules = vec![
        core::module(),
        h5::module(),
        file::texts::module(),
        file::module(),
        plot::module(),
        plot::files::module(),
        plot::scene::module(),
        random::module(),
        tasks::module(),
        dataset::module(),
        tensor::module(),
        tensor_math::module(),
        tensor_reduce::module(),
        tensor_shape::module(),
        tensor_linear::module(),
        tensor_grad::module(),
        rnn::cells::module(),
        rnn::custom::module(),
        rnn::module(),
        network::module(),
        optim::module(),
        train::module(),
        force::module(),
        force::learn::module(),
        force::files::module(),
        signals::module(),
        spikes::module(),
        lfads::module(),
        lfads::learn::module(),
        lfads::look::module(),
        lfads::files::module(),
    ];
    modules.push(view::module());
    modules.push(pca::module());
    modules.push(tsne::module());
    modules.extend(fixed_points::modules());
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
