//! Sockets that listen already when we start: those of systemd (`LISTEN_FDS`), and those of the server before us. No
//! connection is refused while one server goes and another comes, because the sockets stay.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use super::listen::{Kind, Place, Sockets, for_cores};
#[cfg(unix)]
use super::unix_socket::UnixSocket;

/// Sockets another process opened.
#[derive(Debug, Default)]
pub struct Inherited {
    pub(super) tcp: Vec<TcpListener>,
    #[cfg(unix)]
    pub(super) unix: Vec<UnixSocket>,
}

impl Inherited {
    /// Those the environment names, once: who asks again gets none.
    ///
    /// # Errors
    /// When a descriptor is none of a socket that listens for streams.
    pub fn from_environment() -> io::Result<Self> {
        let mut given = listenfd::ListenFd::from_env();
        let mut found = Self::default();
        for nth in 0..given.len() {
            #[cfg(unix)]
            if let Ok(Some(listener)) = given.take_unix_listener(nth) {
                found.unix.push(UnixSocket::adopt(listener));
                continue;
            }
            found.tcp.extend(given.take_tcp_listener(nth)?);
        }
        Ok(found)
    }

    /// One more.
    pub fn add(&mut self, listener: TcpListener) {
        self.tcp.push(listener);
    }

    /// The sockets that listen at `place`, for `cores` cores; `None` when there are none.
    ///
    /// # Errors
    /// When the system gives no more descriptors.
    pub fn claim(&mut self, place: &Place, cores: usize) -> io::Result<Option<Sockets>> {
        let kind = match place {
            Place::Address(wanted) => {
                let is_it = |socket: &mut TcpListener| socket.local_addr().is_ok_and(|address| same(address, *wanted));
                let sockets: Vec<_> = self.tcp.extract_if(.., is_it).collect();
                Kind::Tcp(for_cores(sockets, cores, TcpListener::try_clone)?)
            }
            #[cfg(unix)]
            Place::Path(path) => {
                let sockets: Vec<_> = self.unix.extract_if(.., |socket| socket.path() == path).collect();
                Kind::Unix(for_cores(sockets, cores, UnixSocket::try_clone)?)
            }
            #[cfg(not(unix))]
            Place::Path(_) => return Ok(None),
        };
        let sockets = Sockets(kind);
        Ok(sockets.place().is_some().then_some(sockets))
    }

    /// What no one claimed yet.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let mut places: Vec<_> =
            self.tcp.iter().filter_map(|socket| socket.local_addr().ok()).map(Place::Address).collect();
        #[cfg(unix)]
        places.extend(self.unix.iter().map(|socket| Place::Path(socket.path().to_owned())));
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// Whether a socket at `found` is what was meant by `wanted`: all addresses are all addresses, of either family.
fn same(found: SocketAddr, wanted: SocketAddr) -> bool {
    let all = found.ip().is_unspecified() && wanted.ip().is_unspecified();
    found.port() == wanted.port() && (all || found.ip().to_canonical() == wanted.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_claimed_by_their_place() {
        let at = |text: &str| TcpListener::bind(text).unwrap();
        let address = |socket: &TcpListener| Place::Address(socket.local_addr().unwrap());
        let (one, other, all) = (at("127.0.0.1:0"), at("127.0.0.1:0"), at("[::]:0"));
        let everywhere = Place::Address(([0, 0, 0, 0], all.local_addr().unwrap().port()).into());
        let places = [address(&one), address(&other)];
        let same_port = one.try_clone().unwrap();
        let mut inherited = Inherited { tcp: vec![one, other, all, same_port], ..Inherited::default() };
        let count = |sockets: Option<Sockets>| match sockets.unwrap().0 {
            Kind::Tcp(sockets) => sockets.len(),
            #[cfg(unix)]
            Kind::Unix(_) => 0,
        };
        assert_eq!(count(inherited.claim(&places[0], 1).unwrap()), 2);
        assert!(inherited.claim(&places[0], 1).unwrap().is_none());
        assert_eq!(count(inherited.claim(&everywhere, 3).unwrap()), 3);
        assert_eq!(inherited.places(), [places[1].clone()]);
    }
}
