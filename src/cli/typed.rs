//! Addresses, names, sizes and times as people type them: each is read here, once, with what it takes in the error.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::site::SiteName;

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.replace("localhost:", "127.0.0.1:").parse().map_err(|_| {
        let example = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        format!("an address is an IP address, a colon and a port, such as {example} or [::1]:8080")
    })
}

/// The name of a site.
pub(super) fn site(text: &str) -> Result<SiteName, String> {
    SiteName::parse(text).map_err(|error| error.to_string())
}

/// `500MB`, `2 GB`, `1048576`: bytes, with a unit in powers of ten (KB, MB, GB, TB) or of two (KiB, MiB, GiB, TiB).
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kb" => Some(1000),
        "m" | "mb" => Some(1000_u64.pow(2)),
        "g" | "gb" => Some(1000_u64.pow(3)),
        "t" | "tb" => Some(1000_u64.pow(4)),
        "kib" => Some(1 << 10),
        "mib" => Some(1 << 20),
        "gib" => Some(1 << 30),
        "tib" => Some(1 << 40),
        _ => None,
    };
    number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .ok_or_else(|| "a size is a number and a unit: 65536, 512KB, 64MB, 2GiB".to_owned())
}

/// `500ms`, `10s`, `2m`, `24h`, `7d`; not 0, which would close every connection.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let unit = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .filter(|&milliseconds| milliseconds > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| "a time is a number above 0 and a unit: 500ms, 10s, 2m, 24h, 7d".to_owned())
}

fn split(text: &str) -> (Option<u64>, &str) {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..digits].parse().ok(), text[digits..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("12", 12), ("1KB", 1000), ("2k", 2000), ("3 MiB", 3 << 20), ("2gb", 2_000_000_000)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "MB", "-1", "1.5GB", "5 parsecs", "99999999999GB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times() {
        for (text, milliseconds) in
            [("1ms", 1), ("10s", 10_000), ("2m", 120_000), ("24h", 86_400_000), ("2d", 172_800_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for wrong in ["", "0s", "5", "s", "1y", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
