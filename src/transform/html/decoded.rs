//! What a browser makes of an attribute's value: its character references decoded, its line breaks one kind. html5ever
//! knows the 2,231 names of references; we do not.

use std::{borrow::Cow, cell::RefCell};

use html5ever::{
    tendril::StrTendril,
    tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};

/// The value as the DOM has it, of one that stands as `raw` in a page, without its quotes.
#[must_use]
pub fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['&', '\r', '\0']) {
        return Cow::Borrowed(raw);
    }
    let tag = format!("<a a=\"{}\">", raw.replace('"', "&quot;"));
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&tag));
    let tokenizer = Tokenizer::new(Value::default(), TokenizerOpts::default());
    drop(tokenizer.feed(&input));
    tokenizer.end();
    Cow::Owned(tokenizer.sink.0.take())
}

/// The value of the first attribute.
#[derive(Default)]
struct Value(RefCell<String>);

impl TokenSink for Value {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token
            && let Some(attribute) = tag.attrs.first()
        {
            *self.0.borrow_mut() = attribute.value.to_string();
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (raw, expected) in [
            ("", ""),
            ("a b", "a b"),
            ("a(&quot;b&quot;)", "a(\"b\")"),
            ("a('\"')", "a('\"')"),
            ("&#x27;&#39;&apos;", "'''"),
            ("a && b & c", "a && b & c"),
            ("?a&copy=1&amp;b", "?a&copy=1&b"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("<b>", "<b>"),
        ] {
            assert_eq!(decoded(raw), expected, "{raw:?}");
        }
    }
}
