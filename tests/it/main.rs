//! x
mod tensor;
