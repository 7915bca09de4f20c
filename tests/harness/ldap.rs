//! The LDAP door of a site, and clients of it.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use vestibule_peers::certificates::TestCa;
use vestibule_peers::ldap_tools::LdapTools;
use vestibule_peers::ports::Port;
use vestibule_peers::slapd;

use super::Site;

/// Where the LDAP door of a site listens: with TLS, with StartTLS, and in the clear.
pub(crate) struct LdapSite {
    secure: Port,
    plain: Port,
    local: Port,
    pub(crate) ca: TestCa,
}

impl Site {
    /// Give the site an LDAP door in front of its directory. `application` is what a test writes about the one
    /// application `app`, six spaces in; `more` are further applications and the like, four in.
    pub(crate) fn with_ldap(&mut self, application: &str, more: &str) -> anyhow::Result<LdapSite> {
        let door = LdapSite { secure: Port::free()?, plain: Port::free()?, local: Port::free()?, ca: TestCa::new()? };
        self.open_ldap(&door, Ipv4Addr::LOCALHOST, application, more)?;
        Ok(door)
    }

    /// The same door at another address of this machine, for another node.
    pub(crate) fn open_ldap(
        &mut self,
        door: &LdapSite,
        address: Ipv4Addr,
        application: &str,
        more: &str,
    ) -> anyhow::Result<()> {
        let issued = door.ca.server(&["localhost", "127.0.0.1", "127.0.0.2"])?;
        self.file("ldap.pem", std::fs::read(issued.certificate_file)?);
        self.file("ldap.key", std::fs::read(issued.key_file)?);
        let (secure, plain, local) = (door.secure.number(), door.plain.number(), door.local.number());
        write!(
            self.more,
            "ldap:\n  listeners:\n    secure: {{ address: \"{address}:{secure}\" }}\n    \
             plain: {{ address: \"{address}:{plain}\", tls: start_tls }}\n    \
             local: {{ address: \"{address}:{local}\", tls: never }}\n  \
             tls: {{ certificate: ldap.pem, key: {{ file: ldap.key }} }}\n  applications:\n    app:\n      \
             addresses: [\"127.0.0.1\"]\n      primary: staff\n      reject_delay: 0s\n{application}{more}"
        )?;
        Ok(())
    }
}

impl LdapSite {
    pub(crate) fn secure_url(&self) -> String {
        format!("ldaps://{}", self.secure.address())
    }

    /// The same listener of another node.
    pub(crate) fn secure_url_at(&self, address: Ipv4Addr) -> String {
        format!("ldaps://{address}:{}", self.secure.number())
    }

    pub(crate) fn plain_url(&self) -> String {
        format!("ldap://{}", self.plain.address())
    }

    pub(crate) fn local_url(&self) -> String {
        format!("ldap://{}", self.local.address())
    }

    pub(crate) fn secure(&self) -> SocketAddr {
        self.secure.address()
    }

    pub(crate) fn plain(&self) -> SocketAddr {
        self.plain.address()
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local.address()
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.ca.ca_file().to_owned()
    }

    /// OpenLDAP's tools at the listener with TLS.
    pub(crate) fn tools(&self) -> Option<LdapTools> {
        Some(LdapTools::new(self.secure_url())?.ca(self.ca_file()))
    }

    /// The same, bound as an ordinary person of the directory with what they type.
    pub(crate) fn person(&self, name: &str, typed: &str) -> Option<LdapTools> {
        Some(self.tools()?.bind(&format!("uid={name},{}", slapd::PEOPLE), typed))
    }
}

/// The account of a program, as a test's configuration writes it.
pub(crate) fn reader_account() -> String {
    format!("      service_accounts:\n        reader: {{ dn: \"{}\" }}\n", slapd::READER_DN)
}
