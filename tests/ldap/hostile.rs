//! Attacks on the LDAP door, octet for octet, with the real gateway before a real slapd. After each, an honest client is
//! served as always, and the log holds no error.

mod binds;
mod credentials;
mod floods;
mod octets;
mod rebinds;
mod side_doors;
mod start_tls;
