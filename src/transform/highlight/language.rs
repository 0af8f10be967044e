//! What authors call languages, and the syntaxes that know them.

use std::{collections::HashMap, sync::LazyLock};

use syntect::parsing::{SyntaxReference, SyntaxSet};

/// The syntaxes of `bat`, loaded when the first code block needs one.
pub(super) static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// The syntax of a language by any of its names, in any case. `None` for plain text and for languages without a syntax.
pub(super) fn find(language: &str) -> Option<&'static SyntaxReference> {
    if language.is_empty() {
        return None;
    }
    let language = language.to_lowercase();
    if PLAIN.contains(&&*language) { None } else { BY_NAME.get(&*language).copied() }
}

/// Whether a language has a syntax or is plain text.
pub(super) fn is_known(language: &str) -> bool {
    language.is_empty() || PLAIN.contains(&&*language.to_lowercase()) || find(language).is_some()
}

/// Not languages, though some share a name or file extension with a syntax.
const PLAIN: &[&str] = &["text", "txt", "plain", "plaintext", "plain text", "none", "output", "ascii"];

/// Names in use that are neither a syntax's name nor a file extension of it.
const ALIASES: &[(&str, &str)] = &[
    ("azurepowershell", "powershell"),
    ("powershell-console", "powershell"),
    ("powershell-interactive", "powershell"),
    ("posh", "powershell"),
    ("pwsh", "powershell"),
    ("azurecli", "sh"),
    ("bash-session", "sh"),
    ("console", "sh"),
    ("sh-session", "sh"),
    ("shell", "sh"),
    ("shell-session", "sh"),
    ("shellscript", "sh"),
    ("shellsession", "sh"),
    ("terminal", "sh"),
    ("batch", "bat"),
    ("batchfile", "bat"),
    ("dosbatch", "bat"),
    ("javascript", "js"),
    ("node", "js"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("jsonl", "json"),
    ("webmanifest", "json"),
    ("csharp", "c#"),
    ("fsharp", "f#"),
    ("cplusplus", "c++"),
    ("objc", "objective-c"),
    ("objectivec", "objective-c"),
    ("docker", "dockerfile"),
    ("containerfile", "dockerfile"),
    ("golang", "go"),
    ("python3", "python"),
    ("pycon", "python"),
    ("regex", "regular expression"),
    ("regexp", "regular expression"),
    ("postgres", "sql"),
    ("postgresql", "sql"),
    ("mysql", "sql"),
    ("sqlite", "sql"),
    ("tera", "jinja2"),
    ("django", "jinja2"),
    ("html+jinja", "html (jinja2)"),
    ("mdx", "markdown"),
    ("gfm", "markdown"),
    ("service", "ini"),
    ("systemd", "ini"),
    ("dosini", "ini"),
    ("zshrc", "sh"),
    ("elisp", "lisp"),
    ("atom", "xml"),
];

/// Later entries win: file extensions, then names, then aliases. Where two syntaxes claim one extension the later of
/// the set does, as in syntect.
static BY_NAME: LazyLock<HashMap<String, &'static SyntaxReference>> = LazyLock::new(|| {
    let mut by_name = HashMap::new();
    for syntax in SYNTAXES.syntaxes() {
        by_name.extend(syntax.file_extensions.iter().map(|extension| (extension.to_lowercase(), syntax)));
    }
    by_name.extend(SYNTAXES.syntaxes().iter().map(|syntax| (syntax.name.to_lowercase(), syntax)));
    for &(alias, name) in ALIASES {
        if let Some(&syntax) = by_name.get(name) {
            by_name.insert(alias.to_owned(), syntax);
        }
    }
    by_name
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_leads_somewhere_and_is_needed() {
        let name = |syntax: Option<&'static SyntaxReference>| syntax.map(|syntax| &*syntax.name);
        let faults: Vec<_> = ALIASES
            .iter()
            .filter(|(alias, target)| {
                let found = name(find(alias));
                found.is_none() || found != name(find(target)) || found == name(SYNTAXES.find_syntax_by_token(alias))
            })
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn languages_by_the_names_authors_use() {
        for (names, syntax) in [
            ("powershell PowerShell pwsh ps1 psm1", "PowerShell"),
            ("sh bash zsh shell console shell-session", "Bourne Again Shell (bash)"),
            ("rust rs RUST", "Rust"),
            ("js javascript JavaScript jsx mjs cjs", "JavaScript (Babel)"),
            ("ts typescript", "TypeScript"),
            ("tsx", "TypeScriptReact"),
            ("json jsonc", "JSON"),
            ("yml yaml", "YAML"),
            ("toml", "TOML"),
            ("html htm", "HTML"),
            ("css", "CSS"),
            ("scss", "SCSS"),
            ("xml svg", "XML"),
            ("cs csharp c#", "C#"),
            ("c", "C"),
            ("cpp c++", "C++"),
            ("r R", "R"),
            ("md markdown", "Markdown"),
            ("diff patch", "Diff"),
            ("cmd bat batch", "Batch File"),
            ("dockerfile docker", "Dockerfile"),
            ("sql", "SQL"),
            ("py python", "Python"),
            ("go golang", "Go"),
            ("nginx", "nginx"),
            ("http", "HTTP Request and Response"),
            ("jinja2 tera", "Jinja2"),
        ] {
            for name in names.split(' ') {
                assert_eq!(find(name).map(|found| &*found.name), Some(syntax), "{name}");
            }
        }
        for name in ["", "text", "Output", "Plaintext", "syntax", "klingon", "İ"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
