//! TLS: certificates from PEM files, one for each name a client asks for, read again when the files change. A file that
//! is broken is refused as a whole and the certificates of before stay. The provider of the cryptography is named here
//! and nowhere else; nothing is taken from the process's defaults.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// What a TLS listener is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// The first one is also for clients that name no host, or one that is in none of them.
    pub certificates: Vec<CertificateFiles>,
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate itself first, then those that lead to a root.
    pub chain: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1; not encrypted.
    pub key: PathBuf,
}

/// TLS, ready to be spoken. All cores share it.
#[derive(Debug)]
pub struct Tls {
    pub(super) config: Arc<ServerConfig>,
    certificates: Arc<ByName>,
    source: Mutex<Source>,
}

/// Where the certificates came from, and how the files looked then.
#[derive(Debug)]
struct Source {
    settings: TlsSettings,
    stamps: Vec<Option<Stamp>>,
}

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);

/// Changes when a file does.
type Stamp = (SystemTime, u64);

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("TLS needs a certificate")]
    NoCertificate,
    #[error("{} cannot be read: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("{} holds no certificate in PEM form: {reason}", path.display())]
    Chain { path: PathBuf, reason: String },
    #[error("{} holds no private key in PEM form, or an encrypted one: {reason}", path.display())]
    Key { path: PathBuf, reason: String },
    #[error("the key in {} is not the one of the certificate in {}: {reason}", key.display(), chain.display())]
    Pair { chain: PathBuf, key: PathBuf, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

impl Tls {
    /// Reads the certificates.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it should be.
    pub fn open(settings: TlsSettings) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let stamps = stamps(&settings);
        let certificates = Arc::new(ByName { current: ArcSwap::from_pointee(read(&settings, &provider)?) });
        let resolver = Arc::clone(&certificates);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Sessions are resumed by tickets that we alone can read; their keys change every few hours.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Setup)?;
        Ok(Arc::new(Self { config: Arc::new(config), certificates, source: Mutex::new(Source { settings, stamps }) }))
    }

    /// Whether `other` has a certificate, and it is not the one a client that asks for `name` gets.
    pub(super) fn has_another_for(&self, name: &str, other: &str) -> bool {
        let current = self.certificates.current.load();
        current.named(other).is_some_and(|certificate| !Arc::ptr_eq(certificate, current.find(Some(name))))
    }

    /// Takes other files from now on. Connections that are open keep what they were opened with.
    ///
    /// # Errors
    /// As `open`; nothing has changed then.
    pub fn replace(&self, settings: TlsSettings) -> Result<(), TlsError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&settings);
        self.certificates.current.store(Arc::new(read(&settings, self.config.crypto_provider())?));
        *source = Source { settings, stamps };
        Ok(())
    }

    /// Reads the files again if any of them changed since they were read last. `true` when there are new certificates.
    ///
    /// # Errors
    /// As `open`; the certificates of before stay, and the files are not read again before they change.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the files are read: one that changes meanwhile is read again.
        let stamps = stamps(&source.settings);
        if stamps == source.stamps {
            return Ok(false);
        }
        source.stamps = stamps;
        self.certificates.current.store(Arc::new(read(&source.settings, self.config.crypto_provider())?));
        Ok(true)
    }
}

/// Looks after the files for as long as it is polled.
pub(super) async fn follow(certificates: &[Arc<Tls>]) {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        for tls in certificates {
            match tls.refresh() {
                Ok(false) => {}
                Ok(true) => tracing::info!("new certificates"),
                Err(error) => tracing::error!(%error, "certificates are refused; those of before stay"),
            }
        }
    }
}

/// Certificates by the names in them. Certificates that are fetched while the server runs (ACME) would be stored into
/// `current`, and the certificate of a challenge be found here by its ALPN protocol.
#[derive(Debug)]
struct ByName {
    current: ArcSwap<Certificates>,
}

#[derive(Debug)]
struct Certificates {
    /// Lower-case names; a wildcard without its `*`: `.example.com`.
    names: HashMap<Box<str>, Arc<CertifiedKey>>,
    default: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.current.load().find(hello.server_name())))
    }
}

impl Certificates {
    /// An exact name before a wildcard, which stands for one label (RFC 9525 §6.3). rustls gives names in lower case.
    fn find(&self, name: Option<&str>) -> &Arc<CertifiedKey> {
        name.and_then(|name| self.named(name)).unwrap_or(&self.default)
    }

    fn named(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let wildcard = || self.names.get(&name[name.find('.')?..]);
        self.names.get(name).or_else(wildcard)
    }
}

fn read(settings: &TlsSettings, provider: &CryptoProvider) -> Result<Certificates, TlsError> {
    let mut names = HashMap::new();
    let mut default = None;
    for files in &settings.certificates {
        let key = Arc::new(certified_key(files, provider)?);
        let [first, ..] = &key.cert[..] else { return Err(TlsError::NoCertificate) };
        let parsed = webpki::EndEntityCert::try_from(first)
            .map_err(|error| TlsError::Chain { path: files.chain.clone(), reason: error.to_string() })?;
        for name in parsed.valid_dns_names() {
            let name = name.to_ascii_lowercase();
            // Of two certificates with the same name, the first one is taken.
            names.entry(name.strip_prefix('*').unwrap_or(&name).into()).or_insert_with(|| Arc::clone(&key));
        }
        default.get_or_insert(key);
    }
    Ok(Certificates { names, default: default.ok_or(TlsError::NoCertificate)? })
}

fn certified_key(files: &CertificateFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let CertificateFiles { chain, key } = files;
    let bytes = |path: &Path| fs::read(path).map_err(|error| TlsError::Read { path: path.to_owned(), error });
    let not_a_chain = |reason: String| TlsError::Chain { path: chain.clone(), reason };
    let certificates = CertificateDer::pem_slice_iter(&bytes(chain)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| not_a_chain(error.to_string()))?;
    if certificates.is_empty() {
        return Err(not_a_chain("there is no section BEGIN CERTIFICATE".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|error| TlsError::Key { path: key.clone(), reason: error.to_string() })?;
    CertifiedKey::from_der(certificates, private, provider).map_err(|error| TlsError::Pair {
        chain: chain.clone(),
        key: key.clone(),
        reason: error.to_string(),
    })
}

fn stamps(settings: &TlsSettings) -> Vec<Option<Stamp>> {
    let stamp = |path: &PathBuf| {
        let file = fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    };
    settings.certificates.iter().flat_map(|files| [stamp(&files.chain), stamp(&files.key)]).collect()
}
