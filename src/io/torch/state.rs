//! From a pickled state dict to the names of its tensors and where their numbers are.

use std::collections::HashSet;

use super::pickle::{Item, Pickle, Place};
use crate::base::error::FileFault;
use crate::io::named::Unreadable;
use crate::tensor::DType;

/// Under which name a training script keeps the state dict among other things.
const NESTED: [&str; 2] = ["state_dict", "model_state_dict"];
/// What PyTorch's pickles call the function that makes a tensor.
const TENSOR: &str = "torch._utils._rebuild_tensor_v2";
/// The same for kinds of number without a storage class of their own: the kind is an argument.
const TENSOR_OF_KIND: &str = "torch._utils._rebuild_tensor_v3";
/// Where that argument stands.
const KIND: usize = 6;
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

/// How an object is named.
const OBJECT: &str = "a whole object of the class `";
/// Classes of objects that are no networks.
const LIBRARIES: [&str; 5] = ["numpy", "uuid", "datetime", "builtins", "collections"];

/// Dictionaries in dictionaries: more than anyone nests, less than a thread's stack can bear.
const DEPTH: usize = 32;

/// Where a tensor is, or its shape (empty if it is not known) and why it cannot be read.
pub type Found = Result<Stored, (Vec<usize>, Unreadable)>;

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
/// Errors: `StateDict` if it is another kind of value.
pub fn tensors(pickle: &Pickle) -> Result<Vec<(String, Found)>, FileFault> {
    let root = dict(pickle);
    let Item::Dict(entries) = pickle.item(root) else {
        let found = told(pickle, root);
        return Err(FileFault::StateDict { found });
    };
    let mut walk = Walk {
        pickle,
        met: HashSet::from([root]),
        found: Vec::new(),
        direct: HashSet::new(),
    };
    walk.dict(entries, "", DEPTH);
    // Beside whole state dicts, single numbers are remarks, such as the loss.
    if walk.found.iter().any(|(name, _)| name.contains('.')) && root == pickle.root() {
        let remark = |(name, found): &(String, Found)| {
            let single = found.as_ref().is_ok_and(|stored| stored.shape.is_empty());
            single && walk.direct.contains(name)
        };
        let nested = entries
            .iter()
            .any(|(_, value)| matches!(pickle.item(*value), Item::Dict(_)));
        let kept = walk.found.iter().filter(|found| !(nested && remark(found)));
        walk.found = kept.cloned().collect();
    }
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
    found: Vec<(String, Found)>,
    /// The names of tensors that stand in the outermost dictionary itself.
    direct: HashSet<String>,
}

impl Walk<'_> {
    /// Entries that are not named by text are passed over: an optimizer numbers its own.
    fn dict(&mut self, entries: &[(Place, Place)], before: &str, depth: usize) {
        let pickle = self.pickle;
        for (key, value) in entries {
            let Some(key) = text(pickle, *key) else {
                continue;
            };
            let name = format!("{before}{key}");
            if let Item::Dict(inner) = pickle.item(*value) {
                if depth > 0 && self.met.insert(*value) {
                    self.dict(inner, &format!("{name}."), depth - 1);
                }
            } else if let Some(found) = tensor(pickle, *value) {
                if before.is_empty() {
                    self.direct.insert(name.clone());
                }
                self.found.push((name, found));
            }
        }
    }
}

/// The tensor at `place`, if there is one.
fn tensor(pickle: &Pickle, place: Place) -> Option<Found> {
    let Item::Made { by, from } = pickle.item(place) else {
        return None;
    };
    let (Item::Class(by), Item::Tuple(from)) = (pickle.item(*by), pickle.item(*from)) else {
        return None;
    };
    if by == TENSOR || by == TENSOR_OF_KIND {
        return Some(stored(pickle, from));
    }
    if by == SUBCLASS {
        return Some(match from.get(2).map(|inner| pickle.item(*inner)) {
            Some(Item::Tuple(inner)) => stored(pickle, inner),
            _ => Err(broken()),
        });
    }
    let (_, at) = AROUND.iter().find(|(around, _)| around == by)?;
    // What is called with a value was made after it: this comes to an end.
    match from.get(*at) {
        Some(inner) => tensor(pickle, *inner),
        None => Some(Err(broken())),
    }
}

/// The tensor of (storage, offset, shape, strides, ..).
fn stored(pickle: &Pickle, from: &[Place]) -> Found {
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
    let (storage, record, offset, shape, strides) = described().ok_or_else(broken)?;
    let kind = match from.get(KIND).map(|place| pickle.item(*place)) {
        Some(Item::Class(kind)) => kind,
        _ => storage,
    };
    let Some((_, dtype)) = KINDS.iter().find(|(class, _)| *class == kind) else {
        return Err((shape, Unreadable::Kind(kind.to_string())));
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
pub fn storage(pickle: &Pickle, place: Place) -> Option<(&str, &str)> {
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

/// The integer at `place`, if there is one that is not negative.
pub fn whole(pickle: &Pickle, place: Place) -> Option<usize> {
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

fn broken() -> (Vec<usize>, Unreadable) {
    let why = Unreadable::Damaged("it is not described as a tensor".into());
    (Vec::new(), why)
}

/// The text at `place`, if there is one.
pub fn text(pickle: &Pickle, place: Place) -> Option<&str> {
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
        Item::Class(name) => format!("{OBJECT}{name}`"),
        // The format before 1.6 keeps a module's source: ("module", class, file, source).
        Item::Kept(id) => match pickle.item(*id) {
            Item::Tuple(parts) if parts.len() > 1 && parts[1] < class => object(pickle, parts[1]),
            _ => "an object".into(),
        },
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
    let whole = entries
        .iter()
        .find_map(|(key, value)| match pickle.item(*value) {
            Item::Made { .. } => {
                let found = told(pickle, *value);
                let class = found.strip_prefix(OBJECT)?;
                let ours = !LIBRARIES.iter().any(|library| class.starts_with(library));
                let key = text(pickle, *key).filter(|_| ours)?;
                Some(format!("a dictionary in which `{key}` is {found}"))
            }
            _ => None,
        });
    if let Some(whole) = whole {
        return whole;
    }
    match names.is_empty() {
        true => "a dictionary without tensors".into(),
        false => format!("a dictionary without tensors ({})", names.join(", ")),
    }
}
