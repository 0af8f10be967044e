//! An HTTP client that hides nothing: what is sent are the bytes of the test, and what comes back is taken apart. It
//! waits for a server as long as a busy machine may need, and no longer.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// Long enough for a machine that is busy with other tests; reached only when something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Looks again and again, for as long as one is patient. The server needs the core more than this does.
#[track_caller]
pub(crate) fn wait_until(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "it never came");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A connection that says what it is told to, byte by byte.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) reader: BufReader<TcpStream>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) version: String,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        // Whatever goes wrong, a test ends.
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The next answer; `None` when the server closed the connection.
    pub(crate) fn receive(&mut self, method: &str) -> Option<Reply> {
        Reply::read(&mut self.reader, method)
    }

    /// Sends a request of the given method, target and fields, and receives its answer.
    pub(crate) fn ask(&mut self, method: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(request(method, target, fields));
        self.receive(method).expect("an answer")
    }

    /// Waits until the server closes the connection; `false` when it sends something instead, or waits too long.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.reader.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

impl Reply {
    /// The next answer on a connection; `None` when it was closed.
    pub(crate) fn read(reader: &mut impl BufRead, method: &str) -> Option<Self> {
        let mut line = String::new();
        // A reset is a close, too.
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let (version, rest) = line.trim_end().split_once(' ').unwrap_or_else(|| panic!("{line:?} is no status line"));
        let status = rest.split(' ').next().unwrap().parse().unwrap();
        let (version, mut fields) = (version.to_owned(), Vec::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            assert!(line.ends_with("\r\n"), "{line:?}");
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.trim_end_matches("\r\n").split_once(':').unwrap();
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Self { version, status, fields, body: Vec::new() };
        let bodiless = method == "HEAD" || matches!(status, 100..=199 | 204 | 304);
        if !bodiless {
            let length =
                reply.field("content-length").unwrap_or_else(|| panic!("no length: {reply:?}")).parse().unwrap();
            reply.body = vec![0; length];
            reader.read_exact(&mut reply.body).unwrap();
        }
        Some(reply)
    }

    /// The value of a field that occurs once or not at all.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let first = values.next();
        assert!(values.next().is_none(), "{name} twice in {self:?}");
        first.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> String {
    let lines = fields.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect::<String>();
    format!("{method} {target} HTTP/1.1\r\nHost: test\r\n{lines}\r\n")
}
