//! The vocabulary: values every stage speaks in. It exists so that a path, a hash or a coding is checked once, at
//! the gate, and never again. It must never do I/O and imports nothing of ours.

mod assets;
mod coding;
mod cors;
mod destination;
mod hash;
mod held;
mod host;
mod media;
mod moves;
mod name;
mod path;
mod pattern;
mod protection;
mod response;
mod rules;
mod text;

pub use assets::{BuiltEntry, BuiltFile, BuiltKind, BuiltModule, Manifest, ManifestError};
pub use coding::{Coding, EncodedBody};
pub use cors::{Cors, FieldName, FieldNameError, Origin, OriginError, Origins};
pub use destination::{Destination, DestinationError};
pub use hash::ContentHash;
pub use held::{Aside, Body, Shelf};
pub use host::{Host, HostError, HostPattern};
pub use media::MediaType;
pub use moves::{How, Move, RedirectStatus, RedirectStatusError};
pub use name::{SiteName, SiteNameError};
pub use path::{BasePath, PathError, SitePath};
pub use pattern::{Captures, PathPattern, PatternError, SPLAT};
pub use protection::{PasswordHash, Protected, ProtectionError, Realm, UserName};
pub use response::{Field, Mode, Response, SiteImage};
pub use rules::{ErrorStatus, ErrorStatusError, Maintenance, Rules, RulesError, TrailingSlash};
