//! TLS: which certificate is shown to whom, what happens when its files change, and HTTP over it.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use sitekit::{
    observe::Event,
    serve::{CertificateFiles, Hsts, Limits, Listening, Protocol, Settings, Tls, TlsSettings},
};

use crate::{
    client::{PATIENCE, Reply, request, wait_until},
    rig::{LARGE, Rig, tcp},
};

/// A certificate as the authority of these tests would give it.
struct Issued {
    files: CertificateFiles,
    certificate: CertificateDer<'static>,
}

fn issue(folder: &Path, file: &str, names: &[&str]) -> Issued {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let files = CertificateFiles { chain: folder.join(format!("{file}.crt")), key: folder.join(format!("{file}.key")) };
    fs::write(&files.chain, certificate.pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    Issued { files, certificate: certificate.der().clone() }
}

fn over_tls(tls: &Arc<Tls>) -> Vec<Listening> {
    vec![Listening { sockets: tcp(), protocol: Protocol::Tls(Arc::clone(tls)), proxy: false }]
}

fn open(issued: &[&Issued]) -> Arc<Tls> {
    Tls::open(settings(issued)).unwrap()
}

fn settings(issued: &[&Issued]) -> TlsSettings {
    TlsSettings { certificates: issued.iter().map(|issued| issued.files.clone()).collect() }
}

/// A client that trusts these certificates.
fn client(
    trusted: &[&Issued],
    protocols: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for issued in trusted {
        roots.add(issued.certificate.clone()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

const ANY: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn connect(rig: &Rig, config: &Arc<ClientConfig>, name: &str) -> Stream {
    let tcp = TcpStream::connect(rig.address()).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), tcp)
}

fn ask(stream: &mut Stream, target: &str) -> std::io::Result<Reply> {
    std::io::Write::write_all(stream, request("GET", target, &[]).as_bytes())?;
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Reply::read(stream, "GET").ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

/// The certificate a client that asks for `name` is shown, whether it trusts it or not.
fn shown(rig: &Rig, issued: &[&Issued], name: &str) -> Option<usize> {
    issued.iter().position(|one| {
        // A client that trusts only this one goes on only if it is shown this one.
        let mut stream = connect(rig, &client(&[one], &[], ANY), name);
        match ask(&mut stream, "/docs/small.txt") {
            // Whatever is said of the host it asks for.
            Ok(_) => true,
            Err(_) => stream.conn.peer_certificates().is_some_and(|shown| shown[0] == one.certificate),
        }
    })
}

#[test]
fn http_1_1_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let issued = issue(folder.path(), "a", &["a.example"]);
    let hsts = Hsts { max_age: Duration::from_mins(1), include_subdomains: false, preload: false };
    let rig = Rig::with(Settings { hsts: Some(hsts), ..Settings::default() }, over_tls(&open(&[&issued])));
    for (version, expected) in
        [(&rustls::version::TLS13, ProtocolVersion::TLSv1_3), (&rustls::version::TLS12, ProtocolVersion::TLSv1_2)]
    {
        for protocols in [&["http/1.1"][..], &[]] {
            let mut stream = connect(&rig, &client(&[&issued], protocols, &[version]), "a.example");
            for _ in 0..3 {
                let reply = ask(&mut stream, "/docs/small.txt").unwrap();
                assert_eq!((reply.status, reply.text()), (200, "small"));
                assert_eq!(reply.field("strict-transport-security"), Some("max-age=60"));
            }
            let large = ask(&mut stream, "/docs/large.txt").unwrap();
            assert_eq!(large.body.len(), LARGE);
            assert_eq!(stream.conn.protocol_version(), Some(expected));
            assert_eq!(ask(&mut stream, "/docs/nope").unwrap().status, 404);
        }
    }
}

#[test]
fn section_7_4_a_host_with_another_certificate_is_misdirected() {
    let folder = tempfile::tempdir().unwrap();
    let first = issue(folder.path(), "a", &["a.example", "www.a.example"]);
    let other = issue(folder.path(), "b", &["b.example", "*.c.example"]);
    let rig = Rig::with(Settings::default(), over_tls(&open(&[&first, &other])));
    let trusting = client(&[&first, &other], &[], ANY);
    for (name, host, expected) in [
        ("a.example", "a.example", 200),
        ("a.example", "A.example:8443", 200),
        ("a.example", "www.a.example", 200),
        ("a.example", "b.example", 421),
        ("a.example", "x.c.example", 421),
        ("x.c.example", "b.example", 200),
        ("b.example", "a.example:443", 421),
        // No certificate names it, so none is more right than this one.
        ("b.example", "elsewhere.example", 200),
    ] {
        let mut stream = connect(&rig, &trusting, name);
        let request = format!("GET /docs/small.txt HTTP/1.1\r\nHost: {host}\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        assert_eq!(Reply::read(&mut stream, "GET").unwrap().status, expected, "{name} {host}");
    }
}

#[test]
fn http_2_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let issued = issue(folder.path(), "a", &["a.example"]);
    let rig = Rig::with(Settings::default(), over_tls(&open(&[&issued])));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = client(&[&issued], &["h2", "http/1.1"], ANY);
        let tcp = tokio::net::TcpStream::connect(rig.address()).await.unwrap();
        let name = ServerName::try_from("a.example").unwrap();
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, tcp).await.unwrap();
        assert!(stream.get_ref().1.alpn_protocol().is_some_and(|chosen| chosen == b"h2"));
        // Room for all of them, because they are read one after another.
        let mut http = h2::client::Builder::new();
        http.initial_window_size(1 << 20).initial_connection_window_size(1 << 24);
        let (mut sender, connection) = http.handshake::<_, bytes::Bytes>(stream).await.unwrap();
        tokio::spawn(connection);
        let mut asked = Vec::new();
        for n in 0..40 {
            let path = ["/docs/medium.txt", "/docs/small.txt"][n % 2];
            let uri = format!("https://a.example{path}");
            let request = http::Request::get(uri).body(()).unwrap();
            std::future::poll_fn(|cx| sender.poll_ready(cx)).await.unwrap();
            let (response, _) = sender.send_request(request, true).unwrap();
            asked.push((path, response));
        }
        for (path, response) in asked {
            let mut response = response.await.unwrap();
            assert_eq!(response.status(), 200);
            let mut length = 0;
            while let Some(data) = response.body_mut().data().await {
                let data = data.unwrap();
                length += data.len();
                response.body_mut().flow_control().release_capacity(data.len()).unwrap();
            }
            assert_eq!(length, if path == "/docs/medium.txt" { 200_000 } else { 5 });
        }
    });
}

#[test]
fn certificates_are_chosen_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let default = issue(folder.path(), "default", &["default.example"]);
    let wildcard = issue(folder.path(), "wildcard", &["*.example.com", "example.com"]);
    let exact = issue(folder.path(), "exact", &["www.example.com"]);
    let all = [&default, &wildcard, &exact];
    let rig = Rig::with(Settings::default(), over_tls(&open(&all)));
    for (name, expected) in [
        ("default.example", Some(0)),
        ("example.com", Some(1)),
        ("a.example.com", Some(1)),
        ("A.Example.com", Some(1)),
        ("www.example.com", Some(2)),
    ] {
        assert_eq!(shown(&rig, &all, name), expected, "{name}");
    }
    // Shown the default, which is not for them.
    for stranger in ["other.example", "a.b.example.com", "127.0.0.1"] {
        let mut stream = connect(&rig, &client(&all, &[], ANY), stranger);
        let error = ask(&mut stream, "/docs/").unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{stranger}: {error}");
    }
}

#[test]
fn sessions_are_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let issued = issue(folder.path(), "a", &["a.example"]);
    let rig = Rig::with(Settings::default(), over_tls(&open(&[&issued])));
    for version in ANY {
        let config = client(&[&issued], &[], &[version]);
        let kinds: Vec<_> = (0..4)
            .map(|_| {
                let mut stream = connect(&rig, &config, "a.example");
                assert_eq!(ask(&mut stream, "/docs/small.txt").unwrap().status, 200);
                stream.conn.handshake_kind().unwrap()
            })
            .collect();
        assert_ne!(kinds[0], HandshakeKind::Resumed);
        // On whichever core it comes.
        assert!(kinds[1..].iter().all(|kind| *kind == HandshakeKind::Resumed), "{kinds:?}");
    }
}

#[test]
fn files_that_change_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = issue(folder.path(), "a", &["a.example"]);
    let tls = open(&[&first]);
    let rig = Rig::with(Settings::default(), over_tls(&tls));
    let mut kept = connect(&rig, &client(&[&first], &[], ANY), "a.example");
    assert_eq!(ask(&mut kept, "/docs/small.txt").unwrap().status, 200);
    // The server looks by itself.
    let second = issue(folder.path(), "a", &["a.example"]);
    wait_until(|| shown(&rig, &[&second], "a.example").is_some());
    assert_eq!(ask(&mut kept, "/docs/small.txt").unwrap().status, 200, "what is open stays open");
    // What is broken is refused, and the one before stays.
    for (file, text, part) in [
        (&second.files.chain, "nonsense", "holds no certificate"),
        (&second.files.key, "nonsense", "holds no private key"),
        (
            &second.files.key,
            &fs::read_to_string(issue(folder.path(), "b", &["b"]).files.key).unwrap(),
            "is not the one",
        ),
    ] {
        let before = fs::read(file).unwrap();
        // Of another length, so that the change shows whatever the clock of the file system.
        fs::write(file, format!("\n{text}")).unwrap();
        if let Err(error) = tls.refresh() {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(shown(&rig, &[&second], "a.example"), Some(0));
        fs::write(file, before).unwrap();
        let _ = tls.refresh();
    }
    fs::remove_file(&second.files.key).unwrap();
    let _ = tls.refresh();
    assert_eq!(shown(&rig, &[&second], "a.example"), Some(0));
    // Others on request.
    let other = issue(folder.path(), "other", &["a.example"]);
    tls.replace(settings(&[&other])).unwrap();
    assert_eq!(shown(&rig, &[&second, &other], "a.example"), Some(1));
    assert!(tls.replace(TlsSettings::default()).is_err());
    assert_eq!(shown(&rig, &[&other], "a.example"), Some(0));
}

#[test]
fn what_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (issue(folder.path(), "a", &["a"]), issue(folder.path(), "b", &["b"]));
    let junk = folder.path().join("junk");
    fs::write(&junk, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let pair = |chain: &PathBuf, key: &PathBuf| CertificateFiles { chain: chain.clone(), key: key.clone() };
    let missing = folder.path().join("missing");
    for (files, part) in [
        (pair(&missing, &a.files.key), "cannot be read"),
        (pair(&a.files.chain, &missing), "cannot be read"),
        (pair(&a.files.key, &a.files.key), "no certificate"),
        (pair(&a.files.chain, &a.files.chain), "no private key"),
        (pair(&a.files.chain, &b.files.key), "is not the one of the certificate"),
        (pair(&junk, &a.files.key), "junk"),
    ] {
        let error = Tls::open(TlsSettings { certificates: vec![files] }).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(Tls::open(TlsSettings::default()).unwrap_err().to_string().contains("needs a certificate"));
}

#[test]
fn a_handshake_has_a_time_limit() {
    let folder = tempfile::tempdir().unwrap();
    let issued = issue(folder.path(), "a", &["a.example"]);
    let limits = Limits { handshake_timeout: Duration::from_secs(1), ..Limits::default() };
    let rig = Rig::with(Settings { limits, ..Settings::default() }, over_tls(&open(&[&issued])));
    let mut silent = rig.connect();
    let mut half = rig.connect();
    half.send([0x16, 3, 1, 2, 0]);
    assert!(silent.is_closed() && half.is_closed());
    wait_until(|| rig.noted(Event::HandshakeTimeout) == 2);
    // What is no TLS at all is told so, and let go.
    let mut plain = rig.connect();
    plain.send(request("GET", "/docs/", &[]));
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain.reader, &mut answer);
    assert_eq!(answer.first(), Some(&0x15), "an alert: {answer:02x?}");
    wait_until(|| rig.open() == 0);
}

#[test]
fn a_proxy_before_tls() {
    let folder = tempfile::tempdir().unwrap();
    let issued = issue(folder.path(), "a", &["a.example"]);
    let listening = vec![Listening { sockets: tcp(), protocol: Protocol::Tls(open(&[&issued])), proxy: true }];
    let trusted = vec!["127.0.0.1/32".parse().unwrap()];
    let rig = Rig::with(Settings { trusted, ..Settings::default() }, listening);
    let mut stream = connect(&rig, &client(&[&issued], &[], ANY), "a.example");
    std::io::Write::write_all(&mut stream.sock, b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n").unwrap();
    assert_eq!(ask(&mut stream, "/docs/small.txt").unwrap().text(), "small");
}

#[test]
fn stopping_says_goodbye() {
    let folder = tempfile::tempdir().unwrap();
    let issued = issue(folder.path(), "a", &["a.example"]);
    let mut rig = Rig::with(Settings::default(), over_tls(&open(&[&issued])));
    let mut stream = connect(&rig, &client(&[&issued], &[], ANY), "a.example");
    assert_eq!(ask(&mut stream, "/docs/small.txt").unwrap().status, 200);
    rig.stop();
    // A close_notify, so that no one can have cut the answer short; without it this is an error.
    assert_eq!(std::io::Read::read(&mut stream, &mut [0; 10]).unwrap(), 0);
}
