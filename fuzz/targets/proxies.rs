//! Any bytes before a connection's own, any `Forwarded` fields, any frames: taken apart without a panic, without reading
//! too far, and without believing a client. The first byte says what the rest is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sitekit::serve::{
    Client,
    forwarded::{self, Forwarding},
    frames::Scanner,
    proxy_protocol::{self, Parsed},
};

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => header(bytes),
        1 => fields(bytes),
        _ => frames(bytes),
    }
});

/// Read as a connection reads it. What came with the last piece is all header.
fn header(bytes: &[u8]) {
    let mut read = 0;
    while let Ok(Parsed::More(more)) = proxy_protocol::parse(&bytes[..read]) {
        assert!(more > 0);
        read += more;
        if read > bytes.len() {
            return;
        }
    }
    if let Ok(Parsed::Header(_)) = proxy_protocol::parse(&bytes[..read]) {
        assert!(read <= 16 + 4096);
    }
}

/// What a trusted proxy appended stands, whatever is left of it.
fn fields(bytes: &[u8]) {
    let client = "192.0.2.1".parse().ok();
    let appended = [bytes, b", for=192.0.2.1"].concat();
    let customary = [bytes, b", 192.0.2.1"].concat();
    for forwarding in [
        Forwarding { forwarded: &[&appended], ..Forwarding::default() },
        Forwarding { x_for: &[&customary], x_proto: &[bytes], x_host: &[bytes], ..Forwarding::default() },
    ] {
        let found = forwarded::client(Client::default(), forwarding, |_| false);
        assert_eq!(found.map(|found| found.address), Ok(client));
    }
}

/// The same resets, however the bytes are cut.
fn frames(bytes: &[u8]) {
    assert_eq!(resets(bytes.chunks(1)), resets([bytes].into_iter()));
}

fn resets<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u32> {
    let (mut scanner, mut found) = (Scanner::of_client(), Vec::new());
    pieces.for_each(|piece| scanner.scan(piece, |code| found.push(code)));
    found
}
