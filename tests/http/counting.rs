//! What is counted, and for whom.

use std::{collections::BTreeMap, time::Instant};

use sitekit::observe::Report;

use crate::{Setup, client::wait_until, images, start};

#[test]
fn every_answer_is_counted_where_it_belongs() {
    let server = start(Setup::default(), &images());
    let mut connection = server.connect();
    for (target, fields) in [
        ("/docs/", &[("Accept-Encoding", "br")][..]),
        ("/docs/", &[("Accept-Encoding", "gzip")]),
        ("/docs/plain.bin", &[]),
        ("/docs/nope", &[]),
        ("/docs/guide", &[]),
        ("/app/", &[]),
        ("/nowhere", &[]),
    ] {
        connection.ask("GET", target, fields);
    }
    drop(connection);
    wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 0);
    let report = Report::of(&server.registry, Instant::now());
    let sites: BTreeMap<_, _> = report.sites.iter().map(|site| (site.site.as_str(), &site.traffic)).collect();
    let docs = sites["docs"];
    assert_eq!(
        (docs.requests, docs.statuses.successful, docs.statuses.redirection, docs.statuses.client_error),
        (5, 3, 1, 1)
    );
    assert_eq!((docs.codings.br, docs.codings.gzip, docs.codings.identity), (1, 1, 2));
    assert_eq!((docs.cache.hits, docs.cache.misses), (4, 0));
    assert!(docs.bytes > 500 && docs.latency_ns.p50 > 0 && docs.latency_ns.p50 <= docs.latency_ns.max);
    assert_eq!((sites["app"].requests, sites["-"].requests, report.total.requests), (1, 1, 7));
    assert_eq!(report.connections.accepted, 1);
}
