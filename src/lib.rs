//! Computation through dynamics: train recurrent networks, run them, look inside.
//!
//! The floors, lowest first; a module uses its own floor and lower ones (see `src/README.md`).

pub mod api;
pub mod app;
pub mod base;
pub mod host;
pub mod tensor;
