//! Is a page written the way it is parsed? In a regular page every element is written out where the tree has it: `html`,
//! `head` and `body` are there, each element is closed inside the one it was opened in, and no tag stands where a parser
//! would close, move, imply or drop anything (HTML §13.2.6.4). Its tokens say all that its tree would, so that two regular
//! pages of the same tokens are the same page, and no tree has to be built to know it.
//!
//! When in doubt a page is not regular: then it is parsed.

use super::is_space;

/// What is open, token by token. `None` from any of its steps means that the page is not regular.
#[derive(Debug)]
pub(super) struct Structure<'a> {
    stage: Stage,
    /// The elements that are open inside `body`.
    open: Vec<&'a str>,
    /// The element in which white space is kept, as a length of `open`.
    preserved_at: Option<usize>,
    /// How many of `open` are ended by what may come inside them: `p`, `a`, `button`, `form`.
    fragile: usize,
    /// How many of `open` are in an `svg`, itself among them.
    foreign: usize,
    /// The element of `head`, or of raw text, that is open.
    inside: Option<&'a str>,
    /// Whether nothing but white space was in `body` yet.
    at_body_start: bool,
}

/// How far the page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    BeforeHtml,
    BeforeHead,
    Head,
    AfterHead,
    Body,
    AfterBody,
    AfterHtml,
}

/// What a start tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// It has content, and an end tag.
    Element,
    /// It has neither.
    Nothing,
}

impl<'a> Structure<'a> {
    /// Before a page.
    pub(super) fn of_page() -> Self {
        Self { stage: Stage::Start, ..Self::of_part() }
    }

    /// Before a part of a `body` in which nothing is open that a part could end.
    pub(super) fn of_part() -> Self {
        Self {
            stage: Stage::Body,
            open: Vec::new(),
            preserved_at: None,
            fragile: 0,
            foreign: 0,
            inside: None,
            at_body_start: false,
        }
    }

    /// Whether a part begins here that can be judged without what is around it.
    pub(super) fn isolates(&self) -> bool {
        let in_heading = self.open.last().is_some_and(|parent| is_heading(parent));
        self.stage == Stage::Body && self.fragile == 0 && self.foreign == 0 && !in_heading && self.allows_content()
    }

    /// Whether a page, or a part, ends well here.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.stage, Stage::AfterHtml | Stage::Body) && self.open.is_empty()
    }

    /// Whether white space is shown as it is written.
    pub(super) fn is_preserved(&self) -> bool {
        self.preserved_at.is_some()
    }

    /// Whether white space alone is not shown here: outside `body`, or first in it.
    pub(super) fn hides_space(&self) -> bool {
        self.stage != Stage::Body || self.at_body_start
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.foreign > 0
    }

    /// `<!doctype html>` and no other: a page without it has quirks.
    pub(super) fn doctype(&mut self, written: &str) -> Option<()> {
        let is_plain = self.stage == Stage::Start && written.eq_ignore_ascii_case("<!doctype html>");
        is_plain.then(|| self.stage = Stage::BeforeHtml)
    }

    /// A text that is not all white space, or one where it matters.
    pub(super) fn text(&mut self, text: &str) -> Option<()> {
        if text.bytes().all(is_space) {
            return Some(());
        }
        self.at_body_start = false;
        (self.stage == Stage::Body && self.allows_text()).then_some(())
    }

    /// Something that stays and opens nothing: a comment, a whole part.
    pub(super) fn content(&mut self) {
        self.at_body_start = false;
    }

    /// Whether an end tag of this name is that of `body`.
    pub(super) fn ends_body(&self, name: &str) -> bool {
        self.stage == Stage::Body && self.open.is_empty() && self.inside.is_none() && name == "body"
    }

    /// The text of the raw element just opened.
    pub(super) fn raw_text(&self) -> Option<()> {
        self.inside.map(drop)
    }

    /// `preserves` says whether white space is kept in the element, by its name and style.
    pub(super) fn start(&mut self, name: &'a str, self_closing: bool, preserves: bool) -> Option<Opens> {
        if self.inside.is_some() {
            return None;
        }
        match (self.stage, name) {
            (Stage::BeforeHtml, "html") => self.stage = Stage::BeforeHead,
            (Stage::BeforeHead, "head") => self.stage = Stage::Head,
            (Stage::Head, "meta" | "link" | "base") => return Some(Opens::Nothing),
            (Stage::Head, "title" | "style" | "script") => self.inside = Some(name),
            (Stage::AfterHead, "body") => (self.stage, self.at_body_start) = (Stage::Body, true),
            (Stage::Body, _) => return self.start_in_body(name, self_closing, preserves),
            _ => return None,
        }
        Some(Opens::Element)
    }

    pub(super) fn end(&mut self, name: &str) -> Option<()> {
        if let Some(inside) = self.inside.take() {
            return (inside == name).then_some(());
        }
        match (self.stage, name) {
            (Stage::Head, "head") => self.stage = Stage::AfterHead,
            (Stage::AfterBody, "html") => self.stage = Stage::AfterHtml,
            (Stage::Body, "body") if self.open.is_empty() => self.stage = Stage::AfterBody,
            (Stage::Body, _) => {
                self.open.pop().filter(|open| *open == name)?;
                self.fragile -= usize::from(is_fragile(name));
                self.foreign = self.foreign.saturating_sub(1);
                self.preserved_at = self.preserved_at.filter(|&at| at <= self.open.len());
            }
            _ => return None,
        }
        Some(())
    }

    fn start_in_body(&mut self, name: &'a str, self_closing: bool, preserves: bool) -> Option<Opens> {
        self.at_body_start = false;
        let opens = match name {
            _ if self.foreign > 0 && is_shape(name) && self_closing => Opens::Nothing,
            _ if self.foreign > 0 => is_shape(name).then_some(Opens::Element)?,
            "svg" if self_closing && self.allows_content() => Opens::Nothing,
            _ => self.start_of_html(name)?,
        };
        if opens == Opens::Element {
            if is_raw(name) && self.foreign == 0 {
                self.inside = Some(name);
                return Some(opens);
            }
            self.open.push(name);
            self.fragile += usize::from(is_fragile(name));
            self.foreign += usize::from(self.foreign > 0 || name == "svg");
            if preserves && self.preserved_at.is_none() {
                self.preserved_at = Some(self.open.len());
            }
        }
        Some(opens)
    }

    fn start_of_html(&self, name: &str) -> Option<Opens> {
        let parent = self.open.last().copied().unwrap_or("body");
        let is_allowed = match parent {
            "table" => matches!(name, "caption" | "colgroup" | "thead" | "tbody" | "tfoot"),
            "thead" | "tbody" | "tfoot" => name == "tr",
            "tr" => matches!(name, "td" | "th"),
            "colgroup" => name == "col",
            "select" => matches!(name, "option" | "optgroup"),
            "optgroup" => name == "option",
            "option" => false,
            _ => match name {
                "li" => matches!(parent, "ul" | "ol" | "menu"),
                "dt" | "dd" => parent == "dl",
                "option" => parent == "datalist",
                "a" | "button" => !self.open.contains(&name),
                "form" => !self.open.contains(&"form") && !self.open.contains(&"p"),
                _ if is_heading(name) => !is_heading(parent) && !self.open.contains(&"p"),
                _ if ends_paragraph(name) => !self.open.contains(&"p"),
                _ => !needs_parser(name),
            },
        };
        is_allowed.then_some(if is_void(name) { Opens::Nothing } else { Opens::Element })
    }

    fn allows_content(&self) -> bool {
        let parent = self.open.last().copied().unwrap_or("body");
        !matches!(
            parent,
            "table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup" | "select" | "optgroup" | "option" | "datalist"
        )
    }

    /// White space aside, a table moves the text in it.
    fn allows_text(&self) -> bool {
        let parent = self.open.last().copied().unwrap_or("body");
        self.inside.is_none() && !matches!(parent, "table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup")
    }
}

/// Elements that are ended by what comes inside them: by another of their name, and a `p` by any block.
fn is_fragile(name: &str) -> bool {
    matches!(name, "p" | "a" | "button" | "form")
}

pub(super) fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// Elements whose start tag ends a `p`.
fn ends_paragraph(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "center"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "header"
            | "hgroup"
            | "hr"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "ul"
    )
}

/// Elements with rules of their own in a `body`, beyond what is told here.
fn needs_parser(name: &str) -> bool {
    matches!(
        name,
        "applet"
            | "basefont"
            | "base"
            | "bgsound"
            | "body"
            | "caption"
            | "col"
            | "colgroup"
            | "frame"
            | "frameset"
            | "head"
            | "html"
            | "image"
            | "isindex"
            | "keygen"
            | "li"
            | "listing"
            | "marquee"
            | "math"
            | "nobr"
            | "noembed"
            | "noframes"
            | "noscript"
            | "object"
            | "optgroup"
            | "param"
            | "plaintext"
            | "rb"
            | "rp"
            | "rt"
            | "rtc"
            | "selectedcontent"
            | "tbody"
            | "td"
            | "template"
            | "tfoot"
            | "th"
            | "thead"
            | "title"
            | "tr"
            | "xmp"
    ) || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Elements whose text is no markup.
fn is_raw(name: &str) -> bool {
    matches!(name, "script" | "style" | "textarea" | "iframe")
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area" | "br" | "col" | "embed" | "hr" | "img" | "input" | "link" | "meta" | "source" | "track" | "wbr"
    )
}

/// Elements of SVG in which everything is as it is in XML.
fn is_shape(name: &str) -> bool {
    matches!(
        name,
        "svg"
            | "circle"
            | "clipPath"
            | "defs"
            | "ellipse"
            | "g"
            | "line"
            | "linearGradient"
            | "marker"
            | "mask"
            | "path"
            | "pattern"
            | "polygon"
            | "polyline"
            | "radialGradient"
            | "rect"
            | "stop"
            | "symbol"
            | "text"
            | "tspan"
            | "use"
            | "animate"
            | "animateTransform"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether these tags, end tags with their slash, are regular in a `body`.
    fn is_regular(tags: &str) -> bool {
        let mut structure = Structure::of_part();
        let read = tags.split_whitespace().try_for_each(|tag| match tag.strip_prefix('/') {
            Some(name) => structure.end(name),
            None => structure.start(tag, false, false).map(drop),
        });
        read.is_some() && structure.is_whole()
    }

    #[test]
    fn structures() {
        for regular in [
            "p a /a b i /i /b br /p",
            "ul li p /p ul li /li /ul /li /ul",
            "table thead tr th /th /tr /thead tbody tr td p /p /td /tr /tbody /table",
            "a div h2 /h2 p /p /div /a",
            "dl dt /dt dd p /p /dd /dl",
            "select optgroup option /option /optgroup /select",
            "svg g path /path /g /svg p /p",
            "script /script textarea /textarea",
            "details summary /summary p /p /details",
        ] {
            assert!(is_regular(regular), "{regular}");
        }
        for odd in [
            "p",
            "p p /p /p",
            "p ul /ul /p",
            "p a h1 /h1 /a /p",
            "a b a /a /b /a",
            "b i /b /i",
            "table tr /tr /table",
            "table b /b /table",
            "svg div /div /svg",
            "form form /form /form",
            "button button /button /button",
            "td /td",
            "body /body",
            "title /title",
            "br /br",
            "script b /b /script",
        ] {
            assert!(!is_regular(odd), "{odd}");
        }
    }
}
