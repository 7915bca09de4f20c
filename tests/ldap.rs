//! The LDAP door, asked by the clients that applications are made of, in front of real directories.

mod binds;
