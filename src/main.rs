//! The program: see [`vestibule::cli`].

use std::process::ExitCode;

/// A login makes much on one thread and drops it on another, the store's; glibc takes a lock for each of that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything can ask for TLS: one provider for the whole process.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("vestibule: another provider of cryptography was installed before ours; this is a defect");
        return ExitCode::FAILURE;
    }
    vestibule::cli::main()
}
