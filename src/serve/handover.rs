//! From one server to the next without a refused connection. A running server waits at a Unix socket for the one that is
//! to replace it, gives it its listening sockets (`SCM_RIGHTS`), and goes on serving until that one says that it serves:
//! then it finishes what it has and ends. Two sockets that share a port would not do: what waits at the one that is
//! closed is reset.
//!
//! What goes over the socket: messages of one byte, the number of descriptors that come with it, and of a Unix socket the
//! path; until one says 0. Then `r` from the next server, once it is ready, and `k` from the one before, which has begun
//! to stop.

use std::{
    ffi::OsStr,
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    net::TcpListener,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};

use super::{
    inherited::Inherited,
    listen::{Kind, Listening},
    shutdown::{Phase, Stop, Stopper},
    unix_socket::{SocketFile, UnixSocket},
};

/// The name of the socket in the build folder.
pub const SUCCESSION: &str = "sitekit-next.sock";

/// A server that does not answer in this time is no one's predecessor.
const PATIENCE: Duration = Duration::from_secs(5);
/// Descriptors in one message.
const BATCH: usize = 64;
const READY: u8 = b'r';
const STOPPING: u8 = b'k';

/// How a server comes after another, and lets another come after it.
#[derive(Debug)]
pub struct Succession {
    path: PathBuf,
    stopper: Arc<Stopper>,
    predecessor: Option<Predecessor>,
}

/// A server that still serves, and stops when it is relieved.
#[derive(Debug)]
pub struct Predecessor(UnixStream);

/// What can be handed over.
#[derive(Debug)]
struct Offer {
    /// In messages.
    sockets: Vec<Message>,
    files: Vec<Arc<SocketFile>>,
}

#[derive(Debug, Default)]
struct Message {
    sockets: Vec<OwnedFd>,
    /// Of a Unix socket, which does not know under which name it is found.
    path: PathBuf,
}

/// Takes the sockets of the server that waits at `path`; `None` when there is none.
///
/// # Errors
/// When it does not answer as it should.
pub fn take_over(path: &Path) -> io::Result<Option<(Inherited, Predecessor)>> {
    let Ok(stream) = UnixStream::connect(path) else { return Ok(None) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut inherited = Inherited::default();
    loop {
        let Message { sockets, path } = receive(&stream)?;
        if sockets.is_empty() {
            return Ok(Some((inherited, Predecessor(stream))));
        }
        if path.as_os_str().is_empty() {
            inherited.tcp.extend(sockets.into_iter().map(TcpListener::from));
        } else {
            let sockets = sockets.into_iter().map(UnixListener::from);
            inherited.unix.extend(sockets.map(|socket| UnixSocket::succeed(socket, &path)));
        }
    }
}

impl Succession {
    /// The next server finds this one at `path`, and `stopper` tells this one to stop when the next is ready.
    /// `predecessor` is the server whose sockets these are. `None` where no server can take over.
    #[must_use]
    pub fn new(path: PathBuf, stopper: Arc<Stopper>, predecessor: Option<Predecessor>) -> Option<Self> {
        Some(Self { path, stopper, predecessor })
    }

    /// Copies the descriptors, which are shared among the cores after this.
    pub(super) fn prepare(self, listening: &[Listening]) -> io::Result<Heir> {
        Ok(Heir { offer: Offer::of(listening)?, succession: self })
    }
}

/// A server that serves, and is about to tell the one before it.
#[derive(Debug)]
pub(super) struct Heir {
    succession: Succession,
    offer: Offer,
}

impl Heir {
    /// Relieves the server before, then waits for the next.
    pub(super) async fn run(self, stop: Stop) {
        let Self { succession: Succession { path, stopper, predecessor }, offer } = self;
        // Before the other one goes, which removes its own file and no other.
        let socket = match predecessor {
            Some(_) => UnixSocket::replace(&path, 0o600),
            None => UnixSocket::bind(&path, 0o600),
        };
        if let Some(Err(error)) = predecessor.map(Predecessor::relieve) {
            tracing::error!(%error, "the server before this one does not give way; both serve");
        }
        match socket {
            Ok(socket) => offer.wait_for_next(socket, &stopper, stop).await,
            Err(error) => tracing::warn!(%error, path = %path.display(), "no other server can take over from this one"),
        }
    }
}

impl Predecessor {
    /// Lets it stop: from now on its sockets are ours alone.
    fn relieve(mut self) -> io::Result<()> {
        self.0.write_all(&[READY])?;
        let mut answer = [0];
        self.0.read_exact(&mut answer)?;
        if answer == [STOPPING] { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

impl Offer {
    /// Of everything that is listened at.
    fn of(listening: &[Listening]) -> io::Result<Self> {
        let (mut messages, mut files) = (Vec::new(), Vec::new());
        for place in listening {
            match &place.sockets.0 {
                Kind::Tcp(each) => {
                    for batch in each.chunks(BATCH) {
                        let sockets = batch.iter().map(|socket| socket.as_fd().try_clone_to_owned());
                        let sockets = sockets.collect::<io::Result<_>>()?;
                        messages.push(Message { sockets, path: PathBuf::new() });
                    }
                }
                // Those of all cores are the same.
                Kind::Unix(each) => {
                    for socket in each.iter().take(1) {
                        let sockets = vec![socket.listener.as_fd().try_clone_to_owned()?];
                        messages.push(Message { sockets, path: socket.path().to_owned() });
                        files.push(Arc::clone(&socket.file));
                    }
                }
            }
        }
        Ok(Self { sockets: messages, files })
    }

    /// Waits for the next server until this one stops, whyever it does.
    async fn wait_for_next(self, socket: UnixSocket, stopper: &Stopper, mut stop: Stop) {
        tokio::select! {
            () = stop.reached(Phase::Draining) => {}
            ended = self.serve(socket, stopper) => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "no other server can take over from this one");
                }
            }
        }
    }

    async fn serve(&self, socket: UnixSocket, stopper: &Stopper) -> io::Result<()> {
        let UnixSocket { listener, file: _file } = socket;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::UnixListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            // One at a time: of two that would come after us, the second finds the first.
            match self.hand_over(stream, stopper).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "the next server did not become ready; this one serves on"),
            }
        }
    }

    async fn hand_over(&self, mut stream: tokio::net::UnixStream, stopper: &Stopper) -> io::Result<()> {
        for message in self.sockets.iter().chain([&Message::default()]) {
            stream.async_io(Interest::WRITABLE, || send(&stream, message)).await?;
        }
        let mut word = [0];
        stream.read_exact(&mut word).await?;
        if word != [READY] {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.files.iter().for_each(|file| file.give_up());
        tracing::info!("another server takes over: what is in flight is finished");
        stream.write_all(&[STOPPING]).await?;
        stopper.go_to(Phase::Draining);
        Ok(())
    }
}

fn send(stream: impl AsFd, message: &Message) -> io::Result<()> {
    let mut space = [const { MaybeUninit::uninit() }; rustix::cmsg_space!(ScmRights(BATCH))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let sockets: Vec<_> = message.sockets.iter().map(OwnedFd::as_fd).collect();
    if !sockets.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let count = [u8::try_from(sockets.len()).unwrap_or(u8::MAX)];
    let text = [IoSlice::new(&count), IoSlice::new(message.path.as_os_str().as_bytes())];
    rustix::net::sendmsg(stream, &text, &mut control, SendFlags::empty())?;
    Ok(())
}

/// One message: the kernel does not join what comes with descriptors to what comes before or after.
fn receive(stream: impl AsFd) -> io::Result<Message> {
    let mut space = [const { MaybeUninit::uninit() }; rustix::cmsg_space!(ScmRights(BATCH))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut text = [0; 1 + 4096];
    let received =
        rustix::net::recvmsg(stream, &mut [IoSliceMut::new(&mut text)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let rights = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    let sockets: Vec<_> = rights.flatten().collect();
    match &text[..received.bytes] {
        [count, path @ ..] if usize::from(*count) == sockets.len() => {
            Ok(Message { sockets, path: OsStr::from_bytes(path).into() })
        }
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
