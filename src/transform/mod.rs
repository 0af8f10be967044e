//! Pure transforms: inputs to outputs and diagnostics. A transform cannot open a file or read a clock.

pub mod absolute;
pub mod base;
pub mod contained;
pub mod css;
pub mod data;
pub mod digest;
mod escape;
pub mod formats;
pub mod highlight;
pub mod html;
pub mod images;
pub mod links;
pub mod markdown;
pub mod placeholder;
pub mod policy;
pub mod preload;
pub mod recalled;
pub mod render;
pub mod requests;
pub mod script;
pub mod search;
pub mod unused;
