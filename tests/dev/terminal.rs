//! `sitekit dev` on a terminal, as `script` of util-linux gives one: keys, a line per site, jobs, and the terminal as it was at
//! the end.

use std::{
    io::{Read as _, Write as _},
    path::Path,
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
    fn start(folder: &Path, command: &str) -> Self {
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

    /// Waits until this is shown, and gives all that was shown up to there since the last such look.
    #[track_caller]
    fn shows(&self, part: &str) -> String {
        let begun = std::time::Instant::now();
        loop {
            {
                let mut shown = self.shown.lock().unwrap();
                if let Some(at) = shown.find(part) {
                    return shown.drain(..at + part.len()).collect();
                }
                assert!(begun.elapsed() < crate::client::PATIENCE, "no {part:?}: {shown}");
            }
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn ends(&mut self) {
        self.shows("ended 0");
        assert!(self.process.wait().unwrap().success());
    }
}

/// What a shell wrote down of how the terminal is.
fn modes(folder: &Path, when: &str) -> String {
    std::fs::read_to_string(folder.join(when)).unwrap()
}

/// A shell with jobs, as a person has it: they are stopped and go on. It sets nothing of the terminal itself.
const WITH_JOBS: &str = "set -m; SITEKIT dev --addr 127.0.0.1:0; stty -a > aside; echo put aside; read line";

/// A terminal where a shell runs this, with the modes of before and after written down.
fn terminal(folder: &Path, script: &str) -> Terminal {
    let script = script.replace("SITEKIT", env!("CARGO_BIN_EXE_sitekit"));
    let script = format!("stty -a > before\n{script}\necho ended $?\nstty -a > after\n");
    std::fs::write(folder.join("script.sh"), script).unwrap();
    // In the place of the shell that `script` starts: that one would be ended by a Ctrl-C meant for the script's commands.
    Terminal::start(folder, "exec sh script.sh")
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let folder = crate::project(SITE);
    let mut terminal = terminal(folder.path(), &format!("{WITH_JOBS}; fg %1"));
    terminal.shows("? keys");
    terminal.press("\u{1a}");
    terminal.shows("put aside");
    assert_eq!(modes(folder.path(), "aside"), modes(folder.path(), "before"));
    terminal.press("\n");
    terminal.shows("? keys");
    terminal.press("?");
    terminal.shows("q quit");
    terminal.press("q");
    terminal.ends();
    assert_eq!(modes(folder.path(), "after"), modes(folder.path(), "before"));
}

#[test]
fn it_goes_on_in_the_background() {
    let folder = crate::project(SITE);
    let mut terminal = terminal(folder.path(), &format!("{WITH_JOBS}; bg %1; echo in the back; read line; fg %1"));
    let begin = terminal.shows("? keys");
    let address = crate::address_in(&begin).expect("an address");
    terminal.press("\u{1a}");
    terminal.shows("put aside");
    terminal.press("\n");
    terminal.shows("in the back");
    assert_eq!(crate::client::Connection::to(address).ask("GET", "/hello/", &[]).status, 200);
    let page = "<!doctype html><title>Hello</title><h1>Hello from the back</h1>";
    std::fs::write(folder.path().join("sites/hello/index.html"), page).unwrap();
    wait_until(|| {
        let page = crate::client::Connection::to(address).ask("GET", "/hello/", &[]);
        page.text().contains("from the back")
    });
    // What is typed is the shell's, and nothing is drawn where it writes.
    terminal.press("q\n");
    let seen = terminal.shows("dev --addr");
    assert!(!seen.contains("index.html"), "{seen:?}");
    let seen = terminal.shows("? keys");
    assert!(seen.contains("index.html"), "{seen:?}");
    terminal.press("q");
    terminal.ends();
    assert_eq!(modes(folder.path(), "after"), modes(folder.path(), "before"));
}

/// Whoever started it does not know of jobs: it would be stopped for ever.
#[test]
fn ctrl_z_does_nothing_where_no_shell_has_jobs() {
    let folder = crate::project(SITE);
    let mut terminal = terminal(folder.path(), "SITEKIT dev --addr 127.0.0.1:0");
    terminal.shows("? keys");
    terminal.press("\u{1a}?");
    terminal.shows("q quit");
    terminal.press("q");
    terminal.ends();
}

#[test]
fn signals_leave_the_terminal_as_it_was() {
    for signal in ["TERM", "HUP", "INT"] {
        let folder = crate::project(SITE);
        let mut terminal = terminal(folder.path(), "sh -c 'echo $$ > pid; exec SITEKIT dev --addr 127.0.0.1:0'");
        terminal.shows("? keys");
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        assert!(Command::new("kill").args(["-s", signal, pid.trim()]).status().unwrap().success());
        terminal.ends();
        assert_eq!(modes(folder.path(), "after"), modes(folder.path(), "before"), "{signal}");
    }
}

#[test]
fn it_ends_with_its_terminal() {
    let folder = crate::project(SITE);
    let mut terminal = terminal(folder.path(), "sh -c 'echo $$ > pid; exec SITEKIT dev --addr 127.0.0.1:0'");
    terminal.shows("? keys");
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    terminal.process.kill().unwrap();
    terminal.process.wait().unwrap();
    wait_until(|| !crate::is_alive(pid.trim()));
}

/// A command of an author's is no job of the terminal: what asks there is told that nobody answers.
#[test]
fn a_command_that_asks_the_terminal_fails() {
    let folder = crate::project(SITE);
    let config = "[hooks]\nbefore = 'read answer < /dev/tty'\n";
    std::fs::write(folder.path().join("sites/hello/config.toml"), config).unwrap();
    let mut terminal = terminal(folder.path(), "SITEKIT build; test $? = 1");
    terminal.shows("the command before the build ended with exit status");
    terminal.ends();
}

#[test]
fn ctrl_c_ends_a_command_before_the_build() {
    let folder = crate::project(SITE);
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let config = "[hooks]\nbefore = 'sh -c \"echo \\$\\$ > ../../pipe; sleep 600\"; true'\n";
    std::fs::write(folder.path().join("sites/hello/config.toml"), config).unwrap();
    let mut terminal = terminal(folder.path(), "trap : INT; SITEKIT build; test $? = 130");
    let child = std::fs::read_to_string(folder.path().join("pipe")).unwrap();
    terminal.press("\u{3}");
    terminal.ends();
    wait_until(|| !crate::is_alive(child.trim()));
}

#[test]
fn keys_and_a_line_per_site() {
    let folder = crate::project(SITE);
    let open = folder.path().join("xdg-open");
    std::fs::write(&open, "#!/bin/sh\necho \"$1\" > opened.new && mv opened.new opened\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut terminal = terminal(folder.path(), "PATH=\"$PWD:$PATH\" SITEKIT dev --addr 127.0.0.1:0");
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
    terminal.ends();
    assert_eq!(modes(folder.path(), "after"), modes(folder.path(), "before"));
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
