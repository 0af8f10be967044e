//! From a line in `config.toml` to bytes on the wire: a site with rules, built and served by the binary.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{
    client::{Connection, Reply, wait_until},
    project::Project,
};

/// Long enough for a machine that is busy with other tests; reached only when something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Served {
    process: Child,
    address: SocketAddr,
}

impl Served {
    pub(crate) fn start(project: &Project) -> Self {
        let mut command =
            project.command(&["serve", "--addr", "127.0.0.1:0", "--threads", "1", "--log-format", "json"]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = process.stderr.take().unwrap();
        let (found, address) = mpsc::channel();
        // Reads to the end, so that the server never waits for someone to read its logs.
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                let fields = entry.get("fields").unwrap_or(&entry);
                if fields["message"] == "listening" {
                    let _ = found.send(fields["address"].as_str().unwrap().parse().unwrap());
                }
            }
        });
        let address = address.recv_timeout(PATIENCE).expect("the server says where it listens");
        Self { process, address }
    }

    fn ask(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
        Connection::to(self.address).ask(method, target, fields)
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, &[])
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The hash of a password, as the binary makes it.
fn hashed(project: &Project, password: &str) -> String {
    let mut process = project.command(&["hash-password"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const FILES: &[(&str, &str)] = &[
    ("sites/a/index.html", "<!doctype html><title>A</title><p>home"),
    ("sites/a/new/index.html", "<!doctype html><title>New</title><p>new"),
    ("sites/a/private/index.html", "<!doctype html><title>Private</title><p>private"),
    ("sites/a/lost.html", "<!doctype html><title>Lost</title><p>lost"),
    ("sites/a/sign-in.html", "<!doctype html><title>Sign in</title><p>sign in"),
    ("sites/a/soon.html", "<!doctype html><title>Soon</title><p>soon"),
    ("sites/a/data.json", "{\"a\":1}"),
];

const RULES: &str = r#"
[[sitekit.redirects]]
from = "/old/:what"
to = "/:what/?from=old"

[[sitekit.redirects]]
from = "/away/*"
to = "https://elsewhere.example/:splat"
status = 302

[[sitekit.rewrites]]
from = "/alias"
to = "/new/"

[[sitekit.rewrites]]
from = "/side-door"
to = "/private/"

[sitekit.error_pages]
401 = "/sign-in.html"
404 = "/lost.html"
503 = "/soon.html"

[[sitekit.cors]]
path = "/data.json"
origins = "https://app.example"

[[sitekit.headers]]
path = "/new/"
set = { X-Note = "hello" }
"#;

#[test]
fn what_the_author_wrote_is_what_the_client_gets() {
    let project = Project::with(FILES);
    let users =
        format!("\n[[sitekit.auth]]\npath = \"/private/*\"\nusers = {{ ann = \"{}\" }}\n", hashed(&project, "secret"));
    project.write("sites/a/config.toml", (RULES.to_owned() + &users).as_bytes());
    project.build(&[]);
    let served = Served::start(&project);

    // Redirects, in both ways of leading somewhere, and rewrites.
    let moved = served.get("/a/old/new?q=1");
    assert_eq!((moved.status, moved.field("location")), (308, Some("/a/new/?from=old&q=1")));
    let away = served.get("/a/away/x/y");
    assert_eq!((away.status, away.field("location")), (302, Some("https://elsewhere.example/x/y")));
    let alias = served.get("/a/alias");
    assert_eq!((alias.status, alias.field("x-note")), (200, Some("hello")));
    assert!(alias.text().contains("new"), "{alias:?}");

    // The site's own words for an error, under the policy of that page.
    let lost = served.get("/a/nowhere/");
    assert_eq!((lost.status, lost.field("cache-control")), (404, Some("no-store")));
    assert!(lost.text().contains("lost") && lost.field("content-security-policy").is_some(), "{lost:?}");

    // A password, and no way around it.
    for path in ["/a/private/", "/a/side-door"] {
        let refused = served.get(path);
        let challenge = refused.field("www-authenticate").unwrap_or("").to_ascii_lowercase();
        assert!(refused.status == 401 && challenge.starts_with("basic realm=\"restricted\""), "{path}: {refused:?}");
        assert!(refused.text().contains("sign in"), "{path}: {refused:?}");
        // ann:secret and ann:wrong
        let entered = served.ask("GET", path, &[("Authorization", "Basic YW5uOnNlY3JldA==")]);
        assert_eq!((entered.status, entered.field("cache-control")), (200, Some("private, no-cache")), "{path}");
        assert_eq!(served.ask("GET", path, &[("Authorization", "Basic YW5uOndyb25n")]).status, 401, "{path}");
    }

    // Other origins.
    let shared = served.ask("GET", "/a/data.json", &[("Origin", "https://app.example")]);
    assert_eq!(shared.field("access-control-allow-origin"), Some("https://app.example"));
    let stranger = served.ask("GET", "/a/data.json", &[("Origin", "https://other.example")]);
    assert_eq!(stranger.field("access-control-allow-origin"), None);
}

#[test]
fn a_site_that_is_closed_says_so_and_when_to_come_again() {
    let project = Project::with(FILES);
    let closed = "\n[sitekit.maintenance]\nretry_after = \"2m\"\nopen = \"/data.json\"\n";
    project.write("sites/a/config.toml", (RULES.to_owned() + closed).as_bytes());
    project.build(&[]);
    let served = Served::start(&project);
    let soon = served.get("/a/new/");
    assert_eq!((soon.status, soon.field("retry-after")), (503, Some("120")));
    assert!(soon.text().contains("soon"), "{soon:?}");
    assert_eq!(served.get("/a/data.json").status, 200);
}

#[test]
fn a_page_that_was_loaded_before_a_deploy_still_gets_what_it_imports_later() {
    let later = |text: &str| format!("export const text = \"{text}\";\n");
    let project = Project::with(&[
        ("sites/a/index.html", "<!doctype html><title>A</title><script type=module src=main.ts></script>"),
        ("sites/a/main.ts", "document.onclick = async () => alert((await import(\"./later.ts\")).text);\n"),
        ("sites/a/later.ts", &later("before")),
    ]);
    let chunk = |project: &Project| {
        let bundle = project.bundle("a");
        let found = bundle.routes().map(|(path, _)| path).find(|path| path.starts_with("/assets/later."));
        format!("/a{}", found.unwrap())
    };
    project.build(&[]);
    let served = Served::start(&project);
    let (old, page) = (chunk(&project), served.get("/a/").text().to_owned());
    assert!(served.get(&old).text().contains("before"));

    project.write("sites/a/later.ts", later("after").as_bytes());
    project.build(&[]);
    wait_until(|| served.get("/a/").text() != page);
    let new = chunk(&project);
    assert_ne!(old, new);
    assert!(served.get(&new).text().contains("after"));
    let past = served.get(&old);
    assert!(past.text().contains("before"), "{past:?}");
    assert_eq!(past.field("cache-control"), Some("max-age=31536000, immutable"));
}

/// What may be wrong with scripts and style sheets; all of it at once.
#[test]
fn mistakes_in_assets_are_all_told_and_the_site_serves_on() {
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><title>A</title><link rel=stylesheet href=style.css><link rel=stylesheet href=theme.scss>\
             <script type=module src=main.ts></script>",
        ),
        ("sites/a/main.ts", "import { sum } from \"./sums\";\nimport { circle } from \"./circle\";\nsum(circle());\n"),
        ("sites/a/sums.ts", "export const sum = (a: number) => a;\n"),
        ("sites/a/circle.ts", "export const circle = () => 1;\n"),
        ("sites/a/latin.ts", "export {};\n"),
        ("sites/a/style.css", "p { color: red }\n"),
        ("sites/a/theme.scss", "$ink: black;\np { b { color: $ink } }\n"),
        ("node_modules/server-only/package.json", "{\"name\": \"server-only\", \"exports\": {\"node\": \"./n.js\"}}"),
        ("node_modules/server-only/n.js", "export {};\n"),
    ]);
    project.build(&[]);
    let served = Served::start(&project);
    let (page, live) = (served.get("/a/").text().to_owned(), project.bundle("a").generation());

    project.write(
        "sites/a/main.ts",
        b"import { sumn } from \"./sums\";\nimport { circle } from \"./circel\";\nimport { other } from \"./circle\";\n\
          import only from \"server-only\";\nimport \"./latin\";\nsumn(circle(), other, only);\n",
    );
    project.write("sites/a/circle.ts", b"import { sum } from \"./main\";\nexport const other = () => sum;\n");
    project.write("sites/a/latin.ts", b"// gr\xfcn\nexport {};\n");
    project.write("sites/a/style.css", b"@import \"./none.css\";\np { color: red }\n} b { c: d }\n@media {\n");
    project.write("sites/a/theme.scss", b"$ink: black;\np { b { color: $inc } }\n");
    let run = project.run(&["build", "--quiet"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!("assets_all_mistakes", run.stderr);
    assert_eq!(project.bundle("a").generation(), live);
    assert_eq!(served.get("/a/").text(), page);
}
