//! Which member keeps which heavy crate. What does not list a socket, SQL or HTTP library cannot use it.

use super::metadata::{Dependency, Package};

struct Kept {
    krate: &'static str,
    by: &'static [&'static str],
}

const fn kept(krate: &'static str, by: &'static [&'static str]) -> Kept {
    Kept { krate, by }
}

const KEPT: &[Kept] = &[
    kept("rusqlite", &["vestibule-store"]),
    kept("sqlx", &["vestibule-store"]),
    kept("pingora-core", &["vestibule-proxy"]),
    kept("pingora-proxy", &["vestibule-proxy"]),
    kept("openidconnect", &["vestibule-oidc"]),
    kept("axum", &["vestibule-portal", "vestibule-oidc"]),
    kept("hyper", &["vestibule-portal", "vestibule-proxy"]),
    // The root has it for the phone in software, which is a client of the portal like any other.
    kept("reqwest", &["vestibule-oidc", "vestibule-push", "vestibule", "vestibule-bench"]),
    kept("socket2", &["vestibule-listen", "vestibule-ldap"]),
    kept("quinn-udp", &["vestibule-listen"]),
    kept("tokio-rustls", &["vestibule-listen", "vestibule-radius", "vestibule-ldap", "vestibule-peers"]),
    // It makes keys that ring cannot make; ring alone signs with them.
    kept("rsa", &["vestibule-factors"]),
    kept("totp-rs", &["vestibule-factors"]),
    kept("argon2", &["vestibule-factors"]),
    kept("notify", &["vestibule"]),
    kept("clap", &["vestibule", "vestibule-bench", "xtask"]),
    kept("serde-saphyr", &["vestibule"]),
    kept("anyhow", &["vestibule", "vestibule-peers", "vestibule-bench", "xtask"]),
];

/// The independent codecs of RADIUS and LDAP are peers for tests. The client of the one accepts forged replies, the parser
/// of the other panics on some input and nests without a limit, so no product code may use them.
const FOR_TESTS_ONLY: &[&str] = &["radius", "ldap3", "proptest"];

/// All that the engine may use of tokio: what waits, and nothing that reads, writes or starts.
const ENGINE_TOKIO: &[&str] = &["sync", "time", "macros", "rt"];

pub(super) fn problems(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(|package| package.dependencies.iter().flat_map(|each| of_edge(package, each))).collect()
}

fn of_edge(package: &Package, dependency: &Dependency) -> Vec<String> {
    if dependency.is_for_tests() {
        return Vec::new();
    }
    let (ours, theirs) = (package.name.as_str(), dependency.name.as_str());
    let mut problems = Vec::new();
    if let Some(kept) = KEPT.iter().find(|kept| kept.krate == theirs && !kept.by.contains(&ours)) {
        problems.push(format!("{ours} must not list {theirs}: only {} may", kept.by.join(", ")));
    }
    if FOR_TESTS_ONLY.contains(&theirs) {
        problems.push(format!("{ours} must list {theirs} under [dev-dependencies] only"));
    }
    if ours == "vestibule-engine" && theirs == "tokio" {
        let extra: Vec<_> =
            dependency.features.iter().map(String::as_str).filter(|each| !ENGINE_TOKIO.contains(each)).collect();
        if !extra.is_empty() {
            problems.push(format!(
                "{ours} may use tokio for {} only, not {}",
                ENGINE_TOKIO.join(", "),
                extra.join(", ")
            ));
        }
    }
    problems
}
