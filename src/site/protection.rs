//! Who may read which paths: users and the hashes of their passwords. A hash is checked where it is read, its cost
//! among it, so that verifying one can neither fail nor eat the machine.

use std::collections::BTreeMap;

use argon2::{Argon2, PasswordVerifier};
use serde::{Deserialize, Serialize};

use super::{PathPattern, text::as_text};

/// Basic authentication (RFC 7617) for some paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protected {
    pub paths: Vec<PathPattern>,
    pub realm: Realm,
    pub users: BTreeMap<UserName, PasswordHash>,
}

/// What a browser shows when it asks for a password: printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Realm(Box<str>);

/// A user-id (RFC 7617 §2): any text without `:` and control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(Box<str>);

/// The hash of a password: argon2 (`$argon2id$…`) or bcrypt (`$2y$…`, what `htpasswd -B` writes).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash {
    text: Box<str>,
    scheme: Scheme,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    Argon2(Box<argon2::PasswordHash>),
    Bcrypt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtectionError {
    #[error("a realm is printable ASCII, because browsers show other characters wrong")]
    Realm,
    #[error("a user's name has no `:` and no control character (RFC 7617 §2), and is not empty")]
    UserName,
    #[error("this is not the hash of a password: argon2 (`$argon2id$…`) or bcrypt (`$2y$…`, from `htpasswd -nB`)")]
    NotAHash,
    #[error("checking this hash once would take {0}, and anyone may ask for it")]
    TooCostly(&'static str),
}

/// A bcrypt hash of this cost takes about a second.
const BCRYPT_COST: u32 = 14;
/// In KiB.
const ARGON2_MEMORY: u32 = 256 * 1024;
/// Blocks of 1 KiB that are filled, over all passes.
const ARGON2_WORK: u64 = 1024 * 1024;

impl Realm {
    /// # Errors
    /// When it is not as the type says.
    pub fn parse(text: &str) -> Result<Self, ProtectionError> {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if printable { Ok(Self(text.into())) } else { Err(ProtectionError::Realm) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserName {
    /// # Errors
    /// When it is not as the type says.
    pub fn parse(text: &str) -> Result<Self, ProtectionError> {
        let good = !text.is_empty() && text.chars().all(|c| c != ':' && !c.is_control());
        if good { Ok(Self(text.into())) } else { Err(ProtectionError::UserName) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PasswordHash {
    /// # Errors
    /// When it is not as the type says, or checking it would take more than a server can give to a stranger.
    pub fn parse(text: &str) -> Result<Self, ProtectionError> {
        let scheme = match text.split('$').nth(1) {
            Some("argon2id" | "argon2i" | "argon2d") => Scheme::Argon2(Box::new(argon2_hash(text)?)),
            Some("2a" | "2b" | "2y") => {
                let parts: bcrypt::HashParts = text.parse().map_err(|_| ProtectionError::NotAHash)?;
                match parts.get_cost() {
                    4..=BCRYPT_COST => Scheme::Bcrypt,
                    0..4 => return Err(ProtectionError::NotAHash),
                    _ => return Err(ProtectionError::TooCostly("seconds: a cost of 14 is the most")),
                }
            }
            _ => return Err(ProtectionError::NotAHash),
        };
        Ok(Self { text: text.into(), scheme })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is of this password. Takes tens of milliseconds on purpose, whatever the password.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> bool {
        match &self.scheme {
            Scheme::Argon2(hash) => Argon2::default().verify_password(password, &**hash).is_ok(),
            Scheme::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false),
        }
    }
}

fn argon2_hash(text: &str) -> Result<argon2::PasswordHash, ProtectionError> {
    let wrong = |_| ProtectionError::NotAHash;
    let hash = argon2::PasswordHash::new(text).map_err(|_| ProtectionError::NotAHash)?;
    let params = argon2::Params::try_from(&hash).map_err(wrong)?;
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    if params.m_cost() > ARGON2_MEMORY {
        return Err(ProtectionError::TooCostly("more than 256 MiB of memory"));
    }
    if work > ARGON2_WORK {
        return Err(ProtectionError::TooCostly("seconds: memory times passes of 1 GiB are the most"));
    }
    let salted = hash.salt.as_ref().is_some_and(|salt| salt.len() >= argon2::MIN_SALT_LEN) && hash.hash.is_some();
    let version = hash.version.is_none_or(|version| argon2::Version::try_from(version).is_ok());
    if salted && version { Ok(hash) } else { Err(ProtectionError::NotAHash) }
}

as_text!(Realm, ProtectionError);
as_text!(UserName, ProtectionError);
as_text!(PasswordHash, ProtectionError);

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `argon2` and `htpasswd`, of `correct horse`; cheap, so that tests are fast.
    const ARGON2: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0IDE2$KbcQW8ijaTmsIuKMhRu2j8DmvMtejOKk2G/UzYXBEXI";
    const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

    #[test]
    fn a_hash_knows_its_password() {
        for hash in [ARGON2, BCRYPT] {
            let parsed = PasswordHash::parse(hash).unwrap();
            assert_eq!(parsed.as_str(), hash);
            assert!(parsed.verify(b"correct horse"));
            for wrong in [&b""[..], b"correct hors", b"correct horse\0", &[0xff; 100]] {
                assert!(!parsed.verify(wrong), "{wrong:?}");
            }
        }
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much() {
        use ProtectionError::{NotAHash, TooCostly};
        let argon2 = |params: &str| ARGON2.replace("m=64,t=1,p=1", params);
        for (hash, costly) in [
            (String::new(), false),
            ("correct horse".to_owned(), false),
            ("$apr1$abc$def".to_owned(), false),
            ("$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0IDE2".to_owned(), false),
            (ARGON2.replace("v=19", "v=18"), false),
            (ARGON2.replace("c29tZSBzYWx0IDE2", "c2FsdA"), false),
            (argon2("m=0,t=1,p=1"), false),
            (argon2("m=64,t=1,x=1"), false),
            (argon2("m=4194304,t=1,p=1"), true),
            (argon2("m=65536,t=1000,p=1"), true),
            (BCRYPT.replace("$04$", "$31$"), true),
            (BCRYPT.replace("$04$", "$03$"), false),
            (BCRYPT.replace("2y", "2x"), false),
            (BCRYPT[..59].to_owned(), false),
        ] {
            match PasswordHash::parse(&hash) {
                Err(TooCostly(_)) => assert!(costly, "{hash}"),
                Err(NotAHash) => assert!(!costly, "{hash}"),
                other => panic!("{hash}: {other:?}"),
            }
        }
    }

    #[test]
    fn users_and_realms() {
        assert!(UserName::parse("Jörg b").is_ok());
        for bad in ["", "a:b", "a\n"] {
            assert!(UserName::parse(bad).is_err(), "{bad}");
        }
        assert!(Realm::parse("The \"drafts\"").is_ok());
        for bad in ["ä", "a\r\nb"] {
            assert!(Realm::parse(bad).is_err(), "{bad}");
        }
    }
}
