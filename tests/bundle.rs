//! The bundle: what is packed comes back, the same image gives the same bytes, whatever is not whole is refused, and
//! no crash, at whatever step of a commit, leaves a site without a whole bundle.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

#[path = "bundle/answers.rs"]
mod answers;
#[path = "bundle/commits.rs"]
mod commits;
#[path = "bundle/crashes.rs"]
mod crashes;
#[path = "bundle/damage.rs"]
mod damage;
#[path = "bundle/differences.rs"]
mod differences;
#[path = "bundle/disk.rs"]
mod disk;
#[path = "bundle/images.rs"]
mod images;
#[path = "bundle/inspect.rs"]
mod inspect;
#[path = "bundle/round_trip.rs"]
mod round_trip;

use bytes::Bytes;
use sitekit::{map::Bundle, pack::seal, site::SiteImage};

/// The bytes of the bundle of an image, in one piece.
fn packed(image: &SiteImage) -> Vec<u8> {
    seal(image).unwrap().pieces().flat_map(Result::unwrap).collect()
}

/// The bundle of an image, opened.
fn bundle(image: &SiteImage) -> Bundle {
    Bundle::from_bytes(Bytes::from(packed(image))).unwrap()
}
