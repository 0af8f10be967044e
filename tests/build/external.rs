//! `sitekit check --external` against a server of the test's own: what it asks, what it says, and what it asks again.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::project::Project;

/// Another site. It runs as long as the test does.
struct Elsewhere {
    origin: String,
    /// `HEAD /x`, in the order they came, with the user agent.
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Elsewhere {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.unwrap(), &noted);
            }
        });
        Self { origin, asked }
    }

    /// What was asked since the last time, sorted.
    fn asked(&self) -> Vec<String> {
        let mut asked: Vec<String> = self.asked.lock().unwrap().drain(..).map(|(question, _)| question).collect();
        asked.sort();
        asked
    }
}

fn answer(mut stream: &TcpStream, asked: &Mutex<Vec<(String, String)>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let Some(first) = lines.next() else { return };
    let agent = lines.find_map(|line| line.to_ascii_lowercase().strip_prefix("user-agent: ").map(str::to_owned));
    let question = first.rsplit_once(' ').unwrap().0.to_owned();
    let before = asked.lock().unwrap().iter().filter(|(one, _)| *one == question).count();
    asked.lock().unwrap().push((question.clone(), agent.unwrap_or_default()));
    let page = "<!doctype html><title>x</title><h2 id=here>x</h2>";
    let (status, fields, body) = match question.as_str() {
        "HEAD /no-head" => ("405 Method Not Allowed", "", ""),
        "HEAD /busy" if before == 0 => ("429 Too Many Requests", "retry-after: 0\r\n", ""),
        "HEAD /closed" => ("503 Service Unavailable", "retry-after: 86400\r\n", ""),
        "HEAD /moved" => ("301 Moved Permanently", "location: /ok\r\n", ""),
        "GET /page" => ("200 OK", "content-type: text/html\r\n", page),
        question if question.ends_with("/gone") => ("404 Not Found", "", ""),
        question if question.ends_with("/private") => ("403 Forbidden", "", ""),
        _ => ("200 OK", "", ""),
    };
    let head = format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // Whoever has heard enough may be gone.
    drop(stream.write_all(format!("{head}{body}").as_bytes()));
}

#[test]
fn links_to_other_sites_are_asked_for_and_what_is_wrong_is_told_where_it_is() {
    let elsewhere = Elsewhere::start();
    let origin = &elsewhere.origin;
    let content = format!(
        "+++\ntitle = \"A\"\n+++\n[a]({origin}/ok) [b]({origin}/no-head) [c]({origin}/gone)\n[d]({origin}/page#here)\n\
         [e]({origin}/page#there)\n[f]({origin}/busy) [g]({origin}/moved)\n[h]({origin}/private) [i]({origin}/closed)\n\
         [j]({origin}/skipped) [k]({origin}/made#by-a-script)\n[l](/nowhere/)\n"
    );
    let config =
        format!("[link_checker]\nskip_prefixes = [\"{origin}/skip\"]\nskip_anchor_prefixes = [\"{origin}/made#\"]\n");
    let project = Project::with(&[
        ("sites/a/config.toml", &config),
        ("sites/a/content/a.md", &content),
        ("sites/a/templates/index.html", "<p>A"),
        ("sites/a/templates/section.html", "<p>A"),
        ("sites/a/templates/page.html", "{{ page.content | safe }}"),
    ]);
    let check = || {
        let run = project.run(&["check", "--external", "--delay", "1ms", "--json"]);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{}", run.stdout);
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        json
    };
    let json = check();
    let found: Vec<String> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let message = one["message"].as_str().unwrap().replace(origin.as_str(), "");
            format!("{} {}:{}:{} {message}", one["severity"], one["path"], one["line"], one["column"]).replace('"', "")
        })
        .collect();
    let columns = |text: &str| content.lines().find_map(|line| line.find(text)).unwrap() + 1;
    let expected = [
        format!("error sites/a/content/a.md:4:{} `/gone` answers 404 Not Found", columns(&format!("{origin}/gone"))),
        "error sites/a/content/a.md:6:5 `/page#there` has no `#there`".to_owned(),
        "warning sites/a/content/a.md:8:5 `/private` answers 403 Forbidden".to_owned(),
        format!(
            "warning sites/a/content/a.md:8:{} `/closed` answers 503 Service Unavailable and asks to come back in 86400 s",
            columns(&format!("{origin}/closed"))
        ),
        "error sites/a/content/a.md:10:5 there is no page or file at `/nowhere/`".to_owned(),
    ];
    assert_eq!(found, expected);
    let figures = &json["sites"][0];
    let figure = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!(["links", "reached_lately", "broken", "undecided"].map(figure), [10, 0, 2, 2], "{figures}");
    let agents: Vec<String> = elsewhere.asked.lock().unwrap().iter().map(|(_, agent)| agent.clone()).collect();
    assert!(agents.iter().all(|agent| agent.starts_with("sitekit/")), "{agents:?}");
    assert_eq!(
        elsewhere.asked(),
        [
            "GET /gone",
            "GET /no-head",
            "GET /page",
            "GET /private",
            "HEAD /busy",
            "HEAD /busy",
            "HEAD /closed",
            "HEAD /gone",
            "HEAD /made",
            "HEAD /moved",
            "HEAD /no-head",
            "HEAD /ok",
            "HEAD /ok",
            "HEAD /private",
        ]
    );

    let again = check();
    assert_eq!(again["sites"][0]["reached_lately"], 6);
    let asked = elsewhere.asked();
    assert_eq!(asked, ["GET /gone", "GET /page", "GET /private", "HEAD /closed", "HEAD /gone", "HEAD /private"]);
}

#[test]
fn a_person_reads_a_table_and_a_build_asks_nobody() {
    let elsewhere = Elsewhere::start();
    let page = format!("<!doctype html><title>A</title><a href=\"{}/gone\">x</a>", elsewhere.origin);
    let project = Project::with(&[
        ("sites/a/index.html", &page),
        ("sites/a/config.toml", "[link_checker]\nexternal_level = \"warn\"\n"),
    ]);
    project.build(&[]);
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
    let run = project.run(&["check", "--external", "--delay", "1ms"]);
    assert_eq!(run.code, 0, "a warning lets all pass: {}", run.stderr);
    assert_eq!(
        run.stdout,
        "site  links to other sites  reached lately  broken  undecided\n\
         a                        1               0       1          0\n"
    );
    assert!(run.stderr.contains("a: asking for pages of other sites: 1 of 1 hosts\n"), "{}", run.stderr);
    assert!(run.stderr.contains("/gone` answers 404 Not Found"), "{}", run.stderr);
}
