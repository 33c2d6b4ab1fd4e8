//! The threefry-2x32 block cipher with 20 rounds: maps a key and a counter to 64 random bits.
//!
//! Source: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".

/// Number of counters encrypted together: two AVX-512 registers of words; interleaving two chains
/// of dependent operations hides their latency.
pub const LANES: usize = 32;

/// Rotation constants of the rounds, four per group; the groups alternate.
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// Constant of the third word of the key schedule.
const PARITY: u32 = 0x1BD1_1BDA;

/// The encrypted counter `x`.
#[inline(always)]
pub fn threefry(key: [u32; 2], x: [u32; 2]) -> [u32; 2] {
    let schedule = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
    let [mut a, mut b] = [x[0].wrapping_add(key[0]), x[1].wrapping_add(key[1])];
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            a = a.wrapping_add(b);
            b = b.rotate_left(rotation) ^ a;
        }
        a = a.wrapping_add(schedule[(group + 1) % 3]);
        b = b
            .wrapping_add(schedule[(group + 2) % 3])
            .wrapping_add(group as u32 + 1);
    }
    [a, b]
}

/// The first and the second words of [`LANES`] encrypted counters.
#[inline(always)]
pub fn threefry_lanes(
    key: [u32; 2],
    mut first: [u32; LANES],
    mut second: [u32; LANES],
) -> [[u32; LANES]; 2] {
    for l in 0..LANES {
        [first[l], second[l]] = threefry(key, [first[l], second[l]]);
    }
    [first, second]
}

/// The counters `start`, `start + 1`, ..., with wrapping.
#[inline(always)]
pub fn counters(start: u32) -> [u32; LANES] {
    let mut counters = [0; LANES];
    for (l, counter) in counters.iter_mut().enumerate() {
        *counter = start.wrapping_add(l as u32);
    }
    counters
}

/// The high and the low words of the 64-bit counters `start`, `start + 1`, ...
#[inline(always)]
pub fn wide_counters(start: u64) -> [[u32; LANES]; 2] {
    let low = counters(start as u32);
    let mut high = [(start >> 32) as u32; LANES];
    for l in 0..LANES {
        high[l] = high[l].wrapping_add(u32::from(low[l] < start as u32));
    }
    [high, low]
}
