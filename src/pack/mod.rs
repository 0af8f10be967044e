//! Writes bundles and publishes them by rename, because a reader must never see half of one. Laying a bundle out
//! ([`seal`]) does no I/O; only what came out of it, a [`Sealed`], can be committed.

mod commit;
mod disk;
mod routes;
mod seal;

pub use commit::{CommitError, Committed, KEEP, publish};
pub use disk::{Disk, DiskFile, Listed, RealDisk};
pub use seal::{SealError, Sealed, seal};
