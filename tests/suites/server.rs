//! The server, as its users run it: the binary, in a process of its own, which ends with the value.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use bytes::Bytes;
use serde_json::Value;
use sitekit::{
    pack::{self, RealDisk},
    site::{BasePath, Coding, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

use crate::{client::PATIENCE, tools};

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    build: PathBuf,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves the bundles in a folder. It says where it listens.
    pub(crate) fn start(build: &Path, arguments: &[&str]) -> Self {
        Self::listening_at("127.0.0.1:0", build, arguments)
    }

    /// The same over TLS, with a certificate that is signed by no one else.
    pub(crate) fn start_tls(build: &Path, arguments: &[&str]) -> Self {
        Self::listening_at("127.0.0.1:0 tls", build, &[&["--self-signed"], arguments].concat())
    }

    fn listening_at(place: &str, build: &Path, arguments: &[&str]) -> Self {
        let mut command = sitekit();
        command.args(["serve", "--addr", place, "--log-format", "json", "--build"]).arg(build);
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, listening) = mpsc::channel();
        let complaints = Arc::<Mutex<Vec<String>>>::default();
        let complained = Arc::clone(&complaints);
        // Reads to the end, so that the server never waits for someone to read its logs.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                if event["message"] == "listening" {
                    let _ = tell.send(event["address"].as_str().unwrap().parse().unwrap());
                } else if event["level"] != "INFO" {
                    complained.lock().unwrap().push(line);
                }
            }
        });
        let address = listening.recv_timeout(PATIENCE);
        let address = address.unwrap_or_else(|error| panic!("it does not listen: {error} {:?}", complaints.lock()));
        Self { child, address, build: build.to_owned(), complaints }
    }

    /// Sends one request that ends its connection, and reads the answer to its last byte.
    pub(crate) fn exchange(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_ref()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// What it logged beyond the ordinary. Clients alone should not be able to make it.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }

    /// How many connections it took, by its own count.
    pub(crate) fn accepted(&self) -> u64 {
        let output = tools::run(sitekit().args(["stats", "--json", "--build"]).arg(&self.build));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["connections"]["accepted"].as_u64().unwrap()
    }

    /// How many file descriptors it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn sitekit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).env_remove("RUST_LOG");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SITEKIT_")) {
        command.env_remove(name);
    }
    command
}

// ---------------------------------------------------------------------------------------------------------------------
// Sites without a compiler

pub(crate) fn commit(build: &Path, image: &SiteImage) {
    pack::seal(image).unwrap().commit(&RealDisk, build, 1).unwrap();
}

/// A multi-page site.
pub(crate) fn image(name: &str, routes: impl IntoIterator<Item = (String, Response)>) -> SiteImage {
    let site = SiteName::parse(name).unwrap();
    let routes = routes.into_iter().map(|(path, response)| (SitePath::parse(&path).unwrap(), response)).collect();
    let base = BasePath::of(&site);
    let (rules, manifest) = (Rules::default(), Manifest::default());
    SiteImage { base, site, mode: Mode::Traditional, routes, not_found: None, rules, manifest }
}

pub(crate) fn response(status: u16, fields: &[(&str, &str)], body: &[u8]) -> Response {
    let bytes = Bytes::copy_from_slice(body);
    Response {
        status,
        fields: fields.iter().map(|(name, value)| Field::new(name, *value)).collect(),
        bodies: vec![EncodedBody { coding: Coding::Identity, bytes }],
    }
}

/// The same, and coded by gzip.
pub(crate) fn zipped(mut response: Response) -> Response {
    let mut gzip =
        Command::new("gzip").args(["-9", "-n"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(&response.bodies[0].bytes).unwrap();
    let bytes = gzip.wait_with_output().unwrap().stdout.into();
    response.bodies.push(EncodedBody { coding: Coding::Gzip, bytes });
    response
}
