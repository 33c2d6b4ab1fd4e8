//! Conversion between a training run and the tree of a checkpoint file. All values are restored bit
//! for bit.

use std::path::Path;

use super::fingerprint::Fingerprint;
use super::log::{Best, LogEntry};
use super::step::Trainer;
use super::validation::BestSoFar;
use super::{LossTerms, Model};
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::io::{Lookup, Map, Tree};
use crate::optim::{Moments, PlateauState};
use crate::random::{Key, Layout};
use crate::tensor::{self, Device, Real, Tensor, convert};

/// A training run as stored in a checkpoint.
pub(super) struct SavedRun<T> {
    /// The digest of the initial parameters.
    pub initial_params: String,
    /// The key from which the keys of the remaining batches are split.
    pub key: Key,
    pub params: Vec<T>,
    /// The parameters before the last update.
    pub before: Vec<T>,
    pub moments: Moments<T>,
    pub best_so_far: Option<BestSoFar<T>>,
    pub log: Vec<LogEntry>,
}

/// The tree of the current state of a run.
///
/// Errors: `Tensor` if memory is insufficient
pub(super) fn tree<T: Real, M: Model<T>>(
    trainer: &Trainer<'_, T, M>,
    log: &[LogEntry],
    (fingerprint, initial_params): (&Fingerprint, &str),
) -> Result<Tree> {
    let params = trainer.net.params();
    let blocks = |values: &[T]| blocks(params.layout(), values);
    let texts = fingerprint.iter();
    let texts = texts.map(|(name, text)| (name.clone(), text.as_str().into()));
    let mut map = Map::from([
        ("setting".into(), Tree::Map(texts.collect())),
        ("first".into(), initial_params.into()),
        ("key".into(), key_tree(&trainer.key)),
        ("parameters".into(), blocks(&params.data)?),
        (
            "before".into(),
            blocks(trainer.optimizer.previous_params())?,
        ),
        (
            "optimizer".into(),
            moments_tree(params.layout(), trainer.optimizer.moments())?,
        ),
        (
            "log".into(),
            log_columns(log, trainer.net.loss_term_names())?,
        ),
    ]);
    if let Some(best) = &trainer.best_so_far {
        map.insert("validation".into(), validation_tree(params.layout(), best)?);
    }
    Ok(Tree::Map(map))
}

/// The state of the optimizer; arrays that it does not use are omitted.
fn moments_tree<T: Real>(layout: &tensor::Layout, moments: &Moments<T>) -> Result<Tree> {
    let mut map = Map::from([
        ("steps".into(), integer(moments.steps)),
        ("watch_best".into(), Tree::Float(moments.plateau.best)),
        ("watch_waited".into(), integer(moments.plateau.bad_steps)),
        ("watch_drops".into(), integer(moments.plateau.drops)),
    ]);
    let arrays = [
        ("mean", &moments.mean),
        ("square", &moments.mean_square),
        ("peak", &moments.max_mean_square),
    ];
    for (name, values) in arrays {
        if !values.is_empty() {
            map.insert(name.into(), blocks(layout, values)?);
        }
    }
    Ok(Tree::Map(map))
}

/// The latest validation loss, and the lowest one with its parameters.
fn validation_tree<T: Real>(layout: &tensor::Layout, best: &BestSoFar<T>) -> Result<Tree> {
    let terms = best.terms.iter().flat_map(LossTerms::iter);
    let terms = terms.map(|(name, value)| (name.to_string(), Tree::Float(value)));
    Ok(Tree::from([
        ("latest", Tree::Float(best.latest)),
        ("terms", Tree::Map(terms.collect())),
        ("best", Tree::Float(best.lowest.loss)),
        ("best_batch", integer(best.lowest.batch)),
        ("waited", integer(best.since_lowest)),
        ("parameters", blocks(layout, &best.params)?),
    ]))
}

fn integer(n: usize) -> Tree {
    Tree::Int(n as i64)
}

fn key_tree(key: &Key) -> Tree {
    let words = key.words().map(|word| Tree::Int(word.into()));
    Tree::from([
        ("words", Tree::List(words.into())),
        ("layout", key.layout().name().into()),
    ])
}

/// The values of a flat parameter array as one tensor per block, by block name.
fn blocks<T: Real>(layout: &tensor::Layout, values: &[T]) -> Result<Tree> {
    let block = |block: &tensor::Block| {
        let values = &values[block.range.clone()];
        let tensor = Tensor::from_slice(values, block.shape.as_slice(), &Device::Cpu)?;
        Ok((block.name.to_string(), Tree::Tensor(tensor)))
    };
    layout
        .blocks()
        .iter()
        .map(block)
        .collect::<Result<_>>()
        .map(Tree::Map)
}

/// The log as one tensor per column; `terms` are the names of the terms of the loss.
fn log_columns(log: &[LogEntry], terms: &[&str]) -> Result<Tree> {
    let mut map = Map::new();
    if log.is_empty() {
        return Ok(Tree::Map(map));
    }
    let mut insert = |name: String, column: Option<Vec<f64>>| -> Result<()> {
        if let Some(column) = column {
            let tensor = Tensor::from_vec(column, log.len(), &Device::Cpu)?;
            map.insert(name, Tree::Tensor(tensor));
        }
        Ok(())
    };
    for (name, value) in COLUMNS {
        insert(name.into(), log.iter().map(value).collect())?;
    }
    for term in terms {
        let training = log.iter().map(|entry| entry.terms?.get(term));
        insert((*term).into(), training.collect())?;
        let validation = log.iter().map(|entry| entry.validation_terms?.get(term));
        insert(validation_column(term), validation.collect())?;
    }
    Ok(Tree::Map(map))
}

type Column = (&'static str, fn(&LogEntry) -> Option<f64>);

/// The columns of the log besides the terms of the loss. A column without values is omitted.
const COLUMNS: [Column; 6] = [
    ("batch", |entry| Some(entry.batch as f64)),
    ("loss", |entry| Some(entry.loss)),
    ("unpenalized_loss", |entry| Some(entry.unpenalized)),
    ("lr", |entry| Some(entry.lr)),
    ("grad_norm", |entry| Some(entry.grad_norm)),
    ("validation", |entry| entry.validation),
];

/// The name of the column of a term of the validation loss.
fn validation_column(term: &str) -> String {
    format!("validation_{term}")
}

/// A reader of the tree of a checkpoint file.
pub(super) struct Reader<'a> {
    pub path: &'a Path,
    pub tree: &'a Tree,
    /// The parameter layout of the network that resumes training.
    pub layout: &'a tensor::Layout,
    /// The names of the terms of its loss.
    pub loss_terms: &'static [&'static str],
}

impl Reader<'_> {
    /// The run in the tree. `like` is from the same optimizer and determines which moments
    /// are present.
    ///
    /// Errors: `File` if an entry is missing or has the wrong type or shape
    pub fn run<T: Real>(&self, like: &Moments<T>) -> Result<SavedRun<T>> {
        let best_so_far = match self.tree.at("validation") {
            None => None,
            Some(_) => Some(self.best_so_far()?),
        };
        Ok(SavedRun {
            initial_params: self.text("first")?,
            key: self.key()?,
            params: self.parameters("parameters")?,
            before: self.parameters("before")?,
            moments: self.moments(like)?,
            best_so_far,
            log: self.log()?,
        })
    }

    pub fn fingerprint(&self) -> Result<Fingerprint> {
        let Some(Tree::Map(map)) = self.tree.at("setting") else {
            return Err(self.missing("setting"));
        };
        let entry = |(name, value): (&String, &Tree)| match value {
            Tree::Text(text) => Ok((name.clone(), text.clone())),
            _ => Err(self.missing(name)),
        };
        map.iter().map(entry).collect()
    }

    fn moments<T: Real>(&self, like: &Moments<T>) -> Result<Moments<T>> {
        let moment = |name: &str, like: &[T]| match like.is_empty() {
            true => Ok(Vec::new()),
            false => self.parameters(&format!("optimizer/{name}")),
        };
        Ok(Moments {
            steps: self.integer("optimizer/steps")?,
            mean: moment("mean", &like.mean)?,
            mean_square: moment("square", &like.mean_square)?,
            max_mean_square: moment("peak", &like.max_mean_square)?,
            plateau: PlateauState {
                best: self.number("optimizer/watch_best")?,
                bad_steps: self.integer("optimizer/watch_waited")?,
                drops: self.integer("optimizer/watch_drops")?,
            },
        })
    }

    fn best_so_far<T: Real>(&self) -> Result<BestSoFar<T>> {
        Ok(BestSoFar {
            latest: self.number("validation/latest")?,
            terms: self.validation_terms()?,
            lowest: Best {
                batch: self.integer("validation/best_batch")?,
                loss: self.number("validation/best")?,
            },
            since_lowest: self.integer("validation/waited")?,
            params: self.parameters("validation/parameters")?,
        })
    }

    /// The terms of the latest validation loss.
    fn validation_terms(&self) -> Result<Option<LossTerms>> {
        if self.loss_terms.is_empty() {
            return Ok(None);
        }
        let value = |term: &&str| self.number(&format!("validation/terms/{term}"));
        let values: Vec<f64> = self.loss_terms.iter().map(value).collect::<Result<_>>()?;
        Ok(Some(LossTerms::new(self.loss_terms, &values)))
    }

    fn key(&self) -> Result<Key> {
        let words = self.tree.tensor("key/words").map(convert::to_f64);
        let words = words.transpose()?.unwrap_or_default();
        let mut layout = Layout::default();
        match words[..] {
            [high, low] if layout.select(&self.text("key/layout")?) => {
                Ok(Key::from_words([high as u32, low as u32], layout))
            }
            _ => Err(self.missing("key/words")),
        }
    }

    fn log(&self) -> Result<Vec<LogEntry>> {
        let column = |name: &str| -> Result<Option<Vec<f64>>> {
            let tensor = self.tree.tensor(&format!("log/{name}"));
            tensor.map(convert::to_f64).transpose()
        };
        let Some(batches) = column("batch")? else {
            return Ok(Vec::new());
        };
        let required = |name: &str| match column(name)? {
            Some(column) if column.len() == batches.len() => Ok(column),
            _ => Err(self.missing(&format!("log/{name}"))),
        };
        let (loss, unpenalized) = (required("loss")?, required("unpenalized_loss")?);
        let (lr, grad_norm) = (required("lr")?, required("grad_norm")?);
        let validation = column("validation")?;
        let (mut terms, mut validation_terms) = (Vec::new(), Vec::new());
        for term in self.loss_terms {
            terms.push(required(term)?);
            validation_terms.extend(column(&validation_column(term))?);
        }
        let entry_terms = |columns: &[Vec<f64>], i: usize| {
            let values = columns.iter().map(|column| column.get(i).copied());
            let values: Vec<f64> = values.collect::<Option<_>>()?;
            let complete = !values.is_empty() && values.len() == self.loss_terms.len();
            complete.then(|| LossTerms::new(self.loss_terms, &values))
        };
        let entry = |i: usize| LogEntry {
            batch: batches[i] as usize,
            loss: loss[i],
            unpenalized: unpenalized[i],
            lr: lr[i],
            grad_norm: grad_norm[i],
            validation: validation
                .as_ref()
                .and_then(|column| column.get(i).copied()),
            terms: entry_terms(&terms, i),
            validation_terms: entry_terms(&validation_terms, i),
        };
        Ok((0..batches.len()).map(entry).collect())
    }

    /// The concatenated values of the blocks at `path`.
    fn parameters<T: Real>(&self, path: &str) -> Result<Vec<T>> {
        let mut data = Vec::with_capacity(self.layout.len());
        for block in self.layout.blocks() {
            let key = format!("{path}/{}", block.name);
            let tensor = match self.tree.at(&key) {
                Some(Tree::Tensor(tensor)) => tensor,
                // A tensor of rank 0 is read as a number.
                Some(Tree::Float(x)) => &Tensor::new(*x, &Device::Cpu)?,
                _ => return Err(self.missing(&key)),
            };
            self.entries().check_shape(&key, tensor, &block.shape)?;
            data.extend(convert::to_vec::<T>(tensor)?);
        }
        Ok(data)
    }

    fn number(&self, path: &str) -> Result<f64> {
        self.tree.number(path).ok_or_else(|| self.missing(path))
    }

    fn integer(&self, path: &str) -> Result<usize> {
        match self.tree.at(path) {
            Some(Tree::Int(n)) => usize::try_from(*n).map_err(|_| self.missing(path)),
            _ => Err(self.missing(path)),
        }
    }

    fn text(&self, path: &str) -> Result<String> {
        let text = self.tree.text(path);
        text.map(String::from).ok_or_else(|| self.missing(path))
    }

    fn entries(&self) -> Lookup<'_> {
        Lookup {
            path: self.path,
            tree: self.tree,
        }
    }

    fn missing(&self, path: &str) -> Error {
        self.entries().missing_error(path)
    }
}
