//! The one user agent of a process: what asks other hosts for data and whether links lead somewhere. Whom it trusts is decided
//! here, once: the authorities this machine trusts, as `curl` does, so that a company's own are among them, and those browsers
//! trust where the machine knows none.

use std::sync::{Arc, OnceLock};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

/// How it calls itself (RFC 9110 §10.1.5).
pub const NAME: &str = concat!("sitekit/", env!("CARGO_PKG_VERSION"));

/// What an author may write in a URL and a request may not hold.
const WRITTEN: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// What names other authorities than the system's, to OpenSSL and whoever follows it.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

struct Shared {
    agent: Agent,
    /// Why the authorities that the environment names could not be read.
    unread: Option<String>,
}

static SHARED: OnceLock<Shared> = OnceLock::new();

/// Asks over HTTP/1.1 and TLS; a proxy is taken from the environment. Every answer is one, whatever its status. Connections are
/// kept and shared by all who have it.
#[must_use]
pub fn agent() -> Agent {
    shared().agent.clone()
}

/// A URL as an author wrote it, as a request has it.
#[must_use]
pub fn written(url: &str) -> String {
    utf8_percent_encode(url, WRITTEN).to_string()
}

/// Why a host could not be trusted, if that is what went wrong.
#[must_use]
pub fn distrust(error: &ureq::Error) -> Option<String> {
    use ureq::Error;
    let why = match error {
        Error::Tls(why) => (*why).to_owned(),
        Error::Rustls(why) => why.to_string(),
        Error::Io(why) => why.get_ref()?.downcast_ref::<rustls::Error>()?.to_string(),
        _ => return None,
    };
    Some(match &shared().unread {
        Some(unread) => format!("{why} ({unread})"),
        None => why,
    })
}

fn shared() -> &'static Shared {
    SHARED.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let is_named = VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        let unread = found.errors.first().filter(|_| is_named).map(ToString::to_string);
        let roots = if found.certs.is_empty() && !is_named {
            RootCerts::WebPki
        } else {
            let certificates = found.certs.iter().map(|one| Certificate::from_der(one).to_owned());
            RootCerts::Specific(Arc::new(certificates.collect()))
        };
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(roots)
            .build();
        let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).user_agent(NAME).build();
        Shared { agent: config.new_agent(), unread }
    })
}
