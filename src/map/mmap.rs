//! Maps a file into memory. The only unsafe code of the program, and small, so that its promise can be read in one
//! sitting; it must never map anything but a bundle.

use std::{fs::File, io};

use bytes::Bytes;
use memmap2::Mmap;

/// The whole of a file, read when it is touched.
///
/// # Errors
/// When it cannot be mapped.
#[expect(unsafe_code, reason = "see the promise below")]
pub(super) fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the slice is sound as long as no one changes or shortens the file while it is mapped. sitekit never
    // does: a bundle is written under another name, synced, and only then renamed to this one; after that it is
    // replaced or removed, which leaves the mapped file as it is, but never written to or truncated
    // (`pack::Sealed::commit`). Whoever else may write to the build folder could break that promise, and might as well
    // replace the program. Reading does not rely on the content: text is checked where it becomes a `str`, and every
    // offset where it is used.
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
