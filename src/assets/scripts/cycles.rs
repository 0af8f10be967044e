//! Modules of the author that import each other. It works where neither needs the other while it runs first, and is hard to
//! find out where one does: a warning.

use std::collections::BTreeSet;

use super::{id, plugin::Project, unresolved::place_of};
use crate::diag::Diagnostic;

/// One warning for each circle of imports.
pub(super) fn find(project: &Project) -> Vec<Diagnostic> {
    let mut search = Search { project, done: BTreeSet::new(), path: Vec::new(), circles: BTreeSet::new() };
    for module in project.own_modules() {
        search.visit(module);
    }
    search.circles.iter().map(|circle| told(project, circle)).collect()
}

struct Search<'a> {
    project: &'a Project,
    done: BTreeSet<String>,
    /// From where the search began, each imported by the one before.
    path: Vec<String>,
    /// Each from its first module by name.
    circles: BTreeSet<Vec<String>>,
}

impl Search<'_> {
    fn visit(&mut self, module: String) {
        if let Some(start) = self.path.iter().position(|on_path| *on_path == module) {
            let mut circle = self.path[start..].to_vec();
            let first = circle.iter().enumerate().min_by_key(|&(_, module)| module).map_or(0, |(at, _)| at);
            circle.rotate_left(first);
            self.circles.insert(circle);
            return;
        }
        if !self.done.insert(module.clone()) {
            return;
        }
        let imported = self.project.imported(&module);
        self.path.push(module);
        for module in imported {
            self.visit(module);
        }
        self.path.pop();
    }
}

fn told(project: &Project, circle: &[String]) -> Diagnostic {
    let [first, second] = [&circle[0], &circle[1 % circle.len()]];
    let names: Vec<&str> = circle.iter().chain([first]).map(|module| id::path(module)).collect();
    let message = format!("modules import each other: {}", names.join(" → "));
    let source = project.source(first);
    let place = source.as_ref().and_then(|source| place_of(&source.text, &project.specifier(first, second)?));
    let wrong = match (source, place) {
        (Some(source), Some(place)) => Diagnostic::error_at(&source, place, message),
        _ => Diagnostic::error(names[0], message),
    };
    wrong
        .as_warning()
        .with_help("what runs first finds the other's exports not set yet; move what both need to a module of its own")
}
