//! Pure transforms: inputs to outputs and diagnostics. A transform cannot open a file or read a clock.

pub mod highlight;
pub mod markdown;
