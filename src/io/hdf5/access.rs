//! The files that a read may open besides the file itself. External links, virtual datasets and
//! external raw data name other files; a sandbox restricts them. Every name is checked before the
//! library follows it, also in the other files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::hdf5::dataset::Layout;
use ::hdf5::{Dataset, Group, LocationType};

use super::error;
use super::library::{self, Target, names, sources};
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::tree::parts;

/// Maximum number of links between a name and its object, as in the library.
const MAX_LINKS: usize = 16;
/// Environment variables with folders that the library searches first.
const PREFIXES: [&str; 3] = ["HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX"];
/// The pattern of a virtual dataset with a file per block.
const BLOCK_NUMBER: &str = "%b";

/// Decides which other files a read may open.
#[derive(Clone)]
pub struct FileFilter(Arc<dyn Fn(&Path) -> bool>);

impl FileFilter {
    /// A filter that allows the files for which `allows` returns true.
    pub fn new(allows: impl Fn(&Path) -> bool + 'static) -> FileFilter {
        FileFilter(Arc::new(allows))
    }

    /// Whether the file may be opened.
    pub fn allows(&self, path: &Path) -> bool {
        (self.0)(path)
    }
}

impl fmt::Debug for FileFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileFilter")
    }
}

/// The check of one entry, named by the path of the file and its key in errors.
pub struct Access<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    pub filter: &'a FileFilter,
}

impl Access<'_> {
    /// Checks all links from `name` in `group` to its object.
    ///
    /// Errors: `File` for a link to a file that the filter excludes
    pub fn check_link(&self, group: &Group, name: &str) -> Result<()> {
        self.check_path(group, name, MAX_LINKS)
    }

    /// Checks the files that contain the values of a dataset in the file `within`.
    ///
    /// Errors: `File` if the filter excludes one of them
    pub fn check_dataset(&self, within: &Path, dataset: &Dataset) -> Result<()> {
        self.check_storage(within, dataset, MAX_LINKS)
    }

    /// The error for an entry in the file `file`.
    pub fn denied(&self, file: &str) -> Error {
        let (key, file) = (self.key.to_string(), file.to_string());
        Error::file(self.path, FileError::Denied { key, file })
    }

    fn check_storage(&self, within: &Path, dataset: &Dataset, links: usize) -> Result<()> {
        let convert = |error| error::entry(self.path, self.key, error);
        for file in sources::raw_data_files(dataset).map_err(convert)? {
            // The library resolves these against the working directory.
            self.resolve(&[PathBuf::from(&file)], &file)?;
        }
        if dataset.layout() != Layout::Virtual {
            return Ok(());
        }
        for (file, entry) in sources::virtual_sources(dataset).map_err(convert)? {
            match file {
                Some(file) => self.check_file(within, &file, &entry, links)?,
                None => {
                    let root = dataset.file().and_then(|file| file.group("/"));
                    self.check_entry(within, &root.map_err(convert)?, &entry, links)?;
                }
            }
        }
        Ok(())
    }

    fn check_path(&self, group: &Group, path: &str, links: usize) -> Result<()> {
        let start = match path.starts_with('/') {
            true => group.file().and_then(|file| file.group("/")),
            false => Ok(group.clone()),
        };
        let mut group = start.map_err(|error| error::entry(self.path, self.key, error))?;
        let components: Vec<&str> = parts(path).collect();
        for (index, name) in components.iter().enumerate() {
            let rest = components[index + 1..].join("/");
            match library::target(&group, name) {
                Some(_) if links == 0 => return Err(self.denied("at the end of many links")),
                Some(Target {
                    file: Some(file),
                    entry,
                }) => {
                    let entry = format!("{entry}/{rest}");
                    let within = group.filename();
                    return self.check_file(Path::new(&within), &file, &entry, links - 1);
                }
                Some(Target { file: None, entry }) => {
                    self.check_path(&group, &entry, links - 1)?;
                }
                None => {}
            }
            if rest.is_empty() || !is_group(&group, name) {
                // The path ends here; following it reports an error.
                return Ok(());
            }
            let inner = names::open_group(&group, name);
            group = inner.map_err(|error| error::entry(self.path, self.key, error))?;
        }
        Ok(())
    }

    /// Checks the path to an entry of the file `within`, and the files with its values.
    fn check_entry(&self, within: &Path, root: &Group, entry: &str, links: usize) -> Result<()> {
        if links == 0 {
            return Err(self.denied("at the end of many links"));
        }
        self.check_path(root, entry, links - 1)?;
        match library::object(root, entry) {
            Ok((LocationType::Dataset, _)) => match names::open_dataset(root, entry) {
                Ok(dataset) => self.check_storage(within, &dataset, links - 1),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Checks the entry of another file that the file `within` names.
    fn check_file(&self, within: &Path, file: &str, entry: &str, links: usize) -> Result<()> {
        if file.contains(BLOCK_NUMBER) {
            return Err(self.denied(file));
        }
        let name = Path::new(file);
        let folder = within.parent().unwrap_or(Path::new(""));
        // The library also searches for the last component of an absolute path.
        let last = PathBuf::from(name.file_name().unwrap_or_default());
        let candidates = match name.is_absolute() {
            true => vec![name.to_path_buf(), folder.join(&last), last],
            false => vec![folder.join(name), name.to_path_buf()],
        };
        let Some(path) = self.resolve(&candidates, file)? else {
            return Ok(());
        };
        // A file that cannot be opened has no links to follow.
        match library::open(&path, false).and_then(|file| file.group("/")) {
            Ok(root) => self.check_entry(&path, &root, entry, links),
            Err(_) => Ok(()),
        }
    }

    /// The first candidate that exists. All candidates up to it must be allowed, so that the
    /// existence of other files stays hidden.
    fn resolve(&self, candidates: &[PathBuf], file: &str) -> Result<Option<PathBuf>> {
        if PREFIXES.iter().any(|name| std::env::var_os(name).is_some()) {
            return Err(self.denied(file));
        }
        for path in candidates {
            if !self.filter.allows(path) {
                return Err(self.denied(file));
            }
            if path.exists() {
                return Ok(Some(path.clone()));
            }
        }
        Ok(None)
    }
}

fn is_group(group: &Group, name: &str) -> bool {
    matches!(library::object(group, name), Ok((LocationType::Group, _)))
}
