//! Themes by the names Zola's users know them by, and themes of VS Code that a site brings: of each, the colours of our
//! roles.

use std::str::FromStr as _;

use serde_json::Value;
use syntect::{
    highlighting::{
        Color as Rgba, FontStyle, Highlighter, ScopeSelectors, StyleModifier, Theme as SyntectTheme, ThemeItem,
        ThemeSettings,
    },
    parsing::Scope,
};
use two_face::theme::EmbeddedThemeName as Embedded;

use super::{
    palette::{Color, Palette, Style},
    role::Role,
};
use crate::diag::did_you_mean;

/// A theme that a site brings.
#[derive(Clone, Debug)]
pub struct Theme {
    pub name: String,
    pub palette: Palette,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    #[error("this is no JSON: {0}")]
    Json(String),
    #[error("a theme has a `name`")]
    Name,
    #[error("a theme has `tokenColors`")]
    Colors,
}

/// What there is under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The theme itself, or the one nearest to it that is there.
    Palette(Palette),
    /// Nothing. Its own pair comes nearest; a theme that may have been meant.
    Unknown { instead: Palette, instead_name: &'static str, meant: Option<&'static str> },
}

/// The theme called `name`.
#[must_use]
pub fn named(name: &str) -> Named {
    let bare = bare(name);
    let known = THEMES.iter().find(|(known, _)| self::bare(known) == bare);
    match known {
        Some((_, Source::Light)) => Named::Palette(Palette::LIGHT),
        Some((_, Source::Dark)) => Named::Palette(Palette::DARK),
        Some((_, Source::Embedded(theme))) => Named::Palette(palette(two_face::theme::extra().get(*theme))),
        None => {
            let is_light = ["light", "dawn", "day", "latte", "lotus", "lighter"].iter().any(|part| bare.contains(part));
            let (instead, instead_name) =
                if is_light { (Palette::LIGHT, "github-light") } else { (Palette::DARK, "github-dark") };
            Named::Unknown { instead, instead_name, meant: did_you_mean(name, THEMES.iter().map(|(known, _)| *known)) }
        }
    }
}

impl Theme {
    /// Reads a theme of VS Code: JSON with `name`, `colors` and `tokenColors`.
    ///
    /// # Errors
    /// When it is no such thing.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let json: Value = serde_json::from_str(text).map_err(|error| ThemeError::Json(error.to_string()))?;
        let name = json["name"].as_str().ok_or(ThemeError::Name)?.to_owned();
        let rules = json["tokenColors"].as_array().ok_or(ThemeError::Colors)?;
        let color = |key: &str| json["colors"][key].as_str().and_then(parse_color);
        let mut settings = ThemeSettings {
            foreground: color("editor.foreground"),
            background: color("editor.background"),
            line_highlight: color("editor.lineHighlightBackground"),
            gutter_foreground: color("editorLineNumber.foreground"),
            ..ThemeSettings::default()
        };
        let mut scopes = Vec::new();
        for rule in rules {
            let style = &rule["settings"];
            let selectors: Vec<&str> = match &rule["scope"] {
                Value::String(one) => vec![one],
                Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
                // A rule for everything.
                _ => {
                    settings.foreground = style["foreground"].as_str().and_then(parse_color).or(settings.foreground);
                    settings.background = style["background"].as_str().and_then(parse_color).or(settings.background);
                    continue;
                }
            };
            // A selector that cannot be read selects nothing.
            let Ok(scope) = ScopeSelectors::from_str(&selectors.join(", ")) else { continue };
            let style = StyleModifier {
                foreground: style["foreground"].as_str().and_then(parse_color),
                background: style["background"].as_str().and_then(parse_color),
                font_style: style["fontStyle"].as_str().map(font_style),
            };
            scopes.push(ThemeItem { scope, style });
        }
        let theme = SyntectTheme { name: Some(name.clone()), author: None, settings, scopes };
        Ok(Self { name, palette: palette(&theme) })
    }
}

/// The colours of a theme for our roles.
fn palette(theme: &SyntectTheme) -> Palette {
    let highlighter = Highlighter::new(theme);
    let default = highlighter.get_default();
    let style = |role: Role| {
        let stack: Vec<Scope> = ["source", role.scope()].iter().filter_map(|scope| Scope::new(scope).ok()).collect();
        let style = highlighter.style_for_stack(&stack);
        Style {
            color: opaque(style.foreground, default.background),
            is_bold: style.font_style.contains(FontStyle::BOLD),
            is_italic: style.font_style.contains(FontStyle::ITALIC),
            is_underlined: style.font_style.contains(FontStyle::UNDERLINE),
        }
    };
    let on_background = |color: Option<Rgba>| color.map(|color| opaque(color, default.background));
    let background = opaque(default.background, Rgba::WHITE);
    let marked = on_background(theme.settings.line_highlight).unwrap_or(background);
    let numbers = on_background(theme.settings.gutter_foreground).unwrap_or(style(Role::Comment).color);
    Palette::new(background, marked, numbers, style)
}

/// A colour as it shows on another.
fn opaque(color: Rgba, on: Rgba) -> Color {
    let mix = |above: u8, below: u8| {
        let alpha = u32::from(color.a);
        (u32::from(above) * alpha + u32::from(below) * (255 - alpha)).div_ceil(255)
    };
    Color(mix(color.r, on.r) << 16 | mix(color.g, on.g) << 8 | mix(color.b, on.b))
}

/// `#rgb`, `#rrggbb` or `#rrggbbaa`.
fn parse_color(text: &str) -> Option<Rgba> {
    let digits = text.strip_prefix('#')?;
    let digits = match digits.len() {
        3 | 4 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let a = if digits.len() == 8 { byte(6)? } else { 255 };
    Some(Rgba { r: byte(0)?, g: byte(2)?, b: byte(4)?, a })
}

fn font_style(text: &str) -> FontStyle {
    text.split_whitespace().fold(FontStyle::empty(), |all, word| {
        all | match word {
            "bold" => FontStyle::BOLD,
            "italic" => FontStyle::ITALIC,
            "underline" => FontStyle::UNDERLINE,
            _ => FontStyle::empty(),
        }
    })
}

/// Letters and digits, in lower case: `Catppuccin Mocha` is `catppuccin-mocha`.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[derive(Clone, Copy)]
enum Source {
    /// Our own pair, which is GitHub's.
    Light,
    Dark,
    Embedded(Embedded),
}

/// Zola's names first, then the older ones that Zola had with syntect.
const THEMES: &[(&str, Source)] = &[
    ("github-light", Source::Light),
    ("github-light-default", Source::Light),
    ("github-light-high-contrast", Source::Light),
    ("github-dark", Source::Dark),
    ("github-dark-default", Source::Dark),
    ("github-dark-dimmed", Source::Dark),
    ("github-dark-high-contrast", Source::Dark),
    ("catppuccin-frappe", Source::Embedded(Embedded::CatppuccinFrappe)),
    ("catppuccin-latte", Source::Embedded(Embedded::CatppuccinLatte)),
    ("catppuccin-macchiato", Source::Embedded(Embedded::CatppuccinMacchiato)),
    ("catppuccin-mocha", Source::Embedded(Embedded::CatppuccinMocha)),
    ("dracula", Source::Embedded(Embedded::Dracula)),
    ("dracula-soft", Source::Embedded(Embedded::Dracula)),
    ("gruvbox-dark", Source::Embedded(Embedded::GruvboxDark)),
    ("gruvbox-dark-hard", Source::Embedded(Embedded::GruvboxDark)),
    ("gruvbox-dark-medium", Source::Embedded(Embedded::GruvboxDark)),
    ("gruvbox-dark-soft", Source::Embedded(Embedded::GruvboxDark)),
    ("gruvbox-light", Source::Embedded(Embedded::GruvboxLight)),
    ("gruvbox-light-hard", Source::Embedded(Embedded::GruvboxLight)),
    ("gruvbox-light-medium", Source::Embedded(Embedded::GruvboxLight)),
    ("gruvbox-light-soft", Source::Embedded(Embedded::GruvboxLight)),
    ("monokai", Source::Embedded(Embedded::MonokaiExtended)),
    ("nord", Source::Embedded(Embedded::Nord)),
    ("one-dark-pro", Source::Embedded(Embedded::TwoDark)),
    ("one-light", Source::Embedded(Embedded::OneHalfLight)),
    ("solarized-dark", Source::Embedded(Embedded::SolarizedDark)),
    ("solarized-light", Source::Embedded(Embedded::SolarizedLight)),
    ("1337", Source::Embedded(Embedded::Leet)),
    ("base16-eighties-dark", Source::Embedded(Embedded::Base16EightiesDark)),
    ("base16-mocha-dark", Source::Embedded(Embedded::Base16MochaDark)),
    ("base16-ocean-dark", Source::Embedded(Embedded::Base16OceanDark)),
    ("base16-ocean-light", Source::Embedded(Embedded::Base16OceanLight)),
    ("coldark-cold", Source::Embedded(Embedded::ColdarkCold)),
    ("coldark-dark", Source::Embedded(Embedded::ColdarkDark)),
    ("darkneon", Source::Embedded(Embedded::DarkNeon)),
    ("inspired-github", Source::Embedded(Embedded::InspiredGithub)),
    ("monokai-extended", Source::Embedded(Embedded::MonokaiExtended)),
    ("monokai-extended-bright", Source::Embedded(Embedded::MonokaiExtendedBright)),
    ("monokai-extended-light", Source::Embedded(Embedded::MonokaiExtendedLight)),
    ("monokai-extended-origin", Source::Embedded(Embedded::MonokaiExtendedOrigin)),
    ("one-half-dark", Source::Embedded(Embedded::OneHalfDark)),
    ("one-half-light", Source::Embedded(Embedded::OneHalfLight)),
    ("sublime-snazzy", Source::Embedded(Embedded::SublimeSnazzy)),
    ("two-dark", Source::Embedded(Embedded::TwoDark)),
    ("zenburn", Source::Embedded(Embedded::Zenburn)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_tells_keywords_from_code() {
        for (name, _) in THEMES {
            let Named::Palette(palette) = named(name) else { panic!("{name}") };
            let [plain, keyword, string, comment] =
                [Role::Plain, Role::Keyword, Role::String, Role::Comment].map(|role| palette.of(role).color);
            assert!(plain != keyword && plain != string && plain != comment, "{name}: {palette:?}");
            assert_ne!(plain, palette.background, "{name}");
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        assert_eq!(named("Catppuccin Mocha"), named("catppuccin-mocha"));
        assert_eq!(named("gruvbox_dark"), named("gruvbox-dark-medium"));
        for (name, instead, meant) in [
            ("tokyo-night", "github-dark", None),
            ("rose-pine-dawn", "github-light", None),
            ("catpuccin-mocha", "github-dark", Some("catppuccin-mocha")),
        ] {
            let Named::Unknown { instead_name, meant: found, .. } = named(name) else { panic!("{name}") };
            assert_eq!((instead_name, found), (instead, meant), "{name}");
        }
    }

    #[test]
    fn a_theme_of_vs_code() {
        let theme = Theme::parse(
            r##"{"name": "Mine", "colors": {"editor.background": "#000", "editor.foreground": "#ffffff80",
                "editor.lineHighlightBackground": "#111111"},
                "tokenColors": [{"scope": ["keyword", "storage"], "settings": {"foreground": "#FF0000", "fontStyle": "bold italic"}},
                    {"scope": "keyword.operator", "settings": {"foreground": "#00ff00"}}, {"settings": {}}]}"##,
        )
        .unwrap();
        let of = |role| theme.palette.of(role);
        assert_eq!(
            (theme.name.as_str(), theme.palette.background, theme.palette.marked),
            ("Mine", Color(0), Color(0x11_11_11))
        );
        assert_eq!((of(Role::Plain).color, of(Role::Keyword).color), (Color(0x80_80_80), Color(0xff_00_00)));
        assert!(of(Role::Keyword).is_bold && of(Role::Keyword).is_italic);
        assert_eq!(of(Role::Operator).color, Color(0x00_ff_00));
        for (text, error) in
            [("{", None), ("{}", Some(ThemeError::Name)), (r#"{"name":"a"}"#, Some(ThemeError::Colors))]
        {
            let found = Theme::parse(text).map(|theme| theme.name).unwrap_err();
            assert!(error.is_none_or(|error| error == found), "{text}");
        }
    }
}
