//! Settings as an operator meets them: which source wins, and what is said of mistakes.

use std::fs;

use serde_json::Value;

use crate::{commit, image, serve, sitekit, stderr};

/// What `sitekit check --json` says of a setting: its value and where it came from.
#[track_caller]
fn check(file: &str, environment: &[(&str, &str)], flags: &[&str], name: &str, expected: (&str, &str)) {
    let folder = tempfile::tempdir().unwrap();
    commit(&folder.path().join("build"), &image("docs", 1));
    fs::write(folder.path().join("sitekit.toml"), file).unwrap();
    let mut command = sitekit(&["check", "--json"]);
    let output = command.args(flags).envs(environment.iter().copied()).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let setting = report["settings"].as_array().unwrap().iter().find(|setting| setting["name"] == name).unwrap();
    let value = match &setting["value"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    assert_eq!((value.as_str(), setting["origin"].as_str().unwrap()), expected, "{name}");
}

#[test]
fn a_later_source_wins() {
    let file = "\n[limits]\nheader_timeout = \"7s\"\n";
    let (name, variable) = ("limits.header_timeout", ("SITEKIT_HEADER_TIMEOUT", "8s"));
    check("", &[], &[], name, ("10s", "default"));
    check(file, &[], &[], name, ("7s", "sitekit.toml:3"));
    check(file, &[variable], &[], name, ("8s", "SITEKIT_HEADER_TIMEOUT"));
    check(file, &[variable], &["--header-timeout", "9s"], name, ("9s", "--header-timeout"));
    // A variable that is empty is none.
    check(file, &[("SITEKIT_HEADER_TIMEOUT", "")], &[], name, ("7s", "sitekit.toml:3"));
}

#[test]
fn every_form_from_every_source() {
    for (file, environment, flags, name, value) in [
        ("prod = true", ("SITEKIT_PROD", "1"), &["--prod"][..], "prod", "true"),
        ("prod = false", ("SITEKIT_DEV", "yes"), &["--dev"], "prod", "false"),
        ("mode = \"spa\"", ("SITEKIT_SPA", "on"), &["--spa"], "mode", "spa"),
        ("[admin]\nmetrics = false", ("SITEKIT_NO_METRICS", "true"), &["--no-metrics"], "admin.metrics", "false"),
        ("www = false", ("SITEKIT_WWW", "off"), &["--www=false"], "www", "false"),
        ("threads = 3", ("SITEKIT_THREADS", "3"), &["--threads", "3"], "threads", "3"),
        ("[cache]\nsize = 64_000_000", ("SITEKIT_CACHE_SIZE", "64MB"), &["--cache-size", "64MB"], "cache.size", "64MB"),
        ("[limits]\ngrace = \"90s\"", ("SITEKIT_GRACE", "90s"), &["--grace", "90s"], "limits.grace", "90s"),
        ("[tls]\nredirect = false", ("SITEKIT_TLS_REDIRECT", "no"), &["--tls-redirect=false"], "tls.redirect", "false"),
        (
            "only = [\"docs\", \"app\"]",
            ("SITEKIT_SITE", "docs,app"),
            &["--site", "docs", "--site", "app"],
            "only",
            "[\"docs\",\"app\"]",
        ),
        ("[log]\nlevel = \"debug\"", ("SITEKIT_LOG_LEVEL", "debug"), &["--log-level", "debug"], "log.level", "debug"),
    ] {
        let line = file.lines().count();
        check(file, &[], &[], name, (value, &format!("sitekit.toml:{line}")));
        check("", &[environment], &[], name, (value, environment.0));
        let flag = flags[0].split('=').next().unwrap();
        check("", &[], flags, name, (value, flag));
    }
}

#[test]
fn all_mistakes_of_all_sources_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = "\
        treads = 2\n\
        prod = \"yes\"\n\
        [limits]\n\
        header_timeout = 10\n\
        body_timeout = \"10\"\n\
        [limit]\n\
        [sites.Docs]\n\
        [sites.docs]\n\
        host = [\"example.com\"]\n\
        hosts = [\"good.example\", \"http://bad.example\"]\n\
        [[rate_limit]]\n\
        name = \"search\"\n\
        [log]\n\
        level = \"loud\"\n";
    fs::write(folder.path().join("sitekit.toml"), file).unwrap();
    let mut command = sitekit(&["serve", "--threads", "many"]);
    let output = command.env("SITEKIT_GRACE", "soon").env("NO_COLOR", "1").current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn a_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    for (content, arguments, part) in [
        (&b""[..], &["serve", "--config", "nope.toml"][..], "nope.toml: there is no such file"),
        (b"\xff", &["serve"], "sitekit.toml: is not UTF-8"),
        (b"prod = \n", &["serve"], "sitekit.toml:1"),
        (b"prod = true\nprod = true\n", &["check"], "sitekit.toml:2"),
    ] {
        fs::write(folder.path().join("sitekit.toml"), content).unwrap();
        let output = sitekit(arguments).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
    }
}

#[test]
fn plain_addresses_lead_to_the_one_that_speaks_tls() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let arguments = ["--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0 tls", "--self-signed"];
    let mut serving = serve(build.path(), &arguments);
    let first = serving.address.to_string();
    let secure = serving.wait_for(|event| event["message"] == "listening" && event["address"] != first.as_str());
    let port = secure["address"].as_str().unwrap().rsplit(':').next().unwrap();
    let reply = serving.connect().ask("GET", "/docs/?q=1", &[]);
    assert_eq!((reply.status, reply.field("location")), (308, Some(&*format!("https://test:{port}/docs/?q=1"))));
    assert!(build.path().join("development.pem").exists());
}

#[test]
fn a_unix_socket_from_the_file() {
    use std::{
        io::{Read, Write},
        os::unix::{fs::PermissionsExt, net::UnixStream},
    };
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let path = build.path().join("public.sock");
    let place = format!("127.0.0.1:0,unix:{} mode=600", path.display());
    let _serving = serve(build.path(), &["--addr", &place]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /docs/ HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn certificates_are_checked_before_a_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    commit(&folder.path().join("build"), &image("docs", 1));
    fs::write(folder.path().join("chain.pem"), "no certificate").unwrap();
    for (file, part) in [
        ("listen = \"127.0.0.1:0 tls\"\n", "needs a certificate"),
        ("listen = \"127.0.0.1:0 tls\"\n[tls]\nchain = \"chain.pem\"\n", "it needs `tls.key` beside it"),
        ("listen = \"127.0.0.1:0 tls\"\n[tls]\nchain = \"chain.pem\"\nkey = \"k\"\n", "chain.pem holds no certificate"),
        (
            "listen = \"127.0.0.1:0 tls\"\n[[tls.certificate]]\nchain = \"nope.pem\"\nkey = \"k\"\n",
            "nope.pem cannot be read",
        ),
    ] {
        fs::write(folder.path().join("sitekit.toml"), file).unwrap();
        for command in ["check", "serve"] {
            let output = sitekit(&[command]).current_dir(folder.path()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{file}");
            assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_health_check_of_a_container() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let serving = serve(build.path(), &[]);
    let health = || crate::output(&["stats", "--health", "--build", build.path().to_str().unwrap()]);
    assert!(health().status.success());
    drop(serving);
    assert_eq!(health().status.code(), Some(1));
}
