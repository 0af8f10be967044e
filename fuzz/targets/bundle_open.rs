//! Any bytes, opened as a bundle: refused, or a bundle in which every accessor works and which packs to an equal one.
//! The checksum is made right first, or no input would get behind it; files whose own is wrong are tried as well.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sitekit::{
    bundle::{GENERATION, Header, Tables, VERSION, generation_of},
    map::Bundle,
    pack::seal,
};

fuzz_target!(|bytes: &[u8]| {
    // The error is a sentence; whatever is in the file, saying it must work.
    if let Err(error) = Bundle::from_bytes(Bytes::copy_from_slice(bytes)) {
        assert!(!error.to_string().is_empty());
    }
    match Bundle::from_bytes(Bytes::from(rehashed(bytes))) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(bundle) => exercise(&bundle),
    }
});

/// The file with what a fuzzer cannot guess made right: the version, the length and the hash.
fn rehashed(bytes: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file.resize(file.len().max(128).next_multiple_of(8), 0);
    let header = Header { version: VERSION, file_len: file.len() as u64, ..Header::read(&file) };
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    file[..bytes.len()].copy_from_slice(&bytes);
    let end = Tables::of(&header).and_then(|tables| usize::try_from(tables.end()).ok());
    if let Some(head) = end.and_then(|end| file.get(..end)) {
        let generation = generation_of(head);
        file[GENERATION].copy_from_slice(generation.as_bytes());
    }
    file
}

fn exercise(bundle: &Bundle) {
    let replica = bundle.replica();
    for (path, id) in bundle.routes() {
        assert_eq!(bundle.lookup(path), Some(id));
        let entry = replica.entry(id);
        assert_eq!(entry.path(), path);
        assert!((200..600).contains(&entry.status()));
        assert!((1..=4).contains(&entry.representations().len()));
        assert_eq!(entry.representations().next().map(|first| first.id()), Some(entry.identity().id()));
        for representation in entry.representations() {
            let fields = entry.header_map(&representation);
            assert_eq!(fields["content-length"], representation.body().len().to_string().as_str());
            assert_eq!(fields["etag"], representation.etag());
            assert_eq!(fields.contains_key("vary"), entry.is_negotiated());
            assert!(fields.len() >= entry.fields().count() + 2, "no field is lost");
            // Most bodies do not match their hash here; the check must only be total.
            let _ = representation.verify();
        }
    }
    for absent in ["", "/no/such/path", "no path"] {
        assert_eq!(bundle.lookup(absent).is_some(), bundle.routes().any(|(path, _)| path == absent));
    }
    for path in bundle.rules().error_pages.values() {
        assert!(bundle.lookup(path.as_str()).is_some(), "a page for an error is a route");
    }
    for path in bundle.manifest().files.keys() {
        assert!(bundle.lookup(path).is_some(), "a file that was built is a route");
    }
    assert!(bundle.not_found().is_none_or(|id| id.index() < bundle.routes().len()));
    let image = bundle.to_image();
    assert_eq!(image.routes.len(), bundle.routes().len());
    let sealed = seal(&image).expect("what a bundle held can be in a bundle");
    let again = Bundle::from_bytes(Bytes::from(sealed.pieces().flat_map(|piece| piece.expect("it is in memory")).collect::<Vec<_>>()));
    assert_eq!(again.expect("what was sealed opens").to_image(), image);
}
