//! `sitekit hash-password`: what stands in a site's configuration instead of a password. The password is read from the
//! terminal without being shown, or from standard input; never from an argument, which other users of a machine can see.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use argon2::{Argon2, PasswordHasher};
use console::Term;

/// Hash a password for a site's configuration
///
/// Asks for a password and prints its argon2id hash, for `users` of a `[[sitekit.auth]]` table in a site's config.toml. With
/// a pipe instead of a terminal, the password is the first line of standard input.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit hash-password                        asks twice, shows nothing
  pass show site/ann | sitekit hash-password   from a password manager

In config.toml:
  [[sitekit.auth]]
  path = \"/private/*\"
  users = { ann = \"$argon2id$v=19$…\" }

Exit status: 0 printed, 2 there is no password to hash.")]
pub(super) struct HashPasswordArgs {}

pub(super) fn run(_: &HashPasswordArgs) -> anyhow::Result<ExitCode> {
    let password = if io::stdin().is_terminal() { asked(&Term::stderr())? } else { first_line(io::stdin().lock())? };
    let mut text = hash(&password)?;
    text.push('\n');
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Twice, because nobody sees what is typed.
fn asked(terminal: &Term) -> anyhow::Result<String> {
    let ask = |prompt: &str| -> anyhow::Result<String> {
        terminal.write_str(prompt)?;
        terminal.read_secure_line().context("cannot read from the terminal")
    };
    let password = ask("Password: ")?;
    if password.is_empty() {
        bail!("a password has at least one character");
    }
    if ask("The same again: ")? != password {
        bail!("the two passwords differ");
    }
    Ok(password)
}

fn first_line(mut input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line).context("cannot read a password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("there is no password on standard input: its first line is hashed");
    }
    Ok(password.to_owned())
}

/// With the parameters OWASP recommends, which are argon2's own defaults: 19 MiB, two passes, one lane.
fn hash(password: &str) -> anyhow::Result<String> {
    let hashed = Argon2::default().hash_password(password.as_bytes()).map_err(|error| anyhow!("{error}"))?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_first_line() {
        for (input, expected) in
            [("secret\nmore\n", Some("secret")), ("secret\r\n", Some("secret")), (" a b ", Some(" a b ")), ("\n", None)]
        {
            assert_eq!(first_line(input.as_bytes()).ok().as_deref(), expected, "{input:?}");
        }
    }

    #[test]
    fn a_hash_is_salted() {
        let (one, other) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
    }
}
