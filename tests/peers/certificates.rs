//! A certificate authority for one test: a CA file to trust, and certificates in whatever names the test needs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

/// An authority nobody else knows. Its files live as long as it does.
#[derive(Debug)]
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: TempDir,
}

/// A certificate and its key as PEM files.
#[derive(Debug, Clone)]
pub struct Issued {
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
}

impl TestCa {
    pub fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Vestibule test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        let folder = tempfile::Builder::new().prefix("vestibule-ca-").tempdir()?;
        let ca = Self { issuer: Issuer::new(params, key), pem, folder };
        write(&ca.ca_file(), &ca.pem)?;
        Ok(ca)
    }

    /// The authority's own certificate: what the other side trusts.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// A server's certificate for these host names and addresses.
    pub fn server(&self, names: &[&str]) -> anyhow::Result<Issued> {
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client's certificate for this name.
    pub fn client(&self, name: &str) -> anyhow::Result<Issued> {
        self.issue(&[name], ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, names: &[&str], usage: ExtendedKeyUsagePurpose) -> anyhow::Result<Issued> {
        // A name that reads as an address becomes an address in the certificate.
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("nobody"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let file = |kind: &str| -> anyhow::Result<PathBuf> {
            let file = tempfile::Builder::new().suffix(kind).tempfile_in(self.folder.path())?;
            Ok(file.into_temp_path().keep()?)
        };
        let issued = Issued { certificate_file: file(".crt")?, key_file: file(".key")? };
        write(&issued.certificate_file, &certificate.pem())?;
        write(&issued.key_file, &key.serialize_pem())?;
        Ok(issued)
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}
