//! Whom a build trusts that asks other hosts: an authority that the machine trusts, and nobody else. The host is this test's, its
//! certificate of an authority made for it.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::Output,
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::aws_lc_rs, pki_types::PrivateKeyDer};

use crate::project::Project;

/// A host that answers everything with `"from afar"`, and runs as long as the test does.
struct Host {
    origin: String,
    /// The certificate of its authority (PEM).
    authority: String,
}

impl Host {
    fn start() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "An authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // Whoever does not trust it hangs up.
                drop(answer(StreamOwned::new(connection, stream)));
            }
        });
        Self { origin, authority }
    }
}

fn answer(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>) -> std::io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new(&mut stream);
    while reader.read_line(&mut line)? > 2 {}
    let body = if line.starts_with("HEAD") { "" } else { "\"from afar\"" };
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n";
    stream.write_all(format!("{head}{body}").as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn run(project: &Project, args: &[&str], authorities: Option<&str>) -> Output {
    let mut command = project.command(args);
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
    command.envs(authorities.map(|file| ("SSL_CERT_FILE", project.path(file)))).output().unwrap()
}

#[track_caller]
fn check(args: &[&str], authorities: Option<&str>, expected: Result<(), &str>) {
    let host = Host::start();
    let url = format!("{}/a.json", host.origin);
    let home = if args == ["build"] {
        format!("{{{{ load_data(url=\"{url}\", format=\"json\") }}}}")
    } else {
        format!("<a href=\"{url}\">afar</a>")
    };
    let project = Project::with(&[
        ("authority.pem", &host.authority),
        ("sites/a/content/_index.md", ""),
        ("sites/a/templates/section.html", ""),
        ("sites/a/templates/page.html", ""),
        ("sites/a/templates/index.html", &home),
    ]);
    let output = run(&project, args, authorities);
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match expected {
        Ok(()) => assert!(output.status.success(), "{told}"),
        Err(why) => {
            assert_eq!(output.status.code(), Some(1), "{told}");
            assert!(told.contains("cannot be trusted: ") && told.contains(why), "{told}");
        }
    }
}

#[test]
fn an_authority_that_the_environment_names_is_trusted() {
    check(&["build"], Some("authority.pem"), Ok(()));
    check(&["check", "--external"], Some("authority.pem"), Ok(()));
}

#[test]
fn nobody_else_is() {
    check(&["build"], None, Err("UnknownIssuer"));
    check(&["check", "--external"], None, Err("UnknownIssuer"));
}

#[test]
fn authorities_that_cannot_be_read_are_told() {
    check(&["build"], Some("nowhere.pem"), Err("nowhere.pem"));
}
