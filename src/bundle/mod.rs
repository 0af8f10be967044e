//! The layout of a bundle as its writer (`pack`) and its reader (`map`) share it: sizes, records, the hash of a path,
//! the text of a derived field. It exists so that the two cannot come to differ. It never reads or writes a file.
//!
#![doc = include_str!("FORMAT.md")]

mod field;
mod folder;
mod header;
mod record;
mod route;
mod tables;

pub use field::{Derived, FieldFault, LENGTH_DIGITS, MAX_FIELDS, check_field, check_status};
pub use folder::{
    BundleName, CURRENT, LOCK, MANIFEST_FILE, MAPS, TEMPORARY_BUNDLE, TEMPORARY_CURRENT, TEMPORARY_MANIFEST,
    TEMPORARY_MAP,
};
pub use header::{HEADER_SIZE, Header, MAGIC, MANIFEST, RULES, VERSION};
pub use record::{Block, Body, Entry, Line, Record, Representation, Slot, TextRef};
pub use route::{MAX_PROBES, RouteHash};
pub use tables::{ALIGNMENT, GENERATION, Table, Tables, aligned, generation_of};
