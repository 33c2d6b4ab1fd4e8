//! A run in a file: written as it goes, read when it is started again. The file is whole at every
//! moment, so a run may be killed at any; it then goes on, with the same bits, from the last batch
//! whose end the file has seen.

use std::path::{Path, PathBuf};

use super::kept::{self, Kept, Reading};
use super::log::Log;
use super::setting::{self, Setting, digest};
use super::training::Training;
use super::{Model, Options};
use crate::base::error::{Difference, FileFault};
use crate::base::{Error, Progress, Result};
use crate::io::hdf5::{Attributes, WriteOptions};
use crate::io::{self, Map, Tree};
use crate::optim::Descent;
use crate::tensor::Real;

/// What the file says it is.
const WHAT: &str = "a checkpoint of a training run";
/// Raised when a file is written that earlier versions of the program would read wrongly.
const FORMAT: i64 = 1;

/// The file of one run.
pub(super) struct Checkpoint {
    path: PathBuf,
    setting: Setting,
    first: String,
    /// Batches done at the last writing.
    saved: usize,
    /// Why the last writing failed, if it did.
    trouble: Option<String>,
}

impl Checkpoint {
    /// The file that the options ask for, if they do. A run that is in it already is put into
    /// `training` and `log`; else its beginning is written, which shows at once whether the file
    /// can be written at all.
    ///
    /// Errors: `File` if it cannot be read or written, is no checkpoint, or is one of another run;
    /// whatever the task reports
    pub fn open<T: Real, M: Model<T>>(
        training: &mut Training<'_, T, M>,
        log: &mut Vec<Log>,
    ) -> Result<Option<Checkpoint>> {
        let Some(path) = training.options.checkpoint.clone() else {
            return Ok(None);
        };
        let mut checkpoint = Checkpoint {
            setting: setting::of(training)?,
            first: params_digest(&training.net.params().data),
            path,
            saved: 0,
            trouble: None,
        };
        match is_there(&checkpoint.path, training.options)? {
            true => checkpoint.resume(training, log)?,
            false => checkpoint.write(training, log)?,
        }
        Ok(Some(checkpoint))
    }

    /// Writes the run as it stands, unless it is written already. A fault does not end the run:
    /// the file is as it was, and the next writing may succeed.
    pub fn save<T: Real, M: Model<T>>(
        &mut self,
        training: &Training<'_, T, M>,
        log: &[Log],
        progress: &mut dyn Progress,
    ) {
        if self.saved == training.done() && self.trouble.is_none() {
            return;
        }
        self.trouble = match self.write(training, log) {
            Ok(()) => None,
            Err(fault) => {
                progress.trouble(&fault);
                Some(fault.to_string())
            }
        };
    }

    /// Why the run as it stands is not in the file, if it is not.
    pub fn trouble(self) -> Option<String> {
        self.trouble
    }

    fn write<T: Real, M: Model<T>>(
        &mut self,
        training: &Training<'_, T, M>,
        log: &[Log],
    ) -> Result<()> {
        let tree = kept::tree(training, log, (&self.setting, &self.first))?;
        let mut said = Map::from([
            ("what".into(), WHAT.into()),
            ("format".into(), Tree::Int(FORMAT)),
            (
                "version".into(),
                concat!("attractor ", env!("CARGO_PKG_VERSION")).into(),
            ),
        ]);
        for (name, words) in training.net.about() {
            said.insert(name.into(), words.into());
        }
        let options = WriteOptions {
            compress: 0,
            attributes: Attributes::of_file(said),
        };
        io::hdf5::write(&self.path, &tree, &options)?;
        self.saved = training.done();
        Ok(())
    }

    fn resume<T: Real, M: Model<T>>(
        &mut self,
        training: &mut Training<'_, T, M>,
        log: &mut Vec<Log>,
    ) -> Result<()> {
        let tree = io::hdf5::read(&self.path)?;
        let layout = training.net.params().layout().clone();
        let reading = Reading {
            path: &self.path,
            tree: &tree,
            layout: &layout,
        };
        let differs = setting::differences(&self.setting, &reading.setting()?);
        if !differs.is_empty() {
            return Err(self.fault(FileFault::OtherRun { differs }));
        }
        let kept = reading.kept(training.descent.state())?;
        self.check(&kept, training.options)?;
        self.first = kept.first;
        self.saved = kept.optimizer.steps;
        let optimizer = training.options.optimizer.clone();
        training.descent = Descent::restored(optimizer, kept.optimizer, kept.before);
        training.key = kept.key;
        training.judged = kept.judged;
        training.net.params_mut().data.copy_from_slice(&kept.params);
        *log = kept.log;
        Ok(())
    }

    /// Errors: `File` if the network is neither as it was at the beginning of the run nor as the
    /// run left it, or the run went further than it is now asked to
    fn check<T: Real>(&self, kept: &Kept<T>, options: &Options) -> Result<()> {
        let (done, asked) = (kept.optimizer.steps, options.batches);
        if done > asked {
            return Err(self.fault(FileFault::FurtherRun { done, asked }));
        }
        if self.first == kept.first {
            return Ok(());
        }
        let best = kept.judged.as_ref().map(|judged| &judged.params);
        let left = [Some(&kept.params), best].into_iter().flatten();
        if !left
            .into_iter()
            .any(|params| params_digest(params) == self.first)
        {
            let differs = vec![Difference {
                what: "first parameters of the network".into(),
                here: self.first.clone(),
                kept: kept.first.clone(),
            }];
            return Err(self.fault(FileFault::OtherRun { differs }));
        }
        // A network that the run has finished with, and more training asked for: a loop around
        // `train` would else do nothing from its second turn on, and nobody would know.
        match done == asked {
            true => Err(self.fault(FileFault::FinishedRun { done })),
            false => Ok(()),
        }
    }

    fn fault(&self, fact: FileFault) -> Error {
        Error::file(&self.path, fact)
    }
}

/// Whether a run is to go on from the file at `path`.
///
/// Errors: `File` if it is there but is no checkpoint: it is then neither read nor replaced.
fn is_there(path: &Path, options: &Options) -> Result<bool> {
    let other = |found: String| {
        let expected = "a checkpoint of `train`";
        Err(Error::file(path, FileFault::Format { expected, found }))
    };
    let said = match io::hdf5::attributes(path, "") {
        Ok(said) => said,
        Err(Error::File {
            fact: FileFault::Missing,
            ..
        }) => return Ok(false),
        Err(Error::File {
            fact: FileFault::Damaged { .. },
            ..
        }) if !options.resume => return Ok(false),
        Err(fault) => return Err(fault),
    };
    match (said.get("what"), said.get("format")) {
        (Some(Tree::Text(what)), _) if what != WHAT => other(what.clone()),
        (Some(Tree::Text(_)), Some(Tree::Int(FORMAT))) => Ok(options.resume),
        (Some(Tree::Text(_)), _) if !options.resume => Ok(false),
        (Some(Tree::Text(_)), _) => other("one of another version of attractor".into()),
        _ => other("an HDF5 file of another kind".into()),
    }
}

fn params_digest<T: Real>(params: &[T]) -> String {
    digest(params.iter().map(|p| p.double()))
}
