//! An independent implementation says the same (OTP-11).

use std::process::Command;

use super::*;

#[test]
fn oathtool_makes_the_same_codes_from_what_we_print() {
    for (algorithm, name) in [(Algorithm::Sha1, "sha1"), (Algorithm::Sha256, "sha256"), (Algorithm::Sha512, "sha512")] {
        for (digits, period) in [(6, 30), (7, 15), (8, 60)] {
            let key = Key::new(algorithm, digits, period, &[0x5A; 20]).unwrap();
            let run = Command::new("oathtool")
                .arg(format!("--totp={name}"))
                .args(["--base32", &format!("--digits={digits}"), &format!("--time-step-size={period}s")])
                .arg(format!("--now=@{}", NOW.secs()))
                .arg(key.secret_text().reveal())
                .output();
            let output = match run {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return not_run(),
                run => run.unwrap(),
            };
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let theirs = String::from_utf8(output.stdout).unwrap();
            assert_eq!(theirs.trim(), code(&key, key.step_at(NOW)), "{name} {digits} {period}");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "where the tests run is not configuration")]
fn not_run() {
    assert!(std::env::var_os("CI").is_none(), "oathtool is missing");
    eprintln!("not run: oathtool is missing");
}
