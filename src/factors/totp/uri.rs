//! `otpauth://totp/Issuer:account?secret=...`: how a key travels into an app, or out of another product (OTP-11).

use totp_rs::{Builder, TotpError};
use zeroize::Zeroizing;

use super::key::{Algorithm, ImportRefused, Key};
use crate::ShownOnce;

/// Longer addresses than this are not read, and would not fit a QR code.
const URI_OCTETS_MAX: usize = 2048;

impl Key {
    /// The address an app scans. Issuer and account cannot hold a colon there, since it stands between them.
    pub(super) fn uri(&self, issuer: &str, account: &str) -> ShownOnce {
        let plain = |text: &str| text.replace(':', " ");
        let labelled = Builder::new()
            .with_algorithm(self.algorithm().of_uri())
            .with_digits(self.digits())
            .with_step_duration(self.period().into())
            .with_secret(self.octets())
            .with_issuer(Some(plain(issuer)).filter(|issuer| !issuer.is_empty()))
            .with_account_name(if account.is_empty() { "user".to_owned() } else { plain(account) })
            .build_noncompliant();
        // It fails only for an account that is empty or holds a colon.
        ShownOnce::new(labelled.to_url().unwrap_or_default())
    }

    /// The secret for typing, in groups of four.
    pub(super) fn secret_text(&self) -> ShownOnce {
        let base32 = Zeroizing::new(totp_rs::Secret::from(self.octets()).to_base32());
        let mut grouped = String::with_capacity(base32.len() * 5 / 4);
        for (at, c) in base32.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                grouped.push(' ');
            }
            grouped.push(c);
        }
        ShownOnce::new(grouped)
    }

    pub(super) fn from_uri(uri: &str) -> Result<Self, ImportRefused> {
        let uri = uri.trim();
        if uri.len() > URI_OCTETS_MAX {
            return Err(ImportRefused::NotAnAddress);
        }
        let read = totp_rs::Totp::from_url_unchecked(tidy_secret(uri).as_str()).map_err(refused)?;
        let digits = read.digits();
        let period = u8::try_from(read.step()).map_err(|_| ImportRefused::Period(read.step()))?;
        let algorithm = match read.algorithm() {
            totp_rs::Algorithm::SHA1 => Algorithm::Sha1,
            totp_rs::Algorithm::SHA256 => Algorithm::Sha256,
            totp_rs::Algorithm::SHA512 => Algorithm::Sha512,
            _ => return Err(ImportRefused::Algorithm),
        };
        Self::new(algorithm, digits, period, read.secret().as_ref())
    }
}

impl Algorithm {
    fn of_uri(self) -> totp_rs::Algorithm {
        match self {
            Self::Sha1 => totp_rs::Algorithm::SHA1,
            Self::Sha256 => totp_rs::Algorithm::SHA256,
            Self::Sha512 => totp_rs::Algorithm::SHA512,
        }
    }
}

/// Exports differ in how they write base 32: padded, lower case, in groups. The parser wants none of that.
fn tidy_secret(uri: &str) -> Zeroizing<String> {
    let Some((before, query)) = uri.split_once('?') else { return Zeroizing::new(uri.to_owned()) };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("secret") => {
            let value = value.replace("%3D", "").replace("%3d", "").replace("%20", "");
            let value = value.replace(['=', '-', '+', ' '], "").to_ascii_uppercase();
            format!("secret={value}")
        }
        _ => parameter.to_owned(),
    });
    Zeroizing::new(format!("{before}?{}", parameters.collect::<Vec<_>>().join("&")))
}

/// The crate's errors quote what they read; ours do not.
fn refused(error: TotpError) -> ImportRefused {
    match error {
        TotpError::SecretNotSet | TotpError::InvalidSecret => ImportRefused::Secret,
        TotpError::InvalidAlgorithm { .. } => ImportRefused::Algorithm,
        TotpError::IssuerMismatch { .. } => ImportRefused::Issuer,
        TotpError::DigitsParse { digits } => ImportRefused::Digits(digits.parse().unwrap_or(0)),
        TotpError::StepParse { step } => ImportRefused::Period(step.parse().unwrap_or(0)),
        _ => ImportRefused::NotAnAddress,
    }
}
