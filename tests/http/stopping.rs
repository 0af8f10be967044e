//! Stopping: what is in flight is finished, what is idle is closed.

use std::{io::BufRead, net::TcpStream};

use sitekit::{serve::Phase, site::SitePath};

use crate::{Setup, client::request, file, images, start};

#[test]
fn stopping_closes_idle_connections_and_takes_no_new_ones() {
    let mut server = start(Setup::default(), &images());
    let (mut fresh, mut idle) = (server.connect(), server.connect());
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    fresh.stream.set_nodelay(true).unwrap();
    server.stop();
    assert!(idle.is_closed() && fresh.is_closed());
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn stopping_finishes_what_is_in_flight() {
    let mut sites = images();
    let huge = "x".repeat(32 << 20);
    sites[0].routes.insert(SitePath::parse("/huge.bin").unwrap(), file("application/octet-stream", &huge, &[]));
    let mut server = start(Setup::default(), &sites);
    let mut download = server.connect();
    download.send(request("GET", "/docs/huge.bin", &[]));
    // Its head is here, so it is in flight; there is no room for all of it between server and client.
    download.reader.fill_buf().unwrap();
    server.stopper.go_to(Phase::Draining);
    let reply = download.receive("GET").unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, huge.len()));
    assert!(download.is_closed());
    server.stop();
}

#[test]
fn stopping_at_once_waits_for_no_one() {
    let mut server = start(Setup::default(), &images());
    let mut half = server.connect();
    half.send("GET /docs/ HTTP/1.1\r\n");
    server.stopper.go_to(Phase::Stopped);
    server.stop();
    assert!(half.is_closed());
}
