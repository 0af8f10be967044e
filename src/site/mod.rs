//! The vocabulary: values every stage speaks in. It exists so that a path, a hash or a coding is checked once, at
//! the gate, and never again. It must never do I/O and imports nothing of ours.

mod coding;
mod hash;
mod media;
mod name;
mod path;
mod response;

pub use coding::{Coding, EncodedBody};
pub use hash::ContentHash;
pub use media::MediaType;
pub use name::{SiteName, SiteNameError};
pub use path::{BasePath, PathError, SitePath};
pub use response::{Field, Mode, Response, SiteImage};
