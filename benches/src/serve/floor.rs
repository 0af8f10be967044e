//! The floor: what one answer costs when nobody looks at the request. One thread, epoll, one `read` and one `write` per
//! request, bytes that were ready before it came. No server on this kernel's sockets can cost less.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
};

use anyhow::Context as _;
use nix::sys::{
    epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    prctl::set_pdeathsig,
    signal::Signal,
};

use super::constant;

#[derive(Debug, clap::Args)]
pub(crate) struct FloorArgs {
    #[arg(long)]
    addr: SocketAddr,
    /// A file that holds a whole answer, head and body; with several, each connection gets them in turn
    #[arg(long = "answer", required = true)]
    answers: Vec<PathBuf>,
    /// Answer through hyper instead of the raw loop
    #[arg(long)]
    hyper: bool,
}

/// The hidden subcommand; ends with the harness.
pub(crate) fn run(args: &FloorArgs) -> anyhow::Result<()> {
    set_pdeathsig(Signal::SIGKILL).context("asking to end with the harness")?;
    let read = |file: &PathBuf| std::fs::read(file).with_context(|| file.display().to_string());
    let answers = args.answers.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let listener = TcpListener::bind(args.addr).with_context(|| format!("listening on {}", args.addr))?;
    if args.hyper { constant::serve(listener, &answers) } else { serve(&listener, &answers) }
}

/// The listener's mark among the events; connections are numbered from 0.
const LISTENER: u64 = u64::MAX;

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    answered: usize,
}

fn serve(listener: &TcpListener, answers: &[Vec<u8>]) -> anyhow::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("epoll")?;
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER)).context("epoll")?;
    let mut connections: HashMap<u64, Connection> = HashMap::new();
    let (mut next, mut events, mut buffer) = (0, vec![EpollEvent::empty(); 256], vec![0; 16 << 10]);
    loop {
        let ready = epoll.wait(&mut events, EpollTimeout::NONE).context("epoll")?;
        for event in &events[..ready] {
            let id = event.data();
            if id == LISTENER {
                let (stream, _) = listener.accept().context("accepting")?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, next)).context("epoll")?;
                connections.insert(next, Connection { stream, answered: 0 });
                next += 1;
            } else if let Some(connection) = connections.get_mut(&id)
                && !connection.answer(answers, &mut buffer)
            {
                connections.remove(&id);
            }
        }
    }
}

impl Connection {
    /// False when the connection is over.
    fn answer(&mut self, answers: &[Vec<u8>], buffer: &mut [u8]) -> bool {
        match self.stream.read(buffer) {
            Ok(0) => false,
            Ok(count) if buffer[..count].ends_with(b"\r\n\r\n") => {
                let answer = &answers[self.answered % answers.len()];
                self.answered += 1;
                // Larger than the socket's buffer never happens: the largest answer here has some 20 KB.
                self.stream.write(answer).is_ok_and(|sent| sent == answer.len())
            }
            Ok(_) => true,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;
    use crate::serve::client::{Exchange, Load, ask};

    fn answer(status: &str, body: usize) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {body}\r\n\r\n");
        [head.into_bytes(), vec![b'x'; body]].concat()
    }

    fn exchange(status: u16, body: usize) -> Exchange {
        Exchange { request: b"GET / HTTP/1.1\r\n\r\n".to_vec(), status, body }
    }

    /// A floor with these answers, on a thread that ends with the tests.
    fn floor(answers: Vec<Vec<u8>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || serve(&listener, &answers));
        addr
    }

    #[test]
    fn each_connection_gets_the_answers_in_turn() {
        let addr = floor(vec![answer("200 OK", 20_000), answer("404 Not Found", 0)]);
        let cycle = [exchange(200, 20_000), exchange(404, 0)];
        let mut load = Load::open(addr, 3, &cycle).unwrap();
        let mut answered = 0;
        // Any answer out of turn is an error.
        while answered < 100 {
            answered += load.run(Duration::from_millis(1)).unwrap();
        }
    }

    #[test]
    fn an_unexpected_answer_ends_the_load() {
        let addr = floor(vec![answer("200 OK", 4)]);
        let cycle = [exchange(200, 5)];
        let mut load = Load::open(addr, 1, &cycle).unwrap();
        let error = loop {
            match load.run(Duration::from_millis(1)) {
                Ok(answers) => assert_eq!(answers, 0),
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(error, "expected 200 with 5 bytes, got 200 with 4 bytes");
    }

    #[test]
    fn a_single_question_gets_the_whole_answer() {
        let whole = answer("200 OK", 50_000);
        let got = ask(floor(vec![whole.clone()]), b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(got.bytes, whole);
        assert_eq!(got.body().len(), 50_000);
        assert_eq!(got.field("content-length"), Some("50000"));
    }
}
