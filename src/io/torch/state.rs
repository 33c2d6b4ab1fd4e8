//! From a pickled state dict to the names of its tensors and where their numbers are.

use std::collections::HashSet;

use super::pickle::{Item, Pickle, Place};
use crate::base::error::FileFault;
use crate::tensor::DType;

/// Under which name a training script keeps the state dict among other things.
const NESTED: [&str; 2] = ["state_dict", "model_state_dict"];
/// What PyTorch's pickles call the function that makes a tensor.
const TENSOR: &str = "torch._utils._rebuild_tensor_v2";
/// Functions that add something to a tensor, and at which place the tensor stands.
const AROUND: [(&str, usize); 2] = [
    ("torch._utils._rebuild_parameter", 0),
    ("torch._utils._rebuild_parameter_with_state", 0),
];
/// A tensor of a class of its own: the function, the class, the function's arguments.
const SUBCLASS: &str = "torch._tensor._rebuild_from_type_v2";

/// Kinds of number by the class of the storage.
const KINDS: [(&str, DType); 9] = [
    ("torch.FloatStorage", DType::F32),
    ("torch.DoubleStorage", DType::F64),
    ("torch.HalfStorage", DType::F16),
    ("torch.BFloat16Storage", DType::BF16),
    ("torch.LongStorage", DType::I64),
    ("torch.IntStorage", DType::I32),
    ("torch.ShortStorage", DType::I16),
    ("torch.ByteStorage", DType::U8),
    ("torch.BoolStorage", DType::U8),
];

/// Dictionaries in dictionaries: more than anyone nests, less than a thread's stack can bear.
const DEPTH: usize = 32;

type Fallible = Result<(), FileFault>;

/// Where the numbers of a tensor are, in a record of the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The record's name.
    pub record: String,
    pub dtype: DType,
    /// Numbers of the record before the first one of the tensor.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// The tensors of a pickled state dict, in its order; those of dictionaries in it are named by all
/// their keys, joined by a point.
///
/// Errors: `StateDict` if it is another kind of value, `EntryKind` for a tensor of another kind of
/// number, `Damaged` if a tensor is not described as one.
pub fn tensors(pickle: &Pickle) -> Result<Vec<(String, Stored)>, FileFault> {
    let root = dict(pickle);
    let Item::Dict(entries) = pickle.item(root) else {
        let found = told(pickle, root);
        return Err(FileFault::StateDict { found });
    };
    let mut walk = Walk {
        pickle,
        met: HashSet::from([root]),
        found: Vec::new(),
    };
    walk.dict(entries, "", DEPTH)?;
    if walk.found.is_empty() {
        let found = keys(pickle, entries);
        return Err(FileFault::StateDict { found });
    }
    Ok(walk.found)
}

/// The dictionary to read: the one that goes by the usual name, else the outermost.
fn dict(pickle: &Pickle) -> Place {
    let root = pickle.root();
    let Item::Dict(entries) = pickle.item(root) else {
        return root;
    };
    let named = |(key, value): &&(Place, Place)| {
        let usual = text(pickle, *key).is_some_and(|key| NESTED.contains(&key));
        usual && matches!(pickle.item(*value), Item::Dict(_))
    };
    entries.iter().find(named).map_or(root, |(_, value)| *value)
}

struct Walk<'a> {
    pickle: &'a Pickle,
    /// A dictionary may be in itself.
    met: HashSet<Place>,
    found: Vec<(String, Stored)>,
}

impl Walk<'_> {
    /// Entries that are not named by text are passed over: an optimizer numbers its own.
    fn dict(&mut self, entries: &[(Place, Place)], before: &str, depth: usize) -> Fallible {
        let pickle = self.pickle;
        for (key, value) in entries {
            let Some(key) = text(pickle, *key) else {
                continue;
            };
            let name = format!("{before}{key}");
            if let Item::Dict(inner) = pickle.item(*value) {
                if depth > 0 && self.met.insert(*value) {
                    self.dict(inner, &format!("{name}."), depth - 1)?;
                }
            } else if let Some(stored) = tensor(pickle, *value, &name)? {
                self.found.push((name, stored));
            }
        }
        Ok(())
    }
}

/// The tensor at `place`, if there is one.
fn tensor(pickle: &Pickle, place: Place, name: &str) -> Result<Option<Stored>, FileFault> {
    let Item::Made { by, from } = pickle.item(place) else {
        return Ok(None);
    };
    let (Item::Class(by), Item::Tuple(from)) = (pickle.item(*by), pickle.item(*from)) else {
        return Ok(None);
    };
    if by == TENSOR {
        return stored(pickle, from, name).map(Some);
    }
    if by == SUBCLASS {
        return match from.get(2).map(|inner| pickle.item(*inner)) {
            Some(Item::Tuple(inner)) => stored(pickle, inner, name).map(Some),
            _ => Err(broken(name)),
        };
    }
    let Some((_, at)) = AROUND.iter().find(|(around, _)| around == by) else {
        return Ok(None);
    };
    // What is called with a value was made after it: this comes to an end.
    tensor(pickle, *from.get(*at).ok_or_else(|| broken(name))?, name)
}

/// The tensor of (storage, offset, shape, strides, ..).
fn stored(pickle: &Pickle, from: &[Place], name: &str) -> Result<Stored, FileFault> {
    let described = || {
        let [place, offset, shape, strides, ..] = from else {
            return None;
        };
        let (kind, record) = storage(pickle, *place)?;
        let offset = whole(pickle, *offset)?;
        Some((
            kind,
            record,
            offset,
            wholes(pickle, *shape)?,
            wholes(pickle, *strides)?,
        ))
    };
    let (kind, record, offset, shape, strides) = described().ok_or_else(|| broken(name))?;
    let Some((_, dtype)) = KINDS.iter().find(|(class, _)| *class == kind) else {
        let (key, found) = (name.to_string(), kind.to_string());
        return Err(FileFault::EntryKind { key, found });
    };
    Ok(Stored {
        record: record.to_string(),
        dtype: *dtype,
        offset,
        shape,
        strides,
    })
}

/// The kind and the record of a storage, ("storage", kind, record, device, numbers).
fn storage(pickle: &Pickle, place: Place) -> Option<(&str, &str)> {
    let Item::Kept(id) = pickle.item(place) else {
        return None;
    };
    let Item::Tuple(parts) = pickle.item(*id) else {
        return None;
    };
    match pickle.item(*parts.get(1)?) {
        Item::Class(kind) => Some((kind, text(pickle, *parts.get(2)?)?)),
        _ => None,
    }
}

fn whole(pickle: &Pickle, place: Place) -> Option<usize> {
    match pickle.item(place) {
        Item::Whole(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

fn wholes(pickle: &Pickle, place: Place) -> Option<Vec<usize>> {
    match pickle.item(place) {
        Item::Tuple(items) => items.iter().map(|item| whole(pickle, *item)).collect(),
        _ => None,
    }
}

fn broken(name: &str) -> FileFault {
    let found = format!("`{name}` is not described as a tensor");
    FileFault::Damaged { found }
}

fn text(pickle: &Pickle, place: Place) -> Option<&str> {
    match pickle.item(place) {
        Item::Text(text) => Some(text),
        _ => None,
    }
}

/// What a pickle holds in place of a dictionary.
fn told(pickle: &Pickle, place: Place) -> String {
    match pickle.item(place) {
        Item::Made { by, from } => match (pickle.item(*by), pickle.item(*from)) {
            (Item::Class(by), _) if by == TENSOR => "one tensor".into(),
            // An object by its protocol's own helper: the class is the first argument.
            (Item::Class(by), Item::Tuple(from)) if by == "copyreg._reconstructor" => from
                .first()
                .map_or("an object".into(), |class| object(pickle, *class)),
            _ => object(pickle, *by),
        },
        Item::List(_) | Item::Tuple(_) => "a list".into(),
        _ => "a single value".into(),
    }
}

fn object(pickle: &Pickle, class: Place) -> String {
    match pickle.item(class) {
        Item::Class(name) => format!("a whole object of the class `{name}`"),
        _ => "an object".into(),
    }
}

fn keys(pickle: &Pickle, entries: &[(Place, Place)]) -> String {
    /// More would hide the sentence.
    const SHOWN: usize = 10;
    let names: Vec<&str> = entries
        .iter()
        .filter_map(|(key, _)| text(pickle, *key))
        .take(SHOWN)
        .collect();
    match names.is_empty() {
        true => "a dictionary without tensors".into(),
        false => format!("a dictionary without tensors ({})", names.join(", ")),
    }
}
