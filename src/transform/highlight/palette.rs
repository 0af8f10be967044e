//! Colours for roles, and the stylesheet made of a light and a dark set. Pages name roles only, so colours can change
//! without touching a page, and a site's own CSS can set any of the custom properties.

use std::fmt::{self, Write as _};

use super::role::Role;

/// Colours for code on a background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    pub background: Color,
    /// Plain code.
    pub plain: Color,
    pub comment: Color,
    /// Keywords and operators.
    pub keyword: Color,
    pub string: Color,
    /// Numbers, constants, properties, attributes and escapes.
    pub constant: Color,
    /// Functions.
    pub function: Color,
    /// Types and variables.
    pub name: Color,
    /// Tags of markup, and inserted lines.
    pub tag: Color,
    /// Deleted lines.
    pub deleted: Color,
    /// The background of marked lines.
    pub marked: Color,
}

/// sRGB, `0xRRGGBB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color(pub u32);

impl Palette {
    /// The colours of GitHub's light theme (Primer), on its shaded background.
    pub const LIGHT: Self = Self {
        background: Color(0xf6_f8_fa),
        plain: Color(0x1f_23_28),
        comment: Color(0x59_63_6e),
        keyword: Color(0xcf_22_2e),
        string: Color(0x0a_30_69),
        constant: Color(0x05_50_ae),
        function: Color(0x66_39_ba),
        name: Color(0x95_38_00),
        tag: Color(0x11_63_29),
        deleted: Color(0x82_07_1e),
        marked: Color(0xff_f8_c5),
    };

    /// The colours of GitHub's dark theme (Primer), on its shaded background.
    pub const DARK: Self = Self {
        background: Color(0x15_1b_23),
        plain: Color(0xf0_f6_fc),
        comment: Color(0x91_98_a1),
        keyword: Color(0xff_7b_72),
        string: Color(0xa5_d6_ff),
        constant: Color(0x79_c0_ff),
        function: Color(0xd2_a8_ff),
        name: Color(0xff_a6_57),
        tag: Color(0x7e_e7_87),
        deleted: Color(0xff_dc_d7),
        marked: Color(0x34_2a_0f),
    };

    const fn of(&self, role: Role) -> Color {
        match role {
            Role::Plain | Role::Strong | Role::Emphasis => self.plain,
            Role::Comment => self.comment,
            Role::Keyword | Role::Operator => self.keyword,
            Role::String | Role::Link => self.string,
            Role::Escape | Role::Number | Role::Constant | Role::Property | Role::Attribute | Role::Heading => {
                self.constant
            }
            Role::Function => self.function,
            Role::Type | Role::Variable => self.name,
            Role::Tag | Role::Inserted => self.tag,
            Role::Deleted => self.deleted,
        }
    }

    /// The custom properties, as declarations.
    fn declarations(&self) -> String {
        let mut css =
            format!("--z-background:{};--z-marked:{};--z-plain:{};", self.background, self.marked, self.plain);
        for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
            // Writing to a string cannot fail.
            let _ = write!(css, "--{}:{};", role.class(), self.of(role));
        }
        css.pop();
        css
    }
}

/// The CSS of all classes: light, or dark where the reader's system asks for it, unless `data-theme` on the root
/// element (or one below) says `light` or `dark`.
#[must_use]
pub fn stylesheet(light: &Palette, dark: &Palette) -> String {
    let (light, dark) = (light.declarations(), dark.declarations());
    let mut css = format!(
        ":root,[data-theme=light]{{{light}}}\n\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n\
         [data-theme=dark]{{{dark}}}\n\
         .z-code{{color:var(--z-plain);background:var(--z-background)}}\n"
    );
    for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
        let class = role.class();
        let more = match role {
            Role::Heading | Role::Strong => ";font-weight:bold",
            Role::Emphasis => ";font-style:italic",
            Role::Link => ";text-decoration:underline",
            _ => "",
        };
        let _ = writeln!(css, ".{class}{{color:var(--{class}){more}}}");
    }
    css.push_str(concat!(
        ".z-hl{display:inline-block;min-width:100%;color:inherit;background:var(--z-marked)}\n",
        // A number is not text: it is not copied with the code.
        ".z-ln::before{content:attr(data-line);display:inline-block;min-width:2em;margin-right:1em;text-align:right;",
        "color:var(--z-c)}\n",
    ));
    css
}

impl Color {
    /// The contrast between two colours, 1 to 21 (WCAG 2.2, contrast ratio).
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let channel = |shift: u32| {
            let value = f64::from(self.0 >> shift & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_as_wcag_defines_it() {
        assert!((Color(0).contrast(Color(0xff_ff_ff)) - 21.0).abs() < 1e-9);
        assert!((Color(0x77_77_77).contrast(Color(0xff_ff_ff)) - 4.478).abs() < 1e-3);
    }

    #[test]
    fn every_role_can_be_read() {
        for (name, palette) in [("light", Palette::LIGHT), ("dark", Palette::DARK)] {
            for background in [palette.background, palette.marked] {
                for role in Role::ALL {
                    let contrast = palette.of(role).contrast(background);
                    assert!(contrast >= 4.5, "{name} {role:?} on {background}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn every_class_has_a_rule_and_both_colours() {
        let css = stylesheet(&Palette::LIGHT, &Palette::DARK);
        for role in Role::ALL.into_iter().filter(|&role| role != Role::Plain) {
            let class = role.class();
            assert_eq!(css.matches(&format!(".{class}{{")).count(), 1, "{class}");
            assert_eq!(css.matches(&format!("--{class}:")).count(), 3, "{class}");
        }
    }
}
