//! A bundle larger than the memory it may use answers as any other.

use std::time::Instant;

use sitekit::{observe::Report, site::SitePath};

use crate::{Running, Setup, file, images, start};

#[test]
fn bundles_larger_than_memory_answer_the_same() {
    let mut sites = images();
    let large: String = (0..3_000_000).map(|n| char::from(b'a' + u8::try_from(n % 23).unwrap())).collect();
    sites[0].routes.insert(SitePath::parse("/large.bin").unwrap(), file("application/octet-stream", &large, &[]));
    // Less than the bundle, so that nothing of it is kept as a whole.
    let small = start(Setup { memory: 1 << 20, ..Setup::default() }, &sites);
    let roomy = start(Setup::default(), &sites);
    let mut connections = [small.connect(), roomy.connect()];
    for round in 0..2 {
        for (target, fields) in [
            ("/docs/", &[("Accept-Encoding", "br")][..]),
            ("/docs/long.bin", &[]),
            ("/docs/long.bin", &[("Range", "bytes=5-9,50000-50009")]),
            ("/docs/nope", &[]),
            ("/docs/large.bin", &[]),
            ("/docs/large.bin", &[("Range", "bytes=1000000-1999999")]),
            ("/docs/large.bin", &[("Range", "bytes=0-9,1000000-1999999,-300000")]),
        ] {
            let [cold, warm] = connections.each_mut().map(|connection| {
                let mut reply = connection.ask("GET", target, fields);
                reply.fields.retain(|(name, _)| name != "date");
                reply
            });
            assert!(cold == warm, "{target} {fields:?} in round {round}");
        }
    }
    drop(connections);
    let cache = |running: &Running| Report::of(&running.registry, Instant::now()).total.cache;
    assert!(cache(&small).misses > 0 && cache(&small).hits > 0, "{:?}", cache(&small));
    assert_eq!(cache(&roomy).misses, 0);
}
