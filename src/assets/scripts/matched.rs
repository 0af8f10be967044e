//! Which files a pattern in a script means, and what stands for them in its place. Folders are listed through `World`, so that
//! a file that comes or goes is noticed by who keeps what was built.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use globset::{GlobBuilder, GlobMatcher};

use super::{
    globs::{Call, Pattern, Varying, What},
    id,
    kind::Kind,
    load::{is_binding, literal},
    plugin::Project,
};
use crate::{
    assets::resolve::{below, folder},
    diag::{Diagnostic, Source, did_you_mean},
    load::EntryKind,
};

/// A file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Matched {
    /// What the script calls it.
    pub(super) key: String,
    /// Its path in the project.
    pub(super) path: String,
}

/// Imports that belong to a module and stand at its end.
#[derive(Debug)]
pub(super) struct Imports {
    prefix: String,
    count: usize,
    pub(super) code: String,
}

impl Imports {
    /// For a module whose text has nothing that is called as they are.
    pub(super) fn of(text: &str) -> Self {
        let mut prefix = "globbed".to_owned();
        while text.contains(&prefix) {
            prefix.push('_');
        }
        Self { prefix, count: 0, code: String::new() }
    }

    /// The name of what is imported: one export, or all.
    fn add(&mut self, specifier: &str, export: Option<&str>) -> String {
        let name = format!("{}{}", self.prefix, self.count);
        self.count += 1;
        let what = match export {
            None => format!("* as {name}"),
            Some(export) if is_binding(export) || export == "default" => format!("{{ {export} as {name} }}"),
            Some(export) => format!("{{ {} as {name} }}", literal(export)),
        };
        let _ = writeln!(self.code, "import {what} from {specifier};");
        name
    }
}

/// The files that a call of `import.meta.glob` in `module` means, by what it calls them.
pub(super) fn of_call(project: &Project, module: &str, source: &Source, call: &Call) -> Vec<Matched> {
    let search = Search { project, module, source };
    search.of_call(call).unwrap_or_else(|wrong| {
        project.tell(*wrong);
        Vec::new()
    })
}

/// The files that a specifier with varying parts may mean.
pub(super) fn of_varying(project: &Project, module: &str, source: &Source, varying: &Varying) -> Vec<Matched> {
    let search = Search { project, module, source };
    search.of_varying(varying).unwrap_or_else(|wrong| {
        project.tell(*wrong);
        Vec::new()
    })
}

/// What stands for a call of `import.meta.glob`: an object with a member for each file.
pub(super) fn object(module: &str, call: &Call, files: &[Matched], imports: &mut Imports) -> String {
    let options = &call.options;
    let mut members = String::new();
    for file in files {
        let specifier = specifier(module, &file.path, &options.query);
        let value = if options.eager {
            imports.add(&specifier, options.import.as_deref())
        } else {
            let export = match options.import.as_deref() {
                None => String::new(),
                Some(name) if is_binding(name) || name == "default" => format!(".then((m) => m.{name})"),
                Some(name) => format!(".then((m) => m[{}])", literal(name)),
            };
            format!("() => import({specifier}){export}")
        };
        let _ = write!(members, "{}: {value}, ", literal(&file.key));
    }
    if call.begins_statement { format!("Object.assign({{ {members}}})") } else { format!("({{ {members}}})") }
}

/// What stands for an import that varies; `made` is the expression that makes the specifier.
pub(super) fn import(module: &str, varying: &Varying, made: &str, files: &[Matched]) -> String {
    let mut members = String::new();
    for Matched { key, path } in files {
        let _ = write!(members, "{}: () => import({}), ", literal(key), specifier(module, path, &varying.query));
    }
    format!(
        "((files, name) => files[name]?.() ?? Promise.reject(new TypeError(\"There is no module \" + name)))({{ {members}}}, {made})"
    )
}

/// What stands for a URL that varies: `urls` are the published ones, by key.
pub(super) fn url(made: &str, urls: &[(String, String)]) -> String {
    let mut members = String::new();
    for (key, url) in urls {
        let _ = write!(members, "{}: {}, ", literal(key), literal(url));
    }
    format!("({{ {members}}})[{made}]")
}

/// How `module` imports the file at `path`, as a string of JavaScript.
fn specifier(module: &str, path: &str, query: &str) -> String {
    let is_in_page =
        id::parts(module).is_some_and(|(path, query)| matches!(Kind::of(path, query), Some(Kind::Inline(_))));
    let file = if is_in_page { format!("/{path}") } else { relative(folder(id::path(module)), path) };
    literal(&(file + query))
}

/// How a file is named from a folder: `./a.ts`, `../b/c.ts`.
fn relative(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    let to: Vec<&str> = path.split('/').collect();
    let shared = from.iter().zip(&to[..to.len() - 1]).take_while(|(one, other)| one == other).count();
    let up = from.len() - shared;
    let start = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    start + &to[shared..].join("/")
}

/// A search for the sake of one module.
struct Search<'a> {
    project: &'a Project,
    module: &'a str,
    source: &'a Source,
}

/// A file by its path in the project, and in the site where it has one.
type Files = BTreeMap<String, Option<String>>;

impl Search<'_> {
    fn of_call(&self, call: &Call) -> Result<Vec<Matched>, Box<Diagnostic>> {
        let options = &call.options;
        let beside = match &options.base {
            None => folder(id::path(self.module)).to_owned(),
            Some((base, place)) => self.folder(base, place)?,
        };
        let is_rooted = call.patterns.iter().any(|pattern| !pattern.is_negated && pattern.glob.starts_with('/'));
        let mut files = Files::new();
        for pattern in call.patterns.iter().filter(|pattern| !pattern.is_negated) {
            let found = self.files(&pattern.glob, &beside, options.exhaustive, &pattern.place)?;
            if found.is_empty() {
                self.nothing(pattern, &beside);
            }
            let unknown = |path: &&String| Kind::of(path, &options.query).is_none();
            if let Some(path) = found.keys().find(unknown) {
                let message = format!("a script cannot import `{path}`, which this pattern means");
                let help = "with `query: \"?url\"` it gets the URLs of such files, with `query: \"?raw\"` their texts";
                return Err(self.wrong(&pattern.place, message, help));
            }
            files.extend(found);
        }
        for pattern in call.patterns.iter().filter(|pattern| pattern.is_negated) {
            let excluded = self.excluded(&pattern.glob, &beside, &pattern.place)?;
            files.retain(|path, in_site| !excluded(path, in_site.as_deref()));
        }
        files.remove(id::path(self.module));
        let key = |path: &String, in_site: Option<String>| match in_site {
            Some(in_site) if is_rooted => in_site,
            _ => relative(&beside, path),
        };
        Ok(files.into_iter().map(|(path, in_site)| Matched { key: key(&path, in_site), path }).collect())
    }

    fn of_varying(&self, varying: &Varying) -> Result<Vec<Matched>, Box<Diagnostic>> {
        let Varying { what, specifier, folder: prefix, glob, query, .. } = varying;
        let beside = folder(id::path(self.module));
        let is_rooted = prefix.starts_with('/');
        let mut found = self.files(&format!("{prefix}{glob}"), beside, false, specifier)?;
        found.remove(id::path(self.module));
        if found.is_empty() && *what == What::Import && !is_rooted {
            let message = format!("there is no file like `{prefix}{glob}`");
            return Err(self.wrong(specifier, message, self.help(&format!("{prefix}{glob}"), beside)));
        }
        let below_prefix = if is_rooted { String::new() } else { below(beside, prefix).unwrap_or_default() + "/" };
        let key = |path: &str, in_site: Option<&str>| match in_site {
            Some(in_site) if is_rooted => format!("{in_site}{query}"),
            _ => format!("{prefix}{}{query}", path.strip_prefix(&below_prefix).unwrap_or(path)),
        };
        let known = found.iter().filter(|(path, _)| *what == What::Url || Kind::of(path, query).is_some());
        Ok(known.map(|(path, in_site)| Matched { key: key(path, in_site.as_deref()), path: path.clone() }).collect())
    }

    /// The files that a pattern means.
    fn files(&self, glob: &str, beside: &str, all: bool, place: &Range<usize>) -> Result<Files, Box<Diagnostic>> {
        let mut files = Files::new();
        if glob.starts_with('/') {
            let in_site = self.matcher(glob, place)?;
            for (path, file) in self.project.resolver.published() {
                if in_site.is_match(path) {
                    files.insert(file.to_owned(), Some(path.to_owned()));
                }
            }
        }
        let glob = self.project_glob(glob, beside, place)?;
        let matcher = self.matcher(&glob, place)?;
        for path in self.listed(&glob, all) {
            if matcher.is_match(&path) {
                let in_site = self.path_in_site(&path);
                files.entry(path).or_insert(in_site);
            }
        }
        Ok(files)
    }

    /// Whether a pattern with `!` in front leaves a file out, by its path in the project and in the site.
    fn excluded(
        &self,
        glob: &str,
        beside: &str,
        place: &Range<usize>,
    ) -> Result<impl Fn(&str, Option<&str>) -> bool, Box<Diagnostic>> {
        let is_rooted = glob.starts_with('/');
        let whole = if glob.starts_with("**/") || is_rooted {
            glob.to_owned()
        } else {
            self.project_glob(glob, beside, place)?
        };
        let matcher = self.matcher(&whole, place)?;
        Ok(
            move |path: &str, in_site: Option<&str>| {
                if is_rooted { in_site.is_some_and(|path| matcher.is_match(path)) } else { matcher.is_match(path) }
            },
        )
    }

    fn matcher(&self, glob: &str, place: &Range<usize>) -> Result<GlobMatcher, Box<Diagnostic>> {
        let glob = GlobBuilder::new(glob).literal_separator(true).build();
        let wrong = |error: globset::Error| {
            Box::new(Diagnostic::error_at(self.source, place.clone(), format!("not a pattern: {}", error.kind())))
        };
        glob.map(|glob| glob.compile_matcher()).map_err(wrong)
    }

    /// The pattern as one of paths in the project.
    fn project_glob(&self, glob: &str, beside: &str, place: &Range<usize>) -> Result<String, Box<Diagnostic>> {
        if let Some(rooted) = glob.strip_prefix('/') {
            return Ok(format!("{}/{rooted}", self.site_folder()));
        }
        if self.is_in_template() {
            let message = "a template does not know where its page will be";
            let help = "begin the pattern with `/`: it is looked for in `assets/`, and in what is published";
            return Err(self.wrong(place, message, help));
        }
        below(beside, glob).ok_or_else(|| {
            self.wrong(place, "this pattern leaves the project", "files are read in the project's folder alone")
        })
    }

    /// Where files are that begin with a slash and are not published.
    fn site_folder(&self) -> String {
        let root = &self.project.root;
        if self.project.is_plain { root.to_string() } else { format!("{root}/assets") }
    }

    fn path_in_site(&self, path: &str) -> Option<String> {
        path.strip_prefix(&self.site_folder()).filter(|rest| rest.starts_with('/')).map(str::to_owned)
    }

    fn is_in_template(&self) -> bool {
        let template = format!("{}/templates/", self.project.root);
        !self.project.is_plain && id::path(self.module).starts_with(&template)
    }

    fn folder(&self, base: &str, place: &Range<usize>) -> Result<String, Box<Diagnostic>> {
        if !["./", "../", "/"].iter().any(|start| base.starts_with(start)) {
            let help = format!("`./{base}` is a folder beside this file, `/{base}` one of the site");
            let message = "a base begins with `./`, `../` or `/`";
            return Err(self.wrong(place, message, help));
        }
        let folder = self.project_glob(base, folder(id::path(self.module)), place)?;
        Ok(folder.trim_end_matches('/').to_owned())
    }

    /// The files in all folders that the pattern looks into.
    fn listed(&self, glob: &str, all: bool) -> Vec<String> {
        let (start, depth) = start_of(glob);
        let names_hidden = all || glob.contains("/.");
        let mut files = Vec::new();
        let mut folders = vec![(start, depth)];
        while let Some((folder, depth)) = folders.pop() {
            for entry in self.project.world.list(&folder).unwrap_or_default() {
                if entry.name.starts_with('.') && !names_hidden {
                    continue;
                }
                let path = if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
                match entry.kind {
                    EntryKind::File(_) => files.push(path),
                    EntryKind::Folder if depth > 1 && (all || entry.name != "node_modules") => {
                        folders.push((path, depth - 1));
                    }
                    EntryKind::Folder | EntryKind::Refused(_) => {}
                }
            }
        }
        files
    }

    fn wrong(&self, place: &Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error_at(self.source, place.clone(), message).with_help(help))
    }

    fn nothing(&self, pattern: &Pattern, beside: &str) {
        let wrong = Diagnostic::error_at(self.source, pattern.place.clone(), "no file is like this pattern");
        self.project.tell(wrong.as_warning().with_help(self.help(&pattern.glob, beside)));
    }

    /// Where files were looked for.
    fn help(&self, glob: &str, beside: &str) -> String {
        let glob = match glob.strip_prefix('/') {
            Some(rooted) => format!("{}/{rooted}", self.site_folder()),
            None => below(beside, glob).unwrap_or_default(),
        };
        let (start, _) = start_of(&glob);
        if self.project.world.list(&start).is_ok() {
            return format!("it is looked for in `{start}/`");
        }
        let beside = self.project.world.list(folder(&start)).unwrap_or_default();
        let folders = beside.iter().filter(|entry| entry.kind == EntryKind::Folder).map(|entry| &*entry.name);
        let meant = did_you_mean(start.rsplit('/').next().unwrap_or(&start), folders);
        let meant = meant.map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"));
        format!("there is no folder `{start}`{meant}")
    }
}

/// The folder in which a pattern begins to mean several, and how many levels below it may have files of it.
fn start_of(glob: &str) -> (String, usize) {
    let segments: Vec<&str> = glob.split('/').collect();
    let is_plain = |segment: &&&str| !segment.contains(['*', '?', '[', ']', '{', '}', '\\']);
    let plain = segments[..segments.len() - 1].iter().take_while(is_plain).count();
    let is_deep = segments[plain..].iter().any(|segment| segment.contains("**") || segment.contains('{'));
    (segments[..plain].join("/"), if is_deep { usize::MAX } else { segments.len() - plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_a_folder() {
        for (folder, path, expected) in [
            ("sites/a", "sites/a/b.ts", "./b.ts"),
            ("sites/a", "sites/a/c/b.ts", "./c/b.ts"),
            ("sites/a/d", "sites/a/c/b.ts", "../c/b.ts"),
            ("sites/a/d/e", "x.ts", "../../../../x.ts"),
            ("", "x.ts", "./x.ts"),
        ] {
            assert_eq!(relative(folder, path), expected, "{path} from {folder}");
        }
    }

    #[test]
    fn where_a_search_begins_and_how_deep_it_goes() {
        for (glob, start, depth) in [
            ("sites/a/*.ts", "sites/a", 1),
            ("sites/a/*/view.ts", "sites/a", 2),
            ("sites/a/b.ts", "sites/a", 1),
            ("sites/**/b.ts", "sites", usize::MAX),
            ("sites/a/{b,c/d}.ts", "sites/a", usize::MAX),
            ("*.ts", "", 1),
        ] {
            assert_eq!(start_of(glob), (start.to_owned(), depth), "{glob}");
        }
    }
}
