//! Calls under the lock of the library.

use ::hdf5::sync::sync;
use ::hdf5::{Result, h5check};
use hdf5_sys::h5::herr_t;
use hdf5_sys::h5i::hid_t;

/// Calls the library under its lock; a negative result becomes an error.
pub fn status(call: impl FnOnce() -> herr_t) -> Result<()> {
    sync(|| h5check(call())).map(drop)
}

/// Calls the library under its lock and returns an identifier.
pub fn identifier(call: impl FnOnce() -> hid_t) -> Result<hid_t> {
    sync(|| h5check(call()))
}
