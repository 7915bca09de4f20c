//! How an application reaches its directory: what an administrator fills into every such application's settings.

use std::path::{Path, PathBuf};

/// A directory, and who asks it.
#[derive(Debug, Clone)]
pub struct Directory {
    pub(crate) url: String,
    pub(crate) starts_tls: bool,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) base_dn: String,
    pub(crate) login_attribute: String,
    pub(crate) service_dn: String,
    pub(crate) service_password: String,
}

impl Directory {
    /// At `url` (`ldap://` or `ldaps://`, address and port), people below `base_dn` by their `uid`, asked by the service
    /// account.
    pub fn new(url: impl Into<String>, base_dn: &str, service_dn: &str, service_password: &str) -> Self {
        Self {
            url: url.into(),
            starts_tls: false,
            ca: None,
            base_dn: base_dn.to_owned(),
            login_attribute: "uid".to_owned(),
            service_dn: service_dn.to_owned(),
            service_password: service_password.to_owned(),
        }
    }

    /// StartTLS on an `ldap://` connection, and nothing without it.
    #[must_use]
    pub fn start_tls(self) -> Self {
        Self { starts_tls: true, ..self }
    }

    /// Trust this authority, and no server that it did not sign.
    #[must_use]
    pub fn ca(self, file: &Path) -> Self {
        Self { ca: Some(file.to_owned()), ..self }
    }

    /// The attribute that holds the login name: `sAMAccountName`, say.
    #[must_use]
    pub fn login_attribute(self, name: &str) -> Self {
        Self { login_attribute: name.to_owned(), ..self }
    }
}
