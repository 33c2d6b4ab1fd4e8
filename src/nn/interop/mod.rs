//! Import and export of networks. Imported networks are detected from the names and shapes of their
//! tensors; exported networks use the tensor names of PyTorch.
//!
//! The intermediate form is a [`PortableNetwork`]: the cell, the sizes, and the parameters under
//! the names of this program.

mod convert;
mod ctd;
mod detect;
mod export;
mod import;
mod portable;
mod readout;
mod sublayer;
mod tensors;
mod torch;

pub use convert::CellSettings;
pub use export::ExportNames;
pub use portable::PortableNetwork;
pub use tensors::Selection;
