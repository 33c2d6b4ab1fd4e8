//! Arrays: their headers, and those of numbers.

use std::path::Path;

use super::element::{Cursor, damaged};
use super::text;
use crate::base::error::{FileError, READING_ENTRY};
use crate::base::{Error, Result};
use crate::io::budget::Budget;
use crate::io::elements::{self, tensor_error};
use crate::io::hdf5::Unreadable;
use crate::io::matlab;
use crate::io::tree::Tree;
use crate::tensor::{DType, Tensor};

/// Maximum depth of nested cells and structs.
const DEPTH: usize = 64;
/// Maximum number of axes.
const MAX_AXES: usize = 64;
/// Flags of an array.
const COMPLEX: u32 = 0x0800;
const LOGICAL: u32 = 0x0200;
/// Names of the numeric classes, which start at 6.
const CLASSES: [&str; 10] = [
    "double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
];
const FIRST_CLASS: usize = 6;

/// The class of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Cell,
    Struct,
    /// An object of a class of older versions: a class name, then as a struct.
    Object,
    Char,
    Sparse,
    Numeric(&'static str),
    Unsupported(&'static str),
}

impl Class {
    fn new(flags: u32) -> Result<Class, FileError> {
        let code = (flags & 0xff) as usize;
        Ok(match code {
            1 => Class::Cell,
            2 => Class::Struct,
            3 => Class::Object,
            4 => Class::Char,
            5 => Class::Sparse,
            16 => Class::Unsupported("a function handle, which only MATLAB can read"),
            17 => Class::Unsupported("a MATLAB object, which only MATLAB can read"),
            18 => Class::Unsupported("a MATLAB object, which only MATLAB can read"),
            _ if flags & LOGICAL != 0 => Class::Numeric("logical"),
            _ => match CLASSES.get(code.wrapping_sub(FIRST_CLASS)) {
                Some(name) => Class::Numeric(name),
                None => return Err(damaged(format!("an array of class {code}"))),
            },
        })
    }

    fn name(self) -> &'static str {
        match self {
            Class::Cell => "cell",
            Class::Struct | Class::Object => "struct",
            Class::Char => "char",
            Class::Numeric(name) => name,
            Class::Sparse | Class::Unsupported(_) => "double",
        }
    }
}

/// The start of an array, and its other parts.
pub struct Header<'a> {
    class: Class,
    pub is_complex: bool,
    pub is_logical: bool,
    /// The shape in reverse order.
    pub shape: Vec<usize>,
    name: String,
    pub parts: Cursor<'a>,
}

/// Reads the arrays of a file.
pub struct Reader<'a> {
    pub path: &'a Path,
    pub is_big_endian: bool,
    pub budget: Budget,
    /// The skipped arrays, with the reasons.
    pub unreadable: Vec<Unreadable>,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// A reader for the file at `path`.
    pub fn new(path: &'a Path, is_big_endian: bool, budget: Budget) -> Reader<'a> {
        Reader {
            path,
            is_big_endian,
            budget,
            unreadable: Vec::new(),
            depth: 0,
        }
    }

    /// The name of an array.
    ///
    /// Errors: `Damaged`
    pub fn name(&self, data: &[u8]) -> Result<String, FileError> {
        self.header(data).map(|header| header.name)
    }

    /// The value of an array; `None` if it cannot be read and is listed.
    ///
    /// Errors: `File` for damaged arrays
    pub fn variable(&mut self, data: &[u8], key: &str) -> Result<Option<Tree>> {
        match self.array(data, key) {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_skippable(&error) => {
                let key = key.to_string();
                self.unreadable.push(Unreadable { key, error });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn array(&mut self, data: &[u8], key: &str) -> Result<Tree> {
        self.budget.entry(self.path)?;
        self.budget.array(self.path, key, &[1], size_of::<Tree>())?;
        if data.is_empty() {
            let empty = matlab::empty("double", vec![0, 0]);
            return empty.map_err(|error| self.error(key, tensor_error(error)));
        }
        if self.depth == DEPTH {
            let found = format!("more than {DEPTH} nested cells or structs");
            return Err(self.error(
                key,
                FileError::Format {
                    expected: "a value",
                    found,
                },
            ));
        }
        let header = self.header(data).map_err(|fact| self.error(key, fact))?;
        self.depth += 1;
        let value = self.value(header, key);
        self.depth -= 1;
        value
    }

    fn header<'b>(&self, data: &'b [u8]) -> Result<Header<'b>, FileError> {
        let mut parts = Cursor::new(data, self.is_big_endian);
        let flags = parts.require()?.integers(self.is_big_endian)?;
        let flags = *flags
            .first()
            .ok_or_else(|| damaged("an array without a class"))? as u32;
        let class = Class::new(flags)?;
        let mut shape = Vec::new();
        // Objects have no shape.
        if flags & 0xff != 17 {
            for size in parts.require()?.integers(self.is_big_endian)?.iter().rev() {
                let size = usize::try_from(*size);
                shape.push(size.map_err(|_| damaged("a negative size"))?);
            }
            let count = shape
                .iter()
                .try_fold(1_usize, |n, size| n.checked_mul((*size).max(1)));
            if shape.len() < 2 || shape.len() > MAX_AXES || count.is_none() {
                return Err(damaged(format!("an array of shape {shape:?}")));
            }
        }
        Ok(Header {
            class,
            is_complex: flags & COMPLEX != 0,
            is_logical: flags & LOGICAL != 0,
            shape,
            name: parts.require()?.text(),
            parts,
        })
    }

    fn value(&mut self, mut header: Header, key: &str) -> Result<Tree> {
        let class = header.class;
        if let Class::Unsupported(found) = class {
            let (expected, found) = ("a value", found.into());
            return Err(self.error(key, FileError::Format { expected, found }));
        }
        if header.shape.contains(&0) && class != Class::Sparse {
            let empty = matlab::empty(class.name(), header.shape);
            return empty.map_err(|error| self.error(key, tensor_error(error)));
        }
        match class {
            Class::Cell => self.cell(header, key),
            Class::Struct => self.fields(header, key),
            Class::Object => {
                header
                    .parts
                    .require()
                    .map_err(|fact| self.error(key, fact))?;
                self.fields(header, key)
            }
            Class::Char => {
                let codes = header.parts.require();
                let read = |codes| text::read(codes, self.is_big_endian, &header.shape);
                codes.and_then(read).map_err(|fact| self.error(key, fact))
            }
            Class::Sparse => self.sparse(header, key),
            Class::Numeric(_) | Class::Unsupported(_) => self.numeric(header, key),
        }
    }

    fn numeric(&mut self, mut header: Header, key: &str) -> Result<Tree> {
        let dtype = matlab::dtype(header.class.name());
        let re = self.part(&mut header.parts, &header.shape, dtype, key)?;
        if !header.is_complex {
            return Ok(Tree::Tensor(re));
        }
        let im = self.part(&mut header.parts, &header.shape, dtype, key)?;
        Ok(Tree::from([("re", re.into()), ("im", im.into())]))
    }

    /// The real or the imaginary part of an array. The file may contain a smaller type than that
    /// of the array.
    fn part(
        &mut self,
        parts: &mut Cursor,
        shape: &[usize],
        dtype: DType,
        key: &str,
    ) -> Result<Tensor> {
        let element = parts.require().map_err(|fact| self.error(key, fact))?;
        let number = element.number().map_err(|fact| self.error(key, fact))?;
        let count: usize = shape.iter().product();
        if count.checked_mul(number.size()) != Some(element.data.len()) {
            let found = format!("{} bytes for shape {shape:?}", element.data.len());
            return Err(self.error(key, damaged(found)));
        }
        let cost = number.dtype().size_in_bytes() + dtype.size_in_bytes();
        self.budget.array(self.path, key, shape, cost)?;
        let mut bytes = element.data;
        let tensor = elements::read(&mut bytes, number, self.is_big_endian, shape);
        let tensor = tensor.map_err(|fact| self.error(key, fact))?;
        Ok(tensor.to_dtype(dtype)?)
    }

    /// The error for the array `key`.
    pub fn error(&self, key: &str, fact: FileError) -> Error {
        let key = key.to_string();
        let fact = match fact {
            FileError::Format { found, .. } => FileError::EntryKind { key, found },
            FileError::Damaged { found } => FileError::Damaged {
                found: format!("`{key}`: {found}"),
            },
            other => other,
        };
        Error::file(self.path, fact)
    }
}

fn is_skippable(error: &Error) -> bool {
    match error {
        Error::File { fact, .. } => matches!(fact, FileError::EntryKind { .. }),
        Error::Memory { op, .. } => op.starts_with(READING_ENTRY),
        _ => false,
    }
}
