//! The program: see [`vestibule::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything can ask for TLS: one provider for the whole process.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("vestibule: another provider of cryptography was installed before ours; this is a defect");
        return ExitCode::FAILURE;
    }
    vestibule::cli::main()
}
