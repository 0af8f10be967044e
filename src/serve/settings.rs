//! What an operator may change while the server runs: one value, replaced as a whole once all of it was found right.
//! What is not here (addresses, threads, the folder of the bundles) takes a restart.

use std::{sync::Arc, time::Duration};

use ipnet::IpNet;

use super::{core::Front, limits::Limits, rate::Rates};

#[derive(Clone, Debug)]
pub struct Settings {
    pub limits: Limits,
    pub front: Front,
    /// Peers that are believed when they say for whom they speak: PROXY protocol, `Forwarded`.
    pub trusted: Vec<IpNet>,
    /// Name requests in their answers (`X-Request-Id`) even where they are not logged.
    pub request_ids: bool,
    /// Of an answer that takes longer it is logged what it waited for.
    pub slow_request: Option<Duration>,
    /// How often one client may ask. `Rates::renewed` keeps what clients owe.
    pub rates: Option<Arc<Rates>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            front: Front::Nothing,
            trusted: Vec::new(),
            request_ids: false,
            slow_request: None,
            rates: None,
        }
    }
}
