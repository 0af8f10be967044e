//! A headless Chromium behind its driver, watched: every console error and every failed request since the last look is
//! handed out as text.

use std::{
    env,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError, wd::WebDriverCompatibleCommand};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// Reached only when something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks for what is not there yet.
const PAUSE: Duration = Duration::from_millis(20);

/// A mark that the next page does not have, though it may be the same one again.
const LEAVE: &str = "window.left = true";

/// Where Chromium is called what it is called.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser window.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Driver,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) name: &'static str,
    width: u32,
    height: u32,
    mobile: bool,
    scheme: &'static str,
}

pub(crate) const LOOKS: [Look; 4] = [
    Look { name: "a phone, light", width: 390, height: 844, mobile: true, scheme: "light" },
    Look { name: "a phone, dark", width: 390, height: 844, mobile: true, scheme: "dark" },
    Look { name: "a desktop, light", width: 1440, height: 900, mobile: false, scheme: "light" },
    Look { name: "a desktop, dark", width: 1440, height: 900, mobile: false, scheme: "dark" },
];

/// The driver and, with it, the browsers it started.
#[derive(Debug)]
struct Driver {
    process: Child,
    address: String,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let browser = program(&BROWSERS);
        let driver = Driver::start();
        let profile = TempDir::new().expect("a folder for the browser's profile");
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": browser,
                "args": [
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    // It guesses its connection by answers that wait for a busy machine.
                    "--force-effective-connection-type=4G",
                    format!("--user-data-dir={}", profile.path().display()),
                ],
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written above") };
        let client = ClientBuilder::new(connector())
            .capabilities(capabilities)
            .connect(&driver.address)
            .await
            .expect("chromedriver starts a browser");
        let browser = Self { client, driver, _profile: profile };
        // The page a browser begins with is its own, and asks for things where there is a network.
        browser.client.goto("about:blank").await.expect("an empty page");
        browser.faults().await.expect("what the browser says by itself");
        browser
    }

    /// Ends the browser in an orderly way; the driver ends with it.
    pub(crate) async fn close(self) -> Result<(), CmdError> {
        self.client.close().await?;
        drop(self.driver);
        Ok(())
    }

    /// Loads `url`.
    pub(crate) async fn open(&self, url: &str) -> Result<(), CmdError> {
        self.client.execute(LEAVE, Vec::new()).await?;
        self.client.goto(url).await?;
        self.arrive().await
    }

    /// Loads the open page again.
    pub(crate) async fn refresh(&self) -> Result<(), CmdError> {
        self.client.execute(LEAVE, Vec::new()).await?;
        self.client.refresh().await?;
        self.arrive().await
    }

    /// Waits until a page other than the one that was left is there in full. The driver's own waiting is not enough:
    /// on a busy machine it can be done before the new page is.
    pub(crate) async fn arrive(&self) -> Result<(), CmdError> {
        let state = "return window.left ? 'not left' : document.readyState";
        let seen = self.seen(state, &json!("complete")).await?;
        assert_eq!(seen, "complete", "the page never loads");
        Ok(())
    }

    /// The element, once the page has it.
    pub(crate) async fn find(&self, css: &str) -> Result<Element, CmdError> {
        match self.client.wait().at_most(PATIENCE).every(PAUSE).for_element(Locator::Css(css)).await {
            Err(CmdError::WaitTimeout) => panic!("the page never has a {css}"),
            found => found,
        }
    }

    /// What `script` gives, once it is `expected`, or what it gave at last. A script may fail meanwhile (it finds no
    /// element yet, or the page under it goes); then this is the driver's message.
    pub(crate) async fn seen(&self, script: &str, expected: &Value) -> Result<Value, CmdError> {
        let begun = Instant::now();
        loop {
            let seen = match self.client.execute(script, Vec::new()).await {
                Err(CmdError::Standard(error)) => Value::String(error.to_string()),
                seen => seen?,
            };
            if seen == *expected || begun.elapsed() > PATIENCE {
                return Ok(seen);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Does something with an element once the browser lets it be done: what has just been opened or laid out anew is not always there
    /// to be clicked or written into yet.
    pub(crate) async fn act<T>(&self, act: impl AsyncFn() -> Result<T, CmdError>) -> Result<T, CmdError> {
        let begun = Instant::now();
        loop {
            match act().await {
                Err(CmdError::Standard(error))
                    if error.to_string().contains("not interactable") && begun.elapsed() <= PATIENCE =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// Looks at the page that is open in another way, without loading it again.
    pub(crate) async fn look(&self, look: Look) -> Result<(), CmdError> {
        let metrics = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.mobile,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": look.scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        let query = format!("(width: {}px) and (prefers-color-scheme: {})", look.width, look.scheme);
        let seen = self.seen(&format!("return matchMedia('{query}').matches"), &json!(true)).await?;
        assert_eq!(seen, true, "the page is never looked at on {}", look.name);
        Ok(())
    }

    /// What went wrong since the last call: errors and warnings of the console, requests that failed or were answered
    /// with an error status.
    pub(crate) async fn faults(&self) -> Result<Vec<String>, CmdError> {
        let console = self.log("browser").await?;
        let mut faults: Vec<String> = console
            .iter()
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|entry| entry["message"].as_str().unwrap_or_default())
            .filter(|message| !DRAWING.iter().any(|said| message.contains(said)))
            .map(|message| format!("console: {message}"))
            .collect();
        for entry in self.log("performance").await? {
            let message = entry["message"].as_str().and_then(|text| serde_json::from_str(text).ok());
            let event: Value = message.unwrap_or_default();
            faults.extend(network_fault(&event["message"]["method"], &event["message"]["params"]));
        }
        Ok(faults)
    }

    async fn log(&self, kind: &str) -> Result<Vec<Value>, CmdError> {
        match self.client.issue_cmd(Extra { path: "se/log", body: json!({ "type": kind }) }).await? {
            Value::Array(entries) => Ok(entries),
            other => Err(CmdError::NotW3C(other)),
        }
    }

    async fn devtools(&self, method: &str, params: Value) -> Result<(), CmdError> {
        let body = json!({ "cmd": method, "params": params });
        self.client.issue_cmd(Extra { path: "goog/cdp/execute", body }).await.map(drop)
    }
}

impl Driver {
    fn start() -> Self {
        let mut process = Command::new(program(&["chromedriver"]))
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own, so that what it starts can be ended with it.
            .process_group(0)
            .spawn()
            .expect("chromedriver starts");
        let stdout = process.stdout.take().expect("standard output is a pipe");
        let (found, port) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    let _ = found.send(port.trim_end_matches('.').to_owned());
                }
            }
        });
        let port = port.recv_timeout(PATIENCE).expect("chromedriver says its port");
        Self { process, address: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}

/// A command of Chromium's driver that is not in the standard.
#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// What the browser says of how it draws where there is no graphics card.
const DRAWING: [&str; 2] = ["software WebGL", "GL Driver Message"];

/// An event of the developer tools that says a request went wrong, in words.
fn network_fault(method: &Value, params: &Value) -> Option<String> {
    match method.as_str()? {
        "Network.loadingFailed" if params["canceled"] != true => {
            Some(format!("request failed: {} {}", params["type"], params["errorText"]))
        }
        "Network.responseReceived" => {
            let response = &params["response"];
            let status = response["status"].as_u64()?;
            (status >= 400).then(|| format!("status {status}: {}", response["url"].as_str().unwrap_or_default()))
        }
        _ => None,
    }
}

/// The first of these programs that is on the path.
fn program(names: &[&str]) -> PathBuf {
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|at| at.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "the browser tests need `{}`, and it is not on the path. `make test` installs it; by hand: \
             apt-get install chromium chromium-driver",
            names[0]
        )
    })
}

fn connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}
