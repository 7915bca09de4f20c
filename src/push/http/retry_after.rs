//! How long a service asks to be left alone (RFC 9110 §10.2.3).

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use vestibule_engine::Timestamp;

/// Seconds, or a moment as HTTP writes it; a moment that has passed is no time at all.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let moment = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    Some(Timestamp::from_secs(moment.unix_timestamp()).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PSH-04
    #[test]
    fn seconds_and_moments_are_understood_and_nonsense_is_not() {
        let now = Timestamp::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (value, meant) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
            ("99999999999", None),
        ] {
            assert_eq!(retry_after(value, now), meant.map(Duration::from_secs), "{value:?}");
        }
    }
}
