//! A hash of values, for fingerprints.

/// A 16-digit hexadecimal hash of the values.
///
/// Source: FNV-1a, one value at a time, with the upper half of the hash folded back
pub(crate) fn digest(values: impl Iterator<Item = f64>) -> String {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |hash: u64, x: f64| {
        let hash = (hash ^ x.to_bits()).wrapping_mul(PRIME);
        hash ^ hash >> 32
    };
    format!("{:016x}", values.fold(START, mix))
}
