//! Passwords (RFC 7617). Checking one takes tens of milliseconds on purpose, so it is never done on a thread that
//! serves, only a few are checked at a time, and one that was right is remembered for as long as its generation lives.

use std::{
    fmt,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::Semaphore;

use crate::site::{PasswordHash, PathPattern, Protected};

use super::wanted::only;

/// Paths that ask for a password, and whom they let in.
pub(super) struct Area {
    paths: Vec<PathPattern>,
    /// The value of `WWW-Authenticate`.
    pub(super) challenge: HeaderValue,
    /// Sorted by name.
    users: Vec<User>,
    /// Of what is remembered: nobody who does not know it can tell which password has which hash. Without it, nothing is.
    key: Option<[u8; 32]>,
}

struct User {
    name: Box<str>,
    hash: PasswordHash,
    /// The keyed hash of the password that was right.
    known: Mutex<Option<blake3::Hash>>,
}

/// A user's name and password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    user: String,
    password: Vec<u8>,
}

/// How a request stands with an area.
#[derive(Debug)]
pub(super) enum Access {
    Granted,
    /// No credentials, or wrong ones.
    Refused,
    /// Too many are being checked.
    Busy,
    /// To be checked, and then decided again.
    Unchecked(Check),
}

/// Credentials that may be right.
#[derive(Debug)]
pub(super) struct Check {
    area: Arc<Area>,
    credentials: Credentials,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    Busy,
}

/// What came of the checks of one request, by area.
#[derive(Debug, Default)]
pub(super) struct Verdicts(Vec<(Arc<Area>, Verdict)>);

/// Checks passwords for all cores, a few at a time.
#[derive(Debug)]
pub(super) struct Checker {
    running: Semaphore,
    /// Those that run among them.
    waiting: AtomicUsize,
}

/// Requests that may wait for the check of a password, on all cores; more are told to come again.
const WAITING: usize = 64;

impl Area {
    pub(super) fn new(protected: &Protected) -> Self {
        // Quotes and backslashes are escaped (RFC 9110 §5.6.4); a realm has no other odd character.
        let realm = protected.realm.as_str().replace('\\', "\\\\").replace('"', "\\\"");
        let challenge = HeaderValue::from_str(&format!("Basic realm=\"{realm}\", charset=\"UTF-8\""));
        let user = |(name, hash): (&crate::site::UserName, &PasswordHash)| User {
            name: name.as_str().into(),
            hash: hash.clone(),
            known: Mutex::new(None),
        };
        let mut key = [0; 32];
        let random = rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut key);
        if random.is_err() {
            tracing::error!("the system gives no random bytes, so every request checks its password anew");
        }
        Self {
            paths: protected.paths.clone(),
            challenge: challenge.unwrap_or(HeaderValue::from_static("Basic")),
            users: protected.users.iter().map(user).collect(),
            key: random.is_ok().then_some(key),
        }
    }

    pub(super) fn covers(&self, path: &str) -> bool {
        self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether a request with these fields may pass.
    pub(super) fn access(self: &Arc<Self>, headers: &HeaderMap, verdicts: &Verdicts) -> Access {
        let known = verdicts.0.iter().find(|(area, _)| Arc::ptr_eq(area, self));
        match known.map(|(_, verdict)| verdict) {
            Some(Verdict::Right) => return Access::Granted,
            Some(Verdict::Wrong) => return Access::Refused,
            Some(Verdict::Busy) => return Access::Busy,
            None => {}
        }
        match only(headers, header::AUTHORIZATION).and_then(Credentials::parse) {
            None => Access::Refused,
            Some(credentials) if self.remembers(&credentials) => Access::Granted,
            Some(credentials) => Access::Unchecked(Check { area: Arc::clone(self), credentials }),
        }
    }

    fn user(&self, name: &str) -> Option<&User> {
        self.users.binary_search_by(|user| (*user.name).cmp(name)).ok().map(|at| &self.users[at])
    }

    fn remembers(&self, credentials: &Credentials) -> bool {
        // The comparison of two such hashes takes the same time whatever they are.
        let digest = self.digest(credentials);
        let known = |user: &User| *user.known.lock().unwrap_or_else(PoisonError::into_inner);
        digest.is_some() && self.user(&credentials.user).is_some_and(|user| known(user) == digest)
    }

    /// Computes the hash of the password, and remembers it if it is right. One who is unknown costs as much.
    fn verify(&self, credentials: &Credentials) -> bool {
        let user = self.user(&credentials.user);
        let Some(compared) = user.or(self.users.first()) else { return false };
        let right = compared.hash.verify(&credentials.password) && user.is_some();
        if right {
            *compared.known.lock().unwrap_or_else(PoisonError::into_inner) = self.digest(credentials);
        }
        right
    }

    fn digest(&self, credentials: &Credentials) -> Option<blake3::Hash> {
        Some(blake3::keyed_hash(self.key.as_ref()?, &credentials.password))
    }
}

impl Credentials {
    /// Reads the value of `Authorization`; `None` when it has none of the scheme Basic.
    fn parse(value: &[u8]) -> Option<Self> {
        let (scheme, token) = value.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return None;
        }
        let decoded = STANDARD.decode(token.trim_ascii()).ok()?;
        let colon = decoded.iter().position(|&byte| byte == b':')?;
        let user = String::from_utf8(decoded[..colon].to_vec()).ok()?;
        Some(Self { user, password: decoded[colon + 1..].to_vec() })
    }
}

impl Verdicts {
    pub(super) const NONE: &Self = &Self(Vec::new());

    pub(super) fn add(&mut self, area: Arc<Area>, verdict: Verdict) {
        self.0.push((area, verdict));
    }
}

impl Checker {
    /// Half of the cores may be busy with passwords.
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self { running: Semaphore::new((cores / 2).max(1)), waiting: AtomicUsize::new(0) }
    }

    /// Checks, on a thread that serves no one.
    pub(super) async fn check(&self, check: Check) -> (Arc<Area>, Verdict) {
        let Check { area, credentials } = check;
        let waiting = Waiting::one_of(&self.waiting);
        if waiting.before >= WAITING {
            return (area, Verdict::Busy);
        }
        let Ok(_running) = self.running.acquire().await else { return (area, Verdict::Busy) };
        // The requests of one page come together: the first was checked while the others waited.
        if area.remembers(&credentials) {
            return (area, Verdict::Right);
        }
        let checked = Arc::clone(&area);
        let verdict = match tokio::task::spawn_blocking(move || checked.verify(&credentials)).await {
            Ok(true) => Verdict::Right,
            Ok(false) => Verdict::Wrong,
            Err(error) => {
                tracing::error!(%error, "checking a password failed");
                Verdict::Busy
            }
        };
        (area, verdict)
    }
}

/// A place among those who wait, given back however the wait ends.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    before: usize,
}

impl<'a> Waiting<'a> {
    fn one_of(count: &'a AtomicUsize) -> Self {
        Self { before: count.fetch_add(1, Relaxed), count }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Relaxed);
    }
}

/// Says nothing of users, hashes or passwords.
impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Area").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Realm, UserName};

    #[test]
    fn section_2_credentials() {
        let credentials =
            |user: &str, password: &[u8]| Some(Credentials { user: user.to_owned(), password: password.to_vec() });
        for (value, expected) in [
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", credentials("Aladdin", b"open sesame")),
            ("basic dGVzdDoxMjPCow==", credentials("test", "123£".as_bytes())),
            ("BASIC  YTpiOmM=", credentials("a", b"b:c")),
            ("Basic Og==", credentials("", b"")),
            ("Basic", None),
            ("Basic ", None),
            ("Basic QWxhZGRpbg==", None),
            ("Basic QWxhZGRpbjpvcGVu!", None),
            ("Basic /zph", None),
            ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", None),
            ("", None),
        ] {
            assert_eq!(Credentials::parse(value.as_bytes()), expected, "{value}");
        }
    }

    /// Of `correct horse`.
    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

    fn area() -> Arc<Area> {
        Arc::new(Area::new(&Protected {
            paths: vec![PathPattern::parse("/drafts/*").unwrap()],
            realm: Realm::parse("\"a\\b\"").unwrap(),
            users: [(UserName::parse("ann").unwrap(), PasswordHash::parse(HASH).unwrap())].into(),
        }))
    }

    fn headers(user: &str, password: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[tokio::test]
    async fn what_was_right_is_checked_once() {
        let (area, checker) = (area(), Checker::new());
        assert_eq!(area.challenge, "Basic realm=\"\\\"a\\\\b\\\"\", charset=\"UTF-8\"");
        assert!(area.covers("/drafts/x") && !area.covers("/drafts"));
        for (user, password, expected) in [
            ("ann", "wrong", Verdict::Wrong),
            ("bob", "correct horse", Verdict::Wrong),
            ("ann", "correct horse", Verdict::Right),
        ] {
            let headers = headers(user, password);
            let Access::Unchecked(check) = area.access(&headers, &Verdicts::default()) else {
                panic!("{user} is not known yet")
            };
            let (of, verdict) = checker.check(check).await;
            assert_eq!(verdict, expected, "{user}");
            let mut verdicts = Verdicts::default();
            verdicts.add(of, verdict);
            assert_eq!(matches!(area.access(&headers, &verdicts), Access::Granted), expected == Verdict::Right);
        }
        let right = headers("ann", "correct horse");
        assert!(matches!(area.access(&right, &Verdicts::default()), Access::Granted));
        assert!(matches!(area.access(&headers("ann", "wrong"), &Verdicts::default()), Access::Unchecked(_)));
        assert!(matches!(area.access(&HeaderMap::new(), &Verdicts::default()), Access::Refused));
    }

    /// A verdict on one area, or on the one of an older generation, says nothing of another.
    #[test]
    fn a_verdict_is_of_one_area() {
        let (one, two) = (area(), area());
        let mut verdicts = Verdicts::default();
        verdicts.add(Arc::clone(&one), Verdict::Right);
        let headers = headers("ann", "wrong");
        assert!(matches!(one.access(&headers, &verdicts), Access::Granted));
        assert!(matches!(two.access(&headers, &verdicts), Access::Unchecked(_)));
    }

    #[tokio::test]
    async fn a_flood_is_turned_away() {
        let checker = Checker::new();
        checker.waiting.store(WAITING, Relaxed);
        let Access::Unchecked(check) = area().access(&headers("ann", "correct horse"), &Verdicts::default()) else {
            panic!("it is not known yet")
        };
        assert_eq!(checker.check(check).await.1, Verdict::Busy);
        assert_eq!(checker.waiting.load(Relaxed), WAITING, "its place is given back");
    }
}
