//! Checkpoints: a training run saved to a file at intervals and resumed from it. The file is
//! complete at every moment, because each write replaces it atomically. A killed run resumes from
//! the last saved batch and produces the same bits as an uninterrupted run.

use std::path::{Path, PathBuf};

use super::checkpoint_format::{self, Reader, SavedRun};
use super::digest::digest;
use super::fingerprint::{self, Fingerprint};
use super::log::LogEntry;
use super::step::Trainer;
use super::{Model, Options};
use crate::base::error::{Difference, FileError};
use crate::base::{Error, Progress, Result};
use crate::io::hdf5::{Attributes, FileFilter, ReadOptions, WriteOptions};
use crate::io::{self, Map, Tree};
use crate::optim::OptimizerState;
use crate::tensor::Real;

/// The value of the attribute `what`, which identifies the file as a checkpoint.
pub const KIND: &str = "a checkpoint of a training run";
/// The version of the file format. Increment it when the format changes such that earlier versions
/// of the program would misread the file.
const FORMAT: i64 = 1;

/// The checkpoint file of one run.
pub(super) struct Checkpoint {
    path: PathBuf,
    fingerprint: Fingerprint,
    initial_params: String,
    /// The number of batches completed at the last write.
    saved_batches: usize,
    /// The error of the last write, if it failed.
    write_error: Option<String>,
}

impl Checkpoint {
    /// The checkpoint that the options request, if any. An existing run in the file is loaded into
    /// `trainer` and `log`. Otherwise the initial state is written at once, so that an unwritable
    /// path is reported before training starts.
    ///
    /// Errors: `File` if the file cannot be read or written, is not a checkpoint, or belongs to
    /// another run; any error of the task
    pub fn open<T: Real, M: Model<T>>(
        trainer: &mut Trainer<'_, T, M>,
        log: &mut Vec<LogEntry>,
    ) -> Result<Option<Checkpoint>> {
        let Some(path) = trainer.options.checkpoint.clone() else {
            return Ok(None);
        };
        let mut checkpoint = Checkpoint {
            fingerprint: fingerprint::compute(trainer)?,
            initial_params: params_digest(&trainer.net.params().data),
            path,
            saved_batches: 0,
            write_error: None,
        };
        match should_resume(&checkpoint.path, trainer.options)? {
            true => checkpoint.resume(trainer, log)?,
            false => checkpoint.write(trainer, log)?,
        }
        Ok(Some(checkpoint))
    }

    /// Writes the current state of the run, unless it is already saved. A write error does not end
    /// the run: the previous file remains intact, and a later write may succeed.
    pub fn save<T: Real, M: Model<T>>(
        &mut self,
        trainer: &Trainer<'_, T, M>,
        log: &[LogEntry],
        progress: &mut dyn Progress,
    ) {
        if self.saved_batches == trainer.done() && self.write_error.is_none() {
            return;
        }
        self.write_error = match self.write(trainer, log) {
            Ok(()) => None,
            Err(error) => {
                progress.warn(&error);
                Some(error.to_string())
            }
        };
    }

    /// The reason why the current state of the run is not in the file, if it is not.
    pub fn write_error(self) -> Option<String> {
        self.write_error
    }

    fn write<T: Real, M: Model<T>>(
        &mut self,
        trainer: &Trainer<'_, T, M>,
        log: &[LogEntry],
    ) -> Result<()> {
        let tree =
            checkpoint_format::tree(trainer, log, (&self.fingerprint, &self.initial_params))?;
        let mut attributes = Map::from([
            ("what".into(), KIND.into()),
            ("format".into(), Tree::Int(FORMAT)),
            (
                "version".into(),
                concat!("attractor ", env!("CARGO_PKG_VERSION")).into(),
            ),
        ]);
        for (name, text) in trainer.net.fingerprint() {
            attributes.insert(name.into(), text.into());
        }
        let options = WriteOptions {
            compress: 0,
            attributes: Attributes::of_file(attributes),
        };
        io::hdf5::write(&self.path, &tree, &options)?;
        self.saved_batches = trainer.done();
        Ok(())
    }

    fn resume<T: Real, M: Model<T>>(
        &mut self,
        trainer: &mut Trainer<'_, T, M>,
        log: &mut Vec<LogEntry>,
    ) -> Result<()> {
        let tree = io::hdf5::read_content(&self.path, "", &read_options())?.tree;
        let layout = trainer.net.params().layout().clone();
        let reader = Reader {
            path: &self.path,
            tree: &tree,
            layout: &layout,
            loss_terms: trainer.net.loss_term_names(),
        };
        let differs = fingerprint::differences(&self.fingerprint, &reader.fingerprint()?);
        if !differs.is_empty() {
            return Err(self.error(FileError::OtherRun { differs }));
        }
        let saved = reader.run(trainer.optimizer.moments())?;
        self.check(&saved, trainer.options)?;
        self.initial_params = saved.initial_params;
        self.saved_batches = saved.moments.steps;
        let optimizer = trainer.options.optimizer.clone();
        trainer.optimizer = OptimizerState::from_saved(optimizer, saved.moments, saved.before);
        trainer.key = saved.key;
        trainer.best_so_far = saved.best_so_far;
        trainer.net.params_mut().data.copy_from_slice(&saved.params);
        *log = saved.log;
        Ok(())
    }

    /// Errors: `File` if the network matches neither the initial parameters of the saved run nor
    /// its final ones, or if the saved run has more batches than the options request
    fn check<T: Real>(&self, saved: &SavedRun<T>, options: &Options) -> Result<()> {
        let (done, requested) = (saved.moments.steps, options.batches);
        if done > requested {
            return Err(self.error(FileError::FurtherRun {
                done,
                asked: requested,
            }));
        }
        if self.initial_params == saved.initial_params {
            return Ok(());
        }
        let best = saved.best_so_far.as_ref().map(|best| &best.params);
        let final_params = [Some(&saved.params), best].into_iter().flatten();
        if !final_params
            .into_iter()
            .any(|params| params_digest(params) == self.initial_params)
        {
            let differs = vec![Difference {
                setting: "initial parameters of the network".into(),
                current: self.initial_params.clone(),
                saved: saved.initial_params.clone(),
            }];
            return Err(self.error(FileError::OtherRun { differs }));
        }
        // The network is the result of the saved run, but more training was requested. Without this
        // error, a loop around `train` would silently do nothing from its second iteration on.
        match done == requested {
            true => Err(self.error(FileError::FinishedRun { done })),
            false => Ok(()),
        }
    }

    fn error(&self, fact: FileError) -> Error {
        Error::file(&self.path, fact)
    }
}

/// A checkpoint contains no links: other files are not opened.
fn read_options() -> ReadOptions {
    ReadOptions {
        filter: Some(FileFilter::new(|_| false)),
        ..ReadOptions::default()
    }
}

/// Whether the run resumes from the file at `path`.
///
/// Errors: `File` if the file exists but is not a checkpoint. It is then neither read nor replaced.
fn should_resume(path: &Path, options: &Options) -> Result<bool> {
    let other = |found: String| {
        let expected = "a checkpoint of `train`";
        Err(Error::file(path, FileError::Format { expected, found }))
    };
    let attributes = match io::hdf5::attributes_with(path, "", &read_options()) {
        Ok(attributes) => attributes,
        Err(Error::File {
            fact: FileError::Missing,
            ..
        }) => return Ok(false),
        Err(Error::File {
            fact: FileError::Damaged { .. },
            ..
        }) if !options.resume => return Ok(false),
        Err(error) => return Err(error),
    };
    match (attributes.get("what"), attributes.get("format")) {
        (Some(Tree::Text(what)), _) if what != KIND => other(what.clone()),
        (Some(Tree::Text(_)), Some(Tree::Int(FORMAT))) => Ok(options.resume),
        (Some(Tree::Text(_)), _) if !options.resume => Ok(false),
        (Some(Tree::Text(_)), _) => other("a checkpoint of another version of attractor".into()),
        _ => other("an HDF5 file that is not a checkpoint".into()),
    }
}

fn params_digest<T: Real>(params: &[T]) -> String {
    digest(params.iter().map(|p| p.double()))
}
