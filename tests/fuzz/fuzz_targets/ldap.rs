#![no_main]

#[path = "../targets/ldap.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| target::run(input));
