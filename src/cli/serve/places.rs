//! Binds all places before the first connection is taken: a server that cannot be where it was asked to be does not
//! start.

use std::{io, net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context as _, anyhow};

use super::resolve::Listen;
use crate::{
    cli::settings::Listener,
    serve::{self, Inherited, Listening, Place, Predecessor, Protocol, Sockets, Tls},
};

/// In development, how many ports are tried.
const PORTS: u16 = 100;

/// Sockets that listen already: those of the server that this one replaces, or of a service manager.
///
/// # Errors
/// When they are none that one can listen at, or that server does not hand them over.
pub(super) fn inherit(build: &Path, replaces: bool) -> anyhow::Result<(Inherited, Option<Predecessor>)> {
    if replaces {
        let path = build.join(serve::SUCCESSION);
        let taken = serve::take_over(&path).context("the server that runs does not hand its sockets over")?;
        if let Some((inherited, predecessor)) = taken {
            return Ok((inherited, Some(predecessor)));
        }
    }
    let inherited = Inherited::from_environment().context("LISTEN_FDS names what is no socket that listens")?;
    Ok((inherited, None))
}

/// Sockets for `cores` cores at each place, inherited ones before new ones. With `redirect`, plain addresses lead to the first one that speaks TLS.
///
/// # Errors
/// When a place cannot be had.
pub(super) fn listen(
    listen: &Listen,
    inherited: &mut Inherited,
    redirect: bool,
    tls: Option<&Arc<Tls>>,
    cores: usize,
) -> anyhow::Result<Vec<Listening>> {
    let (places, blame) = match listen {
        Listen::From(address, secure) => {
            let sockets = match claim_next(inherited, *address, cores) {
                Ok(None) => Sockets::bind_next(*address, cores, PORTS),
                Ok(Some(sockets)) => Ok(sockets),
                Err(error) => Err(error),
            };
            let sockets = sockets.map_err(|error| refusal("the address", &Place::Address(*address), error))?;
            return Ok(vec![match tls.filter(|_| *secure) {
                Some(tls) => Listening { sockets, protocol: Protocol::Tls(Arc::clone(tls)), proxy: false },
                None => Listening::plain(sockets),
            }]);
        }
        Listen::At(places, blame) => (places, blame),
    };
    let mut bind = |at: &Listener| sockets(at, inherited, cores).map_err(|error| refusal(blame, &at.place, error));
    let bound = places.iter().map(&mut bind).collect::<anyhow::Result<Vec<_>>>()?;
    let port = |(at, sockets): (&Listener, &Sockets)| {
        at.tls.then(|| sockets.place().and_then(|place| place.address()))?.map(|address| address.port())
    };
    let secure = places.iter().zip(&bound).find_map(port).filter(|_| redirect);
    let listening = places.iter().zip(bound).map(|(at, sockets)| {
        let protocol = match (tls, secure, &at.place) {
            (Some(tls), _, _) if at.tls => Protocol::Tls(Arc::clone(tls)),
            (_, Some(port), Place::Address(_)) => Protocol::ToHttps { port },
            _ => Protocol::Plain,
        };
        Listening { sockets, protocol, proxy: at.proxy }
    });
    Ok(listening.collect())
}

/// What the server before found, when it looked for a free port from `address` on.
fn claim_next(inherited: &mut Inherited, address: SocketAddr, cores: usize) -> io::Result<Option<Sockets>> {
    let ports = (0..PORTS).filter_map(|nth| address.port().checked_add(nth));
    let mut places = ports.map(|port| Place::Address(SocketAddr::new(address.ip(), port)));
    places.find_map(|place| inherited.claim(&place, cores).transpose()).transpose()
}

fn sockets(at: &Listener, inherited: &mut Inherited, cores: usize) -> io::Result<Sockets> {
    if let Some(sockets) = inherited.claim(&at.place, cores)? {
        return Ok(sockets);
    }
    match &at.place {
        Place::Address(address) => Sockets::bind(*address, cores),
        #[cfg(unix)]
        Place::Path(path) => Sockets::bind_unix(path, at.mode, cores),
        #[cfg(not(unix))]
        Place::Path(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// `blame` names the setting that asks for the place.
fn refusal(blame: &str, at: &Place, error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!("{blame} {at} is taken: another program listens there"),
        io::ErrorKind::PermissionDenied if matches!(at, Place::Address(_)) => {
            anyhow!("{blame} {at} needs a right this user lacks: ports below 1024 are the administrator's")
        }
        io::ErrorKind::AddrNotAvailable => anyhow!("{blame} {at} is not an address of this machine"),
        _ => anyhow::Error::from(error).context(format!("{blame} {at} cannot be listened at")),
    }
}
