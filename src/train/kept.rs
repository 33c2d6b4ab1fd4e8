//! All that a run must know to go on, as the tree of a file and back: every number comes back with
//! its bits.

use std::path::Path;

use super::log::{Best, Log};
use super::setting::Setting;
use super::training::Training;
use super::validation::Judged;
use super::{Model, Parts};
use crate::base::options::Choice;
use crate::base::{Error, Result};
use crate::io::{Entries, Map, Tree};
use crate::optim::{State, Watch};
use crate::random::{Key, Layout};
use crate::tensor::{self, Device, Real, Tensor, values};

/// A run as a file keeps it.
pub(super) struct Kept<T> {
    /// The digest of the parameters that the run began with.
    pub first: String,
    /// The key that the next batches are split off.
    pub key: Key,
    pub params: Vec<T>,
    /// The parameters before the last update.
    pub before: Vec<T>,
    pub optimizer: State<T>,
    pub judged: Option<Judged<T>>,
    pub log: Vec<Log>,
}

/// The tree of a run as it stands.
///
/// Errors: `Tensor`, if there is no memory for it
pub(super) fn tree<T: Real, M: Model<T>>(
    training: &Training<'_, T, M>,
    log: &[Log],
    (setting, first): (&Setting, &str),
) -> Result<Tree> {
    let params = training.net.params();
    let blocks = |numbers: &[T]| blocks(params.layout(), numbers);
    let state = training.descent.state();
    let mut optimizer = Map::from([
        ("steps".into(), whole(state.steps)),
        ("watch_best".into(), Tree::Float(state.watch.best)),
        ("watch_waited".into(), whole(state.watch.waited)),
        ("watch_drops".into(), whole(state.watch.drops)),
    ]);
    for (name, numbers) in moments(state) {
        if !numbers.is_empty() {
            optimizer.insert(name.into(), blocks(numbers)?);
        }
    }
    let words = setting.iter();
    let words = words.map(|(name, words)| (name.clone(), words.as_str().into()));
    let mut map = Map::from([
        ("setting".into(), Tree::Map(words.collect())),
        ("first".into(), first.into()),
        ("key".into(), key_tree(&training.key)),
        ("parameters".into(), blocks(&params.data)?),
        ("before".into(), blocks(training.descent.before())?),
        ("optimizer".into(), Tree::Map(optimizer)),
        ("log".into(), lines(log)?),
    ]);
    if let Some(judged) = &training.judged {
        let parts = judged.parts.iter().flatten().map(|part| Tree::Float(*part));
        let validation = Tree::from([
            ("latest", Tree::Float(judged.latest)),
            ("parts", Tree::List(parts.collect())),
            ("best", Tree::Float(judged.best.loss)),
            ("best_batch", whole(judged.best.batch)),
            ("waited", whole(judged.waited)),
            ("parameters", blocks(&judged.params)?),
        ]);
        map.insert("validation".into(), validation);
    }
    Ok(Tree::Map(map))
}

fn moments<T>(state: &State<T>) -> [(&'static str, &Vec<T>); 3] {
    [
        ("mean", &state.mean),
        ("square", &state.square),
        ("peak", &state.peak),
    ]
}

fn whole(n: usize) -> Tree {
    Tree::Int(n as i64)
}

fn key_tree(key: &Key) -> Tree {
    let words = key.words().map(|word| Tree::Int(word.into()));
    Tree::from([
        ("words", Tree::List(words.into())),
        ("layout", key.layout().word().into()),
    ])
}

/// Numbers in the order of the parameters, each block under its name.
fn blocks<T: Real>(layout: &tensor::Layout, numbers: &[T]) -> Result<Tree> {
    let block = |block: &tensor::Block| {
        let numbers = &numbers[block.range.clone()];
        let tensor = Tensor::from_slice(numbers, block.shape.as_slice(), &Device::Cpu)?;
        Ok((block.name.to_string(), Tree::Tensor(tensor)))
    };
    layout
        .blocks()
        .iter()
        .map(block)
        .collect::<Result<_>>()
        .map(Tree::Map)
}

fn lines(log: &[Log]) -> Result<Tree> {
    let mut map = Map::new();
    if log.is_empty() {
        return Ok(Tree::Map(map));
    }
    for (name, of) in COLUMNS {
        if let Some(column) = log.iter().map(of).collect::<Option<Vec<f64>>>() {
            let tensor = Tensor::from_vec(column, log.len(), &Device::Cpu)?;
            map.insert(name.into(), Tree::Tensor(tensor));
        }
    }
    Ok(Tree::Map(map))
}

type Column = (&'static str, fn(&Log) -> Option<f64>);

/// The log by columns; one that has no numbers is left out.
const COLUMNS: [Column; 12] = [
    ("batch", |line| Some(line.batch as f64)),
    ("loss", |line| Some(line.loss)),
    ("mse", |line| Some(line.mse)),
    ("rate", |line| Some(line.rate)),
    ("grad_norm", |line| Some(line.grad_norm)),
    ("validation", |line| line.validation),
    (PARTS[0], |line| line.parts.map(|parts| parts[0])),
    (PARTS[1], |line| line.parts.map(|parts| parts[1])),
    (PARTS[2], |line| line.parts.map(|parts| parts[2])),
    (PARTS[3], |line| line.validation_parts.map(|parts| parts[0])),
    (PARTS[4], |line| line.validation_parts.map(|parts| parts[1])),
    (PARTS[5], |line| line.validation_parts.map(|parts| parts[2])),
];

/// The columns of the parts of a loss, then of those of the validation's.
const PARTS: [&str; 6] = [
    "part_1",
    "part_2",
    "part_3",
    "validation_part_1",
    "validation_part_2",
    "validation_part_3",
];

/// A file's tree on its way in.
pub(super) struct Reading<'a> {
    pub path: &'a Path,
    pub tree: &'a Tree,
    /// The parameters of the network that is to go on.
    pub layout: &'a tensor::Layout,
}

impl Reading<'_> {
    /// The run in the tree, of an optimizer that remembers as much as `state`.
    ///
    /// Errors: `File` if an entry is missing or of another kind or shape
    pub fn kept<T: Real>(&self, state: &State<T>) -> Result<Kept<T>> {
        let judged = match self.tree.at("validation") {
            None => None,
            Some(_) => Some(self.judged()?),
        };
        Ok(Kept {
            first: self.text("first")?,
            key: self.key()?,
            params: self.numbers("parameters")?,
            before: self.numbers("before")?,
            optimizer: self.optimizer(state)?,
            judged,
            log: self.log()?,
        })
    }

    pub fn setting(&self) -> Result<Setting> {
        let Some(Tree::Map(map)) = self.tree.at("setting") else {
            return Err(self.missing("setting"));
        };
        let entry = |(name, words): (&String, &Tree)| match words {
            Tree::Text(words) => Ok((name.clone(), words.clone())),
            _ => Err(self.missing(name)),
        };
        map.iter().map(entry).collect()
    }

    fn optimizer<T: Real>(&self, like: &State<T>) -> Result<State<T>> {
        let of = |name: &str, like: &[T]| match like.is_empty() {
            true => Ok(Vec::new()),
            false => self.numbers(&format!("optimizer/{name}")),
        };
        Ok(State {
            steps: self.whole("optimizer/steps")?,
            mean: of("mean", &like.mean)?,
            square: of("square", &like.square)?,
            peak: of("peak", &like.peak)?,
            watch: Watch {
                best: self.number("optimizer/watch_best")?,
                waited: self.whole("optimizer/watch_waited")?,
                drops: self.whole("optimizer/watch_drops")?,
            },
        })
    }

    fn judged<T: Real>(&self) -> Result<Judged<T>> {
        Ok(Judged {
            latest: self.number("validation/latest")?,
            parts: self.parts()?,
            best: Best {
                batch: self.whole("validation/best_batch")?,
                loss: self.number("validation/best")?,
            },
            waited: self.whole("validation/waited")?,
            params: self.numbers("validation/parameters")?,
        })
    }

    /// The parts of the newest validation loss; a list of numbers is read as a tensor.
    fn parts(&self) -> Result<Option<Parts>> {
        let found = self.tree.tensor("validation/parts").map(values::doubles);
        Ok(found
            .transpose()?
            .and_then(|parts| Parts::try_from(parts).ok()))
    }

    fn key(&self) -> Result<Key> {
        let words = self.tree.tensor("key/words").map(values::doubles);
        let words = words.transpose()?.unwrap_or_default();
        let mut layout = Layout::default();
        match words[..] {
            [high, low] if layout.choose(&self.text("key/layout")?) => {
                Ok(Key::from_words([high as u32, low as u32], layout))
            }
            _ => Err(self.missing("key/words")),
        }
    }

    fn log(&self) -> Result<Vec<Log>> {
        let column = |name: &str| -> Result<Option<Vec<f64>>> {
            let tensor = self.tree.tensor(&format!("log/{name}"));
            tensor.map(values::doubles).transpose()
        };
        let Some(batches) = column("batch")? else {
            return Ok(Vec::new());
        };
        let needed = |name: &str| match column(name)? {
            Some(column) if column.len() == batches.len() => Ok(column),
            _ => Err(self.missing(&format!("log/{name}"))),
        };
        let (loss, mse) = (needed("loss")?, needed("mse")?);
        let (rate, grad_norm) = (needed("rate")?, needed("grad_norm")?);
        let validation = column("validation")?;
        let mut parts = Vec::new();
        for name in PARTS {
            parts.push(column(name)?.unwrap_or_default());
        }
        let part = |first: usize, i: usize| -> Option<Parts> {
            let found = parts[first..first + 3]
                .iter()
                .map(|column| column.get(i).copied());
            Parts::try_from(found.collect::<Option<Vec<f64>>>()?).ok()
        };
        let line = |i: usize| Log {
            batch: batches[i] as usize,
            loss: loss[i],
            mse: mse[i],
            rate: rate[i],
            grad_norm: grad_norm[i],
            validation: validation
                .as_ref()
                .and_then(|column| column.get(i).copied()),
            parts: part(0, i),
            validation_parts: part(3, i),
        };
        Ok((0..batches.len()).map(line).collect())
    }

    /// The blocks at `path`, one after another.
    fn numbers<T: Real>(&self, path: &str) -> Result<Vec<T>> {
        let mut numbers = Vec::with_capacity(self.layout.len());
        for block in self.layout.blocks() {
            let key = format!("{path}/{}", block.name);
            let tensor = match self.tree.at(&key) {
                Some(Tree::Tensor(tensor)) => tensor,
                // An array without axes is read as its number.
                Some(Tree::Float(x)) => &Tensor::new(*x, &Device::Cpu)?,
                _ => return Err(self.missing(&key)),
            };
            self.entries().fits(&key, tensor, &block.shape)?;
            numbers.extend(values::reals::<T>(tensor)?);
        }
        Ok(numbers)
    }

    fn number(&self, path: &str) -> Result<f64> {
        self.tree.number(path).ok_or_else(|| self.missing(path))
    }

    fn whole(&self, path: &str) -> Result<usize> {
        match self.tree.at(path) {
            Some(Tree::Int(n)) => usize::try_from(*n).map_err(|_| self.missing(path)),
            _ => Err(self.missing(path)),
        }
    }

    fn text(&self, path: &str) -> Result<String> {
        let text = self.tree.text(path);
        text.map(String::from).ok_or_else(|| self.missing(path))
    }

    fn entries(&self) -> Entries<'_> {
        Entries {
            path: self.path,
            tree: self.tree,
        }
    }

    fn missing(&self, path: &str) -> Error {
        self.entries().missing(path)
    }
}
