//! Where connections come from: addresses and Unix sockets, bound before the server runs, with a socket for each core.
//! One listener per core where the kernel spreads connections over them (`SO_REUSEPORT`), else one that all cores share.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use socket2::{Domain, Protocol as Transport, Socket, Type};

use super::tls::Tls;
#[cfg(unix)]
use super::unix_socket::UnixSocket;

/// Connections the kernel keeps for us to accept.
pub(super) const BACKLOG: i32 = 4096;

/// A place where the server listens, and what it speaks there.
#[derive(Debug)]
pub struct Listening {
    pub sockets: Sockets,
    pub protocol: Protocol,
    /// Each connection begins with a PROXY protocol header. It is taken from trusted peers alone, and others are turned
    /// away.
    pub proxy: bool,
}

#[derive(Clone, Debug)]
pub enum Protocol {
    /// HTTP/1.1, and HTTP/2 from clients that begin with its preface.
    Plain,
    /// The same over TLS, where the client chooses by ALPN. HTTP/3 would be a third kind of socket beside this one, and
    /// an `Alt-Svc` field on its answers.
    Tls(Arc<Tls>),
    /// Every answer is a redirect to https at this port. A request that a trusted proxy took over https is answered.
    ToHttps { port: u16 },
}

/// Sockets that listen at one place, at least one for each core.
#[derive(Debug)]
pub struct Sockets(pub(super) Kind);

#[derive(Debug)]
pub(super) enum Kind {
    Tcp(Vec<TcpListener>),
    #[cfg(unix)]
    Unix(Vec<UnixSocket>),
}

/// One core's part of a place.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) socket: DoorSocket,
    pub(super) way: Way,
}

/// How one comes in by a door.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) protocol: Protocol,
    pub(super) proxy: bool,
}

impl Way {
    pub(super) fn to_https(&self) -> Option<u16> {
        match self.protocol {
            Protocol::ToHttps { port } => Some(port),
            Protocol::Plain | Protocol::Tls(_) => None,
        }
    }
}

#[derive(Debug)]
pub(super) enum DoorSocket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

impl Listening {
    /// Plain HTTP, as it is asked for.
    #[must_use]
    pub fn plain(sockets: Sockets) -> Self {
        Self { sockets, protocol: Protocol::Plain, proxy: false }
    }

    /// A door for each core.
    pub(super) fn split(self) -> impl Iterator<Item = Door> {
        let Self { sockets, protocol, proxy } = self;
        let sockets: Vec<_> = match sockets.0 {
            Kind::Tcp(sockets) => sockets.into_iter().map(DoorSocket::Tcp).collect(),
            #[cfg(unix)]
            Kind::Unix(sockets) => sockets.into_iter().map(DoorSocket::Unix).collect(),
        };
        sockets.into_iter().map(move |socket| Door { socket, way: Way { protocol: protocol.clone(), proxy } })
    }
}

impl Sockets {
    /// Binds `address` for `cores` cores. Fails when anyone listens there, be it another of us: sockets that share a
    /// port would share its connections, and half of the requests would go astray.
    ///
    /// # Errors
    /// Those of the system; `AddrInUse` and `PermissionDenied` are the operator's to mend.
    pub fn bind(address: SocketAddr, cores: usize) -> io::Result<Self> {
        let first = socket(address)?;
        // Checks for others: this one does not share.
        first.bind(&address.into())?;
        if !cfg!(target_os = "linux") || cores == 1 {
            first.listen(BACKLOG)?;
            return Ok(Self(Kind::Tcp(for_cores(vec![first.into()], cores, TcpListener::try_clone)?)));
        }
        let address = first.local_addr()?.as_socket().unwrap_or(address);
        drop(first);
        let sockets = (0..cores).map(|_| {
            let socket = socket(address)?;
            share_port(&socket)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        });
        Ok(Self(Kind::Tcp(sockets.collect::<io::Result<_>>()?)))
    }

    /// Like `bind`, on the first port from that of `address` on, out of `tries`, that no one has.
    ///
    /// # Errors
    /// As `bind`, for the last port tried.
    pub fn bind_next(mut address: SocketAddr, cores: usize, tries: u16) -> io::Result<Self> {
        for _ in 1..tries {
            match Self::bind(address, cores) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                bound => return bound,
            }
            let Some(next) = address.port().checked_add(1) else { break };
            address.set_port(next);
        }
        Self::bind(address, cores)
    }

    /// Binds a Unix socket with the given mode bits, such as `0o660`. The file of a server that is gone is replaced, and
    /// ours goes when we do.
    ///
    /// # Errors
    /// `AddrInUse` when a server listens there or another kind of file has the name, else those of the system.
    #[cfg(unix)]
    pub fn bind_unix(path: &std::path::Path, mode: u32, cores: usize) -> io::Result<Self> {
        Ok(Self(Kind::Unix(for_cores(vec![UnixSocket::bind(path, mode)?], cores, UnixSocket::try_clone)?)))
    }

    /// Where a client finds them: the port is the real one, also when 0 was asked for.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match &self.0 {
            Kind::Tcp(sockets) => sockets.first()?.local_addr().ok().map(Place::Address),
            #[cfg(unix)]
            Kind::Unix(sockets) => sockets.first().map(|socket| Place::Path(socket.path().to_owned())),
        }
    }
}

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Address(SocketAddr),
    /// Of a Unix socket.
    Path(std::path::PathBuf),
}

impl Place {
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Path(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Path(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// At least one for each core. Where there are more sockets than cores, each is needed: connections wait at all of them.
pub(super) fn for_cores<T>(
    mut sockets: Vec<T>,
    cores: usize,
    copy: impl Fn(&T) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    let given = sockets.len();
    for nth in given..cores {
        if given > 0 {
            sockets.push(copy(&sockets[nth % given])?);
        }
    }
    Ok(sockets)
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Transport::TCP))?;
    // A restart must not wait for connections of the last run to be forgotten. Windows means another thing by it.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    Ok(socket)
}

#[cfg(unix)]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(unix))]
fn share_port(_: &Socket) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_ours_alone() {
        let address = |sockets: &Sockets| sockets.place().unwrap().address().unwrap();
        let ours = Sockets::bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let Kind::Tcp(each) = &ours.0 else { panic!("no TCP") };
        assert_eq!(each[0].local_addr().unwrap(), each[1].local_addr().unwrap());
        assert_eq!(Sockets::bind(address(&ours), 2).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let next = Sockets::bind_next(address(&ours), 1, 100).unwrap();
        assert!(address(&next).port() > address(&ours).port());
    }
}
