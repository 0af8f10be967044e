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
    /// What answers to https say of https from now on.
    pub hsts: Option<Hsts>,
    /// Name requests in their answers (`X-Request-Id`) even where they are not logged.
    pub request_ids: bool,
    /// Of an answer that takes longer it is logged what it waited for.
    pub slow_request: Option<Duration>,
    /// How often one client may ask. `Rates::renewed` keeps what clients owe.
    pub rates: Option<Arc<Rates>>,
}

/// `Strict-Transport-Security` (RFC 6797): browsers ask this host by https alone, for as long as it says. Not to be taken
/// back before that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hsts {
    pub max_age: Duration,
    /// All hosts below this one, too.
    pub include_subdomains: bool,
    /// The host may be built into browsers: <https://hstspreload.org> wants a year and all subdomains with it.
    pub preload: bool,
}

impl Hsts {
    /// The value of the field.
    #[must_use]
    pub fn value(self) -> String {
        let subdomains = if self.include_subdomains { "; includeSubDomains" } else { "" };
        let preload = if self.preload { "; preload" } else { "" };
        format!("max-age={}{subdomains}{preload}", self.max_age.as_secs())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            front: Front::Nothing,
            trusted: Vec::new(),
            hsts: None,
            request_ids: false,
            slow_request: None,
            rates: None,
        }
    }
}
