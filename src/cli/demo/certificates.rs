//! A certificate for this machine and the authority that signed it, for the doors that speak TLS.

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use time::OffsetDateTime;
use vestibule_engine::Clock;

use super::super::Outcome;
use super::super::files::{PRIVATE, READABLE, new_file};
use super::folder::Folder;
use crate::clock::SystemClock;

const NAMES: [&str; 4] = ["localhost", "vestibule.localhost", "127.0.0.1", "::1"];

pub(super) fn make(folder: &Folder) -> Outcome {
    let making = "make a certificate";
    let authority_key = KeyPair::generate().context(making)?;
    let authority = authority().context(making)?;
    let signed = authority.self_signed(&authority_key).context(making)?;
    let issuer = Issuer::from_params(&authority, &authority_key);
    let key = KeyPair::generate().context(making)?;
    let certificate = server().context(making)?.signed_by(&key, &issuer).context(making)?;
    new_file(&folder.file("ca.pem"), signed.pem().as_bytes(), READABLE)?;
    new_file(&folder.file("ca.key"), authority_key.serialize_pem().as_bytes(), PRIVATE)?;
    new_file(&folder.file("localhost.pem"), certificate.pem().as_bytes(), READABLE)?;
    new_file(&folder.file("localhost.key"), key.serialize_pem().as_bytes(), PRIVATE)
}

fn authority() -> Result<CertificateParams, rcgen::Error> {
    let mut params = valid_for_a_year(CertificateParams::new(Vec::new())?);
    params.distinguished_name.push(DnType::CommonName, "Vestibule demo authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn server() -> Result<CertificateParams, rcgen::Error> {
    let mut params = valid_for_a_year(CertificateParams::new(NAMES.map(str::to_owned).to_vec())?);
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// From yesterday, so that a clock that is a little behind takes it too.
fn valid_for_a_year(mut params: CertificateParams) -> CertificateParams {
    let now = OffsetDateTime::from_unix_timestamp(SystemClock::new().now().secs());
    let now = now.unwrap_or_else(|_| date_time_ymd(2026, 1, 1));
    params.not_before = now - time::Duration::days(1);
    params.not_after = now + time::Duration::days(365);
    params
}
