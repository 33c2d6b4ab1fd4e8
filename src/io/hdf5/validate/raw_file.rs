//! Raw access to a file without the library, for heaps of variable-length values and headers of
//! compressed chunks. The library trusts the sizes in these: with a damaged file it allocates up to
//! 4 GiB or does not terminate. Here each size is validated first.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::base::Result;
use crate::io::hdf5::library::types::HEAP_ID;
use crate::io::system_error::system_error;

/// Heap signature: name, version 1, three zero bytes.
const SIGNATURE: &[u8] = b"GCOL\x01\0\0\0";
/// Size of the signature and the heap size field, with the 8-byte sizes that all but tiny files
/// use.
const PREFIX_BYTES: usize = 16;
/// Size of an object prefix: index, reference count, reserved, size.
const OBJECT_BYTES: usize = 16;
/// Alignment of objects in bytes.
const ALIGNMENT: usize = 8;
/// Maximum size of the heap cache in bytes.
const MAX_CACHED: u64 = 64 << 20;

/// The bytes of one file.
#[derive(Debug)]
pub struct RawFile {
    path: PathBuf,
    file: File,
    /// The offset of address 0: the size of the user block.
    base: u64,
    length: u64,
    heaps: HashMap<u64, Heap>,
    cached: u64,
}

/// The objects of one heap by their index, as ranges of its bytes.
#[derive(Debug)]
struct Heap {
    bytes: Vec<u8>,
    objects: HashMap<u32, (usize, usize)>,
}

/// The target of a heap identifier.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    Bytes(&'a [u8]),
    /// The identifier and the heap are inconsistent.
    Inconsistent,
}

impl RawFile {
    /// Errors: `File` if the file cannot be read
    pub fn open(path: &Path, base: u64) -> Result<RawFile> {
        let open = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(|source| system_error(path, "reading", source))?;
        Ok(RawFile {
            path: path.to_path_buf(),
            file,
            base,
            length,
            heaps: HashMap::new(),
            cached: 0,
        })
    }

    /// The length of the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Up to `max` bytes at `address`; fewer at the end of the file.
    pub fn bytes(&mut self, address: u64, max: u64) -> Result<Vec<u8>> {
        self.read(address, max)
            .map_err(|source| system_error(&self.path, "reading", source))
    }

    fn read(&mut self, address: u64, max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let start = self.base.saturating_add(address);
        if start < self.length {
            self.file.seek(SeekFrom::Start(start))?;
            self.file.by_ref().take(max).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// The `count` times `size` bytes at the heap identifier `id`, where `count` is part of the
    /// identifier.
    pub fn item(&mut self, id: &[u8], size: usize) -> Result<Item<'_>> {
        let Some((count, address, index)) = split(id) else {
            return Ok(Item::Inconsistent);
        };
        if count == 0 {
            return Ok(Item::Bytes(&[]));
        }
        let object = self.object(address, index)?;
        let length = count.checked_mul(size);
        let item = object.and_then(|object| object.get(..length?));
        Ok(item.map_or(Item::Inconsistent, Item::Bytes))
    }

    /// The bytes of the object `index` in the heap at `address`; None if the object is missing or
    /// the heap is inconsistent.
    pub fn object(&mut self, address: u64, index: u32) -> Result<Option<&[u8]>> {
        if !self.heaps.contains_key(&address) {
            let Some(heap) = self.heap(address)? else {
                return Ok(None);
            };
            if self.cached > MAX_CACHED {
                self.heaps.clear();
                self.cached = 0;
            }
            self.cached += heap.bytes.len() as u64;
            self.heaps.insert(address, heap);
        }
        let heap = &self.heaps[&address];
        let object = heap.objects.get(&index);
        Ok(object.and_then(|(start, length)| heap.bytes.get(*start..start.checked_add(*length)?)))
    }

    fn heap(&mut self, address: u64) -> Result<Option<Heap>> {
        let head = self.bytes(address, PREFIX_BYTES as u64)?;
        if head.len() < PREFIX_BYTES || !head.starts_with(SIGNATURE) {
            return Ok(None);
        }
        let size = read_u64(&head[8..]);
        if size < PREFIX_BYTES as u64 || size > self.length {
            return Ok(None);
        }
        let bytes = self.bytes(address, size)?;
        if (bytes.len() as u64) < size {
            return Ok(None);
        }
        Ok(objects(&bytes).map(|objects| Heap { bytes, objects }))
    }
}

/// The objects of a heap; None if they do not fill it exactly, as the library expects.
fn objects(bytes: &[u8]) -> Option<HashMap<u32, (usize, usize)>> {
    let mut objects = HashMap::new();
    let mut at = PREFIX_BYTES;
    while bytes.len() - at >= OBJECT_BYTES {
        let index = u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let size = usize::try_from(read_u64(&bytes[at + 8..])).ok()?;
        // Index 0 is free space, whose size includes its own prefix.
        let total = match index {
            0 => size,
            _ => size
                .checked_next_multiple_of(ALIGNMENT)?
                .checked_add(OBJECT_BYTES)?,
        };
        if !(OBJECT_BYTES..=bytes.len() - at).contains(&total) {
            return None;
        }
        if index != 0 {
            objects.insert(index, (at + OBJECT_BYTES, size));
        }
        at += total;
    }
    Some(objects)
}

/// The count, heap address and object index of an identifier.
fn split(id: &[u8]) -> Option<(usize, u64, u32)> {
    let id: &[u8; HEAP_ID] = id.try_into().ok()?;
    let count = u32::from_le_bytes([id[0], id[1], id[2], id[3]]);
    let index = u32::from_le_bytes([id[12], id[13], id[14], id[15]]);
    Some((count as usize, read_u64(&id[4..]), index))
}

/// The first 8 bytes of `bytes` as a little-endian integer.
pub fn read_u64(bytes: &[u8]) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(value)
}
