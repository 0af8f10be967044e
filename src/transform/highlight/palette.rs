//! Colours for roles: those of a theme, or our own pair.

use std::fmt;

use super::role::Role;

/// How code looks on a background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    pub background: Color,
    /// The background of marked lines.
    pub marked: Color,
    /// The numbers of lines.
    pub numbers: Color,
    styles: [Style; Role::ALL.len()],
}

/// How the code of a role looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) color: Color,
    pub(super) is_bold: bool,
    pub(super) is_italic: bool,
    pub(super) is_underlined: bool,
}

/// sRGB, `0xRRGGBB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color(pub u32);

/// The colours a palette of ours is made of.
struct Colors {
    background: Color,
    marked: Color,
    plain: Color,
    comment: Color,
    /// Keywords and operators.
    keyword: Color,
    string: Color,
    /// Numbers, constants, properties, attributes and escapes.
    constant: Color,
    function: Color,
    /// Types and variables.
    name: Color,
    /// Tags of markup, and inserted lines.
    tag: Color,
    deleted: Color,
}

impl Palette {
    /// The colours of GitHub's light theme (Primer), on its shaded background.
    pub const LIGHT: Self = Self::of_colors(&Colors {
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
    });

    /// The colours of GitHub's dark theme (Primer), on its shaded background.
    pub const DARK: Self = Self::of_colors(&Colors {
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
    });

    pub(super) fn new(background: Color, marked: Color, numbers: Color, style: impl Fn(Role) -> Style) -> Self {
        Self { background, marked, numbers, styles: Role::ALL.map(style) }
    }

    pub(super) fn of(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    const fn of_colors(colors: &Colors) -> Self {
        let plain = Style { color: colors.plain, is_bold: false, is_italic: false, is_underlined: false };
        let mut styles = [plain; Role::ALL.len()];
        let mut at = 0;
        while at < styles.len() {
            let role = Role::ALL[at];
            styles[at] = Style {
                color: colors.of(role),
                is_bold: matches!(role, Role::Heading | Role::Strong),
                is_italic: matches!(role, Role::Emphasis),
                is_underlined: matches!(role, Role::Link),
            };
            at += 1;
        }
        Self { background: colors.background, marked: colors.marked, numbers: colors.comment, styles }
    }
}

impl Colors {
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
                    let contrast = palette.of(role).color.contrast(background);
                    assert!(contrast >= 4.5, "{name} {role:?} on {background}: {contrast:.2}");
                }
            }
        }
    }
}
