//! Opening of a file that another program may have open.

use std::path::Path;
use std::time::Duration;

use ::hdf5::File;

use super::{error, library};
use crate::base::error::FileError;
use crate::base::{Error, Result};

/// Opens a file, with retries in case another program is about to close it.
///
/// Errors: `File` if it is locked for longer, or cannot be opened
pub fn open(path: &Path, swmr: bool) -> Result<File> {
    /// One second in total: longer than any lock that is held accidentally.
    const ATTEMPTS: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    let is_locked = |error: &Error| {
        let Error::File {
            fact: FileError::System { source, .. },
            ..
        } = error
        else {
            return false;
        };
        source.kind() == std::io::ErrorKind::WouldBlock
    };
    let mut attempts = 1;
    loop {
        match library::open(path, swmr).map_err(|f| error::reading(path, f)) {
            Err(error) if is_locked(&error) && attempts < ATTEMPTS => attempts += 1,
            outcome => return outcome,
        }
        std::thread::sleep(PAUSE);
    }
}
