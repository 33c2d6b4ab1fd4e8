//! The script vocabulary: tables of native functions, shared by all languages.
//!
//! To add a function, add a row to the table of its module. To add a module, add a file here and a
//! line in `vocabulary.rs`.

mod any_task;
mod array_source;
mod builtins;
pub mod context;
pub mod convert;
mod csv;
pub mod dataset;
pub mod diagnostic;
pub mod display;
pub mod doc_comment;
mod file;
mod file_kind;
pub mod fixed_points;
pub mod force;
pub mod h5;
pub mod help;
pub mod interrupt;
mod json;
pub mod labels;
pub mod leaves;
pub mod lfads;
pub mod lua_texts;
pub mod manual;
mod mat;
pub mod meter;
mod metrics;
pub mod native;
mod npy;
mod npz;
mod numbers;
pub mod optim;
pub mod options;
mod overview;
pub mod pca;
pub mod plot;
mod progress;
pub mod random;
pub mod rhai_to_lua;
pub mod rnn;
mod run_config;
pub mod sandbox;
pub mod semantics;
mod shape_error;
pub mod signals;
pub mod spikes;
pub mod stdlib;
pub mod tasks;
mod tensor;
pub mod train;
mod training_options;
mod training_run;
pub mod trials;
pub mod tsne;
mod unreadable;
mod validation;
pub mod value;
pub mod view;
mod vocabulary;

pub use tensor::index::assign_in_place;
pub use vocabulary::{modules, natives};
