//! The sublayers of a network: its layers in each direction.

/// A layer index from 0, and a direction: 0 forward in time, 1 reverse.
pub type Sublayer = (usize, usize);

/// The suffix of the block names of a sublayer.
pub fn suffix((layer, direction): Sublayer) -> String {
    let level = match layer {
        0 => String::new(),
        _ => format!("_l{layer}"),
    };
    format!("{level}{}", reverse(direction))
}

/// The suffix of a direction.
pub fn reverse(direction: usize) -> &'static str {
    ["", "_reverse"][direction]
}
