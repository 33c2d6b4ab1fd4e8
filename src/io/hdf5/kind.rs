//! The type of an entry: as `h5::list` shows it, and as it is read into memory.

use std::fmt;

use ::hdf5::{Datatype, Result};

use super::library::types::{self, Class, HEAP_ID, Padding, REFERENCE};

/// Types inside types; a damaged file can nest them without end.
const NESTING: usize = 16;
/// The tags under which NumPy stores times as 64-bit integers.
const TIMES: [&str; 2] = ["NUMPY:<M8", "NUMPY:<m8"];

/// The type of an entry, with its size in the file where it has several.
#[derive(Debug, Clone)]
pub enum Kind {
    Signed(usize),
    Unsigned(usize),
    Float(usize),
    /// An enumeration of FALSE and TRUE, as h5py stores booleans.
    Bool,
    Enum(Vec<String>),
    Bits(usize),
    Text {
        dtype: Datatype,
        bytes: usize,
        padding: Padding,
    },
    /// Text of varying length.
    LongText,
    /// NumPy's times, as 64-bit integers.
    Time {
        dtype: Datatype,
        tag: String,
    },
    Opaque {
        dtype: Datatype,
        bytes: usize,
        tag: String,
    },
    /// A reference to an object of the file.
    Reference,
    Compound(Vec<(String, Kind)>),
    Array(Box<Kind>, Vec<usize>),
    /// A list of varying length, with the type of its items in the file.
    List(Box<Kind>, Datatype),
    /// A type that is not read; the text describes it.
    Other(String),
}

impl Kind {
    /// The type of an entry of the type `dtype`.
    pub fn of(dtype: &Datatype) -> Result<Kind> {
        kind(dtype, 0)
    }

    /// Bytes of one element in memory.
    pub fn size(&self) -> usize {
        match self {
            Kind::Signed(_) | Kind::Enum(_) | Kind::Time { .. } => 8,
            Kind::Unsigned(1) | Kind::Bool => 1,
            Kind::Unsigned(0..=4) => 4,
            Kind::Unsigned(_) => 8,
            Kind::Float(0..=4) => 4,
            Kind::Float(_) => 8,
            Kind::Bits(bytes) => bytes.next_power_of_two().min(8),
            Kind::Text { bytes, .. } | Kind::Opaque { bytes, .. } => *bytes,
            Kind::LongText | Kind::List(..) => HEAP_ID,
            Kind::Reference => REFERENCE,
            Kind::Compound(fields) => fields.iter().map(|(_, kind)| kind.size()).sum(),
            Kind::Array(item, shape) => shape
                .iter()
                .fold(item.size(), |bytes, size| bytes.saturating_mul(*size)),
            Kind::Other(_) => 0,
        }
    }

    /// The type to read it as.
    pub fn memory(&self) -> Result<Datatype> {
        match self {
            Kind::Signed(_) | Kind::Enum(_) => Datatype::from_type::<i64>(),
            Kind::Bool | Kind::Unsigned(1) => Datatype::from_type::<u8>(),
            Kind::Unsigned(0..=4) => Datatype::from_type::<u32>(),
            Kind::Unsigned(_) => Datatype::from_type::<u64>(),
            Kind::Float(0..=4) => Datatype::from_type::<f32>(),
            Kind::Float(_) => Datatype::from_type::<f64>(),
            Kind::Bits(_) => types::bits(self.size()),
            Kind::Text { dtype, .. } | Kind::Opaque { dtype, .. } | Kind::Time { dtype, .. } => {
                Ok(dtype.clone())
            }
            Kind::LongText | Kind::List(..) => types::opaque(HEAP_ID),
            Kind::Reference => types::opaque(REFERENCE),
            Kind::Compound(fields) => {
                let mut offset = 0;
                let mut members = Vec::new();
                for (name, field) in fields {
                    members.push((name.clone(), offset, field.memory()?));
                    offset += field.size();
                }
                types::compound(offset, &members)
            }
            Kind::Array(item, shape) => types::array(&item.memory()?, shape),
            Kind::Other(what) => Err(what.as_str().into()),
        }
    }

    /// What of it cannot be read, if anything.
    pub fn unreadable(&self) -> Option<&str> {
        match self {
            Kind::Other(what) => Some(what),
            Kind::Compound(fields) => fields.iter().find_map(|(_, kind)| kind.unreadable()),
            Kind::Array(item, _) => item.unreadable(),
            Kind::List(item, _) => match item.unreadable() {
                None if item.nests_heaps() => Some("a list of records that contain lists"),
                what => what,
            },
            _ => None,
        }
    }

    /// Whether its values lie in a heap.
    pub fn uses_heap(&self) -> bool {
        match self {
            Kind::LongText | Kind::List(..) => true,
            Kind::Array(item, _) => item.uses_heap(),
            Kind::Compound(fields) => fields.iter().any(|(_, kind)| kind.uses_heap()),
            _ => false,
        }
    }

    /// Whether it contains references to objects.
    pub fn has_references(&self) -> bool {
        match self {
            Kind::Reference => true,
            Kind::Array(item, _) | Kind::List(item, _) => item.has_references(),
            Kind::Compound(fields) => fields.iter().any(|(_, kind)| kind.has_references()),
            _ => false,
        }
    }

    /// Whether heap identifiers stand inside records or arrays, where the library expects them in
    /// another form than in the file.
    fn nests_heaps(&self) -> bool {
        matches!(self, Kind::Array(..) | Kind::Compound(_)) && self.uses_heap()
    }

    /// Whether this is a complex number: a record of two floats with one of the usual names.
    pub fn is_complex(&self) -> bool {
        const NAMES: [[&str; 2]; 3] = [["r", "i"], ["re", "im"], ["real", "imag"]];
        let Kind::Compound(fields) = self else {
            return false;
        };
        let [(re, Kind::Float(a)), (im, Kind::Float(b))] = fields.as_slice() else {
            return false;
        };
        a == b && NAMES.contains(&[re.as_str(), im.as_str()])
    }
}

fn kind(dtype: &Datatype, depth: usize) -> Result<Kind> {
    let bytes = dtype.size();
    if depth == NESTING {
        return Ok(Kind::Other(format!("types {NESTING} deep in each other")));
    }
    Ok(match types::class(dtype)? {
        Class::Integer { .. } if bytes > 8 => Kind::Other(format!("integers of {bytes} bytes")),
        Class::Integer { signed: true } => Kind::Signed(bytes),
        Class::Integer { signed: false } => Kind::Unsigned(bytes),
        Class::Float => Kind::Float(bytes),
        Class::Bits if bytes > 8 => Kind::Other(format!("bit fields of {bytes} bytes")),
        Class::Bits => Kind::Bits(bytes),
        Class::Text { variable: true, .. } => Kind::LongText,
        Class::Text { padding, .. } => Kind::Text {
            dtype: dtype.clone(),
            bytes,
            padding,
        },
        Class::Opaque { tag } => {
            let dtype = dtype.clone();
            match bytes == 8 && TIMES.iter().any(|time| tag.starts_with(time)) {
                true => Kind::Time { dtype, tag },
                false => Kind::Opaque { dtype, bytes, tag },
            }
        }
        Class::ObjectReference => Kind::Reference,
        Class::OtherReference => Kind::Other("references to regions".into()),
        Class::Enum { base, names } => match kind(&base, depth + 1)? {
            Kind::Signed(_) | Kind::Unsigned(_) if is_boolean(&names) => Kind::Bool,
            Kind::Signed(_) | Kind::Unsigned(_) => Kind::Enum(names),
            other => Kind::Other(format!("an enumeration of {other}")),
        },
        Class::Compound(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, field)| Ok((name, kind(&field, depth + 1)?)));
            Kind::Compound(fields.collect::<Result<_>>()?)
        }
        Class::List { item } => Kind::List(Box::new(kind(&item, depth + 1)?), item),
        Class::Array { item, shape } => Kind::Array(Box::new(kind(&item, depth + 1)?), shape),
        Class::Other => Kind::Other("a type that HDF5 1.14 does not name".into()),
    })
}

fn is_boolean(names: &[String]) -> bool {
    matches!(names, [a, b] if (a == "FALSE" && b == "TRUE") || (a == "TRUE" && b == "FALSE"))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Kind::Signed(bytes) => write!(f, "int{}", 8 * bytes),
            Kind::Unsigned(bytes) => write!(f, "uint{}", 8 * bytes),
            Kind::Float(bytes) => write!(f, "float{}", 8 * bytes),
            Kind::Bool => f.write_str("bool"),
            Kind::Enum(names) => write!(f, "enum ({})", names.join(", ")),
            Kind::Bits(bytes) => write!(f, "bits{}", 8 * bytes),
            Kind::Text { bytes, .. } => write!(f, "text of {bytes} bytes"),
            Kind::LongText => f.write_str("text"),
            Kind::Time { tag, .. } => f.write_str(tag.trim_start_matches("NUMPY:")),
            Kind::Opaque { bytes, tag, .. } if tag.is_empty() => write!(f, "{bytes} opaque bytes"),
            Kind::Opaque { bytes, tag, .. } => write!(f, "{bytes} opaque bytes ({tag})"),
            Kind::Reference => f.write_str("reference"),
            Kind::Compound(fields) if self.is_complex() => {
                write!(f, "complex{}", 16 * fields[0].1.float_bytes())
            }
            Kind::Compound(fields) => {
                let one = |(name, kind): &(String, Kind)| format!("{name}: {kind}");
                let all: Vec<String> = fields.iter().map(one).collect();
                write!(f, "{{{}}}", all.join(", "))
            }
            Kind::Array(item, shape) => write!(f, "{item} of shape {shape:?}"),
            Kind::List(item, _) => write!(f, "list of {item}"),
            Kind::Other(what) => f.write_str(what),
        }
    }
}

impl Kind {
    fn float_bytes(&self) -> usize {
        match self {
            Kind::Float(bytes) => *bytes,
            _ => 0,
        }
    }
}
