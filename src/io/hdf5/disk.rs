//! A file's own bytes, read past the library: the heaps that hold texts and lists of varying
//! length, and the first bytes of compressed chunks. The library follows the sizes it finds there;
//! in a damaged file it allocates up to 4 GiB for one, or never ends. Here each is checked first.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::library::types::HEAP_ID;
use crate::base::Result;
use crate::io::atomic::system;

/// How a heap begins: its name, version 1, three bytes of 0.
const HEAD: &[u8] = b"GCOL\x01\0\0\0";
/// The head and the size after it, with the 8-byte sizes that all but tiny files have.
const HEAD_BYTES: usize = 16;
/// What stands before each object: number, references, reserved, size.
const OBJECT_BYTES: usize = 16;
/// Objects begin at multiples of this.
const ALIGNED: usize = 8;
/// Bytes of heaps that stay in memory.
const CACHED: u64 = 64 << 20;

/// The bytes of one file.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
    file: File,
    /// Where addresses begin to count: after the user block.
    base: u64,
    length: u64,
    heaps: HashMap<u64, Heap>,
    cached: u64,
}

/// Objects of one heap by their index, as ranges of its bytes.
#[derive(Debug)]
struct Heap {
    bytes: Vec<u8>,
    objects: HashMap<u32, (usize, usize)>,
}

/// What a heap identifier leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    Bytes(&'a [u8]),
    /// The identifier contradicts the heap.
    Broken,
}

impl Disk {
    /// Errors: `File` if the file cannot be read
    pub fn open(path: &Path, base: u64) -> Result<Disk> {
        let open = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(|source| system(path, "reading", source))?;
        Ok(Disk {
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

    /// Up to `most` bytes at `address`; fewer where the file ends.
    pub fn bytes(&mut self, address: u64, most: u64) -> Result<Vec<u8>> {
        self.read(address, most)
            .map_err(|source| system(&self.path, "reading", source))
    }

    fn read(&mut self, address: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let start = self.base.saturating_add(address);
        if start < self.length {
            self.file.seek(SeekFrom::Start(start))?;
            self.file.by_ref().take(most).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// The `count` times `size` bytes that the heap identifier `id` leads to, where `count` is
    /// part of the identifier.
    pub fn item(&mut self, id: &[u8], size: usize) -> Result<Item<'_>> {
        let Some((count, address, index)) = split(id) else {
            return Ok(Item::Broken);
        };
        if count == 0 {
            return Ok(Item::Bytes(&[]));
        }
        let object = self.object(address, index)?;
        let wanted = count.checked_mul(size);
        let item = object.and_then(|object| object.get(..wanted?));
        Ok(item.map_or(Item::Broken, Item::Bytes))
    }

    /// The bytes of the object `index` in the heap at `address`; none if there is no such object,
    /// or the heap contradicts itself.
    pub fn object(&mut self, address: u64, index: u32) -> Result<Option<&[u8]>> {
        if !self.heaps.contains_key(&address) {
            let Some(heap) = self.heap(address)? else {
                return Ok(None);
            };
            if self.cached > CACHED {
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
        let head = self.bytes(address, HEAD_BYTES as u64)?;
        if head.len() < HEAD_BYTES || !head.starts_with(HEAD) {
            return Ok(None);
        }
        let size = word(&head[8..]);
        if size < HEAD_BYTES as u64 || size > self.length {
            return Ok(None);
        }
        let bytes = self.bytes(address, size)?;
        if (bytes.len() as u64) < size {
            return Ok(None);
        }
        Ok(objects(&bytes).map(|objects| Heap { bytes, objects }))
    }
}

/// The objects of a heap; none if they do not fill it exactly, as the library expects.
fn objects(bytes: &[u8]) -> Option<HashMap<u32, (usize, usize)>> {
    let mut objects = HashMap::new();
    let mut at = HEAD_BYTES;
    while bytes.len() - at >= OBJECT_BYTES {
        let index = u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let size = usize::try_from(word(&bytes[at + 8..])).ok()?;
        // Index 0 is the space that is left, and counts its own head.
        let whole = match index {
            0 => size,
            _ => size
                .checked_next_multiple_of(ALIGNED)?
                .checked_add(OBJECT_BYTES)?,
        };
        if !(OBJECT_BYTES..=bytes.len() - at).contains(&whole) {
            return None;
        }
        if index != 0 {
            objects.insert(index, (at + OBJECT_BYTES, size));
        }
        at += whole;
    }
    Some(objects)
}

/// The length, the address of the heap and the index there of an identifier.
fn split(id: &[u8]) -> Option<(usize, u64, u32)> {
    let id: &[u8; HEAP_ID] = id.try_into().ok()?;
    let count = u32::from_le_bytes([id[0], id[1], id[2], id[3]]);
    let index = u32::from_le_bytes([id[12], id[13], id[14], id[15]]);
    Some((count as usize, word(&id[4..]), index))
}

/// The 8 bytes at the start of `bytes` as a number.
pub fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(word)
}
