//! Validation of files before the library reads them, because it trusts the sizes in a file.

mod checksum;
pub mod chunks;
pub mod object_header;
pub mod raw_file;
pub mod superblock;
