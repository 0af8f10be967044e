//! A client of HTTP/2 that hides nothing: frames go out as the test writes them, and come back taken apart.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::client::PATIENCE;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// RFC 9113 §7
pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    next: u32,
}

/// What becomes of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answer {
        status: u16,
        body: Vec<u8>,
    },
    /// The stream was reset, with this error.
    Reset(u32),
    /// The connection was ended, with this error.
    Goaway(u32),
    Closed,
}

impl Client {
    /// Sends the preface and empty settings.
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::with_settings(address, &[])
    }

    pub(crate) fn with_settings(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut client = Self::silent(address);
        client.stream.write_all(PREFACE).unwrap();
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend_from_slice(&name.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        client.send(SETTINGS, 0, 0, &payload);
        client
    }

    /// Says nothing yet.
    pub(crate) fn silent(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        // Whatever goes wrong, a test ends.
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, next: 1 }
    }

    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.stream.write_all(&frame(kind, flags, stream, payload)).unwrap();
    }

    /// Sends a request without a body, and says on which stream.
    pub(crate) fn request(&mut self, fields: &[(&str, &str)]) -> u32 {
        self.begin(fields, END_STREAM | END_HEADERS)
    }

    /// The same, with these flags.
    pub(crate) fn begin(&mut self, fields: &[(&str, &str)], flags: u8) -> u32 {
        let stream = self.reserve();
        self.send(HEADERS, flags, stream, &block(fields));
        stream
    }

    /// The next stream's number.
    pub(crate) fn reserve(&mut self) -> u32 {
        self.next += 2;
        self.next - 2
    }

    pub(crate) fn get(&mut self, path: &str) -> Outcome {
        let stream = self.request(&get(path));
        self.outcome(stream)
    }

    /// The next frame; `None` when the server closed the connection.
    pub(crate) fn receive(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).ok()?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }

    /// The next frame of this kind; others are skipped.
    pub(crate) fn receive_kind(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.receive()?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Reads on to the end of a stream, and gives the server all the room it wants.
    pub(crate) fn outcome(&mut self, stream: u32) -> Outcome {
        let (mut status, mut body) = (0, Vec::new());
        loop {
            let Some(frame) = self.receive() else { return Outcome::Closed };
            match frame.kind {
                HEADERS if frame.stream == stream => status = frame.status(),
                DATA => {
                    if !frame.payload.is_empty() {
                        let more = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
                        // The server may be gone already, and what it said last is still to be read.
                        let _ = self.stream.write_all(&frame_of(WINDOW_UPDATE, 0, &more));
                        let _ = self.stream.write_all(&frame_of(WINDOW_UPDATE, frame.stream, &more));
                    }
                    if frame.stream == stream {
                        body.extend_from_slice(&frame.payload);
                    }
                }
                RST_STREAM if frame.stream == stream => return Outcome::Reset(frame.code(0)),
                GOAWAY if frame.code(4) != NO_ERROR => return Outcome::Goaway(frame.code(4)),
                SETTINGS if frame.flags & ACK == 0 => drop(self.stream.write_all(&frame_with(SETTINGS, ACK))),
                PING if frame.flags & ACK == 0 => {
                    drop(self.stream.write_all(&self::frame(PING, ACK, 0, &frame.payload)));
                }
                _ => {}
            }
            if frame.stream == stream && matches!(frame.kind, HEADERS | DATA) && frame.flags & END_STREAM != 0 {
                return Outcome::Answer { status, body };
            }
        }
    }

    /// Waits until the server ended the connection; says with which error, if it said so.
    pub(crate) fn ended(&mut self) -> Option<u32> {
        let mut error = None;
        while let Some(frame) = self.receive() {
            if frame.kind == GOAWAY {
                error = Some(frame.code(4));
            }
        }
        error
    }
}

impl Frame {
    /// An error code.
    pub(crate) fn code(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The first field of an answer's block, which is `:status` (RFC 9113 §8.3).
    pub(crate) fn status(&self) -> u16 {
        match self.payload[..] {
            // RFC 7541, appendix A.
            [byte @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(byte - 0x88)],
            // In the dynamic table, where it comes to be the newest entry or an older one: not used by these tests.
            [0x48 | 0x08, length, ref value @ ..] => digits(length, value),
            _ => panic!("no status in {:02x?}", self.payload),
        }
    }
}

/// A string of digits, by Huffman's code or as it is (RFC 7541 §5.2 and appendix B).
fn digits(length: u8, value: &[u8]) -> u16 {
    let value = &value[..usize::from(length & 0x7f)];
    if length & 0x80 == 0 {
        return std::str::from_utf8(value).unwrap().parse().unwrap();
    }
    let mut bits = String::new();
    for byte in value {
        let _ = write!(bits, "{byte:08b}");
    }
    let (mut rest, mut number) = (&bits[..], 0);
    while number < 100 {
        let bits = |len| u16::from_str_radix(&rest[..len], 2).unwrap();
        let (digit, len) = if bits(5) <= 2 { (bits(5), 5) } else { (bits(6) - 0b01_1001 + 3, 6) };
        number = number * 10 + digit;
        rest = &rest[len..];
    }
    number
}

/// The fields of a GET.
pub(crate) fn get(path: &str) -> [(&'static str, &str); 4] {
    [(":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", path)]
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn frame_of(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    frame(kind, 0, stream, payload)
}

fn frame_with(kind: u8, flags: u8) -> Vec<u8> {
    frame(kind, flags, 0, &[])
}

/// A field block: every field a literal that is not indexed (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            integer(&mut bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// A length with a prefix of seven bits (RFC 7541 §5.1).
fn integer(bytes: &mut Vec<u8>, value: usize) {
    if value < 127 {
        bytes.push(u8::try_from(value).unwrap());
        return;
    }
    bytes.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128 + 128).unwrap());
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
}
