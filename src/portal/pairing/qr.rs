//! A QR code as SVG.

use fast_qr::convert::Builder as _;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder};

use super::PairingFault;

/// The empty frame that a scanner needs (ISO/IEC 18004 §6.3.8: four modules).
const QUIET: usize = 4;

/// Dark on light whatever the page's own colours are: no attribute in it is a style, so the strictest page may hold it.
pub(crate) fn drawn(text: &str) -> Result<String, PairingFault> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|_| PairingFault::TooLong(text.len()))?;
    Ok(SvgBuilder::default().margin(QUIET).to_str(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_holds_nothing_that_a_strict_page_forbids() {
        let drawn =
            drawn("https://login.example.com/authenticator/#pair=abcdefghijklmnopqrstuvwxyz0123456789").unwrap();
        assert!(drawn.starts_with("<svg viewBox="));
        assert!(!drawn.contains("style") && !drawn.contains("script") && !drawn.contains("href"), "{drawn}");
    }

    #[test]
    fn what_fits_into_no_code_is_refused() {
        assert!(matches!(drawn(&"x".repeat(4000)), Err(PairingFault::TooLong(4000))));
    }
}
