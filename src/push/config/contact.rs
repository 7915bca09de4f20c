//! Whether a push service will believe that somebody can be reached there.
//!
//! RFC 8292 §2.1 wants `mailto:` or `https:`. Apple answers 403 BadJwtToken to a contact on localhost or under `.local`,
//! and to a mail address in angle brackets.

use url::{Host, Url};

/// Ends of names nobody outside can reach.
const NOWHERE: [&str; 7] = ["local", "localhost", "internal", "invalid", "test", "lan", "home"];

pub(crate) fn is_plausible(contact: &str) -> bool {
    if contact.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
        return false;
    }
    match contact.strip_prefix("mailto:") {
        Some(mail) => mail.rsplit_once('@').is_some_and(|(who, domain)| !who.is_empty() && is_reachable(domain)),
        None => Url::parse(contact).is_ok_and(|url| {
            url.scheme() == "https" && matches!(url.host(), Some(Host::Domain(domain)) if is_reachable(domain))
        }),
    }
}

fn is_reachable(domain: &str) -> bool {
    let plain = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let Some((_, end)) = domain.rsplit_once('.') else { return false };
    domain.split('.').all(plain) && !NOWHERE.contains(&end.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PSH-03
    #[test]
    fn a_contact_is_a_mail_address_or_url_that_can_be_reached_from_outside() {
        for good in ["mailto:security@example.com", "https://login.example.com", "https://example.com:8443/contact"] {
            assert!(is_plausible(good), "{good}");
        }
        for bad in [
            "",
            "security@example.com",
            "http://login.example.com",
            "https://localhost",
            "https://portal.local",
            "https://192.0.2.1",
            "https://intranet",
            "mailto:",
            "mailto:security",
            "mailto:@example.com",
            "mailto:security@localhost",
            "mailto:security@host.LOCAL",
            "mailto: <security@example.com>",
            "mailto:<security@example.com>",
            "mailto:security@example..com",
        ] {
            assert!(!is_plausible(bad), "{bad}");
        }
    }
}
