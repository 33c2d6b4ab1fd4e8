//! The element type of an entry: its display in `h5::list`, and its type in memory.

use std::fmt;

use ::hdf5::{Datatype, Result};

use super::library::types::{self, Class, HEAP_ID, Padding, REFERENCE};

/// Maximum nesting depth of types; a damaged file can nest them without end.
const NESTING: usize = 16;
/// The tags of NumPy times stored as 64-bit integers.
const TIMES: [&str; 2] = ["NUMPY:<M8", "NUMPY:<m8"];

/// The element type of an entry, with its size in the file if the type has several.
#[derive(Debug, Clone)]
pub enum ElementType {
    Signed(usize),
    Unsigned(usize),
    Float(usize),
    /// An enumeration of FALSE and TRUE, as in h5py.
    Bool,
    /// The names with their values, in the order of the values.
    Enum(Vec<(String, i64)>),
    Bits(usize),
    Text {
        dtype: Datatype,
        bytes: usize,
        padding: Padding,
    },
    /// Variable-length text.
    LongText,
    /// NumPy times, as 64-bit integers.
    Time {
        dtype: Datatype,
        tag: String,
    },
    Opaque {
        dtype: Datatype,
        bytes: usize,
        tag: String,
    },
    /// An object reference.
    Reference,
    Compound(Vec<(String, ElementType)>),
    Array(Box<ElementType>, Vec<usize>),
    /// A variable-length list, with the type of its items in the file.
    List(Box<ElementType>, Datatype),
    /// An unsupported type with its description.
    Other(String),
}

impl ElementType {
    /// The element type for the HDF5 type `dtype`.
    pub fn new(dtype: &Datatype) -> Result<ElementType> {
        kind(dtype, 0)
    }

    /// Bytes of one element in memory.
    pub fn size(&self) -> usize {
        match self {
            ElementType::Signed(_) | ElementType::Enum(_) | ElementType::Time { .. } => 8,
            ElementType::Unsigned(1) | ElementType::Bool => 1,
            ElementType::Unsigned(0..=4) => 4,
            ElementType::Unsigned(_) => 8,
            ElementType::Float(0..=4) => 4,
            ElementType::Float(_) => 8,
            ElementType::Bits(bytes) => bytes.next_power_of_two().min(8),
            ElementType::Text { bytes, .. } | ElementType::Opaque { bytes, .. } => *bytes,
            ElementType::LongText | ElementType::List(..) => HEAP_ID,
            ElementType::Reference => REFERENCE,
            ElementType::Compound(fields) => fields.iter().map(|(_, kind)| kind.size()).sum(),
            ElementType::Array(item, shape) => shape
                .iter()
                .fold(item.size(), |bytes, size| bytes.saturating_mul(*size)),
            ElementType::Other(_) => 0,
        }
    }

    /// The HDF5 type for reading into memory.
    pub fn memory(&self) -> Result<Datatype> {
        match self {
            ElementType::Signed(_) | ElementType::Enum(_) => Datatype::from_type::<i64>(),
            ElementType::Bool | ElementType::Unsigned(1) => Datatype::from_type::<u8>(),
            ElementType::Unsigned(0..=4) => Datatype::from_type::<u32>(),
            ElementType::Unsigned(_) => Datatype::from_type::<u64>(),
            ElementType::Float(0..=4) => Datatype::from_type::<f32>(),
            ElementType::Float(_) => Datatype::from_type::<f64>(),
            ElementType::Bits(_) => types::bits(self.size()),
            ElementType::Text { dtype, .. }
            | ElementType::Opaque { dtype, .. }
            | ElementType::Time { dtype, .. } => Ok(dtype.clone()),
            ElementType::LongText | ElementType::List(..) => types::opaque(HEAP_ID),
            ElementType::Reference => types::opaque(REFERENCE),
            ElementType::Compound(fields) => {
                let mut offset = 0;
                let mut members = Vec::new();
                for (name, field) in fields {
                    members.push((name.clone(), offset, field.memory()?));
                    offset += field.size();
                }
                types::compound(offset, &members)
            }
            ElementType::Array(item, shape) => types::array(&item.memory()?, shape),
            ElementType::Other(what) => Err(what.as_str().into()),
        }
    }

    /// The description of an unsupported component, if any.
    pub fn unreadable(&self) -> Option<&str> {
        match self {
            ElementType::Other(what) => Some(what),
            ElementType::Compound(fields) => fields.iter().find_map(|(_, kind)| kind.unreadable()),
            ElementType::Array(item, _) => item.unreadable(),
            ElementType::List(item, _) => match item.unreadable() {
                None if item.nests_heaps() => Some("a list of records that contain lists"),
                what => what,
            },
            _ => None,
        }
    }

    /// The names of the values of an enumeration, in the order of the values.
    pub fn members(&self) -> &[(String, i64)] {
        match self {
            ElementType::Enum(members) => members,
            _ => &[],
        }
    }

    /// Whether the values are stored in a heap.
    pub fn uses_heap(&self) -> bool {
        match self {
            ElementType::LongText | ElementType::List(..) => true,
            ElementType::Array(item, _) => item.uses_heap(),
            ElementType::Compound(fields) => fields.iter().any(|(_, kind)| kind.uses_heap()),
            _ => false,
        }
    }

    /// Whether the type contains object references.
    pub fn has_references(&self) -> bool {
        match self {
            ElementType::Reference => true,
            ElementType::Array(item, _) | ElementType::List(item, _) => item.has_references(),
            ElementType::Compound(fields) => fields.iter().any(|(_, kind)| kind.has_references()),
            _ => false,
        }
    }

    /// Whether heap identifiers occur inside records or arrays, where the library expects a
    /// different representation than in the file.
    fn nests_heaps(&self) -> bool {
        matches!(self, ElementType::Array(..) | ElementType::Compound(_)) && self.uses_heap()
    }

    /// Whether the type is a complex number: a record of two floats with one of the usual pairs of
    /// names.
    pub fn is_complex(&self) -> bool {
        const NAMES: [[&str; 2]; 3] = [["r", "i"], ["re", "im"], ["real", "imag"]];
        let ElementType::Compound(fields) = self else {
            return false;
        };
        let [(re, ElementType::Float(a)), (im, ElementType::Float(b))] = fields.as_slice() else {
            return false;
        };
        a == b && NAMES.contains(&[re.as_str(), im.as_str()])
    }
}

fn kind(dtype: &Datatype, depth: usize) -> Result<ElementType> {
    let bytes = dtype.size();
    if depth == NESTING {
        return Ok(ElementType::Other(format!(
            "types nested {NESTING} levels deep"
        )));
    }
    Ok(match types::class(dtype)? {
        Class::Integer { .. } if bytes > 8 => {
            ElementType::Other(format!("integers of {bytes} bytes"))
        }
        Class::Integer { signed: true } => ElementType::Signed(bytes),
        Class::Integer { signed: false } => ElementType::Unsigned(bytes),
        Class::Float => ElementType::Float(bytes),
        Class::Bits if bytes > 8 => ElementType::Other(format!("bit fields of {bytes} bytes")),
        Class::Bits => ElementType::Bits(bytes),
        Class::Text { variable: true, .. } => ElementType::LongText,
        Class::Text { padding, .. } => ElementType::Text {
            dtype: dtype.clone(),
            bytes,
            padding,
        },
        Class::Opaque { tag } => opaque(dtype.clone(), bytes, tag),
        Class::ObjectReference => ElementType::Reference,
        Class::OtherReference => ElementType::Other("region references".into()),
        Class::Enum { base, members } => match kind(&base, depth + 1)? {
            ElementType::Signed(_) | ElementType::Unsigned(_) => enumeration(members),
            other => ElementType::Other(format!("an enumeration of {other}")),
        },
        Class::Compound(fields) => compound(fields, depth)?,
        Class::List { item } => ElementType::List(Box::new(kind(&item, depth + 1)?), item),
        Class::Array { item, shape } => {
            ElementType::Array(Box::new(kind(&item, depth + 1)?), shape)
        }
        Class::Other => ElementType::Other("an unknown type class".into()),
    })
}

/// A NumPy time, or uninterpreted bytes.
fn opaque(dtype: Datatype, bytes: usize, tag: String) -> ElementType {
    match bytes == 8 && TIMES.iter().any(|time| tag.starts_with(time)) {
        true => ElementType::Time { dtype, tag },
        false => ElementType::Opaque { dtype, bytes, tag },
    }
}

fn compound(fields: Vec<(String, Datatype)>, depth: usize) -> Result<ElementType> {
    let fields = fields.into_iter();
    let fields = fields.map(|(name, field)| Ok((name, kind(&field, depth + 1)?)));
    Ok(ElementType::Compound(fields.collect::<Result<_>>()?))
}

/// An enumeration of FALSE = 0 and TRUE = 1 is the boolean type of h5py.
fn enumeration(mut members: Vec<(String, i64)>) -> ElementType {
    members.sort_by_key(|(_, value)| *value);
    match members.as_slice() {
        [(no, 0), (yes, 1)] if no == "FALSE" && yes == "TRUE" => ElementType::Bool,
        _ => ElementType::Enum(members),
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            ElementType::Signed(bytes) => write!(f, "int{}", 8 * bytes),
            ElementType::Unsigned(bytes) => write!(f, "uint{}", 8 * bytes),
            ElementType::Float(bytes) => write!(f, "float{}", 8 * bytes),
            ElementType::Bool => f.write_str("bool"),
            ElementType::Enum(members) => {
                let one = |(name, value): &(String, i64)| format!("{name} = {value}");
                let all: Vec<String> = members.iter().map(one).collect();
                write!(f, "enum ({})", all.join(", "))
            }
            ElementType::Bits(bytes) => write!(f, "bits{}", 8 * bytes),
            ElementType::Text { bytes, .. } => write!(f, "text of {bytes} bytes"),
            ElementType::LongText => f.write_str("text"),
            ElementType::Time { tag, .. } => f.write_str(tag.trim_start_matches("NUMPY:")),
            ElementType::Opaque { bytes, tag, .. } if tag.is_empty() => {
                write!(f, "{bytes} opaque bytes")
            }
            ElementType::Opaque { bytes, tag, .. } => write!(f, "{bytes} opaque bytes ({tag})"),
            ElementType::Reference => f.write_str("reference"),
            ElementType::Compound(fields) if self.is_complex() => {
                write!(f, "complex{}", 16 * fields[0].1.float_bytes())
            }
            ElementType::Compound(fields) => {
                let one = |(name, kind): &(String, ElementType)| format!("{name}: {kind}");
                let all: Vec<String> = fields.iter().map(one).collect();
                write!(f, "{{{}}}", all.join(", "))
            }
            ElementType::Array(item, shape) => write!(f, "{item} of shape {shape:?}"),
            ElementType::List(item, _) => write!(f, "list of {item}"),
            ElementType::Other(what) => f.write_str(what),
        }
    }
}

impl ElementType {
    fn float_bytes(&self) -> usize {
        match self {
            ElementType::Float(bytes) => *bytes,
            _ => 0,
        }
    }
}
