//! Extracts the names of tensors and the locations of their data from a pickled state dict.

use std::collections::HashSet;

use super::pickle::{Index, Item, Pickle};
use crate::base::error::FileError;
use crate::io::weight_file::Unreadable;
use crate::tensor::DType;

/// Keys under which training scripts store the state dict in a checkpoint.
const STATE_DICT_KEYS: [&str; 2] = ["state_dict", "model_state_dict"];
/// The function that rebuilds a tensor in PyTorch's pickles.
const REBUILD_TENSOR: &str = "torch._utils._rebuild_tensor_v2";
/// The same for dtypes without a storage class: the dtype is an argument.
const REBUILD_TENSOR_V3: &str = "torch._utils._rebuild_tensor_v3";
/// Index of that argument.
const DTYPE_ARG: usize = 6;
/// Functions that wrap a tensor, and the index of the tensor among their arguments.
const WRAPPERS: [(&str, usize); 2] = [
    ("torch._utils._rebuild_parameter", 0),
    ("torch._utils._rebuild_parameter_with_state", 0),
];
/// A tensor of a subclass: function, class, arguments of the function.
const SUBCLASS: &str = "torch._tensor._rebuild_from_type_v2";

/// dtypes by storage class.
const DTYPES: [(&str, DType); 9] = [
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

/// Start of the description of an object.
const OBJECT: &str = "a pickled object of class `";
/// Packages whose classes are not networks.
const LIBRARIES: [&str; 5] = ["numpy", "uuid", "datetime", "builtins", "collections"];

/// Maximum nesting depth of dictionaries, well within the stack of a thread.
const DEPTH: usize = 32;

/// The location of a tensor, or its shape (empty if unknown) and the reason why it cannot be read.
pub type TensorEntry = Result<TensorView, (Vec<usize>, Unreadable)>;

/// The location of the data of a tensor in a record of the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorView {
    /// Name of the record.
    pub record: String,
    pub dtype: DType,
    /// Number of elements of the record before the first one of the tensor.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// The tensors of a pickled state dict, in file order. Tensors in nested dictionaries are named by
/// all their keys, joined by a dot.
///
/// Errors: `StateDict` for any other value
pub fn tensors(pickle: &Pickle) -> Result<Vec<(String, TensorEntry)>, FileError> {
    let root = dict(pickle);
    let Item::Dict(entries) = pickle.item(root) else {
        let found = describe(pickle, root);
        return Err(FileError::StateDict { found });
    };
    let mut visitor = Visitor {
        pickle,
        visited: HashSet::from([root]),
        tensors: Vec::new(),
        direct: HashSet::new(),
    };
    visitor.dict(entries, "", DEPTH);
    // Next to complete state dicts, scalars are metadata, such as the loss.
    if visitor.tensors.iter().any(|(name, _)| name.contains('.')) && root == pickle.root() {
        let metadata = |(name, found): &(String, TensorEntry)| {
            let single = found.as_ref().is_ok_and(|view| view.shape.is_empty());
            single && visitor.direct.contains(name)
        };
        let nested = entries
            .iter()
            .any(|(_, value)| matches!(pickle.item(*value), Item::Dict(_)));
        let retained = visitor
            .tensors
            .iter()
            .filter(|found| !(nested && metadata(found)));
        visitor.tensors = retained.cloned().collect();
    }
    if visitor.tensors.is_empty() {
        let found = keys(pickle, entries);
        return Err(FileError::StateDict { found });
    }
    Ok(visitor.tensors)
}

/// The dictionary to read: the one under a usual key, else the outermost one.
fn dict(pickle: &Pickle) -> Index {
    let root = pickle.root();
    let Item::Dict(entries) = pickle.item(root) else {
        return root;
    };
    let is_state_dict = |(key, value): &&(Index, Index)| {
        let usual = text(pickle, *key).is_some_and(|key| STATE_DICT_KEYS.contains(&key));
        usual && matches!(pickle.item(*value), Item::Dict(_))
    };
    entries
        .iter()
        .find(is_state_dict)
        .map_or(root, |(_, value)| *value)
}

struct Visitor<'a> {
    pickle: &'a Pickle,
    /// A dictionary may contain itself.
    visited: HashSet<Index>,
    tensors: Vec<(String, TensorEntry)>,
    /// Names of the tensors in the outermost dictionary.
    direct: HashSet<String>,
}

impl Visitor<'_> {
    /// Ignores entries whose key is not text, such as the numbered entries of an optimizer.
    fn dict(&mut self, entries: &[(Index, Index)], prefix: &str, depth: usize) {
        let pickle = self.pickle;
        for (key, value) in entries {
            let Some(key) = text(pickle, *key) else {
                continue;
            };
            let name = format!("{prefix}{key}");
            if let Item::Dict(inner) = pickle.item(*value) {
                if depth > 0 && self.visited.insert(*value) {
                    self.dict(inner, &format!("{name}."), depth - 1);
                }
            } else if let Some(found) = tensor(pickle, *value) {
                if prefix.is_empty() {
                    self.direct.insert(name.clone());
                }
                self.tensors.push((name, found));
            }
        }
    }
}

/// The tensor at `index`; None for any other value.
fn tensor(pickle: &Pickle, index: Index) -> Option<TensorEntry> {
    let Item::Call { function, args } = pickle.item(index) else {
        return None;
    };
    let (Item::Class(function), Item::Tuple(args)) = (pickle.item(*function), pickle.item(*args))
    else {
        return None;
    };
    if function == REBUILD_TENSOR || function == REBUILD_TENSOR_V3 {
        return Some(view(pickle, args));
    }
    if function == SUBCLASS {
        return Some(match args.get(2).map(|inner| pickle.item(*inner)) {
            Some(Item::Tuple(inner)) => view(pickle, inner),
            _ => Err(malformed()),
        });
    }
    let (_, at) = WRAPPERS.iter().find(|(wrapper, _)| wrapper == function)?;
    // The argument of a call was created before the call, so this recursion terminates.
    match args.get(*at) {
        Some(inner) => tensor(pickle, *inner),
        None => Some(Err(malformed())),
    }
}

/// The tensor of (storage, offset, shape, strides, ..).
fn view(pickle: &Pickle, args: &[Index]) -> TensorEntry {
    let parse = || {
        let [index, offset, shape, strides, ..] = args else {
            return None;
        };
        let (class, record) = storage(pickle, *index)?;
        let offset = integer(pickle, *offset)?;
        Some((
            class,
            record,
            offset,
            integers(pickle, *shape)?,
            integers(pickle, *strides)?,
        ))
    };
    let (storage, record, offset, shape, strides) = parse().ok_or_else(malformed)?;
    let class = match args.get(DTYPE_ARG).map(|index| pickle.item(*index)) {
        Some(Item::Class(class)) => class,
        _ => storage,
    };
    let Some((_, dtype)) = DTYPES.iter().find(|(known, _)| *known == class) else {
        return Err((shape, Unreadable::Dtype(class.to_string())));
    };
    Ok(TensorView {
        record: record.to_string(),
        dtype: *dtype,
        offset,
        shape,
        strides,
    })
}

/// The class and the record of a storage, ("storage", class, record, device, size).
pub fn storage(pickle: &Pickle, index: Index) -> Option<(&str, &str)> {
    let Item::PersistentId(id) = pickle.item(index) else {
        return None;
    };
    let Item::Tuple(parts) = pickle.item(*id) else {
        return None;
    };
    match pickle.item(*parts.get(1)?) {
        Item::Class(class) => Some((class, text(pickle, *parts.get(2)?)?)),
        _ => None,
    }
}

/// The non-negative integer at `index`; None for any other value.
pub fn integer(pickle: &Pickle, index: Index) -> Option<usize> {
    match pickle.item(index) {
        Item::Int(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

fn integers(pickle: &Pickle, index: Index) -> Option<Vec<usize>> {
    match pickle.item(index) {
        Item::Tuple(items) => items.iter().map(|item| integer(pickle, *item)).collect(),
        _ => None,
    }
}

fn malformed() -> (Vec<usize>, Unreadable) {
    let why = Unreadable::Damaged("the metadata is not that of a tensor".into());
    (Vec::new(), why)
}

/// The text at `index`; None for any other value.
pub fn text(pickle: &Pickle, index: Index) -> Option<&str> {
    match pickle.item(index) {
        Item::Text(text) => Some(text),
        _ => None,
    }
}

/// Describes a value that is not a dictionary.
fn describe(pickle: &Pickle, index: Index) -> String {
    match pickle.item(index) {
        Item::Call { function, args } => match (pickle.item(*function), pickle.item(*args)) {
            (Item::Class(function), _) if function == REBUILD_TENSOR => "a single tensor".into(),
            // A class with a default reduce function: the class is the first argument.
            (Item::Class(function), Item::Tuple(args)) if function == "copyreg._reconstructor" => {
                args.first()
                    .map_or("an object".into(), |class| describe_object(pickle, *class))
            }
            _ => describe_object(pickle, *function),
        },
        Item::List(_) | Item::Tuple(_) => "a list".into(),
        _ => "a single value".into(),
    }
}

fn describe_object(pickle: &Pickle, class: Index) -> String {
    match pickle.item(class) {
        Item::Class(name) => format!("{OBJECT}{name}`"),
        // The legacy format stores the source of a module: ("module", class, file, source).
        Item::PersistentId(id) => match pickle.item(*id) {
            Item::Tuple(parts) if parts.len() > 1 && parts[1] < class => {
                describe_object(pickle, parts[1])
            }
            _ => "an object".into(),
        },
        _ => "an object".into(),
    }
}

fn keys(pickle: &Pickle, entries: &[(Index, Index)]) -> String {
    /// A longer list would obscure the message.
    const MAX_KEYS: usize = 10;
    let names: Vec<&str> = entries
        .iter()
        .filter_map(|(key, _)| text(pickle, *key))
        .take(MAX_KEYS)
        .collect();
    let object = entries
        .iter()
        .find_map(|(key, value)| match pickle.item(*value) {
            Item::Call { .. } => {
                let found = describe(pickle, *value);
                let class = found.strip_prefix(OBJECT)?;
                let network = !LIBRARIES.iter().any(|library| class.starts_with(library));
                let key = text(pickle, *key).filter(|_| network)?;
                Some(format!("a dictionary in which `{key}` is {found}"))
            }
            _ => None,
        });
    if let Some(object) = object {
        return object;
    }
    match names.is_empty() {
        true => "a dictionary without tensors".into(),
        false => format!("a dictionary without tensors ({})", names.join(", ")),
    }
}
