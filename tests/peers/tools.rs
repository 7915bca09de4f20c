//! Programs that tests need and a machine may lack.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Daemons live here, and an ordinary user's PATH does not name it.
const DAEMON_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Debian keeps each version of PostgreSQL to itself and puts only wrappers on the PATH.
const POSTGRES_FOLDERS: &str = "/usr/lib/postgresql";

/// What packaged Python modules belong to.
const SYSTEM_PYTHON: &str = "/usr/bin/python3";

/// Where `tests/run` collects what could not run, because a test runner hides the output of tests that pass.
const NOT_RUN_FILE: &str = "VESTIBULE_NOT_RUN";

/// Where `tool` is, if anywhere.
pub fn find(tool: &str) -> Option<PathBuf> {
    let path = environment("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(DAEMON_FOLDERS.iter().map(PathBuf::from))
        .chain(postgres_folders())
        .map(|folder| folder.join(tool))
        .find(|candidate| is_program(candidate))
}

/// The tool, or `None` after saying so: the test that gets `None` returns. Where CI runs, a missing tool is a failure.
///
/// # Panics
/// When the tool is missing and the environment has `CI`.
pub fn require(tool: &str) -> Option<PathBuf> {
    let found = find(tool);
    if found.is_none() {
        not_run(&format!("not run: {tool} is missing"));
    }
    found
}

/// Whether all of them are there; says which is not, as [`require`] does.
pub fn require_all(tools: &[&str]) -> bool {
    // Every missing one is told, not only the first.
    tools.iter().filter(|tool| require(tool).is_none()).count() == 0
}

/// A Python that can import `module`, if any. Distributions keep one of their own for the modules they package, and the
/// PATH may name another.
pub(crate) fn python_with(module: &str) -> Option<PathBuf> {
    let pythons = [Some(PathBuf::from(SYSTEM_PYTHON)), find("python3")];
    pythons.into_iter().flatten().find(|python| imports(python, module))
}

fn imports(python: &Path, module: &str) -> bool {
    succeeds(Command::new(python).args(["-I", "-c", &format!("import {module}")]))
}

/// Whether we may have namespaces of our own (`--net`, `--mount`): root may, unless a container forbids it.
pub(crate) fn may_unshare(namespaces: &[&str]) -> bool {
    succeeds(Command::new("unshare").args(namespaces).arg("true"))
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Say that something needed for a test is missing.
///
/// # Panics
/// When the environment has `CI`: there, what is not run is not tested, and nobody reads that it was not.
pub fn not_run(line: &str) {
    println!("{line}");
    if let Some(file) = environment(NOT_RUN_FILE) {
        let told = OpenOptions::new()
            .create(true)
            .append(true)
            .open(PathBuf::from(file))
            .and_then(|mut file| writeln!(file, "{line}"));
        if let Err(error) = told {
            println!("cannot note it for the summary: {error}");
        }
    }
    assert!(environment("CI").is_none(), "{line}, and CI is set");
}

#[expect(clippy::disallowed_methods, reason = "finding programs is what the environment is for")]
pub(crate) fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn postgres_folders() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir(POSTGRES_FOLDERS) else { return Vec::new() };
    let mut folders: Vec<_> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
