//! Binds addresses: one listener per core where the kernel spreads connections over them (`SO_REUSEPORT`), else one that
//! all cores share.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections the kernel keeps for us to accept.
const BACKLOG: i32 = 4096;

/// Binds `address` for `count` cores. Fails when anyone listens there, be it another of us: sockets that share a port
/// would share its connections, and half of the requests would go astray.
///
/// # Errors
/// Those of the system; `AddrInUse` and `PermissionDenied` are the operator's to mend.
pub fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    let first = socket(address)?;
    // Checks for others: this one does not share.
    first.bind(&address.into())?;
    if !cfg!(target_os = "linux") || count == 1 {
        first.listen(BACKLOG)?;
        let first = TcpListener::from(first);
        return std::iter::repeat_with(|| first.try_clone()).take(count).collect();
    }
    let address = first.local_addr()?.as_socket().unwrap_or(address);
    drop(first);
    (0..count)
        .map(|_| {
            let socket = socket(address)?;
            share_port(&socket)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })
        .collect()
}

/// Like `bind`, on the first port from that of `address` on, out of `tries`, that no one has.
///
/// # Errors
/// As `bind`, for the last port tried.
pub fn bind_next(mut address: SocketAddr, count: usize, tries: u16) -> io::Result<Vec<TcpListener>> {
    for _ in 1..tries {
        match bind(address, count) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
        let Some(next) = address.port().checked_add(1) else { break };
        address.set_port(next);
    }
    bind(address, count)
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
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
        let ours = bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let address = ours[0].local_addr().unwrap();
        assert_eq!(ours[1].local_addr().unwrap(), address);
        assert_eq!(bind(address, 2).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let next = bind_next(address, 1, 100).unwrap();
        assert!(next[0].local_addr().unwrap().port() > address.port());
    }
}
