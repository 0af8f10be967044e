//! JSON as a template's value. Numbers keep their kind and keys their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use tera::{Map, Value};

use crate::diag::{Diagnostic, Source};

pub(super) fn parse(source: &Source) -> Result<Value, Box<Diagnostic>> {
    serde_json::from_str::<Json>(&source.text).map(|json| json.0).map_err(|error| {
        let at = source.offset(error.line(), error.column());
        let text = error.to_string();
        // The place is drawn below the message.
        let message = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
        Box::new(Diagnostic::error_at(source, at..at + 1, format!("this is not JSON: {message}")))
    })
}

/// The one key of the map that a number which is no integer comes as where `serde_json` keeps every digit: a dependency
/// switches that on.
const NUMBER: &str = "$serde_json::private::Number";

struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Json)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::none())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Json(value))) = entries.next_entry::<String, Json>()? {
            if key == NUMBER {
                return Ok(value.as_str().and_then(|text| text.parse::<f64>().ok()).map_or(value, Value::from));
            }
            map.insert(key.into(), value);
        }
        Ok(Value::from(map))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::check};

    #[test]
    fn json() {
        check(
            Format::Json,
            r#"{"z": [1, -2, 1.5, 18446744073709551615], "a": {"t": true, "n": null}, "s": "ä"}"#,
            r#"{"z":[1,-2,1.5,18446744073709551615],"a":{"t":true,"n":null},"s":"ä"}"#,
        );
        check(Format::Json, "{\n  \"a\": 1,\n}", "! 3:1 this is not JSON: trailing comma");
        check(Format::Json, "", "! 1:1 this is not JSON: EOF while parsing a value");
    }
}
