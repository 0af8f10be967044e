//! A certificate for development, which no one has signed but itself. A browser asks once whether it is to be trusted, so
//! it is kept between runs, and made anew only when it ends or another host is asked for.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

use crate::site::Host;

use super::tls::CertificateFiles;

/// The file in its folder. Certificate and key are in one, so that one rename replaces both.
const FILE: &str = "development.pem";
/// What it is always for.
const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// As long as browsers take it for: some accept no more than 825 days.
const VALID: Duration = Duration::from_hours(24 * 800);
/// Before its end it is made anew.
const RENEW: Duration = Duration::from_hours(24 * 30);
/// Clocks differ.
const BEFORE: Duration = Duration::from_hours(24);

#[derive(Debug, thiserror::Error)]
pub enum SelfSignedError {
    #[error("a certificate for development cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("{} cannot be written: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
}

/// The certificate in `folder`, for this machine and `hosts`; made if there is none that will do. No one but us may read
/// the file.
///
/// # Errors
/// When it cannot be made or written.
pub fn self_signed(folder: &Path, hosts: &[Host], now: SystemTime) -> Result<CertificateFiles, SelfSignedError> {
    let path = folder.join(FILE);
    let names = names(hosts);
    let files = CertificateFiles { chain: path.clone(), key: path.clone() };
    if fs::read_to_string(&path).is_ok_and(|text| is_good(&text, &names, now)) {
        return Ok(files);
    }
    let text = make(&names, now)?;
    write(folder, &path, &text).map_err(|error| SelfSignedError::Write { path, error })?;
    Ok(files)
}

/// Sorted, so that the order hosts are asked for in makes no difference.
fn names(hosts: &[Host]) -> Vec<String> {
    // The brackets of an IPv6 address are the URL's.
    let asked = hosts.iter().map(|host| host.as_str().trim_matches(['[', ']']));
    let mut names: Vec<_> = THIS_MACHINE.into_iter().chain(asked).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The file begins with what it is for and how long, so that no one has to take it apart.
fn title(names: &[String], end: u64) -> String {
    format!("A certificate of sitekit for development, until {end}, for {}\n", names.join(" "))
}

fn is_good(text: &str, names: &[String], now: SystemTime) -> bool {
    let line = text.split_inclusive('\n').next().unwrap_or_default();
    let end = line.split(' ').find_map(|word| word.strip_suffix(',')?.parse().ok());
    end.is_some_and(|end| line == title(names, end) && seconds(now + RENEW) < end)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn make(names: &[String], now: SystemTime) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.not_before = (now - BEFORE).into();
    params.not_after = (now + VALID).into();
    params.distinguished_name.push(DnType::CommonName, "sitekit, for development");
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}{}", title(names, seconds(now + VALID)), certificate.pem(), key.serialize_pem()))
}

fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(text.as_bytes())?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::{Tls, TlsSettings};

    #[test]
    fn it_is_kept_as_long_as_it_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let now = SystemTime::now();
        let at = |days: u64, hosts: &[&str]| {
            let hosts: Vec<_> = hosts.iter().map(|host| Host::parse(host).unwrap()).collect();
            let files = self_signed(&folder, &hosts, now + Duration::from_hours(24 * days)).unwrap();
            Tls::open(TlsSettings { certificates: vec![files.clone()] }).unwrap();
            fs::read_to_string(files.key).unwrap()
        };
        let first = at(0, &["a.example", "[::2]"]);
        assert_eq!(at(100, &["[::2]", "a.example"]), first);
        let other = at(100, &["b.example"]);
        assert_ne!(other, first);
        assert_eq!(at(800, &["b.example"]), other);
        assert_ne!(at(871, &["b.example"]), other);
        fs::write(folder.join(FILE), "nonsense").unwrap();
        at(0, &[]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(folder.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
