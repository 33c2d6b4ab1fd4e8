//! The checksum of HDF5 metadata blocks: Bob Jenkins's lookup3.
//!
//! Source: Jenkins 2006, `hashlittle`, with initial value 0

/// Bytes per mixing step.
const BLOCK: usize = 12;
/// The initial value of each of the three words, before the length is added.
const INITIAL: u32 = 0xdead_beef;

/// Whether `block` ends with the checksum of the preceding bytes.
pub fn is_valid(block: &[u8]) -> bool {
    let Some((bytes, stored)) = block.split_last_chunk::<4>() else {
        return false;
    };
    lookup3(bytes) == u32::from_le_bytes(*stored)
}

fn lookup3(bytes: &[u8]) -> u32 {
    let start = INITIAL.wrapping_add(bytes.len() as u32);
    let mut state = [start; 3];
    // The last block, full or partial, uses a different mixing function.
    let blocks = bytes.len().saturating_sub(1) / BLOCK;
    let (full, last) = bytes.split_at(blocks * BLOCK);
    for block in full.chunks_exact(BLOCK) {
        add(&mut state, block);
        mix(&mut state);
    }
    if !last.is_empty() {
        add(&mut state, last);
        finish(&mut state);
    }
    state[2]
}

/// Adds up to twelve bytes as little-endian words.
fn add(state: &mut [u32; 3], bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        let word = &mut state[index / 4];
        *word = word.wrapping_add(u32::from(*byte) << (8 * (index % 4)));
    }
}

fn mix([a, b, c]: &mut [u32; 3]) {
    let step = |x: &mut u32, y: &mut u32, z: u32, bits: u32| {
        *x = x.wrapping_sub(*y) ^ y.rotate_left(bits);
        *y = y.wrapping_add(z);
    };
    step(a, c, *b, 4);
    step(b, a, *c, 6);
    step(c, b, *a, 8);
    step(a, c, *b, 16);
    step(b, a, *c, 19);
    step(c, b, *a, 4);
}

fn finish([a, b, c]: &mut [u32; 3]) {
    let step = |x: &mut u32, y: u32, bits: u32| *x = (*x ^ y).wrapping_sub(y.rotate_left(bits));
    step(c, *b, 14);
    step(a, *c, 11);
    step(b, *a, 25);
    step(c, *b, 16);
    step(a, *c, 4);
    step(b, *a, 14);
    step(c, *b, 24);
}
