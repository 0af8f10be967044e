//! XML as a template's value. An element is its text, if that comes first in it, or else a map of its attributes, whose names
//! begin with `@`, and of the elements in it; several of one name are a list. Text beside attributes is `#text`. What looks
//! like a number or a truth is one. Names lose their prefix.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};
use tera::{Map, Value};

use crate::diag::{Diagnostic, Source};

/// So deep may elements stand in each other.
const DEEPEST: usize = 256;

/// Reads a document: a map of its one root.
pub(super) fn parse(source: &Source) -> Result<Value, Box<Diagnostic>> {
    let mut reader = Reader::from_str(&source.text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let start = place(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            let at = place(reader.error_position());
            mistake(source, at, &format!("this is not XML: {error}"))
        })?;
        let end = place(reader.buffer_position());
        let told = |message: &str| Diagnostic::error_at(source, start..end, message);
        match event {
            Event::Start(tag) if root.is_none() || !open.is_empty() => {
                if open.len() == DEEPEST {
                    return Err(Box::new(told("elements stand too deep in each other here")));
                }
                open.push(Element::of(&tag).map_err(|message| told(&message))?);
            }
            Event::Empty(tag) if root.is_none() || !open.is_empty() => {
                let element = Element::of(&tag).map_err(|message| told(&message))?;
                close(element, open.last_mut(), &mut root);
            }
            Event::Start(_) | Event::Empty(_) => return Err(Box::new(told("a document has one root"))),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, open.last_mut(), &mut root);
                }
            }
            Event::Text(text) => add_text(open.last_mut(), &text.xml10_content()),
            Event::CData(text) => add_text(open.last_mut(), &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = referred(&reference).ok_or_else(|| told("this entity is not known"))?;
                add_text(open.last_mut(), &text);
            }
            Event::Comment(_) | Event::PI(_) => {
                if let Some(element) = open.last_mut() {
                    element.has_begun = true;
                }
            }
            Event::Decl(_) | Event::DocType(_) => {}
            Event::Eof if open.is_empty() => break,
            Event::Eof => {
                let open = open.last().map_or("", |element| element.name.as_str());
                let at = source.text.trim_end().len();
                return Err(mistake(source, at, &format!("the file ends inside of `<{open}>`")));
            }
        }
    }
    root.ok_or_else(|| mistake(source, 0, "there is no element in this file"))
}

/// An element that is read.
struct Element {
    name: String,
    attributes: Vec<(String, Value)>,
    /// What stands before anything else in it.
    text: String,
    /// Whether something that is not text has stood in it.
    has_begun: bool,
    children: Map,
}

impl Element {
    fn of(tag: &BytesStart<'_>) -> Result<Self, String> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| format!("an attribute is wrong: {error}"))?;
            let name = attribute.key;
            // Declarations of namespaces are no attributes.
            if name.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| format!("the value of an attribute is wrong: {error}"))?;
            attributes.push((format!("@{}", name.local_name().as_ref()), scalar(&value)));
        }
        let name = tag.local_name().as_ref().to_owned();
        Ok(Self { name, attributes, text: String::new(), has_begun: false, children: Map::new() })
    }

    fn value(self) -> Value {
        let text = self.text.trim();
        if !text.is_empty() && self.attributes.is_empty() {
            return scalar(text);
        }
        let mut map = Map::new();
        for (name, value) in self.attributes {
            map.insert(name.into(), value);
        }
        if text.is_empty() {
            for (name, value) in self.children {
                map.insert(name, value);
            }
        } else {
            map.insert("#text".into(), scalar(text));
        }
        Value::from(map)
    }
}

fn close(element: Element, parent: Option<&mut Element>, root: &mut Option<Value>) {
    let name = element.name.clone();
    let value = element.value();
    let Some(parent) = parent else {
        let mut map = Map::with_capacity(1);
        map.insert(name.into(), value);
        *root = Some(Value::from(map));
        return;
    };
    parent.has_begun = true;
    let key = name.into();
    let value = match parent.children.get(&key) {
        None => value,
        Some(before) => match before.as_array() {
            Some(before) => Value::from(before.iter().cloned().chain([value]).collect::<Vec<_>>()),
            None => Value::from(vec![before.clone(), value]),
        },
    };
    parent.children.insert(key, value);
}

fn add_text(element: Option<&mut Element>, text: &str) {
    if let Some(element) = element.filter(|element| !element.has_begun) {
        element.text.push_str(text);
    }
}

/// What a reference stands for.
fn referred(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        Ok(None) => resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned),
        Err(_) => None,
    }
}

/// A number or a truth where the text is one.
fn scalar(text: &str) -> Value {
    let text = text.trim();
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    let is_octal = text.starts_with('0') && !text.starts_with("0.");
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && !is_octal => number.into(),
        _ => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
    }
}

fn place(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn mistake(source: &Source, at: usize, message: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error_at(source, at..at.saturating_add(1), message))
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::check};

    #[test]
    fn elements_and_attributes() {
        let records = "<root>\n<headers>Number</headers><headers>Title</headers>\n<records><item>1</item><item>Gutenberg</item></records>\
                       <records><item>2</item></records></root>";
        for (text, expected) in [
            (records, r#"{"root":{"headers":["Number","Title"],"records":[{"item":[1,"Gutenberg"]},{"item":2}]}}"#),
            ("<?xml version=\"1.0\"?><a/>", r#"{"a":{}}"#),
            ("<a b='1' c='x'>t &amp; u</a>", r##"{"a":{"@b":1,"@c":"x","#text":"t & u"}}"##),
            ("<a><b/> <b>2</b><b>true</b></a>", r#"{"a":{"b":[{},2,true]}}"#),
            ("<x:a xmlns:x='urn:x'><x:b x:c='d'/></x:a>", r#"{"a":{"b":{"@c":"d"}}}"#),
            ("<a>before<b>lost</b></a>", r#"{"a":"before"}"#),
            ("<a><b>1</b>after</a>", r#"{"a":{"b":1}}"#),
            ("<a><![CDATA[<b>]]>&#x41;</a>", r#"{"a":"<b>A"}"#),
        ] {
            check(Format::Xml, text, expected);
        }
    }

    #[test]
    fn what_a_text_is() {
        for (text, expected) in [
            ("007", "7"),
            ("0", "0"),
            ("-5", "-5.0"),
            ("0.50", "0.5"),
            ("0x1", "\"0x1\""),
            ("00.5", "\"00.5\""),
            ("1e3", "1000.0"),
            ("inf", "\"inf\""),
            ("True", "\"True\""),
            (" false ", "false"),
            ("2026-01-02", "\"2026-01-02\""),
        ] {
            check(Format::Xml, &format!("<a>{text}</a>"), &format!("{{\"a\":{expected}}}"));
        }
    }

    #[test]
    fn what_is_no_document() {
        for (text, expected) in [
            ("", "! 1:1 there is no element in this file"),
            ("<a>\n<b>", "! 2:4 the file ends inside of `<b>`"),
            ("<a/>\n<b/>", "! 2:1 a document has one root"),
            ("<a>&no;</a>", "! 1:4 this entity is not known"),
        ] {
            check(Format::Xml, text, expected);
        }
        let deep = "<a>".repeat(300);
        check(Format::Xml, &deep, "! 1:769 elements stand too deep in each other here");
    }
}
