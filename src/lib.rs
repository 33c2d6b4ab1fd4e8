//! Computation through dynamics: train recurrent networks, run them, look inside.
//!
//! The floors, lowest first; a module uses its own floor and lower ones (see `src/README.md`).

// Shapes stand in docs as [b, t, n]; with one axis that reads like a link.
#![allow(rustdoc::broken_intra_doc_links)]

pub mod analysis;
pub mod api;
pub mod app;
pub mod base;
pub mod figure;
pub mod host;
pub mod io;
pub mod models;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod random;
pub mod signal;
pub mod tasks;
pub mod tensor;
pub mod train;
