//! All modules of the vocabulary, and the script function `help`, which describes them.

use super::context::Context;
use super::native::{Module, Native};
use super::{
    builtins, csv, dataset, file, fixed_points, force, h5, help, json, lfads, mat, metrics, npy,
    npz, numbers, optim, pca, plot, random, rnn, signals, spikes, stdlib, tasks, tensor, train,
    tsne, view,
};

/// All modules of the vocabulary. Modules with the same name are merged.
pub fn modules() -> Vec<Module> {
    let mut modules = general_modules();
    modules.extend(tensor_modules());
    modules.extend(model_modules());
    modules.extend(analysis_modules());
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

crate::natives! {
    /// Printing, help and command-line settings.
    module "";

    /// Prints the reference of a function, method, module or type, or an overview without a name.
    fn help(cx: &Context, name: Option<String>) -> () {
        let text = help::lookup(&modules(), name.as_deref().unwrap_or(""), cx.language)?;
        cx.terminal.print(&text);
        Ok(())
    }
}

/// The modules of printing, help, files and figures.
fn general_modules() -> Vec<Module> {
    let mut builtins = builtins::module();
    builtins.natives.extend(module().natives);
    vec![
        builtins,
        numbers::module(),
        h5::module(),
        file::module(),
        json::module(),
        csv::module(),
        npy::module(),
        npz::module(),
        mat::module(),
        plot::module(),
        plot::io::module(),
        plot::scene::module(),
    ]
}

/// The modules of random numbers, tasks and tensors.
fn tensor_modules() -> Vec<Module> {
    vec![
        random::module(),
        tasks::module(),
        dataset::module(),
        tensor::module(),
        tensor::index::module(),
        tensor::math::module(),
        tensor::trigonometry::module(),
        tensor::reduce::module(),
        tensor::masked::module(),
        tensor::statistics::module(),
        tensor::shape::module(),
        tensor::structure::module(),
        tensor::linear::module(),
        tensor::grad::module(),
    ]
}

/// The modules of networks and other models, and of their training.
fn model_modules() -> Vec<Module> {
    vec![
        rnn::cells::module(),
        rnn::custom::module(),
        rnn::module(),
        rnn::io::module(),
        rnn::step::module(),
        optim::module(),
        optim::step::module(),
        train::module(),
        force::module(),
        force::train::module(),
        force::io::module(),
        signals::module(),
        spikes::module(),
        metrics::module(),
        lfads::module(),
        lfads::train::module(),
        lfads::infer::module(),
        lfads::io::module(),
    ]
}

/// The modules for the display and analysis of results.
fn analysis_modules() -> Vec<Module> {
    let mut modules = vec![view::module(), pca::module(), tsne::module()];
    modules.extend(fixed_points::modules());
    modules
}
