//! What the build adds to the language, as declarations for the type checker.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::kind::ASSETS;

/// What is the same for all sites and is no list.
const TYPES: &str = include_str!("types.d.ts");

/// The declarations of a site whose `import.meta.env` holds `environment` besides what it always does.
#[must_use]
pub fn types(environment: &BTreeMap<String, Value>) -> String {
    let mut text = TYPES.to_owned();
    text.push('\n');
    for extension in ASSETS {
        let _ = writeln!(text, "declare module \"*.{extension}\" {{ const url: string; export default url }}");
    }
    if !environment.is_empty() {
        text.push_str("\n// `[sitekit.assets.env]` in config.toml.\ninterface ImportMetaEnv {\n");
        for (name, value) in environment {
            let kind = match value {
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                _ => "string",
            };
            let _ = writeln!(text, "  readonly {name}: {kind};");
        }
        text.push_str("}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_its_own_environment() {
        let environment = [("SHELF", true.into()), ("LIMIT", 3.into()), ("API", "https://a.example".into())];
        let environment =
            environment.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into_iter().collect();
        let text = types(&environment);
        let own = "interface ImportMetaEnv {\n  readonly API: string;\n  readonly LIMIT: number;\n  readonly SHELF: boolean;\n}\n";
        assert!(text.ends_with(own), "{text}");
        assert!(types(&BTreeMap::new()).contains("declare module \"*.woff2\""));
    }
}
