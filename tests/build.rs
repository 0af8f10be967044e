//! `sitekit build`, through the binary, the way an author uses it: golden sites that are edited and built again, every bad
//! input, and what a kill leaves behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "build/assets.rs"]
mod assets;
#[path = "build/bad_input.rs"]
mod bad_input;
#[path = "build/broken.rs"]
mod broken;
#[path = "client/mod.rs"]
#[expect(dead_code, reason = "nothing here waits for the end of a connection")]
mod client;
#[path = "build/content.rs"]
mod content;
#[path = "build/corpus.rs"]
mod corpus;
#[path = "build/data.rs"]
mod data;
#[path = "build/explain.rs"]
mod explain;
#[path = "build/external.rs"]
mod external;
#[path = "build/golden.rs"]
mod golden;
#[path = "build/grammars.rs"]
mod grammars;
#[cfg(unix)]
#[path = "build/hooks.rs"]
mod hooks;
#[path = "build/images.rs"]
mod images;
#[path = "build/interrupted.rs"]
mod interrupted;
#[path = "build/languages.rs"]
mod languages;
#[path = "build/lists.rs"]
mod lists;
#[path = "build/new.rs"]
mod new;
#[path = "build/output.rs"]
mod output;
#[path = "build/precise.rs"]
mod precise;
#[path = "build/project.rs"]
mod project;
#[path = "build/remote.rs"]
mod remote;
#[path = "build/rules.rs"]
mod rules;
#[path = "build/scripts.rs"]
mod scripts;
#[path = "build/served.rs"]
mod served;
#[path = "build/styles.rs"]
mod styles;
#[path = "build/trust.rs"]
mod trust;
#[path = "build/warm.rs"]
mod warm;
