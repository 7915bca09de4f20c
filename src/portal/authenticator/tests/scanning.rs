//! The scanner: camera and pictures, and what it does with what it reads.

use std::path::{Path, PathBuf};

use fast_qr::QRBuilder;
use tempfile::TempDir;
use vestibule_peers::chromium::Options;

use super::browser::Phone;

const MODULE_PIXELS: usize = 6;
/// Light modules around the code, as the standard wants.
const QUIET: usize = 4;

/// Rows of pixels: true is dark.
fn drawn(text: &str) -> Vec<Vec<bool>> {
    let code = QRBuilder::new(text).build().unwrap();
    let side = code.size + 2 * QUIET;
    let dark = |row: usize, column: usize| {
        let inside = |at: usize| (QUIET..QUIET + code.size).contains(&at);
        inside(row) && inside(column) && code[row - QUIET][column - QUIET].value()
    };
    let pixels = side * MODULE_PIXELS;
    // Video frames want even sides.
    let pixels = pixels + pixels % 2;
    (0..pixels)
        .map(|y| {
            (0..pixels).map(|x| dark((y / MODULE_PIXELS).min(side - 1), (x / MODULE_PIXELS).min(side - 1))).collect()
        })
        .collect()
}

/// A picture every browser opens, without a library: an uncompressed bitmap of 24 bits, rows from below.
fn picture(folder: &TempDir, text: &str) -> PathBuf {
    let rows = drawn(text);
    let width = rows.len();
    let line = (width * 3).next_multiple_of(4);
    let octets = u32::try_from(54 + line * width).unwrap();
    let side = u32::try_from(width).unwrap();
    let mut file = b"BM".to_vec();
    for value in [octets, 0, 54, 40, side, side, 1 | 24 << 16, 0, octets - 54, 2835, 2835, 0, 0] {
        file.extend_from_slice(&value.to_le_bytes());
    }
    for row in rows.iter().rev() {
        let start = file.len();
        file.extend(row.iter().flat_map(|dark| [if *dark { 20 } else { 240 }; 3]));
        file.resize(start + line, 0);
    }
    write(folder.path().join("code.bmp"), &file)
}

/// What the camera sees: grey frames of this code.
fn film(folder: &TempDir, text: &str) -> PathBuf {
    let rows = drawn(text);
    let side = rows.len();
    let mut frame = b"FRAME\n".to_vec();
    frame.extend(rows.iter().flatten().map(|dark| if *dark { 30 } else { 220 }));
    frame.resize(6 + side * side * 3 / 2, 128);
    let mut file = format!("YUV4MPEG2 W{side} H{side} F10:1 Ip A1:1 C420jpeg\n").into_bytes();
    file.extend_from_slice(&frame.repeat(3));
    write(folder.path().join("camera.y4m"), &file)
}

fn write(file: PathBuf, octets: &[u8]) -> PathBuf {
    std::fs::write(&file, octets).unwrap();
    file
}

async fn choose(phone: &Phone, file: &Path) {
    phone.page.goto(&phone.gateway.app()).await.unwrap();
    phone.page.click("button", "Scan").await.unwrap();
    phone.page.wait_for("document.querySelector('input[type=file]')").await.unwrap();
    phone.page.choose_file("input[type=file]", file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_reads_a_code_and_the_account_is_there() {
    let folder = TempDir::new().unwrap();
    let camera =
        film(&folder, "otpauth://totp/Wiki:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA256&digits=8");
    let Some(phone) = Phone::with(Options { camera_file: Some(camera), ..Options::default() }).await else { return };
    phone.page.goto(&phone.gateway.app()).await.unwrap();
    phone.page.click("button", "Scan").await.unwrap();
    phone.page.wait_for_text("Account added").await.unwrap();
    phone.page.wait_for_text("8 digits, new every 30 seconds").await.unwrap();
    // The light of the camera goes out.
    phone.page.wait_for("!document.querySelector('video')").await.unwrap();
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_code_in_a_picture_opens_the_pairing_and_pairs_nothing_by_itself() {
    let Some(phone) = Phone::new().await else { return };
    let folder = TempDir::new().unwrap();
    let file = picture(&folder, &phone.gateway.invite());
    choose(&phone, &file).await;
    phone.page.wait_for_text("Pair this device").await.unwrap();
    assert_eq!(phone.gateway.book().devices.len(), 0);
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_other_hosts_and_unknown_codes_are_refused_in_words() {
    let Some(phone) = Phone::new().await else { return };
    let folder = TempDir::new().unwrap();
    let own = phone.gateway.app();
    // QRL-07
    let refused = [
        (
            "https://login.example.net/authenticator/#pair=token-0123456789abcdef".to_owned(),
            "It leads to login.example.net",
        ),
        (own.replace("https:", "http:") + "#pair=token-0123456789abcdef", "It leads to localhost"),
        (own.clone() + "#qr=token-0123456789abcdef", "It is not a code that Vestibule knows"),
        (own.replace("/authenticator/", "/portal/"), "It is not a code that Vestibule knows"),
        ("javascript:alert(1)".to_owned(), "It is not a code that Vestibule knows"),
        ("WIFI:S:guest;T:WPA;P:secret;;".to_owned(), "It is not a code that Vestibule knows"),
        ("otpauth://hotp/Wiki:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&counter=1".to_owned(), "codes by counter"),
        ("otpauth://totp/Wiki:ada?secret=short".to_owned(), "of a kind that Vestibule cannot make"),
    ];
    for (text, words) in refused {
        choose(&phone, &picture(&folder, &text)).await;
        phone.page.wait_for_text(words).await.unwrap();
    }
    assert_eq!(phone.page.evaluate("vestibule.records.accounts().then((all) => all.length)").await.unwrap(), 0);
    phone.nothing_went_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn picture_without_a_code_says_so() {
    let Some(phone) = Phone::new().await else { return };
    let folder = TempDir::new().unwrap();
    let file = write(folder.path().join("none.bmp"), b"BM, but no picture");
    choose(&phone, &file).await;
    phone.page.wait_for_text("There is no QR code to be read in this picture").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn link_of_an_unknown_kind_is_refused_when_it_is_opened() {
    let Some(phone) = Phone::new().await else { return };
    phone.page.goto(&format!("{}#qr=token-0123456789abcdef", phone.gateway.app())).await.unwrap();
    phone.page.wait_for_text("It is not a code that Vestibule knows").await.unwrap();
    phone.nothing_went_wrong();
}
