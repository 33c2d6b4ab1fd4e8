//! The script vocabulary: tables of native functions, shared by all languages.
//!
//! To add a function, add a row to the table of its module. To add a module, add a file here and a
//! line in [`modules`].

mod builtins;
pub mod context;
pub mod convert;
pub mod dataset;
pub mod diagnostic;
pub mod display;
mod file;
mod file_kind;
pub mod fixed_points;
pub mod force;
pub mod h5;
pub mod help;
pub mod interrupt;
mod json;
pub mod lfads;
pub mod manual;
pub mod meter;
mod metrics;
pub mod native;
mod network;
pub mod optim;
pub mod options;
pub mod pca;
mod plot;
mod precision;
pub mod random;
pub mod rhai_to_lua;
pub mod rnn;
pub mod sandbox;
pub mod signals;
pub mod spikes;
pub mod stdlib;
pub mod tasks;
mod tensor;
mod tensor_args;
mod tensor_grad;
mod tensor_linear;
mod tensor_math;
mod tensor_reduce;
mod tensor_shape;
pub mod train;
pub mod trials;
pub mod tsne;
pub mod value;
pub mod view;

use native::{Module, Native};

/// All modules of the vocabulary. Modules with the same name are merged.
pub fn modules() -> Vec<Module> {
    let mut modules = vec![
        builtins::module(),
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
        metrics::module(),
        lfads::module(),
        lfads::learn::module(),
        lfads::look::module(),
        lfads::files::module(),
    ];
    modules.push(view::module());
    modules.push(pca::module());
    modules.push(tsne::module());
    modules.extend(fixed_points::modules());
    modules.extend(stdlib::SCRIPT_MODULES.iter().map(stdlib::module));
    modules
}

/// All native functions, module by module.
pub fn natives() -> Vec<Native> {
    modules()
        .into_iter()
        .flat_map(|module| module.natives)
        .collect()
}
