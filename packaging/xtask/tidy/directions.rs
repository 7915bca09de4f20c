//! Who may depend on whom. A new direction is a decision, so it is a line here.

use super::metadata::Package;

/// A member and the members it may see.
pub(super) struct Member {
    name: &'static str,
    sees: &'static [&'static str],
}

#[cfg(test)]
impl Member {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn sees(&self) -> &'static [&'static str] {
        self.sees
    }
}

const fn member(name: &'static str, sees: &'static [&'static str]) -> Member {
    Member { name, sees }
}

/// Doors see the engine and what listens, and never each other. Members that are still to come have their line already.
pub(super) const MEMBERS: &[Member] = &[
    member("vestibule-engine", &[]),
    member("vestibule-listen", &[]),
    member("vestibule-store", &["vestibule-engine"]),
    member("vestibule-factors", &["vestibule-engine"]),
    member("vestibule-push", &["vestibule-engine", "vestibule-factors"]),
    member("vestibule-radius", &["vestibule-engine", "vestibule-listen"]),
    member("vestibule-ldap", &["vestibule-engine", "vestibule-listen"]),
    member("vestibule-oidc", &["vestibule-engine", "vestibule-listen"]),
    member("vestibule-proxy", &["vestibule-engine", "vestibule-listen"]),
    member("vestibule-portal", &["vestibule-engine", "vestibule-factors", "vestibule-listen"]),
    member(
        "vestibule",
        &[
            "vestibule-engine",
            "vestibule-listen",
            "vestibule-store",
            "vestibule-factors",
            "vestibule-push",
            "vestibule-radius",
            "vestibule-ldap",
            "vestibule-oidc",
            "vestibule-proxy",
            "vestibule-portal",
        ],
    ),
    // The other side of every door: it knows nothing of ours, or it would share our mistakes.
    member("vestibule-peers", &[]),
    member(
        "vestibule-bench",
        // It fills the store of the gateway it measures as the command line does.
        &[
            "vestibule",
            "vestibule-engine",
            "vestibule-factors",
            // What its fuzz targets read.
            "vestibule-ldap",
            "vestibule-peers",
            "vestibule-radius",
        ],
    ),
    member("xtask", &[]),
];

/// Tests of any member may start peers.
const FOR_TESTS: &str = "vestibule-peers";

pub(super) fn problems(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<String> {
    let Some(member) = MEMBERS.iter().find(|member| member.name == package.name) else {
        return vec![format!("{} is no member that the table of directions knows", package.name)];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.is_ours() && !(dependency.is_for_tests() && dependency.name == FOR_TESTS))
        .filter(|dependency| !member.sees.contains(&dependency.name.as_str()))
        .map(|dependency| format!("{} must not depend on {}", package.name, dependency.name))
        .collect()
}
