//! The LDAP door, asked by the clients that applications are made of, in front of real directories.

mod active_directory;
mod applications;
mod binds;
mod clients;
mod differential;
mod hostile;
mod identity;
mod interleaving;
mod keeper;
mod networks;
mod page;
mod push;
mod sasl;
mod stage;
mod standing;
mod tried;
