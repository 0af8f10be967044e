//! Remote data through the binary, from a host on this machine that says what a test tells it to.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use crate::project::Project;

/// An HTTP/1.1 host. Each connection gets the next answer, and the last for ever.
struct Host {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: VecDeque<String>,
    /// Head and body of every request.
    asked: Vec<String>,
    /// Connections that are held open without a word.
    held: Vec<TcpStream>,
}

/// What is never answered.
const SILENCE: &str = "";

impl Host {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let host = Self { address, state: Arc::clone(&state) };
        host.says(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up in the middle of it is none of this test's business.
                drop(answer(stream, &state));
            }
        });
        host
    }

    fn says(&self, answers: &[&str]) {
        self.state.lock().unwrap().answers = answers.iter().map(|&answer| answer.to_owned()).collect();
    }

    fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn answer(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut asked = String::new();
    let mut length = 0;
    while reader.read_line(&mut asked)? > 2 {
        let line = asked.lines().last().unwrap_or("").to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    asked.push_str(&String::from_utf8_lossy(&body));
    let mut state = state.lock().unwrap();
    state.asked.push(asked);
    let answer = if state.answers.len() > 1 { state.answers.pop_front() } else { state.answers.front().cloned() };
    match answer.as_deref() {
        None | Some(SILENCE) => {
            state.held.push(stream);
            Ok(())
        }
        Some(answer) => (&stream).write_all(answer.as_bytes()),
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// A site whose home page is what it loads.
fn site(config: &str, expression: &str) -> Project {
    Project::with(&[
        ("sites/a/config.toml", config),
        ("sites/a/content/_index.md", ""),
        ("sites/a/templates/section.html", ""),
        ("sites/a/templates/page.html", ""),
        (
            "sites/a/templates/index.html",
            &format!("<!doctype html><title>A</title><main>{{{{ {expression} }}}}</main>"),
        ),
    ])
}

/// Standard output if the build succeeded, else standard error.
fn build(project: &Project, args: &[&str]) -> Result<String, String> {
    let mut command = project.command(&[&["build"], args].concat());
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let output = command.env("API_TOKEN", "s3cret").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[track_caller]
fn said(project: &Project) -> String {
    let page = project.text("a", "/");
    let (_, rest) = page.split_once("<main>").unwrap();
    rest.split_once("</main>").map_or(rest, |(said, _)| said).to_owned()
}

fn lock(project: &Project) -> String {
    std::fs::read_to_string(project.path("sites/a/sitekit.lock")).unwrap_or_default()
}

#[test]
fn an_answer_is_locked_until_it_is_asked_for_again() {
    let host = Host::new(&[&ok("{\"stars\": 1}")]);
    let url = host.url("/repo?key=private");
    let project = site("", &format!("load_data(url='{url}', format='json') | get(key='stars')"));
    build(&project, &[]).unwrap();
    assert_eq!(said(&project), "1");
    assert!(host.asked()[0].contains("accept: application/json"), "{:?}", host.asked());
    let locked = lock(&project);
    assert!(locked.contains(&host.url("/repo?…")) && !locked.contains("private"), "{locked}");

    host.says(&[&ok("{\"stars\": 2}")]);
    build(&project, &[]).unwrap();
    assert_eq!((said(&project), host.asked().len(), lock(&project)), ("1".to_owned(), 1, locked.clone()));

    let told = build(&project, &["--refresh-data"]).unwrap();
    assert_eq!(said(&project), "2");
    assert!(told.contains("/repo?… answers something else than on 20"), "{told}");
    assert_ne!(lock(&project), locked);

    project.write("sites/a/templates/index.html", b"<!doctype html><title>A</title>");
    build(&project, &[]).unwrap();
    assert_eq!(lock(&project), "", "what nobody asks for is not locked");
}

#[test]
fn without_the_cache_the_lock_holds_the_host_to_its_word() {
    let host = Host::new(&[&ok("one")]);
    let project = site("", &format!("load_data(url='{}')", host.url("/a")));
    build(&project, &[]).unwrap();
    let before = project.bundle("a").generation();
    project.remove_cache();
    build(&project, &[]).unwrap();
    assert_eq!((host.asked().len(), project.bundle("a").generation()), (2, before));

    project.remove_cache();
    host.says(&[&ok("two")]);
    let told = build(&project, &[]).unwrap_err();
    assert!(told.contains("no longer answers what sitekit.lock holds it to since 20"), "{told}");
    assert!(told.contains("--refresh-data") && told.contains("templates/index.html:1"), "{told}");
}

#[test]
fn offline_is_what_was_fetched_before() {
    let host = Host::new(&[&ok("one")]);
    let project = site("", &format!("load_data(url='{}')", host.url("/a")));
    let told = build(&project, &["--offline"]).unwrap_err();
    assert!(told.contains("is not in the cache, and this build is offline"), "{told}");
    build(&project, &[]).unwrap();
    build(&project, &["--offline"]).unwrap();
    assert_eq!((said(&project), host.asked().len()), ("one".to_owned(), 1));
}

#[test]
fn what_passes_is_tried_again() {
    let host = Host::new(&[&status("500 Internal Server Error"), &status("503 Service Unavailable"), &ok("at last")]);
    let project = site("", &format!("load_data(url='{}')", host.url("/a")));
    build(&project, &[]).unwrap();
    assert_eq!((said(&project), host.asked().len()), ("at last".to_owned(), 3));
}

#[test]
fn redirects_are_followed_and_counted() {
    let host = Host::new(&[&redirect("/b"), &ok("there")]);
    let project = site("", &format!("load_data(url='{}')", host.url("/a")));
    build(&project, &[]).unwrap();
    assert_eq!(said(&project), "there");
    assert!(host.asked()[1].starts_with("GET /b "), "{:?}", host.asked());

    let host = Host::new(&[&redirect("/a")]);
    let project = site("", &format!("load_data(url='{}')", host.url("/a")));
    let told = build(&project, &[]).unwrap_err();
    assert!(told.contains("redirects too often: 5 times are allowed"), "{told}");
}

#[test]
fn what_came_instead_of_an_answer_is_told() {
    for (answer, config, expected) in [
        (status("404 Not Found"), "", "answered 404 Not Found"),
        (ok(&"x".repeat(2000)), "[sitekit.data]\nmax_size = 1000\n", "answered with more than 1000 bytes"),
        (SILENCE.to_owned(), "[sitekit.data]\ntimeout = 1\nretries = 0\n", "did not answer within 1 s"),
        ("garbage\r\n\r\n".to_owned(), "[sitekit.data]\nretries = 0\n", "cannot be reached: "),
    ] {
        let host = Host::new(&[&answer]);
        let project = site(config, &format!("load_data(url='{}')", host.url("/a")));
        let told = build(&project, &[]).unwrap_err();
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(told.contains("templates/index.html:1") && told.contains(&host.url("/a")), "{told}");
        assert_eq!(lock(&project), "");
    }
    let host = Host::new(&[&ok("{\n  \"a\": 1,\n}")]);
    let project = site("", &format!("load_data(url='{}', format='json')", host.url("/a")));
    let told = build(&project, &[]).unwrap_err();
    assert!(told.contains("this is not JSON: trailing comma") && told.contains("/a:3:1"), "{told}");
    assert!(told.contains("read by sites/a/templates/index.html:1"), "{told}");
}

#[test]
fn a_host_that_speaks_no_tls_is_not_trusted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/a", listener.local_addr().unwrap());
    let project = site("[sitekit.data]\nretries = 0\n", &format!("load_data(url='{url}')"));
    let speaker = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until the client has read it and hung up.
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let told = build(&project, &[]).unwrap_err();
    speaker.join().unwrap();
    assert!(told.contains("cannot be trusted: "), "{told}");
}

#[test]
fn what_need_not_be_there_may_be_missing() {
    let host = Host::new(&[&status("404 Not Found")]);
    let project = site("", &format!("load_data(url='{}', required=false) is none", host.url("/a")));
    build(&project, &[]).unwrap();
    assert_eq!(said(&project), "true");
    host.says(&[&ok("<a>")]);
    let project = site("", &format!("load_data(url='{}', format='xml', required=false)", host.url("/a")));
    let told = build(&project, &[]).unwrap_err();
    assert!(told.contains("the file ends inside of `<a>`"), "what is there is right: {told}");
}

#[test]
fn a_question_may_have_fields_and_a_body() {
    let host = Host::new(&[&ok("{\"data\": 7}")]);
    let expression = format!(
        "load_data(url='{}', format='json', method='POST', content_type='application/json', body='{{\"q\":1}}', \
         headers=['x-kind=first', 'authorization=Bearer ' ~ get_env(name='API_TOKEN')]) | get(key='data')",
        host.url("/graphql")
    );
    let project = site("[sitekit.data]\nenvironment = 'API_TOKEN'\n", &expression);
    build(&project, &[]).unwrap();
    assert_eq!(said(&project), "7");
    let asked = host.asked()[0].clone();
    for expected in [
        "POST /graphql HTTP/1.1",
        "content-type: application/json",
        "x-kind: first",
        "authorization: Bearer s3cret",
        "user-agent: sitekit/",
        "{\"q\":1}",
    ] {
        assert!(asked.contains(expected), "{expected}: {asked}");
    }
    assert!(!lock(&project).contains("s3cret"));
    assert_eq!(host.asked().len(), 1);
}

#[test]
fn a_lock_that_a_merge_broke_is_told() {
    let project = site("", "1");
    project.write("sites/a/sitekit.lock", b"version = 1\n<<<<<<< HEAD\n");
    let told = build(&project, &[]).unwrap_err();
    assert!(told.contains("sitekit.lock:2:") && told.contains("delete it"), "{told}");
}
