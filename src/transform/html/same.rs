//! Is one page the same page as another? Both go through html5ever; what is compared is what it built of them:
//! elements, attributes, text, quirks mode. Two pages are the same when no reader, style sheet or script can tell them
//! apart, under the one assumption that `white-space` is as browsers have it, see [`preserves_space`].
//!
//! What may differ: comments that are prose, the order of attributes, the length of a run of white space (never its
//! presence), and white space outside `body` or at its very ends. The text of scripts and styles is listed apart.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
};

use html5ever::{
    Attribute, LocalName, Namespace, ParseOpts, QualName,
    interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink},
    local_name, ns, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::TreeBuilderOpts,
};

/// What a parser built of a page, in a form that can be compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Each item tagged and preceded by its length, so that no text can pass for structure.
    structure: String,
    /// The texts of `script` and `style` elements, in document order.
    pub(super) embedded: Vec<String>,
}

impl Meaning {
    /// Everything but the embedded texts.
    pub(super) fn structure(&self) -> &str {
        &self.structure
    }
}

/// What a browser makes of `page`, with scripting on or off: `noscript` is one thing or the other.
pub(super) fn meaning(page: &str, scripting_enabled: bool) -> Meaning {
    let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let tree = parse_document(Tree::default(), options).one(page);
    tree.meaning(page.len())
}

/// Whether white space in such an element is taken to be shown as written. The first are as browsers have them; `code`,
/// `kbd` and `samp` are often styled so; an author's style sheet that does it to other elements is not seen, but a
/// `style` attribute is.
pub(super) fn preserves_space(name: &str, style: Option<&str>) -> bool {
    matches!(
        name,
        "pre" | "textarea" | "listing" | "xmp" | "plaintext" | "code" | "kbd" | "samp" | "text" | "title" | "desc"
    ) || style.is_some_and(|style| contains_ignoring_case(style, "white-space"))
}

/// Whether a comment speaks to programs: conditional comments, server-side includes, licences, the markers of
/// frameworks. What begins with white space, a letter or a digit is prose.
pub(super) fn is_marker(comment: &str) -> bool {
    !comment.starts_with(|c: char| c.is_whitespace() || c.is_alphanumeric())
        && !comment.bytes().all(|byte| matches!(byte, b'-' | b'=' | b'*' | b' '))
        || comment.is_empty()
}

/// The white space of a text as it may be written: runs become one space, or one line break where CSS might tell the
/// two apart: beside a tag, and between characters that need no space between them (CSS Text 3 §4.1.3).
pub(super) fn collapse(text: &str, to: &mut String) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&byte| super::is_space(byte)) {
        let start = at + found;
        let end = bytes[start..].iter().position(|&byte| !super::is_space(byte)).map_or(bytes.len(), |n| start + n);
        let run = &bytes[start..end];
        let breaks = run.contains(&b'\n')
            && match (start.checked_sub(1).map(|before| bytes[before]), bytes.get(end)) {
                (Some(before), Some(after)) => !before.is_ascii() && !after.is_ascii(),
                _ => true,
            };
        to.push_str(&text[copied..start]);
        to.push(if breaks { '\n' } else { ' ' });
        copied = end;
        at = end;
    }
    to.push_str(&text[copied..]);
}

fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    text.as_bytes().windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// The document in one vector; nodes refer to each other by index. The document itself is node 0.
struct Tree {
    nodes: RefCell<Vec<Node>>,
    quirks: Cell<QuirksMode>,
}

struct Node {
    kind: NodeKind,
    parent: usize,
    previous: usize,
    next: usize,
    first: usize,
    last: usize,
}

/// No such node.
const NONE: usize = usize::MAX;

enum NodeKind {
    Document,
    Doctype { name: StrTendril, public_id: StrTendril, system_id: StrTendril },
    Element { name: QualName, attributes: Vec<Attribute>, contents: usize, integration_point: bool },
    Text(String),
    Comment(StrTendril),
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: RefCell::new(vec![Node::new(NodeKind::Document)]), quirks: Cell::new(QuirksMode::NoQuirks) }
    }
}

impl Node {
    const fn new(kind: NodeKind) -> Self {
        Self { kind, parent: NONE, previous: NONE, next: NONE, first: NONE, last: NONE }
    }
}

impl Tree {
    fn add(&self, kind: NodeKind) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::new(kind));
        nodes.len() - 1
    }

    /// Puts `node` below `parent`, before `next` or last.
    fn link(&self, node: usize, parent: usize, next: usize) {
        self.unlink(node);
        let mut nodes = self.nodes.borrow_mut();
        let previous = if next == NONE { nodes[parent].last } else { nodes[next].previous };
        (nodes[node].parent, nodes[node].previous, nodes[node].next) = (parent, previous, next);
        if previous == NONE {
            nodes[parent].first = node;
        } else {
            nodes[previous].next = node;
        }
        if next == NONE {
            nodes[parent].last = node;
        } else {
            nodes[next].previous = node;
        }
    }

    fn unlink(&self, node: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let Node { parent, previous, next, .. } = nodes[node];
        if parent == NONE {
            return;
        }
        if previous == NONE {
            nodes[parent].first = next;
        } else {
            nodes[previous].next = next;
        }
        if next == NONE {
            nodes[parent].last = previous;
        } else {
            nodes[next].previous = previous;
        }
        (nodes[node].parent, nodes[node].previous, nodes[node].next) = (NONE, NONE, NONE);
    }

    fn insert(&self, child: NodeOrText<usize>, parent: usize, next: usize) {
        let node = match child {
            NodeOrText::AppendNode(node) => node,
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                let previous = if next == NONE { nodes[parent].last } else { nodes[next].previous };
                if let Some(Node { kind: NodeKind::Text(before), .. }) = nodes.get_mut(previous) {
                    before.push_str(&text);
                    return;
                }
                drop(nodes);
                self.add(NodeKind::Text(text.as_ref().to_owned()))
            }
        };
        self.link(node, parent, next);
    }
}

impl TreeSink for Tree {
    type Handle = usize;
    type Output = Self;
    type ElemName<'a> = Name;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> usize {
        0
    }

    fn elem_name(&self, &target: &usize) -> Name {
        match &self.nodes.borrow()[target].kind {
            NodeKind::Element { name, .. } => Name { ns: name.ns.clone(), local: name.local.clone() },
            _ => Name { ns: ns!(), local: local_name!("") },
        }
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> usize {
        let contents = if flags.template { self.add(NodeKind::Document) } else { NONE };
        let integration_point = flags.mathml_annotation_xml_integration_point;
        self.add(NodeKind::Element { name, attributes, contents, integration_point })
    }

    fn create_comment(&self, text: StrTendril) -> usize {
        self.add(NodeKind::Comment(text))
    }

    fn create_pi(&self, target: StrTendril, _: StrTendril) -> usize {
        self.add(NodeKind::Comment(target))
    }

    fn append(&self, &parent: &usize, child: NodeOrText<usize>) {
        self.insert(child, parent, NONE);
    }

    fn append_based_on_parent_node(&self, &element: &usize, previous: &usize, child: NodeOrText<usize>) {
        let parent = self.nodes.borrow()[element].parent;
        if parent == NONE { self.append(previous, child) } else { self.insert(child, parent, element) }
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        let doctype = self.add(NodeKind::Doctype { name, public_id, system_id });
        self.link(doctype, 0, NONE);
    }

    fn get_template_contents(&self, &target: &usize) -> usize {
        match self.nodes.borrow()[target].kind {
            NodeKind::Element { contents, .. } if contents != NONE => contents,
            _ => target,
        }
    }

    fn same_node(&self, x: &usize, y: &usize) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.quirks.set(mode);
    }

    fn append_before_sibling(&self, &sibling: &usize, new: NodeOrText<usize>) {
        if let NodeOrText::AppendNode(node) = new {
            self.unlink(node);
        }
        let parent = self.nodes.borrow()[sibling].parent;
        if parent != NONE {
            self.insert(new, parent, sibling);
        }
    }

    fn add_attrs_if_missing(&self, &target: &usize, more: Vec<Attribute>) {
        if let NodeKind::Element { attributes, .. } = &mut self.nodes.borrow_mut()[target].kind {
            for attribute in more {
                if !attributes.iter().any(|known| known.name == attribute.name) {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, &target: &usize) {
        self.unlink(target);
    }

    fn reparent_children(&self, &node: &usize, &new_parent: &usize) {
        loop {
            let child = self.nodes.borrow()[node].first;
            if child == NONE {
                break;
            }
            self.link(child, new_parent, NONE);
        }
    }

    fn is_mathml_annotation_xml_integration_point(&self, &handle: &usize) -> bool {
        matches!(self.nodes.borrow()[handle].kind, NodeKind::Element { integration_point: true, .. })
    }
}

/// An element's name, on its own: atoms of known names are copies.
#[derive(Debug)]
pub(super) struct Name {
    ns: Namespace,
    local: LocalName,
}

impl ElemName for Name {
    fn ns(&self) -> &Namespace {
        &self.ns
    }

    fn local_name(&self) -> &LocalName {
        &self.local
    }
}

/// One step of the walk.
enum Step {
    /// A node, and whether white space is kept there.
    Enter {
        node: usize,
        preserved: bool,
    },
    Leave,
}

impl Tree {
    /// Writes the tree down. Without recursion: a page may nest as deep as it likes.
    fn meaning(self, length: usize) -> Meaning {
        let nodes = self.nodes.into_inner();
        let mut meaning = Meaning { structure: String::with_capacity(length), embedded: Vec::new() };
        item(&mut meaning.structure, 'Q', &format!("{:?}", self.quirks.get()));
        let mut steps = vec![Step::Enter { node: 0, preserved: false }];
        let mut text = String::new();
        while let Some(step) = steps.pop() {
            let Step::Enter { node, preserved } = step else {
                meaning.structure.push('/');
                continue;
            };
            let this = &nodes[node];
            let (mut preserved, mut contents) = (preserved, NONE);
            match &this.kind {
                NodeKind::Document => {}
                NodeKind::Doctype { name, public_id, system_id } => {
                    for part in [name, public_id, system_id] {
                        item(&mut meaning.structure, 'D', part);
                    }
                    continue;
                }
                NodeKind::Comment(comment) => {
                    if is_marker(comment) {
                        item(&mut meaning.structure, '!', comment);
                    }
                    continue;
                }
                NodeKind::Text(own) => {
                    // Comments that are prose are not there: the texts around them are one.
                    if !previous_is_text(&nodes, node) {
                        text.clear();
                        text.push_str(own);
                        gather(&nodes, node, &mut text);
                        write_text(&nodes, node, preserved, &text, &mut meaning);
                    }
                    continue;
                }
                NodeKind::Element { name, attributes, contents: inside, .. } => {
                    write_element(name, attributes, &mut meaning.structure);
                    let style = attributes.iter().find(|a| a.name.local == local_name!("style")).map(|a| &*a.value);
                    preserved |= preserves_space(&name.local, style);
                    contents = *inside;
                }
            }
            steps.push(Step::Leave);
            for first in [this.last, if contents == NONE { NONE } else { nodes[contents].last }] {
                let mut child = first;
                while child != NONE {
                    steps.push(Step::Enter { node: child, preserved });
                    child = nodes[child].previous;
                }
            }
        }
        meaning
    }
}

fn item(to: &mut String, tag: char, text: &str) {
    use std::fmt::Write as _;
    to.push(tag);
    // Writing to a string does not fail.
    let _ = write!(to, "{}:", text.len());
    to.push_str(text);
}

fn write_element(name: &QualName, attributes: &[Attribute], to: &mut String) {
    item(to, '<', &name.local);
    if name.ns != ns!(html) {
        item(to, 'N', &name.ns);
    }
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_unstable_by(|a, b| (&*a.name.local, &*a.name.ns).cmp(&(&*b.name.local, &*b.name.ns)));
    for attribute in sorted {
        if attribute.name.ns != ns!() {
            item(to, 'n', &attribute.name.ns);
        }
        item(to, 'a', &attribute.name.local);
        item(to, '=', &attribute.value);
    }
}

fn is_prose(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Comment(comment) if !is_marker(comment))
}

/// Whether a text stands before this one, with nothing but prose comments between.
fn previous_is_text(nodes: &[Node], node: usize) -> bool {
    let mut before = nodes[node].previous;
    while before != NONE && is_prose(&nodes[before]) {
        before = nodes[before].previous;
    }
    before != NONE && matches!(nodes[before].kind, NodeKind::Text(_))
}

/// Adds the texts that follow, with nothing but prose comments between.
fn gather(nodes: &[Node], node: usize, text: &mut String) {
    let mut after = nodes[node].next;
    while after != NONE {
        match &nodes[after].kind {
            NodeKind::Text(more) => text.push_str(more),
            _ if is_prose(&nodes[after]) => {}
            _ => return,
        }
        after = nodes[after].next;
    }
}

fn write_text(nodes: &[Node], node: usize, preserved: bool, text: &str, meaning: &mut Meaning) {
    let NodeKind::Element { name, .. } = &nodes[nodes[node].parent].kind else {
        item(&mut meaning.structure, 'T', text);
        return;
    };
    if matches!(name.local, local_name!("script") | local_name!("style")) {
        meaning.embedded.push(text.to_owned());
        meaning.structure.push('E');
    } else if preserved || matches!(name.local, local_name!("noscript") | local_name!("iframe")) {
        item(&mut meaning.structure, 'T', text);
    } else if !(text.bytes().all(super::is_space) && is_never_shown(nodes, node, &name.local)) {
        let mut collapsed = String::with_capacity(text.len());
        collapse(text, &mut collapsed);
        item(&mut meaning.structure, 'T', &collapsed);
    }
}

/// White space outside `body`, or first or last in it.
fn is_never_shown(nodes: &[Node], node: usize, parent: &LocalName) -> bool {
    let ends = |mut at: usize, step: fn(&Node) -> usize| {
        loop {
            at = step(&nodes[at]);
            if at == NONE {
                return true;
            }
            if !is_prose(&nodes[at]) && !matches!(nodes[at].kind, NodeKind::Text(_)) {
                return false;
            }
        }
    };
    match *parent {
        local_name!("html") | local_name!("head") => true,
        local_name!("body") => ends(node, |n| n.previous) || ends(node, |n| n.next),
        _ => false,
    }
}
