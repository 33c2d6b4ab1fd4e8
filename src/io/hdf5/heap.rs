//! A look at the heaps that hold texts of varying length. The library walks through a heap by the
//! sizes it finds there; a size of 0 in a damaged file keeps it in one place for ever.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::fault;
use crate::base::Result;
use crate::io::atomic::system;

/// How a heap begins: its name, version 1, three bytes of 0.
const HEAD: &[u8] = b"GCOL\x01\0\0\0";
/// The head and the size after it, with the 8-byte sizes that all but tiny files have.
const HEAD_BYTES: u64 = 16;
/// What stands before each object: number, references, reserved, size.
const OBJECT_BYTES: u64 = 16;
/// Objects begin at multiples of this.
const ALIGNED: u64 = 8;
/// How much is looked through at once.
const PIECE: usize = 1 << 20;

/// Errors: `File` if a heap contradicts itself, or the file cannot be read
pub fn check(path: &Path) -> Result<()> {
    let checked = File::open(path).and_then(|mut file| {
        let places = heaps(&mut file)?;
        let length = file.metadata()?.len();
        let sound = |place: &u64| walk(&mut file, *place, length);
        places.iter().map(sound).collect::<io::Result<Vec<bool>>>()
    });
    let sound = checked.map_err(|source| system(path, "reading", source))?;
    match sound.iter().all(|sound| *sound) {
        true => Ok(()),
        false => Err(fault::damaged(path, "a heap of texts contradicts itself")),
    }
}

/// Where heaps begin.
fn heaps(file: &mut File) -> io::Result<Vec<u64>> {
    let (mut places, mut window, mut start) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        let kept = window.len();
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut window)?;
        let found = window.windows(HEAD.len()).enumerate();
        let found = found.filter(|(_, bytes)| bytes[0] == HEAD[0] && *bytes == HEAD);
        places.extend(found.map(|(index, _)| start + index as u64));
        if read == 0 {
            places.dedup();
            return Ok(places);
        }
        // A head may lie across two pieces; one that was found whole is not found again.
        let next = (kept + read).saturating_sub(HEAD.len() - 1);
        window.drain(..next);
        start += next as u64;
    }
}

/// Whether the objects of the heap at `place` fill it exactly, as the library expects.
fn walk(file: &mut File, place: u64, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(place + HEAD.len() as u64))?;
    let mut file = BufReader::new(file);
    let mut word = [0; 8];
    if file.read_exact(&mut word).is_err() {
        return Ok(false);
    }
    let size = u64::from_le_bytes(word);
    if size < HEAD_BYTES || size > length - place {
        return Ok(false);
    }
    let mut left = size - HEAD_BYTES;
    while left >= OBJECT_BYTES {
        let mut head = [0; OBJECT_BYTES as usize];
        file.read_exact(&mut head)?;
        let number = u16::from_le_bytes([head[0], head[1]]);
        word.copy_from_slice(&head[8..]);
        let size = u64::from_le_bytes(word);
        // Number 0 is the room that is left, and counts its own head.
        let whole = match number {
            0 => Some(size),
            _ => size
                .checked_next_multiple_of(ALIGNED)
                .and_then(|s| s.checked_add(OBJECT_BYTES)),
        };
        let Some(whole) = whole.filter(|whole| (OBJECT_BYTES..=left).contains(whole)) else {
            return Ok(false);
        };
        file.seek_relative((whole - OBJECT_BYTES) as i64)?;
        left -= whole;
    }
    Ok(true)
}
