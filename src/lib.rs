//! sitekit compiles, serves and instruments web sites. The modules in the order a newcomer should read them:
//! the vocabulary, what a build goes through, the bundle between build and server, the server, the command line.
//! ARCHITECTURE.md has the map and the rules; `tests/layers.rs` holds the code to them.

pub mod site;

#[cfg(feature = "compiler")]
pub mod agent;
#[cfg(feature = "compiler")]
pub mod assets;
#[cfg(feature = "compiler")]
pub mod compress;
pub mod diag;
#[cfg(feature = "compiler")]
pub mod external;
#[cfg(feature = "compiler")]
pub mod load;
#[cfg(feature = "compiler")]
pub mod pipeline;
#[cfg(feature = "compiler")]
pub mod plan;
#[cfg(feature = "compiler")]
pub mod remote;
#[cfg(feature = "compiler")]
pub mod transform;

pub mod bundle;
pub mod map;
pub mod pack;

pub mod observe;
pub mod serve;
#[cfg(feature = "compiler")]
pub mod watch;

pub mod cli;
