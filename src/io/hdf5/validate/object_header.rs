//! Validation of object headers without the library: a virtual dataset stores its sources in a heap
//! that the library reads as soon as the dataset is opened.

use super::checksum;
use super::raw_file::{RawFile, read_u64};
use crate::base::Result;

/// Message types: the layout of a dataset, and a continuation block with more messages.
const LAYOUT: u16 = 8;
const CONTINUATION: u16 = 16;
/// The class of a virtual dataset in a version 4 layout message.
const VIRTUAL: [u8; 2] = [4, 3];
/// Maximum number of header blocks, far above the number in valid files.
const MAX_BLOCKS: usize = 64;
/// Maximum size of a block before the layout message, far above the size in valid files.
const MAX_BLOCK_BYTES: u64 = 1 << 20;

/// Address and length of a block of messages.
type Block = (u64, u64);

/// Whether the object at `address` can be opened safely: it is not a virtual dataset, or its source
/// list has the correct checksum. The library decodes the list before it verifies the checksum.
/// Bytes that are not a header are left to the library, which rejects them.
pub fn is_valid(raw_file: &mut RawFile, address: u64) -> Result<bool> {
    match sources(raw_file, address)? {
        Some((heap, index)) => Ok(raw_file
            .object(heap, index)?
            .is_some_and(checksum::is_valid)),
        None => Ok(true),
    }
}

/// The heap address and index of the source list of a virtual dataset; None for other objects and
/// for virtual datasets without sources.
fn sources(raw_file: &mut RawFile, address: u64) -> Result<Option<(u64, u32)>> {
    let head = raw_file.bytes(address, 64)?;
    let Some((version, first)) = first_block(&head, address) else {
        return Ok(None);
    };
    let mut blocks = vec![first];
    let mut seen = 0;
    while let Some((address, length)) = blocks.pop() {
        seen += 1;
        if seen > MAX_BLOCKS {
            break;
        }
        let bytes = raw_file.bytes(address, length.min(MAX_BLOCK_BYTES))?;
        for (kind, body) in messages(&bytes, version) {
            match kind {
                LAYOUT if body.starts_with(&VIRTUAL) && body.len() >= 14 => {
                    let index = u32::from_le_bytes([body[10], body[11], body[12], body[13]]);
                    let heap = read_u64(&body[2..]);
                    return Ok((heap != u64::MAX).then_some((heap, index)));
                }
                CONTINUATION if body.len() >= 16 => {
                    blocks.push(continuation(read_u64(body), read_u64(&body[8..]), version));
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// The header format.
#[derive(Debug, Clone, Copy)]
enum HeaderVersion {
    One,
    Two { ordered: bool },
}

/// The format and the first block of messages of the header that starts with `head`.
fn first_block(head: &[u8], address: u64) -> Option<(HeaderVersion, Block)> {
    /// Size of the version 1 prefix; the messages start at a multiple of 8.
    const PREFIX: u64 = 16;
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
        return Some((HeaderVersion::Two { ordered }, (first, size)));
    }
    let size = head.get(8..12).filter(|_| head[0] == 1)?;
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]);
    Some((
        HeaderVersion::One,
        (address.saturating_add(PREFIX), size.into()),
    ))
}

/// The message range of a continuation block: in version 2 the block has a signature before and a
/// checksum after the messages.
fn continuation(address: u64, length: u64, version: HeaderVersion) -> Block {
    match version {
        HeaderVersion::One => (address, length),
        HeaderVersion::Two { .. } => (address.saturating_add(4), length.saturating_sub(8)),
    }
}

/// The messages in a block, with their types.
fn messages(mut bytes: &[u8], version: HeaderVersion) -> Vec<(u16, &[u8])> {
    let mut messages = Vec::new();
    let head = match version {
        HeaderVersion::One => 8,
        HeaderVersion::Two { ordered: false } => 4,
        HeaderVersion::Two { ordered: true } => 6,
    };
    while bytes.len() >= head {
        let (kind, size) = match version {
            HeaderVersion::One => (
                u16::from_le_bytes([bytes[0], bytes[1]]),
                u16::from_le_bytes([bytes[2], bytes[3]]),
            ),
            HeaderVersion::Two { .. } => {
                (bytes[0].into(), u16::from_le_bytes([bytes[1], bytes[2]]))
            }
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
