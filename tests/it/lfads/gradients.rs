//! Gradients against finite differences, and results against other divisions of the work.
