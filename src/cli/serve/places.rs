//! Binds all places before the first connection is taken: a server that cannot be where it was asked to be does not
//! start.

use std::{io, sync::Arc};

use anyhow::anyhow;

use super::resolve::Listen;
use crate::{
    cli::settings::Listener,
    serve::{Listening, Place, Protocol, Sockets, Tls},
};

/// In development, how many ports are tried.
const PORTS: u16 = 100;

/// Sockets for `cores` cores at each place. With `redirect`, plain addresses lead to the first one that speaks TLS.
///
/// # Errors
/// When a place cannot be had.
pub(super) fn listen(
    listen: &Listen,
    redirect: bool,
    tls: Option<&Arc<Tls>>,
    cores: usize,
) -> anyhow::Result<Vec<Listening>> {
    let (places, blame) = match listen {
        Listen::From(address) => {
            let sockets = Sockets::bind_next(*address, cores, PORTS);
            let sockets = sockets.map_err(|error| refusal("the address", &Place::Address(*address), error))?;
            return Ok(vec![Listening::plain(sockets)]);
        }
        Listen::At(places, blame) => (places, blame),
    };
    let bind = |at: &Listener| sockets(at, cores).map_err(|error| refusal(blame, &at.place, error));
    let bound = places.iter().map(bind).collect::<anyhow::Result<Vec<_>>>()?;
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

fn sockets(at: &Listener, cores: usize) -> io::Result<Sockets> {
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
