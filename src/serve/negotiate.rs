//! Which representation a client gets (RFC 9110 §12.5.3). Values in, choice out; this never sees a body.

use crate::site::Coding;

/// What a request's `Accept-Encoding` says of each coding we can produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptEncoding {
    /// By the coding's number; higher is better liked, 0 is not acceptable.
    weights: [u16; 4],
}

/// A weight `q=1` has; `q` has at most three decimals, and below the least of them fits "not mentioned".
const FULL: u16 = 2000;
/// Of an identity coding that is not mentioned: acceptable, but anything that is mentioned is liked better.
const UNMENTIONED_IDENTITY: u16 = 1;

impl AcceptEncoding {
    /// No such field: anything is acceptable by the letter, but a client that does not ask for a coding may not
    /// understand any (curl, scripts), so it gets the identity.
    pub const ABSENT: Self = Self { weights: [FULL, 0, 0, 0] };

    /// Reads the field's lines. An element that is not well formed is passed over.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut listed: [Option<u16>; 4] = [None; 4];
        let mut rest = None;
        for element in lines.into_iter().flat_map(|line| line.split(|&byte| byte == b',')) {
            let mut parts = element.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
            let name = parts.next().unwrap_or_default();
            let Some(weight) = weight(parts) else { continue };
            if name == b"*" {
                rest = rest.max(Some(weight));
            } else if let Some(coding) = coding(name) {
                let slot = &mut listed[coding as usize];
                *slot = (*slot).max(Some(weight));
            }
        }
        let mut weights = listed.map(|weight| weight.or(rest).unwrap_or(0));
        if listed[Coding::Identity as usize].or(rest).is_none() {
            weights[Coding::Identity as usize] = UNMENTIONED_IDENTITY;
        }
        Self { weights }
    }

    /// The best liked of what is offered, each a coding and the length of its body; of equally liked ones the
    /// smallest. `None` when nothing is acceptable.
    pub fn choose<T>(self, offered: impl IntoIterator<Item = (Coding, u64, T)>) -> Option<T> {
        let mut best: Option<(u16, u64, T)> = None;
        for (coding, len, item) in offered {
            let weight = self.weights[coding as usize];
            let better =
                best.as_ref().is_none_or(|&(liked, smallest, _)| weight > liked || weight == liked && len < smallest);
            if weight > 0 && better {
                best = Some((weight, len, item));
            }
        }
        best.map(|(_, _, item)| item)
    }
}

/// The field a connection's last request had, and what it came to: clients repeat themselves.
#[derive(Debug, Default)]
pub struct LastAccepted {
    field: Vec<u8>,
    accepted: Option<AcceptEncoding>,
}

impl LastAccepted {
    /// Like `AcceptEncoding::parse` of one line.
    pub fn parse(&mut self, line: &[u8]) -> AcceptEncoding {
        if let Some(accepted) = self.accepted
            && self.field == line
        {
            return accepted;
        }
        let accepted = AcceptEncoding::parse([line]);
        line.clone_into(&mut self.field);
        self.accepted = Some(accepted);
        accepted
    }
}

fn coding(name: &[u8]) -> Option<Coding> {
    let is = |token: &str| name.eq_ignore_ascii_case(token.as_bytes());
    // §8.4.1.3: x-gzip is gzip.
    if is("x-gzip") {
        return Some(Coding::Gzip);
    }
    Coding::ALL.into_iter().find(|coding| is(coding.token()))
}

/// The weight among an element's parameters, `FULL` when there is none; `None` when it is not well formed.
fn weight<'a>(parameters: impl Iterator<Item = &'a [u8]>) -> Option<u16> {
    let mut weight = FULL;
    for parameter in parameters {
        if let [b'q' | b'Q', b'=', value @ ..] = parameter {
            weight = quality(value)?;
        }
    }
    Some(weight)
}

/// `qvalue` (§12.4.2): 0 to 1 with at most three decimals.
fn quality(value: &[u8]) -> Option<u16> {
    let (whole, decimals) = match value {
        [whole] => (*whole, [].as_slice()),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        _ => return None,
    };
    let mut thousandths: u16 = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    for (digit, place) in decimals.iter().zip([100, 10, 1]) {
        thousandths += u16::from(char::from(*digit).to_digit(10).and_then(|digit| u8::try_from(digit).ok())?) * place;
    }
    (thousandths <= 1000).then_some(thousandths * (FULL / 1000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: &[(Coding, u64)] =
        &[(Coding::Identity, 100), (Coding::Gzip, 30), (Coding::Brotli, 20), (Coding::Zstd, 25)];
    const IDENTITY_AND_GZIP: &[(Coding, u64)] = &[(Coding::Identity, 100), (Coding::Gzip, 30)];
    const IDENTITY: &[(Coding, u64)] = &[(Coding::Identity, 100)];

    #[track_caller]
    fn check(field: &str, offered: &[(Coding, u64)], expected: Option<Coding>) {
        let found = AcceptEncoding::parse([field.as_bytes()])
            .choose(offered.iter().map(|&(coding, len)| (coding, len, coding)));
        assert_eq!(found, expected, "{field:?}");
    }

    #[test]
    fn what_is_liked_best() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        check("gzip, deflate, br, zstd", ALL, Some(Brotli));
        check("gzip", ALL, Some(Gzip));
        check("GZIP", ALL, Some(Gzip));
        check("x-gzip", ALL, Some(Gzip));
        check("br;q=0.5, gzip;q=0.8", ALL, Some(Gzip));
        check("br;q=0.5,gzip;q=0.5", ALL, Some(Brotli));
        check("br ; q=0.5 ,\tgzip; Q=0.6", ALL, Some(Gzip));
        check("gzip;q=0.001", ALL, Some(Gzip));
        check("identity, gzip;q=0.9", ALL, Some(Identity));
        check("identity;q=0.5, gzip;q=0.5", ALL, Some(Gzip));
        check("zstd;q=1.000, br;q=0.999", ALL, Some(Zstd));
        check("br", IDENTITY_AND_GZIP, Some(Identity));
    }

    #[test]
    fn the_asterisk_is_every_coding_that_is_not_listed() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        check("*", ALL, Some(Brotli));
        check("*, br;q=0", ALL, Some(Zstd));
        check("*;q=0.1, gzip", ALL, Some(Gzip));
        check("*;q=0", ALL, None);
        check("*;q=0, identity", ALL, Some(Identity));
        check("*;q=0, gzip;q=0.1", ALL, Some(Gzip));
        check("*;q=0, gzip", IDENTITY, None);
    }

    #[test]
    fn nothing_acceptable() {
        check("identity;q=0", IDENTITY, None);
        check("identity;q=0.0", IDENTITY, None);
        check("identity;q=0.000, gzip;q=0", IDENTITY_AND_GZIP, None);
        check("identity;q=0, gzip", IDENTITY_AND_GZIP, Some(Coding::Gzip));
        check("gzip;q=0", ALL, Some(Coding::Identity));
    }

    #[test]
    fn empty_and_malformed() {
        use Coding::{Gzip, Identity};
        check("", ALL, Some(Identity));
        check(", ,", ALL, Some(Identity));
        check("deflate", ALL, Some(Identity));
        check("gzip;q=2", ALL, Some(Identity));
        check("gzip;q=0.1234", ALL, Some(Identity));
        check("gzip;q=1.001", ALL, Some(Identity));
        check("gzip;q=-1", ALL, Some(Identity));
        check("gzip;q=", ALL, Some(Identity));
        check("gzip;q=0,gzip;q=1", ALL, Some(Gzip));
        check("gzip;level=9;q=0.5", ALL, Some(Gzip));
        check("br;q=x, gzip", ALL, Some(Gzip));
    }

    #[test]
    fn several_lines_are_one_list() {
        let accept = AcceptEncoding::parse([b"br;q=0".as_slice(), b"gzip"]);
        assert_eq!(accept.choose(ALL.iter().map(|&(coding, len)| (coding, len, coding))), Some(Coding::Gzip));
    }

    #[test]
    fn what_was_said_last_is_remembered_and_nothing_else() {
        let mut last = LastAccepted::default();
        for field in ["", "gzip", "gzip", "br", "", "gzip;q=0", "gzip"] {
            assert_eq!(last.parse(field.as_bytes()), AcceptEncoding::parse([field.as_bytes()]), "{field:?}");
        }
    }

    #[test]
    fn an_absent_field_gets_the_identity() {
        let chosen = AcceptEncoding::ABSENT.choose(ALL.iter().map(|&(coding, len)| (coding, len, coding)));
        assert_eq!(chosen, Some(Coding::Identity));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(field in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = AcceptEncoding::parse([field.as_slice()]);
        }

        #[test]
        fn what_is_refused_is_never_sent(weights in prop::array::uniform4(0u16..=1000)) {
            let field = Coding::ALL.iter().zip(weights)
                .map(|(coding, q)| format!("{};q={}.{:03}", coding.token(), q / 1000, q % 1000))
                .collect::<Vec<_>>().join(", ");
            let chosen = AcceptEncoding::parse([field.as_bytes()])
                .choose(ALL.iter().map(|&(coding, len)| (coding, len, coding)));
            let best = weights.iter().copied().max().unwrap_or(0);
            prop_assert_eq!(chosen.map_or(0, |coding| weights[coding as usize]), best);
        }
    }
}
