//! What is between the kernel and the service: TLS, HTTP/2 frame by frame, proxies, kinds of sockets, and the limits on
//! connections and streams.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod client;
#[path = "transport/frames.rs"]
mod frames;
#[path = "transport/http2.rs"]
mod http2;
#[path = "transport/http2_floods.rs"]
mod http2_floods;
#[path = "transport/limits.rs"]
mod limits;
#[path = "transport/proxies.rs"]
mod proxies;
#[path = "transport/rig.rs"]
mod rig;
#[cfg(unix)]
#[path = "transport/sockets.rs"]
mod sockets;
#[cfg(unix)]
#[path = "transport/succession.rs"]
mod succession;
#[path = "transport/tls.rs"]
mod tls;
