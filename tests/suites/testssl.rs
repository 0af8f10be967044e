//! testssl.sh looks for what is weak: protocols, ciphers, known attacks, the defaults of the server.

use std::{fs, process::Command};

use serde_json::Value;

use crate::{
    server::{Server, commit, image, response},
    tools::{self, said},
};

/// Findings by their names, and why they are none. One that is not found is a mistake of this list.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "cipher_order",
        "every cipher there is is strong, so the client chooses: it knows whether it has hardware for AES",
    ),
    ("cert_chain_of_trust", "the certificate is the one for development, which no one else has signed"),
    ("cert_revocation", "nor can anyone take it back"),
    ("DNS_CAArecord", "an address of this machine has no record in the DNS"),
];

/// What the tool sometimes cannot check, and why. It says so with a severity that is none of a finding.
const UNCHECKED: &[(&str, &str)] = &[(
    "sessionresumption_ticket",
    "it hangs up as soon as the handshake is done, mostly before the ticket of TLS 1.3 has come, and has none to resume with",
)];

#[test]
fn nothing_weak() {
    if tools::skipped("testssl") {
        return;
    }
    let testssl = tools::program("testssl", "testssl.sh");
    let build = tempfile::tempdir().unwrap();
    let fields = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'self'"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
    ];
    let page = response(200, &fields, b"<p>here</p>");
    commit(build.path(), &image("docs", [("/".to_owned(), page)]));
    let server = Server::start_tls(build.path(), &["--hsts", "8760h"]);
    let report = build.path().join("report.json");
    let mut command = Command::new(testssl);
    command.args(["--quiet", "--warnings", "off", "--color", "0", "--jsonfile"]).arg(&report);
    command.args([
        "--protocols",
        "--std",
        "--fs",
        "--server-preference",
        "--server-defaults",
        "--vulnerable",
        "--headers",
    ]);
    // Its status counts what it did not like; what that is stands in the report.
    let output = command.arg(format!("https://{}/docs/", server.address)).output().unwrap();
    let report = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    let findings: Vec<Value> = serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {report}"));
    assert!(findings.len() > 50, "{findings:#?}");
    let name = |finding: &Value| finding["id"].as_str().unwrap().to_owned();
    // What has another port is said of the tool's own OpenSSL.
    let port = server.address.port().to_string();
    let weak = |finding: &&Value| {
        let severity = finding["severity"].as_str().unwrap();
        let unchecked = severity == "WARN" && UNCHECKED.iter().any(|(unchecked, _)| *unchecked == name(finding));
        finding["port"] == port && !unchecked && !["OK", "INFO", "DEBUG"].contains(&severity)
    };
    let weak: Vec<_> = findings.iter().filter(weak).collect();
    let unexplained: Vec<_> =
        weak.iter().filter(|finding| !EXPLAINED.iter().any(|(explained, _)| *explained == name(finding))).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    for (explained, why) in EXPLAINED {
        assert!(
            weak.iter().any(|finding| name(finding) == *explained),
            "{explained} was not found; no longer true: {why}"
        );
    }
    assert_eq!(server.complaints(), [""; 0]);
}
