//! The vocabulary: values every stage speaks in. It exists so that a path, a hash or a coding is checked once, at
//! the gate, and never again. It must never do I/O and imports nothing of ours.

mod coding;
mod hash;
mod host;
mod media;
mod name;
mod path;
mod pattern;
mod response;
mod rules;

pub use coding::{Coding, EncodedBody};
pub use hash::ContentHash;
pub use host::{Host, HostError, HostPattern};
pub use media::MediaType;
pub use name::{SiteName, SiteNameError};
pub use path::{BasePath, PathError, SitePath};
pub use pattern::{Captures, PathPattern, PatternError, SPLAT};
pub use response::{Field, Mode, Response, SiteImage};
pub use rules::{Cors, How, Maintenance, Move, Protected, Rules, TrailingSlash};
