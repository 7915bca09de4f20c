//! Tests of the configuration: reading, merging, secrets, the corpus of bad ones, the examples, the generated pages.

mod bad;
mod examples;
mod folder;
mod merging;
mod mutations;
mod pinned;
mod reading;
mod secrets;
