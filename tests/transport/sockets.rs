//! Unix sockets: HTTP as anywhere else, from peers that are trusted because they may open the file.

use std::{
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
};

use sitekit::serve::{Listening, Protocol, Settings};

use crate::{
    client::PATIENCE,
    rig::{Rig, tcp, unix},
};

fn ask(stream: &mut UnixStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn http_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.sock");
    let listening = vec![
        Listening { sockets: unix(&path), protocol: Protocol::ToHttps { port: 443 }, proxy: false },
        Listening::plain(tcp()),
    ];
    let mut rig = Rig::with(Settings::default(), listening);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let connect = || {
        let stream = UnixStream::connect(&path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let fields = "Host: a\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1\r\n";
    for (proto, expected) in [("http", "HTTP/1.1 308"), ("https", "HTTP/1.1 200")] {
        let request = format!("GET /docs/small.txt HTTP/1.1\r\n{fields}X-Forwarded-Proto: {proto}\r\n\r\n");
        let answer = ask(&mut connect(), &request);
        assert!(answer.starts_with(expected), "{answer}");
    }
    // Several places at once.
    assert_eq!(crate::client::Connection::to(rig.places[1].address().unwrap()).ask("GET", "/docs/", &[]).status, 200);
    rig.stop();
    assert!(!path.exists());
}
