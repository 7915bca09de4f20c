//! QR codes: in the terminal, as PNG and as SVG.

use anyhow::Context;
use fast_qr::{ECL, QRBuilder, QRCode};

use super::terminal::Looks;

/// The empty frame that a scanner needs (ISO/IEC 18004 §6.3.8: four modules).
const QUIET: usize = 4;
/// Pixels of a module in the PNG: large enough for a phone held at arm's length.
const SCALE: usize = 8;

pub struct Qr(QRCode);

impl Qr {
    pub fn of(text: &str) -> anyhow::Result<Self> {
        let code = QRBuilder::new(text).ecl(ECL::M).build();
        code.map(Self).map_err(|error| anyhow::anyhow!("{error:?}").context("fit the address into a QR code"))
    }

    /// Modules on a side, the quiet zone included.
    fn side(&self) -> usize {
        self.0.size + 2 * QUIET
    }

    fn is_dark(&self, row: usize, column: usize) -> bool {
        let (Some(row), Some(column)) = (row.checked_sub(QUIET), column.checked_sub(QUIET)) else { return false };
        let inside = row < self.0.size && column < self.0.size;
        inside && self.0.data.get(row * self.0.size + column).is_some_and(|module| module.value())
    }

    /// For a terminal. With colours it is dark on light whatever the terminal's own colours are. Without, light modules
    /// are drawn and dark ones left out, which is right on a dark background, and phones read it on a light one.
    pub fn drawn(&self, looks: Looks) -> String {
        if looks.unicode { self.half_blocks(looks.colour) } else { self.ascii(looks.colour) }
    }

    /// Two rows of modules in one row of characters, since a character is twice as high as it is wide.
    fn half_blocks(&self, colour: bool) -> String {
        let mut text = String::new();
        for row in (0..self.side()).step_by(2) {
            text.push_str(if colour { "\x1b[38;5;231;48;5;16m" } else { "" });
            for column in 0..self.side() {
                let below = row + 1 < self.side() && !self.is_dark(row + 1, column);
                text.push(match (!self.is_dark(row, column), below) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push_str(if colour { "\x1b[0m\n" } else { "\n" });
        }
        text
    }

    fn ascii(&self, colour: bool) -> String {
        let mut text = String::new();
        for row in 0..self.side() {
            for column in 0..self.side() {
                text.push_str(match (self.is_dark(row, column), colour) {
                    (true, true) => "\x1b[40m  \x1b[0m",
                    (false, true) => "\x1b[107m  \x1b[0m",
                    (true, false) => "  ",
                    (false, false) => "##",
                });
            }
            text.push('\n');
        }
        text
    }

    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        let pixels = self.side() * SCALE;
        let side = u32::try_from(pixels).context("draw a QR code")?;
        let mut octets = Vec::new();
        let mut encoder = png::Encoder::new(&mut octets, side, side);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let image: Vec<u8> = (0..pixels * pixels)
            .map(|at| if self.is_dark(at / pixels / SCALE, at % pixels / SCALE) { 0 } else { 255 })
            .collect();
        let mut writer = encoder.write_header().context("draw a QR code")?;
        writer.write_image_data(&image).context("draw a QR code")?;
        writer.finish().context("draw a QR code")?;
        Ok(octets)
    }

    pub fn svg(&self) -> String {
        let side = self.side();
        let dark =
            (0..side * side).map(|at| (at / side, at % side)).filter(|(row, column)| self.is_dark(*row, *column));
        let path: String = dark.map(|(row, column)| format!("M{column} {row}h1v1h-1z")).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const ADDRESS: &str = "otpauth://totp/Example%20Corp:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                           &issuer=Example%20Corp";

    /// What an independent scanner reads from a picture; `None` where there is no scanner.
    fn scan(png: &[u8]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code.png");
        std::fs::write(&file, png).unwrap();
        match Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&file).output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                #[expect(clippy::disallowed_methods, reason = "where the tests run is not configuration")]
                let is_required = std::env::var_os("CI").is_some();
                assert!(!is_required, "zbarimg is missing");
                eprintln!("not run: zbarimg is missing");
                None
            }
            output => Some(String::from_utf8(output.unwrap().stdout).unwrap().trim_end().to_owned()),
        }
    }

    /// The picture that a terminal would show, from the characters.
    fn photograph(text: &str) -> Vec<u8> {
        let rows: Vec<Vec<(bool, bool)>> = text
            .lines()
            .map(|line| {
                let plain = line.replace("\x1b[38;5;231;48;5;16m", "").replace("\x1b[0m", "");
                plain
                    .chars()
                    .map(|c| match c {
                        '█' => (true, true),
                        '▀' => (true, false),
                        '▄' => (false, true),
                        ' ' => (false, false),
                        other => panic!("{other:?}"),
                    })
                    .collect()
            })
            .collect();
        let modules: Vec<Vec<bool>> = rows
            .iter()
            .flat_map(|row| [row.iter().map(|cell| cell.0).collect(), row.iter().map(|cell| cell.1).collect()])
            .collect();
        let (height, width) = (modules.len() * SCALE, modules[0].len() * SCALE);
        let mut octets = Vec::new();
        let mut encoder = png::Encoder::new(&mut octets, width as u32, height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let image: Vec<u8> =
            (0..height * width).map(|at| u8::from(modules[at / width / SCALE][at % width / SCALE]) * 255).collect();
        encoder.write_header().unwrap().write_image_data(&image).unwrap();
        octets
    }

    /// OTP-11
    #[test]
    fn a_scanner_reads_the_picture_back() {
        let qr = Qr::of(ADDRESS).unwrap();
        if let Some(read) = scan(&qr.png().unwrap()) {
            assert_eq!(read, ADDRESS);
        }
    }

    /// OTP-11: odd issuers survive encoding, drawing and scanning.
    #[test]
    fn a_scanner_reads_back_whatever_issuer_there_is() {
        for issuer in ["M%C3%BCller%20%26%20S%C3%B6hne", "%E6%97%A5%E6%9C%AC", "100%25%20sure%3F", "%F0%9F%9A%AA"] {
            let address = format!("otpauth://totp/{issuer}:ada?secret=GEZDGNBVGY3TQOJQ&issuer={issuer}");
            if let Some(read) = scan(&Qr::of(&address).unwrap().png().unwrap()) {
                assert_eq!(read, address);
            }
        }
    }

    #[test]
    fn a_scanner_reads_what_the_terminal_shows() {
        let qr = Qr::of(ADDRESS).unwrap();
        for colour in [true, false] {
            let drawn = qr.drawn(Looks { colour, unicode: true, interactive: true });
            if let Some(read) = scan(&photograph(&drawn)) {
                assert_eq!(read, ADDRESS);
            }
        }
    }

    #[test]
    fn without_unicode_it_is_drawn_in_ascii_with_the_same_modules() {
        let qr = Qr::of(ADDRESS).unwrap();
        let drawn = qr.drawn(Looks::default());
        assert!(drawn.is_ascii());
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), qr.side());
        for (row, line) in lines.iter().enumerate() {
            assert_eq!(line.len(), qr.side() * 2);
            for (column, module) in line.as_bytes().chunks(2).enumerate() {
                assert_eq!(module == b"  ", qr.is_dark(row, column));
            }
        }
    }

    #[test]
    fn the_svg_draws_every_dark_module() {
        let qr = Qr::of(ADDRESS).unwrap();
        let dark = (0..qr.side() * qr.side()).filter(|at| qr.is_dark(at / qr.side(), at % qr.side())).count();
        assert_eq!(qr.svg().matches("h1v1h-1z").count(), dark);
    }

    #[test]
    fn an_address_too_long_for_any_code_is_an_error() {
        assert!(Qr::of(&"x".repeat(5000)).is_err());
    }
}
