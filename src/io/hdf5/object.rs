//! The header of an object, read past the library: whether it is a virtual dataset, whose sources
//! stand in a heap that the library reads as soon as the dataset is opened.

use super::checksum;
use super::disk::{Disk, word};
use crate::base::Result;

/// The message that describes the layout of a dataset, and the one that leads to more messages.
const LAYOUT: u16 = 8;
const CONTINUATION: u16 = 16;
/// The class of a virtual dataset in a layout of version 4.
const VIRTUAL: [u8; 2] = [4, 3];
/// More blocks than any real header has.
const BLOCKS: usize = 64;
/// More bytes than any real block has that comes before the layout.
const BLOCK_BYTES: u64 = 1 << 20;

/// Where messages stand: address and length.
type Block = (u64, u64);

/// Whether the object at `address` can be opened: it is no virtual dataset, or its list of sources
/// has the right checksum. The library decodes the list before it looks at the checksum. Bytes that
/// make no header are left to the library, which refuses them.
pub fn is_sound(disk: &mut Disk, address: u64) -> Result<bool> {
    match sources(disk, address)? {
        Some((heap, index)) => Ok(disk.object(heap, index)?.is_some_and(checksum::holds)),
        None => Ok(true),
    }
}

/// The heap with the sources of a virtual dataset and the index there; none for other objects, and
/// for virtual datasets without sources.
fn sources(disk: &mut Disk, address: u64) -> Result<Option<(u64, u32)>> {
    let head = disk.bytes(address, 64)?;
    let Some((version, first)) = start(&head, address) else {
        return Ok(None);
    };
    let mut blocks = vec![first];
    let mut seen = 0;
    while let Some((address, length)) = blocks.pop() {
        seen += 1;
        if seen > BLOCKS {
            break;
        }
        let bytes = disk.bytes(address, length.min(BLOCK_BYTES))?;
        for (kind, body) in messages(&bytes, version) {
            match kind {
                LAYOUT if body.starts_with(&VIRTUAL) && body.len() >= 14 => {
                    let index = u32::from_le_bytes([body[10], body[11], body[12], body[13]]);
                    let heap = word(&body[2..]);
                    return Ok((heap != u64::MAX).then_some((heap, index)));
                }
                CONTINUATION if body.len() >= 16 => {
                    blocks.push(continued(word(body), word(&body[8..]), version));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// How messages are written in a header.
#[derive(Debug, Clone, Copy)]
enum Version {
    One,
    Two { ordered: bool },
}

/// The first block of messages of the header that begins with `head`.
fn start(head: &[u8], address: u64) -> Option<(Version, Block)> {
    /// The head of version 1, whose messages begin at a multiple of 8.
    const HEAD: u64 = 16;
    if head.starts_with(b"OHDR\x02") {
        let flags = *head.get(5)?;
        let times = if flags & 0x20 == 0 { 0 } else { 16 };
        let phases = if flags & 0x10 == 0 { 0 } else { 4 };
        let (at, width) = (6 + times + phases, 1 << (flags & 3));
        let size = head.get(at..at + width)?;
        let size = size
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let ordered = flags & 4 != 0;
        let first = address.saturating_add((at + width) as u64);
        return Some((Version::Two { ordered }, (first, size)));
    }
    let size = head.get(8..12).filter(|_| head[0] == 1)?;
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]);
    Some((Version::One, (address.saturating_add(HEAD), size.into())))
}

/// The messages of a further block: in version 2 it has a name before and a checksum after them.
fn continued(address: u64, length: u64, version: Version) -> Block {
    match version {
        Version::One => (address, length),
        Version::Two { .. } => (address.saturating_add(4), length.saturating_sub(8)),
    }
}

/// The messages in a block, with their types.
fn messages(mut bytes: &[u8], version: Version) -> Vec<(u16, &[u8])> {
    let mut messages = Vec::new();
    let head = match version {
        Version::One => 8,
        Version::Two { ordered: false } => 4,
        Version::Two { ordered: true } => 6,
    };
    while bytes.len() >= head {
        let (kind, size) = match version {
            Version::One => (
                u16::from_le_bytes([bytes[0], bytes[1]]),
                u16::from_le_bytes([bytes[2], bytes[3]]),
            ),
            Version::Two { .. } => (bytes[0].into(), u16::from_le_bytes([bytes[1], bytes[2]])),
        };
        let end = head + usize::from(size);
        let Some(body) = bytes.get(head..end) else {
            break;
        };
        messages.push((kind, body));
        bytes = &bytes[end..];
    }
    messages
}
