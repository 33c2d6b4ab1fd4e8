//! Numbers in the binary layout of NumPy and MATLAB files, as tensors. Numbers keep their dtype if
//! candle supports it; the others widen without loss, as in the HDF5 reader: int8, int16 and int32
//! to i64, uint16 to u32, float16 to f32, bool to u8.

use std::io::{ErrorKind, Read};

use half::f16;

use crate::base::error::FileError;
use crate::io::tree::Tree;
use crate::tensor::{DType, Device, Tensor};

/// Number of elements that are converted at a time.
const BLOCK: usize = 1 << 14;

/// A type of number with its size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    Bool,
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

impl Number {
    /// Bytes per element in the file.
    pub fn size(self) -> usize {
        match self {
            Number::Bool => 1,
            Number::Signed(size) | Number::Unsigned(size) | Number::Float(size) => size,
        }
    }

    /// The dtype of the tensor that [`read`] returns.
    pub fn dtype(self) -> DType {
        match self {
            Number::Bool | Number::Unsigned(1) => DType::U8,
            Number::Unsigned(2 | 4) => DType::U32,
            Number::Signed(_) | Number::Unsigned(_) => DType::I64,
            Number::Float(2 | 4) => DType::F32,
            Number::Float(_) => DType::F64,
        }
    }
}

/// The tensor of `shape` whose elements follow in `source`, in row-major order. The caller has
/// checked the memory.
///
/// Errors: `Damaged` if the source ends too early or cannot be read; `Format` for an integer of
/// 2^63 or above
pub fn read(
    source: &mut dyn Read,
    number: Number,
    is_big_endian: bool,
    shape: &[usize],
) -> Result<Tensor, FileError> {
    let count = match shape.contains(&0) {
        true => 0,
        false => shape.iter().product(),
    };
    let mut reader = ElementReader {
        source,
        is_big_endian,
        count,
    };
    match number {
        Number::Bool => tensor(reader.read(|[byte]: [u8; 1]| u8::from(byte != 0))?, shape),
        Number::Signed(1) => tensor(reader.read(|b| i64::from(i8::from_le_bytes(b)))?, shape),
        Number::Signed(2) => tensor(reader.read(|b| i64::from(i16::from_le_bytes(b)))?, shape),
        Number::Signed(4) => tensor(reader.read(|b| i64::from(i32::from_le_bytes(b)))?, shape),
        Number::Signed(_) => tensor(reader.read(i64::from_le_bytes)?, shape),
        Number::Unsigned(1) => tensor(reader.read(|[byte]: [u8; 1]| byte)?, shape),
        Number::Unsigned(2) => tensor(reader.read(|b| u32::from(u16::from_le_bytes(b)))?, shape),
        Number::Unsigned(4) => tensor(reader.read(u32::from_le_bytes)?, shape),
        Number::Unsigned(_) => tensor(signed(reader.read(u64::from_le_bytes)?)?, shape),
        Number::Float(2) => tensor(reader.read(|b| f16::from_le_bytes(b).to_f32())?, shape),
        Number::Float(4) => tensor(reader.read(f32::from_le_bytes)?, shape),
        Number::Float(_) => tensor(reader.read(f64::from_le_bytes)?, shape),
    }
}

/// The value of an array without axes: a number, or a boolean.
///
/// Errors: `Damaged` if the tensor has a different number of elements than 1
pub fn scalar(tensor: &Tensor, is_bool: bool) -> Result<Tree, FileError> {
    let read = || -> candle_core::Result<Tree> {
        let single = tensor.reshape(())?;
        Ok(match single.dtype() {
            DType::F32 | DType::F64 => {
                Tree::Float(single.to_dtype(DType::F64)?.to_scalar::<f64>()?)
            }
            _ => match single.to_dtype(DType::I64)?.to_scalar::<i64>()? {
                integer if is_bool => Tree::Bool(integer != 0),
                integer => Tree::Int(integer),
            },
        })
    };
    read().map_err(tensor_error)
}

/// The error for elements that do not form a tensor of the shape in the file.
pub fn tensor_error(error: candle_core::Error) -> FileError {
    let found = format!("the shape contradicts the data: {error}");
    FileError::Damaged { found }
}

/// The error for a source that ends too early or cannot be read.
pub fn read_error(error: std::io::Error) -> FileError {
    let found = match error.kind() {
        ErrorKind::UnexpectedEof => "the values end too early".into(),
        _ => format!("the values cannot be read: {error}"),
    };
    FileError::Damaged { found }
}

struct ElementReader<'a> {
    source: &'a mut dyn Read,
    is_big_endian: bool,
    count: usize,
}

impl ElementReader<'_> {
    /// The elements, converted from their bytes in little-endian order.
    fn read<const N: usize, T>(
        &mut self,
        convert: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, FileError> {
        let mut values = Vec::with_capacity(self.count);
        let mut block = vec![0; N * self.count.min(BLOCK)];
        while values.len() < self.count {
            let size = N * (self.count - values.len()).min(BLOCK);
            let bytes = &mut block[..size];
            self.source.read_exact(bytes).map_err(read_error)?;
            let (chunks, _) = bytes.as_chunks::<N>();
            values.extend(chunks.iter().map(|chunk| {
                let mut chunk = *chunk;
                if self.is_big_endian {
                    chunk.reverse();
                }
                convert(chunk)
            }));
        }
        Ok(values)
    }
}

fn tensor<T: candle_core::WithDType>(values: Vec<T>, shape: &[usize]) -> Result<Tensor, FileError> {
    Tensor::from_vec(values, shape, &Device::Cpu).map_err(tensor_error)
}

fn signed(values: Vec<u64>) -> Result<Vec<i64>, FileError> {
    let convert = |number: u64| {
        i64::try_from(number).map_err(|_| FileError::Format {
            expected: "integers below 2^63",
            found: number.to_string(),
        })
    };
    values.into_iter().map(convert).collect()
}
