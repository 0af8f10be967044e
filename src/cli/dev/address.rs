//! The addresses a person can open: in a browser of this machine, and on a phone in the same network.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    process::{Command, Stdio},
};

use qrcode::{QrCode, render::unicode::Dense1x2};

/// The address this machine has in its network, if it is in one. Nothing is sent: the system is asked which of its addresses it
/// would use.
pub(super) fn of_this_machine() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // A network for documentation, which is on the way out like all others (RFC 5737).
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// Where this machine reaches a server that listens there.
pub(super) fn url(address: SocketAddr, secure: bool) -> String {
    let scheme = if secure { "https" } else { "http" };
    let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { host(address.ip()) };
    format!("{scheme}://{host}:{}", address.port())
}

/// Where others reach it.
pub(super) fn network_url(address: SocketAddr, secure: bool) -> Option<String> {
    let machine = of_this_machine().filter(|_| address.ip().is_unspecified())?;
    Some(url(SocketAddr::new(machine, address.port()), secure))
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A text as a picture that a phone reads off a terminal, light on dark.
pub(super) fn qr(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    // Most terminals are dark: what is dark on paper is left, and what is light is drawn.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// Opens an address in the person's browser.
///
/// # Errors
/// When there is no program for it.
pub(super) fn open_browser(url: &str) -> io::Result<()> {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/C", "start", ""]);
        command
    } else {
        Command::new("xdg-open")
    };
    let mut child = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // It ends when the browser has heard of it, and is waited for so that nothing is left of it.
    drop(std::thread::Builder::new().name("sitekit-open".to_owned()).spawn(move || child.wait()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (address, secure, expected) in [
            ("127.0.0.1:8080", false, "http://127.0.0.1:8080"),
            ("0.0.0.0:8081", true, "https://localhost:8081"),
            ("[::1]:80", false, "http://[::1]:80"),
            ("[::]:80", false, "http://localhost:80"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(url(address, secure), expected);
        }
        assert_eq!(network_url("127.0.0.1:8080".parse().unwrap(), false), None);
    }

    #[test]
    fn a_picture_of_an_address() {
        let picture = qr("http://192.168.178.20:8080").unwrap();
        let lines: Vec<_> = picture.lines().collect();
        assert!(
            lines.len() < 24 && lines.iter().all(|line| line.chars().count() == lines[0].chars().count()),
            "{picture}"
        );
    }
}
