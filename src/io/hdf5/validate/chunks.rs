//! Validation of chunks before the library reads them: its filters trust sizes that can be wrong in
//! a damaged file. Only chunks that will be read are checked.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use ::hdf5::Dataset;
use ::hdf5::filters::Filter as FilterInfo;
use flate2::read::ZlibDecoder;

use super::raw_file::RawFile;
use crate::base::error::FileError;
use crate::base::{Error, Result};
use crate::io::budget::Budget;
use crate::io::hdf5::element_type::ElementType;
use crate::io::hdf5::error;
use crate::io::hdf5::library::data::{self, ChunkLocation, Filter};
use crate::io::hdf5::library::types::HEAP_ID;

const DEFLATE: i32 = 1;
const SHUFFLE: i32 = 2;
const FLETCHER: i32 = 3;
const NBIT: i32 = 5;
const SCALE_OFFSET: i32 = 6;
const LZF: i32 = 32_000;
const BLOSC: i32 = 32_001;
/// Size of the checksum that the Fletcher filter appends to a chunk.
const CHECKSUM: u64 = 4;
/// Size of the header of blosc data.
const BLOSC_HEADER: u64 = 16;
/// Number of parameters that the blosc filter requires.
const BLOSC_PARAMS: usize = 4;
/// Upper limit on the compression ratio: 1,032 for deflate, 88 for lzf.
const MAX_RATIO: u64 = 1_100;

/// A dataset whose chunks are validated.
pub struct Chunks<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    pub dataset: &'a Dataset,
    pub kind: &'a ElementType,
    /// The rows to read, or all.
    pub rows: Option<&'a Range<usize>>,
}

impl Chunks<'_> {
    /// Errors: `File` if a chunk lies outside the file, has a size that is inconsistent with its
    /// filters, or needs an unavailable filter; `Memory` if a single chunk is too large
    pub fn validate(&self, raw_file: &mut RawFile, budget: &Budget) -> Result<()> {
        let filters = self.available_filters()?;
        let shape = self.dataset.shape();
        let Some(sizes) = self.dataset.chunk() else {
            return Ok(());
        };
        if shape.contains(&0) || sizes.contains(&0) {
            return Ok(());
        }
        let element = self.stored_bytes();
        budget.check(self.key, &sizes, element)?;
        let bytes = sizes.iter().product::<usize>() * element;
        if let Some(filter) = filters
            .iter()
            .find(|f| !has_valid_params(f, element, bytes))
        {
            let found = format!("invalid parameters of the filter {}", filter.name);
            return Err(self.damaged(&found));
        }
        let chunks = match self.rows {
            Some(rows) => self.chunks_of_rows(&shape, &sizes, rows)?,
            None => self.all_chunks()?,
        };
        for (index, chunk) in chunks.iter().enumerate() {
            self.validate_size(raw_file, &filters, chunk, bytes as u64)?;
            // All chunks share the sizes in the header: if these are damaged, the first chunk
            // reveals it.
            if index == 0 {
                self.validate_content(raw_file, &filters, chunk, bytes as u64)?;
            }
        }
        Ok(())
    }

    /// The filters of the dataset.
    ///
    /// Errors: `File` if one of them is unavailable
    fn available_filters(&self) -> Result<Vec<Filter>> {
        let filters = data::filters(self.dataset).map_err(|f| self.error(f))?;
        let Some(filter) = filters.iter().find(|filter| !is_available(filter.id)) else {
            return Ok(filters);
        };
        let name = match filter.name.is_empty() {
            true => format!("filter {}", filter.id),
            false => format!("{} (filter {})", filter.name, filter.id),
        };
        let key = self.key.to_string();
        Err(Error::file(self.path, FileError::Filter { key, name }))
    }

    /// Bytes of one element in the file.
    fn stored_bytes(&self) -> usize {
        match self.kind {
            ElementType::LongText | ElementType::List(..) => HEAP_ID,
            _ => self.dataset.dtype().map_or(1, |dtype| dtype.size()),
        }
    }

    fn all_chunks(&self) -> Result<Vec<ChunkLocation>> {
        let mut chunks = Vec::new();
        let visited = self.dataset.chunks_visit(|chunk| {
            chunks.push(ChunkLocation {
                address: chunk.addr,
                size: chunk.size,
                skipped: chunk.filter_mask,
            });
            0
        });
        visited.map_err(|f| self.error(f))?;
        chunks.retain(|chunk| chunk.address != data::UNWRITTEN);
        Ok(chunks)
    }

    /// The chunks that contain the rows `rows`.
    fn chunks_of_rows(
        &self,
        shape: &[usize],
        sizes: &[usize],
        rows: &Range<usize>,
    ) -> Result<Vec<ChunkLocation>> {
        let mut chunks = Vec::new();
        if rows.is_empty() || shape.len() != sizes.len() {
            return Ok(chunks);
        }
        let mut last: Vec<usize> = shape.iter().map(|size| size - 1).collect();
        last[0] = rows.end.min(shape[0]) - 1;
        let mut first = vec![0; shape.len()];
        first[0] = rows.start / sizes[0] * sizes[0];
        let mut at = first.clone();
        loop {
            let index: Vec<u64> = at.iter().map(|start| *start as u64).collect();
            let chunk = data::chunk(self.dataset, &index).map_err(|f| self.error(f))?;
            chunks.extend(chunk);
            // Advance the last axis first.
            let Some(axis) = (0..at.len())
                .rev()
                .find(|&axis| at[axis] + sizes[axis] <= last[axis])
            else {
                return Ok(chunks);
            };
            at[axis] += sizes[axis];
            at[axis + 1..].copy_from_slice(&first[axis + 1..]);
        }
    }

    fn validate_size(
        &self,
        raw_file: &mut RawFile,
        filters: &[Filter],
        chunk: &ChunkLocation,
        bytes: u64,
    ) -> Result<()> {
        let (size, length) = (chunk.size, raw_file.length());
        let inside = chunk
            .address
            .checked_add(size)
            .is_some_and(|end| end <= length);
        let ids = applied_filters(filters, chunk);
        let checksum = if ids.contains(&FLETCHER) { CHECKSUM } else { 0 };
        let content = size.saturating_sub(checksum);
        let plausible = match ids.iter().find(|id| ![SHUFFLE, FLETCHER].contains(id)) {
            None => content == bytes,
            Some(&(DEFLATE | LZF)) => bytes / MAX_RATIO <= content,
            Some(&BLOSC) => return self.validate_blosc(raw_file, chunk, content, bytes),
            Some(_) => true,
        };
        match inside && content > 0 && plausible {
            true => Ok(()),
            false => {
                Err(self.damaged(&format!("a chunk with the impossible size of {size} bytes")))
            }
        }
    }

    /// blosc trusts the sizes in its own header.
    fn validate_blosc(
        &self,
        raw_file: &mut RawFile,
        chunk: &ChunkLocation,
        size: u64,
        bytes: u64,
    ) -> Result<()> {
        let head = raw_file.bytes(chunk.address, BLOSC_HEADER)?;
        let number = |at: usize| -> Option<u64> {
            let bytes = head.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes).into())
        };
        let valid = number(4) == Some(bytes) && number(12).is_some_and(|packed| packed <= size);
        match valid {
            true => Ok(()),
            false => Err(self.damaged("a chunk with inconsistent sizes")),
        }
    }

    /// Checks that deflate or lzf data expands to the chunk size.
    fn validate_content(
        &self,
        raw_file: &mut RawFile,
        filters: &[Filter],
        chunk: &ChunkLocation,
        bytes: u64,
    ) -> Result<()> {
        let ids = applied_filters(filters, chunk);
        let packed = ids.iter().rev().find(|id| **id != FLETCHER);
        if !matches!(packed, Some(&(DEFLATE | LZF))) {
            return Ok(());
        }
        let checksum = if ids.contains(&FLETCHER) { CHECKSUM } else { 0 };
        let stored = raw_file.bytes(chunk.address, chunk.size.saturating_sub(checksum))?;
        let size = match packed {
            Some(&DEFLATE) => {
                let mut content = ZlibDecoder::new(stored.as_slice()).take(bytes + 1);
                std::io::copy(&mut content, &mut std::io::sink()).ok()
            }
            _ => lzf_size(&stored),
        };
        match size {
            Some(size) if size != bytes => {
                let found = format!("a chunk of {size} bytes, expected {bytes}");
                Err(self.damaged(&found))
            }
            // The library rejects data that cannot be decompressed.
            _ => Ok(()),
        }
    }

    fn damaged(&self, found: &str) -> Error {
        error::damaged_entry(self.path, self.key, found)
    }

    fn error(&self, error: ::hdf5::Error) -> Error {
        error::entry(self.path, self.key, error)
    }
}

fn is_available(id: i32) -> bool {
    FilterInfo::get_info(id).decode_enabled
}

/// Whether the parameters of a filter agree with chunks of `bytes` bytes whose elements have
/// `element` bytes: these filters use them as table indices and allocation sizes.
fn has_valid_params(filter: &Filter, element: usize, bytes: usize) -> bool {
    /// Compressors of blosc: blosclz, lz4, lz4hc, zlib, zstd.
    const COMPRESSORS: [u32; 5] = [0, 1, 2, 4, 5];
    let values = filter.values.as_slice();
    let matches_chunk = |count: u32, size: u32| {
        let size = size as usize;
        size == element && (count as usize).checked_mul(size) == Some(bytes)
    };
    match (filter.id, values) {
        (BLOSC, values) => {
            values.len() >= BLOSC_PARAMS
                && values.get(6).is_none_or(|code| COMPRESSORS.contains(code))
        }
        // Scale type, scale factor, element count, class (integer, float), size, sign, byte order
        // and fill value.
        (SCALE_OFFSET, &[scale, _, count, class, size, sign, order, fill, ..]) => {
            values.len() == 20
                && scale <= 2
                && class <= 1
                && sign <= 1
                && order <= 1
                && fill <= 1
                && matches_chunk(count, size)
        }
        // For numeric elements: parameter count, flag, element count, class, size, byte order,
        // precision and offset.
        (NBIT, &[8, _, count, 1, size, order, precision, offset]) => {
            let used = u64::from(precision) + u64::from(offset);
            order <= 1 && precision > 0 && used <= 8 * u64::from(size) && matches_chunk(count, size)
        }
        (SCALE_OFFSET | NBIT, _) => false,
        _ => true,
    }
}

/// The filters that were applied to a chunk.
fn applied_filters(filters: &[Filter], chunk: &ChunkLocation) -> Vec<i32> {
    let filters = filters.iter().enumerate();
    let applied = filters.filter(|(index, _)| *index >= 32 || chunk.skipped >> index & 1 == 0);
    applied.map(|(_, filter)| filter.id).collect()
}

/// Decompressed size of lzf data: each control byte starts a literal run or a back-reference.
fn lzf_size(packed: &[u8]) -> Option<u64> {
    let (mut at, mut size) = (0, 0_u64);
    while let Some(&control) = packed.get(at) {
        let control = usize::from(control);
        if control < 32 {
            size += control as u64 + 1;
            at += control + 2;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += usize::from(*packed.get(at + 1)?);
            at += 1;
        }
        size += length as u64 + 2;
        at += 2;
    }
    Some(size)
}
