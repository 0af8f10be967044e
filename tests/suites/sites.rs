//! The three sites of this repository, built and served: every media type they have, in every coding, whole and in
//! part, and what they say where there is nothing.

use std::collections::BTreeSet;

use sitekit::{
    map,
    site::{Coding, SiteName, SitePath},
};

use crate::{
    lint::{BAD_REQUEST, Explained, exchange, judge},
    server::{Server, sitekit},
    tools,
};

const EXPLAINED: Explained = &[BAD_REQUEST];

#[test]
fn every_kind_of_answer_of_the_three_sites() {
    if tools::skipped("httplint on the three sites") {
        return;
    }
    let build = tempfile::tempdir().unwrap();
    tools::run(sitekit().args(["build", "--quiet", "--build"]).arg(build.path()));
    let server = Server::start(build.path(), &[]);
    let (mut exchanges, mut addresses) = (Vec::new(), Vec::new());
    for site in ["app", "docs", "studio"] {
        let bundle = map::open_live(build.path(), &SiteName::parse(site).unwrap()).unwrap();
        let mut seen = BTreeSet::new();
        for (path, id) in bundle.routes() {
            let entry = bundle.entry(id);
            let kind: Vec<_> = entry.fields().filter(|(name, _)| !["link", "etag"].contains(name)).collect();
            let codings: Vec<_> = entry.representations().map(|found| found.coding()).collect();
            if !seen.insert((entry.status(), format!("{kind:?}{codings:?}"))) {
                continue;
            }
            let target = SitePath::parse(path).unwrap().to_url(bundle.base());
            let status = entry.status();
            let mut ask = |status, method: &str, fields: &[(&str, &str)]| {
                exchanges.push(exchange(&server, status, method, &target, fields));
            };
            for found in entry.representations() {
                let coding = [("Accept-Encoding", found.coding().token())];
                ask(status, "GET", &coding);
                ask(status, "HEAD", &coding);
                if status == 200 {
                    ask(304, "GET", &[coding[0], ("If-None-Match", found.etag())]);
                    ask(412, "GET", &[coding[0], ("If-Match", "\"other\"")]);
                    ask(416, "GET", &[coding[0], ("Range", "bytes=999999999-")]);
                }
                if status == 200 && found.len() > 10 && found.coding() == Coding::Identity {
                    ask(206, "GET", &[("Range", "bytes=0-4")]);
                    ask(206, "GET", &[("Range", "bytes=0-1,6-9")]);
                }
            }
            ask(405, "POST", &[]);
            // REDbot asks for a part, and of a small file the part is all of it.
            if status == 200 && entry.identity().len() > 1000 {
                addresses.push(format!("http://{}{target}", server.address));
            }
        }
        for (status, path) in [(404, "/nope.js"), (404, "/nope.0a1b2c3d.css"), (400, "/%00"), (308, "")] {
            exchanges.push(exchange(&server, status, "GET", &format!("/{site}{path}"), &[]));
        }
    }
    judge(&exchanges, &addresses, EXPLAINED);
}
