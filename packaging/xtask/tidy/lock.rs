//! One TLS stack and one cryptographic provider, read off Cargo.lock.

/// At most one version of each. The first two must be there: if they are not, this rule reads the wrong file.
const ONE_VERSION: &[(&str, bool)] =
    &[("rustls", true), ("ring", true), ("rustls-webpki", false), ("hyper", false), ("h2", false)];

const NONE: &[&str] = &["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "boring", "cmake"];

pub(super) fn problems(lock: &str) -> Vec<String> {
    let names: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    let count = |wanted: &str| names.iter().filter(|name| **name == wanted).count();
    let many = ONE_VERSION.iter().filter_map(|(name, needed)| match count(name) {
        0 if *needed => Some(format!("Cargo.lock has no {name}")),
        0 | 1 => None,
        versions => Some(format!("Cargo.lock has {versions} versions of {name}: one is allowed")),
    });
    let banned = NONE.iter().filter(|name| count(name) > 0).map(|name| {
        format!(
            "Cargo.lock has {name}: TLS is rustls with ring, and nothing else (cargo tree -i {name} tells who asks)"
        )
    });
    many.chain(banned).collect()
}
