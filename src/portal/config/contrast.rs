//! Whether a colour can be read (WCAG 2.2, relative luminance and contrast ratio).

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

/// The least contrast of text and its ground (WCAG 2.2, 1.4.3).
pub(crate) const TEXT_CONTRAST_MIN: f64 = 4.5;

impl Colour {
    pub(crate) const WHITE: Self = Self([0xFF; 3]);
    /// The ground of light pages.
    pub(crate) const PAGE: Self = Self([0xF6, 0xF5, 0xF2]);

    /// `#RRGGBB`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The worst of what this colour is used for: text on the page, text on a card, the ground of white text.
    pub(crate) fn contrast_as_accent(self) -> f64 {
        self.contrast(Self::WHITE).min(self.contrast(Self::PAGE))
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02X}{green:02X}{blue:02X}")
    }
}
