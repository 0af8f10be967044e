//! Style rules that nothing on a site can match, left out. What is used is read from its pages and scripts; on any doubt a
//! rule stays, so a rule that is left out wrongly is one that neither names: its author then says so (`keep`).

use std::collections::BTreeSet;

use globset::{Glob, GlobSet, GlobSetBuilder};
use lightningcss::{
    rules::{CssRule, CssRuleList, layer::LayerStatementRule},
    selector::{Component, Selector},
    stylesheet::{ParserOptions, PrinterOptions},
};

use super::{
    css,
    html::{
        decoded::decoded,
        lexer::{Kind, Lexer},
    },
};
use crate::{
    diag::{Diagnostic, Source},
    load::Spanned,
};

/// The names that pages and scripts use.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// As they stand in `class` and `id`.
    classes: BTreeSet<String>,
    ids: BTreeSet<String>,
    /// Small letters.
    elements: BTreeSet<String>,
    attributes: BTreeSet<String>,
    /// Everything in a script that could be a name, or the beginning or end of one: `btn-`.
    words: BTreeSet<String>,
    starts: BTreeSet<String>,
    ends: BTreeSet<String>,
    keep: GlobSet,
}

impl Used {
    /// The names, in one text: equal for the same names.
    #[must_use]
    pub fn names(&self) -> String {
        let Self { classes, ids, elements, attributes, words, starts, ends, keep: _ } = self;
        format!("{:?}", [classes, ids, elements, attributes, words, starts, ends])
    }

    /// Nothing but what `keep` names: globs of classes (`is-*`, `.is-*`), ids (`#menu`) and elements, which stand in
    /// `source`.
    ///
    /// # Errors
    /// Globs that are none.
    pub fn new(keep: &[Spanned<String>], source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let (mut globs, mut wrong) = (GlobSetBuilder::new(), Vec::new());
        for pattern in keep {
            match Glob::new(pattern.value.trim_start_matches(['.', '#'])) {
                Ok(glob) => drop(globs.add(glob)),
                Err(error) => {
                    let message = format!("`{}` is no pattern for names: {}", pattern.value, error.kind());
                    wrong.push(Diagnostic::error_at(source, pattern.span.clone(), message));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self { keep: globs.build().unwrap_or_default(), ..Self::default() })
    }

    /// What a page uses, and the scripts in it.
    pub fn page(&mut self, html: &str) {
        let mut lexer = Lexer::new(html);
        while let Some(token) = lexer.next() {
            match token.kind {
                Kind::StartTag { .. } => {
                    self.elements.insert(html[token.name].to_ascii_lowercase());
                    for attribute in lexer.attributes() {
                        let name = html[attribute.name.clone()].to_ascii_lowercase();
                        let value = attribute.value.clone().map_or("".into(), |value| decoded(&html[value]));
                        match name.as_str() {
                            "class" => self.classes.extend(value.split_ascii_whitespace().map(str::to_owned)),
                            "id" => drop(self.ids.insert(value.clone().into_owned())),
                            _ if name.starts_with("on") => self.script(&value),
                            _ => {}
                        }
                        self.attributes.insert(name);
                    }
                }
                // Fallbacks for browsers without scripts are pages in a page.
                Kind::RawText if html[token.name.clone()].eq_ignore_ascii_case("noscript") => {
                    self.page(&html[token.span]);
                }
                Kind::RawText if html[token.name].eq_ignore_ascii_case("script") => self.script(&html[token.span]),
                _ => {}
            }
        }
    }

    /// What a script may use: every word of it, and any other text's.
    pub fn script(&mut self, text: &str) {
        for word in words(text) {
            if self.words.contains(word) {
                continue;
            }
            self.words.insert(word.to_owned());
            // `btn-` is what `btn-${size}` leaves.
            let has_name = |part: &str| part.contains(|c: char| c.is_alphanumeric());
            if let Some(start) = word.strip_suffix(['-', '_']).filter(|start| has_name(start)) {
                self.starts.insert(word[..=start.len()].to_owned());
            }
            if let Some(end) = word.strip_prefix(['-', '_']).filter(|end| has_name(end)) {
                self.ends.insert(word[word.len() - end.len() - 1..].to_owned());
            }
        }
    }

    fn has_class(&self, name: &str) -> bool {
        self.classes.contains(name) || self.may_name(name)
    }

    fn has_id(&self, name: &str) -> bool {
        self.ids.contains(name) || self.may_name(name)
    }

    fn has_element(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        // A parser makes these where a page leaves them out.
        let is_made = ["html", "head", "body", "tbody"].contains(&name.as_str());
        is_made || self.elements.contains(&name) || self.may_name(&name)
    }

    fn has_attribute(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        // Browsers open what can be opened; scripts write `dataset.menuOpen` for `data-menu-open`.
        name == "open"
            || self.attributes.contains(&name)
            || self.may_name(&name)
            || name.starts_with("data-") && self.words.contains("dataset")
    }

    /// Whether a script may make the name, or the author wants it kept.
    fn may_name(&self, name: &str) -> bool {
        let in_scripts = || words(name).all(|word| self.words.contains(word));
        let may_begin = || name.char_indices().any(|(at, c)| self.starts.contains(&name[..at + c.len_utf8()]));
        let may_end = || name.char_indices().any(|(at, _)| self.ends.contains(&name[at..]));
        self.keep.is_match(name) || in_scripts() || may_begin() || may_end()
    }

    /// Whether an element of the site may match: `false` is certain.
    fn may_match(&self, selector: &Selector<'_>) -> bool {
        selector.iter_raw_match_order().all(|component| match component {
            Component::Class(name) => self.has_class(&name.0),
            Component::ID(name) => self.has_id(&name.0),
            Component::LocalName(name) => self.has_element(&name.name.0),
            Component::AttributeInNoNamespaceExists { local_name, .. }
            | Component::AttributeInNoNamespace { local_name, .. } => self.has_attribute(&local_name.0),
            Component::Is(any) | Component::Where(any) | Component::Has(any) | Component::Any(_, any) => {
                any.iter().any(|selector| self.may_match(selector))
            }
            _ => true,
        })
    }
}

/// The style sheet without what nothing can match.
#[must_use]
pub fn remove(css: &str, used: &Used) -> String {
    let Ok(mut sheet) = css::parse(css, ParserOptions::default()).0 else { return css.to_owned() };
    remove_from(&mut sheet.rules, used);
    let printed = sheet.to_css(PrinterOptions { minify: true, ..PrinterOptions::default() });
    printed.map_or_else(|_| css.to_owned(), |printed| printed.code)
}

/// Leaves out what nothing can match. Animations, fonts and custom properties stay: other sheets may use them.
pub fn remove_from(rules: &mut CssRuleList<'_>, used: &Used) {
    rules.0.retain_mut(|rule| match rule {
        CssRule::Style(style) => {
            let is_used = |selector: &Selector<'_>| used.may_match(selector);
            // Of what is in a rule, `:not(&)` matches without it.
            if !style.selectors.0.iter().any(is_used) {
                return style.rules.0.iter().any(has_negation);
            }
            style.selectors.0.retain(|selector| is_used(selector));
            remove_from(&mut style.rules, used);
            true
        }
        CssRule::Nesting(nesting) => {
            remove_from(&mut nesting.style.rules, used);
            true
        }
        CssRule::Media(block) => is_left(&mut block.rules, used),
        CssRule::Supports(block) => is_left(&mut block.rules, used),
        CssRule::Container(block) => is_left(&mut block.rules, used),
        CssRule::Scope(block) => is_left(&mut block.rules, used),
        CssRule::StartingStyle(block) => is_left(&mut block.rules, used),
        CssRule::MozDocument(block) => is_left(&mut block.rules, used),
        CssRule::LayerBlock(block) => {
            // That it is there, and before which others, still counts.
            if !is_left(&mut block.rules, used)
                && let Some(name) = block.name.take()
            {
                *rule = CssRule::LayerStatement(LayerStatementRule { names: vec![name], loc: block.loc });
            }
            true
        }
        _ => true,
    });
}

/// Whether something is left in a block.
fn is_left(rules: &mut CssRuleList<'_>, used: &Used) -> bool {
    remove_from(rules, used);
    !rules.0.is_empty()
}

fn has_negation(rule: &CssRule<'_>) -> bool {
    let negates = |selector: &Selector<'_>| {
        selector.iter_raw_match_order().any(|component| matches!(component, Component::Negation(_)))
    };
    match rule {
        CssRule::Style(style) => style.selectors.0.iter().any(negates) || style.rules.0.iter().any(has_negation),
        CssRule::Nesting(_) => true,
        CssRule::Media(block) => block.rules.0.iter().any(has_negation),
        CssRule::Supports(block) => block.rules.0.iter().any(has_negation),
        CssRule::Container(block) => block.rules.0.iter().any(has_negation),
        CssRule::LayerBlock(block) => block.rules.0.iter().any(has_negation),
        CssRule::Scope(block) => block.rules.0.iter().any(has_negation),
        CssRule::StartingStyle(block) => block.rules.0.iter().any(has_negation),
        _ => false,
    }
}

/// The runs of characters that a name may be made of.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(pages: &[&str], scripts: &[&str], keep: &[&str]) -> Used {
        let keep: Vec<_> = keep.iter().map(|one| Spanned { value: (*one).to_owned(), span: 0..0 }).collect();
        let mut used = Used::new(&keep, &Source::new("config.toml", "")).expect("patterns");
        for page in pages {
            used.page(page);
        }
        for script in scripts {
            used.script(script);
        }
        used
    }

    #[test]
    fn what_can_match_nothing_goes() {
        let page = "<!doctype html><main class='card big&amp;fat' id=top data-kind=x><p>a</p>\
            <noscript><em>b</em></noscript><script>el.className = 'is-open'</script>\
            <svg><linearGradient/></svg><a onclick=\"add('clicked')\">c</a></main>";
        let script =
            "const size='lg';e.classList.add(`btn-${size}`,x+'-end','md:w-1/2');document.createElement('dialog')";
        let used = used(&[page], &[script], &["keep-*", "#kept", "table"]);
        for (css, expected) in [
            (".card{a:b}", ".card{a:b}"),
            (".none{a:b}", ""),
            (".card,.none{a:b}", ".card{a:b}"),
            (".card .none{a:b}", ""),
            (".card.none{a:b}", ""),
            (".big\\&fat{a:b}", ".big\\&fat{a:b}"),
            ("#top #none{a:b}", ""),
            ("p{a:b}q{a:b}em{a:b}", "p{a:b}em{a:b}"),
            ("html,body,tbody,*,:root{a:b}", "html,body,tbody,*,:root{a:b}"),
            ("linearGradient{a:b}", "linearGradient{a:b}"),
            ("dialog{a:b}table{a:b}td{a:b}", "dialog{a:b}table{a:b}"),
            (
                "[data-kind=y]{a:b}[data-none]{a:b}[open]{a:b}[class^=c]{a:b}",
                "[data-kind=y]{a:b}[open]{a:b}[class^=c]{a:b}",
            ),
            // Names that scripts hold or make.
            (".is-open{a:b}.clicked{a:b}.is-shut{a:b}", ".is-open{a:b}.clicked{a:b}"),
            (".btn-lg{a:b}.btn-sm{a:b}.btn{a:b}", ".btn-lg{a:b}.btn-sm{a:b}"),
            (".row-end{a:b}.row-start{a:b}", ".row-end{a:b}"),
            (".md\\:w-1\\/2{a:b}.md\\:w-1\\/3{a:b}", ".md\\:w-1\\/2{a:b}"),
            (".keep-it{a:b}#kept{a:b}", ".keep-it{a:b}#kept{a:b}"),
            // On doubt it stays.
            (":not(.none){a:b}p:not(.none){a:b}.none:not(p){a:b}", ":not(.none){a:b}p:not(.none){a:b}"),
            (":is(.none,p){a:b}:where(.none){a:b}p:has(.none){a:b}", ":is(.none,p){a:b}"),
            ("::selection{a:b}.none::before{a:b}:host(.none){a:b}", "::selection{a:b}:host(.none){a:b}"),
            (".card{&.none{a:b}&:hover{a:b}}", ".card{&:hover{a:b}}"),
            (".none{a:b;.card &{a:b}}", ""),
            (".none{a:b;.card:not(&){a:b}}", ".none{a:b;.card:not(&){a:b}}"),
            // Blocks go with the last of their rules; the order of layers stays.
            ("@media print{.none{a:b}p{a:b}}@media print{.none{a:b}}", "@media print{p{a:b}}"),
            ("@layer x{.none{a:b}}@layer y{p{a:b}}", "@layer x;@layer y{p{a:b}}"),
            ("@supports (a:b){@container (width>1px){.none{a:b}}}", ""),
            (
                "@keyframes spin{to{a:b}}@font-face{font-family:N;src:url(n)}@property --n{syntax:\"*\";inherits:false}",
                "@keyframes spin{to{a:b}}@font-face{font-family:N;src:url(n)}@property --n{syntax:\"*\";inherits:false}",
            ),
        ] {
            assert_eq!(remove(css, &used), expected, "{css}");
        }
    }

    #[test]
    fn minified_scripts_do_not_keep_everything() {
        let used = used(&[], &["for(let e=n;e--;)a-b,c--,_=$-_,-x"], &[]);
        assert_eq!(remove(".card,.-y,.e{a:b}", &used), ".e{a:b}");
    }

    #[test]
    fn a_pattern_that_is_none_is_told() {
        let source = Source::new("config.toml", "keep = [\"a{\"]");
        let wrong = Used::new(&[Spanned { value: "a{".to_owned(), span: 8..12 }], &source).expect_err("no pattern");
        assert_eq!(wrong[0].position(), Some((1, 9)));
        assert!(wrong[0].message.starts_with("`a{` is no pattern for names"), "{}", wrong[0].message);
    }
}
