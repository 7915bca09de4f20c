//! What programs do with a directory besides signing people in, through the door: with OpenLDAP's tools and with both of
//! Python's libraries.

mod passwords;
mod python;
mod results;
mod writing;
