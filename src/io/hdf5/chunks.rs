//! A check of the chunks of a dataset before the library reads them: its filters trust sizes that
//! a damaged file can make too small or too large. Only chunks that will be read are looked at.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use ::hdf5::Dataset;
use ::hdf5::filters::Filter as Known;
use flate2::read::ZlibDecoder;

use super::budget::Budget;
use super::disk::Disk;
use super::fault;
use super::kind::Kind;
use super::library::data::{self, Filter, Stored};
use super::library::types::HEAP_ID;
use crate::base::error::FileFault;
use crate::base::{Error, Result};

const DEFLATE: i32 = 1;
const SHUFFLE: i32 = 2;
const FLETCHER: i32 = 3;
const NBIT: i32 = 5;
const SCALE_OFFSET: i32 = 6;
const LZF: i32 = 32_000;
const BLOSC: i32 = 32_001;
/// The checksum that the Fletcher filter takes off the end of a chunk.
const CHECKSUM: u64 = 4;
/// What stands before the data that blosc compressed.
const BLOSC_HEAD: u64 = 16;
/// The values that the blosc filter needs.
const BLOSC_VALUES: usize = 4;
/// Deflate makes at most 1,032 bytes of one, lzf 88.
const EXPANSION: u64 = 1_100;

/// A dataset whose chunks are checked.
pub struct Chunks<'a> {
    pub path: &'a Path,
    pub key: &'a str,
    pub dataset: &'a Dataset,
    pub kind: &'a Kind,
    /// The rows that will be read, or all.
    pub rows: Option<&'a Range<usize>>,
}

impl Chunks<'_> {
    /// Errors: `File` if a chunk lies outside the file, has another size than its filters make of
    /// it, or needs a filter that is not built in; `Memory` if one chunk is too large
    pub fn check(&self, disk: &mut Disk, budget: &Budget) -> Result<()> {
        let filters = data::filters(self.dataset).map_err(|f| self.fault(f))?;
        if let Some(filter) = filters.iter().find(|filter| !is_available(filter.id)) {
            let name = match filter.name.is_empty() {
                true => format!("filter {}", filter.id),
                false => format!("{} (filter {})", filter.name, filter.id),
            };
            let key = self.key.to_string();
            return Err(Error::file(self.path, FileFault::Filter { key, name }));
        }
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
        if let Some(filter) = filters.iter().find(|f| !is_set_up(f, element, bytes)) {
            let found = format!("settings of {} that cannot be", filter.name);
            return Err(self.damaged(&found));
        }
        let chunks = match self.rows {
            Some(rows) => self.among(&shape, &sizes, rows)?,
            None => self.all()?,
        };
        for (index, chunk) in chunks.iter().enumerate() {
            self.check_size(disk, &filters, chunk, bytes as u64)?;
            // Sizes in the header are the same for all chunks: if they are damaged, the first
            // chunk shows it.
            if index == 0 {
                self.check_content(disk, &filters, chunk, bytes as u64)?;
            }
        }
        Ok(())
    }

    /// Bytes of one element in the file.
    fn stored_bytes(&self) -> usize {
        match self.kind {
            Kind::LongText | Kind::List(..) => HEAP_ID,
            _ => self.dataset.dtype().map_or(1, |dtype| dtype.size()),
        }
    }

    fn all(&self) -> Result<Vec<Stored>> {
        let mut chunks = Vec::new();
        let visited = self.dataset.chunks_visit(|chunk| {
            chunks.push(Stored {
                address: chunk.addr,
                size: chunk.size,
                skipped: chunk.filter_mask,
            });
            0
        });
        visited.map_err(|f| self.fault(f))?;
        chunks.retain(|chunk| chunk.address != data::UNWRITTEN);
        Ok(chunks)
    }

    /// The chunks that contain the rows `rows`.
    fn among(&self, shape: &[usize], sizes: &[usize], rows: &Range<usize>) -> Result<Vec<Stored>> {
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
            let chunk = data::chunk(self.dataset, &index).map_err(|f| self.fault(f))?;
            chunks.extend(chunk);
            // The next index, the last axis first, as the digits of a number.
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

    fn check_size(
        &self,
        disk: &mut Disk,
        filters: &[Filter],
        chunk: &Stored,
        bytes: u64,
    ) -> Result<()> {
        let (size, length) = (chunk.size, disk.length());
        let inside = chunk
            .address
            .checked_add(size)
            .is_some_and(|end| end <= length);
        let ids = applied(filters, chunk);
        let checksum = if ids.contains(&FLETCHER) { CHECKSUM } else { 0 };
        let content = size.saturating_sub(checksum);
        let plausible = match ids.iter().find(|id| ![SHUFFLE, FLETCHER].contains(id)) {
            None => content == bytes,
            Some(&(DEFLATE | LZF)) => bytes / EXPANSION <= content,
            Some(&BLOSC) => return self.check_blosc(disk, chunk, content, bytes),
            Some(_) => true,
        };
        match inside && content > 0 && plausible {
            true => Ok(()),
            false => Err(self.damaged(&format!("a chunk of {size} bytes, which cannot be"))),
        }
    }

    /// blosc trusts the sizes in its own head.
    fn check_blosc(&self, disk: &mut Disk, chunk: &Stored, size: u64, bytes: u64) -> Result<()> {
        let head = disk.bytes(chunk.address, BLOSC_HEAD)?;
        let number = |at: usize| -> Option<u64> {
            let bytes = head.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes).into())
        };
        let sound = number(4) == Some(bytes) && number(12).is_some_and(|packed| packed <= size);
        match sound {
            true => Ok(()),
            false => Err(self.damaged("a chunk whose sizes contradict each other")),
        }
    }

    /// Whether what is compressed with deflate or lzf has the size of a chunk.
    fn check_content(
        &self,
        disk: &mut Disk,
        filters: &[Filter],
        chunk: &Stored,
        bytes: u64,
    ) -> Result<()> {
        let ids = applied(filters, chunk);
        let packed = ids.iter().rev().find(|id| **id != FLETCHER);
        if !matches!(packed, Some(&(DEFLATE | LZF))) {
            return Ok(());
        }
        let checksum = if ids.contains(&FLETCHER) { CHECKSUM } else { 0 };
        let stored = disk.bytes(chunk.address, chunk.size.saturating_sub(checksum))?;
        let size = match packed {
            Some(&DEFLATE) => {
                let mut content = ZlibDecoder::new(stored.as_slice()).take(bytes + 1);
                std::io::copy(&mut content, &mut std::io::sink()).ok()
            }
            _ => unpacked(&stored),
        };
        match size {
            Some(size) if size != bytes => {
                let found = format!("a chunk of {size} bytes, expected {bytes}");
                Err(self.damaged(&found))
            }
            // What cannot be unpacked at all is refused by the library.
            _ => Ok(()),
        }
    }

    fn damaged(&self, found: &str) -> Error {
        fault::damaged_entry(self.path, self.key, found)
    }

    fn fault(&self, fault: ::hdf5::Error) -> Error {
        fault::entry(self.path, self.key, fault)
    }
}

fn is_available(id: i32) -> bool {
    Known::get_info(id).decode_enabled
}

/// Whether the settings of a filter agree with chunks of `bytes` bytes whose elements have
/// `element` bytes: these filters index tables and memory by them.
fn is_set_up(filter: &Filter, element: usize, bytes: usize) -> bool {
    /// Compressors inside blosc: blosclz, lz4, lz4hc, zlib, zstd.
    const COMPRESSORS: [u32; 5] = [0, 1, 2, 4, 5];
    let values = filter.values.as_slice();
    let whole = |count: u32, size: u32| {
        let size = size as usize;
        size == element && (count as usize).checked_mul(size) == Some(bytes)
    };
    match (filter.id, values) {
        (BLOSC, values) => {
            values.len() >= BLOSC_VALUES
                && values.get(6).is_none_or(|code| COMPRESSORS.contains(code))
        }
        // How numbers are scaled, by how much, their count, class (integer, float), size, sign,
        // order and fill value.
        (SCALE_OFFSET, &[scale, _, count, class, size, sign, order, fill, ..]) => {
            values.len() == 20
                && scale <= 2
                && class <= 1
                && sign <= 1
                && order <= 1
                && fill <= 1
                && whole(count, size)
        }
        // Of plain numbers: the count of settings, a flag, the count of numbers, their class,
        // size, order, precision and offset.
        (NBIT, &[8, _, count, 1, size, order, precision, offset]) => {
            let used = u64::from(precision) + u64::from(offset);
            order <= 1 && precision > 0 && used <= 8 * u64::from(size) && whole(count, size)
        }
        (SCALE_OFFSET | NBIT, _) => false,
        _ => true,
    }
}

/// The filters that a chunk was written with.
fn applied(filters: &[Filter], chunk: &Stored) -> Vec<i32> {
    let filters = filters.iter().enumerate();
    let applied = filters.filter(|(index, _)| *index >= 32 || chunk.skipped >> index & 1 == 0);
    applied.map(|(_, filter)| filter.id).collect()
}

/// Bytes that lzf makes of `packed`: a control byte announces either bytes or a repetition.
fn unpacked(packed: &[u8]) -> Option<u64> {
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
