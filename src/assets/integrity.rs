//! Subresource Integrity: what a browser holds a script or style sheet to (W3C SRI §3).

use crate::transform::digest::{Bits, Digest};

/// The metadata of `body`: `sha384-…`.
#[must_use]
pub(super) fn integrity(body: &[u8]) -> String {
    format!("sha384-{}", Digest { bits: Bits::Sha384, base64: true }.of(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let expected = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
        assert_eq!(integrity(b"alert('Hello, world.');"), expected);
    }
}
