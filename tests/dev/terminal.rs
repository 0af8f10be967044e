//! `sitekit dev` on a terminal, as `script` of util-linux gives one: keys, a line per site, and the terminal as it was at the
//! end.

use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use crate::client::wait_until;

const SITE: &[(&str, &str)] = &[("sites/hello/index.html", "<!doctype html><title>Hello</title><h1>Hello</h1>")];

/// A command on a terminal of its own.
struct Terminal {
    process: Child,
    shown: Arc<Mutex<String>>,
}

impl Terminal {
    fn start(folder: &std::path::Path, command: &str) -> Self {
        let mut process = Command::new("script")
            .args(["--quiet", "--return", "--command", command, "/dev/null"])
            .current_dir(folder)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script` of util-linux");
        let mut stdout = process.stdout.take().unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let writes = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read) = stdout.read(&mut buffer) {
                if read == 0 {
                    return;
                }
                writes.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Self { process, shown }
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.process.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).and_then(|()| stdin.flush()).unwrap();
    }

    /// Waits until this is shown, and forgets what was.
    #[track_caller]
    fn shows(&self, part: &str) {
        let begun = std::time::Instant::now();
        while !self.shown.lock().unwrap().contains(part) {
            assert!(begun.elapsed() < crate::client::PATIENCE, "no {part:?}: {}", self.shown.lock().unwrap());
            thread::sleep(std::time::Duration::from_millis(5));
        }
        self.shown.lock().unwrap().clear();
    }
}

#[test]
fn keys_and_a_line_per_site() {
    let folder = crate::project(SITE);
    let program = env!("CARGO_BIN_EXE_sitekit");
    // What the terminal is like before and after is written down by the same shell.
    let command = format!(
        "stty -a > before; PATH=\"$PWD:$PATH\" {program} dev --addr 127.0.0.1:0; echo ended $?; stty -a > after"
    );
    let open = folder.path().join("xdg-open");
    std::fs::write(&open, "#!/bin/sh\necho \"$1\" > opened.new && mv opened.new opened\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut terminal = Terminal::start(folder.path(), &command);
    terminal.shows("? keys");
    terminal.press("?");
    terminal.shows("q quit");
    terminal.press("r");
    terminal.shows("nothing differs");
    std::fs::write(
        folder.path().join("sites/hello/index.html"),
        "<!doctype html><title>Hello</title><h1>Hello, again</h1>",
    )
    .unwrap();
    terminal.shows("1 page");
    std::fs::write(folder.path().join("sites/hello/main.ts"), "let = 1;").unwrap();
    terminal.shows("has mistakes");
    std::fs::remove_file(folder.path().join("sites/hello/main.ts")).unwrap();
    terminal.shows("nothing differs");
    terminal.press("s");
    terminal.shows("open connections");
    terminal.press("o");
    wait_until(|| folder.path().join("opened").exists());
    let opened = std::fs::read_to_string(folder.path().join("opened")).unwrap();
    assert!(opened.starts_with("http://127.0.0.1:") && opened.ends_with("/hello/\n"), "{opened}");
    terminal.press("q");
    terminal.shows("ended 0");
    assert!(terminal.process.wait().unwrap().success());
    let stty = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert_eq!(stty("before"), stty("after"));
}

#[test]
fn an_address_for_a_phone_and_https() {
    let folder = crate::project(SITE);
    let mut command = crate::sitekit(folder.path(), &["dev", "--host", "--https"]);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(process.stdout.take().unwrap()));
    let mut said = Vec::new();
    for line in lines.by_ref().map_while(Result::ok) {
        let ends = line.contains("Ctrl-C");
        said.push(line);
        if ends {
            break;
        }
    }
    let url = said.iter().find_map(|line| line.strip_prefix("Serving at ")).expect("an address");
    assert!(url.starts_with("https://localhost:"), "{said:#?}");
    let network = said.iter().find_map(|line| line.strip_prefix("In this network: "));
    // A machine without a network has none to show.
    if let Some(network) = network {
        assert!(network.starts_with("https://") && said.iter().any(|line| line.contains('█')), "{said:#?}");
    }
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    let asked = Command::new("curl")
        .args(["--silent", "--insecure", &format!("https://localhost:{port}/hello/")])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&asked.stdout).contains("<h1>Hello</h1>"), "{asked:?}");
    process.kill().unwrap();
    process.wait().unwrap();
}
