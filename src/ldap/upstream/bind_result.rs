//! What a directory's answer to a person's bind means. Only this file knows the codes.

use vestibule_engine::PrimaryRefusal;

use super::fault::{Fault, Words};
use super::password_policy::{self, PolicyError};
use super::result::LdapResult;

/// Yes, or no and why. Anything else is a fault: we could not find out.
pub(super) fn judge(result: &LdapResult) -> Result<Option<PrimaryRefusal>, Fault> {
    use PrimaryRefusal as No;
    let policy = password_policy::said(result).map(|error| match error {
        PolicyError::Expired => No::PasswordExpired,
        PolicyError::Locked => No::AccountLocked,
        PolicyError::MustChange => No::PasswordMustChange,
    });
    match result.code {
        // Accepted, but only to set a new password: not a login (LDP-20).
        0 => Ok(policy),
        49 => Ok(Some(policy.or_else(|| active_directory(&result.text)).unwrap_or(No::WrongPassword))),
        // A constraint: 389 Directory Server says this of a locked account.
        19 => Ok(Some(policy.unwrap_or(No::AccountLocked))),
        // No such entry, or a name that cannot be one.
        32 | 34 => Ok(Some(No::UnknownUser)),
        // The entry has no password that could be compared.
        48 => Ok(Some(No::Unspecified)),
        53 => policy.or_else(|| unwilling(&result.text)).map(Some).ok_or_else(|| Fault::Answered(Words::of(result))),
        // Referrals among them: a password is not carried to a server that nobody configured.
        _ => Err(Fault::Answered(Words::of(result))),
    }
}

/// `80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839` (LDP-21).
fn active_directory(text: &str) -> Option<PrimaryRefusal> {
    use PrimaryRefusal as No;
    let (_, after) = text.split_once("AcceptSecurityContext error, data ")?;
    let code = after.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    Some(match code.to_ascii_lowercase().as_str() {
        "525" => No::UnknownUser,
        "52e" => No::WrongPassword,
        "530" | "531" => No::NotHereNow,
        "532" => No::PasswordExpired,
        "533" => No::AccountDisabled,
        "701" => No::AccountExpired,
        "773" => No::PasswordMustChange,
        "775" => No::AccountLocked,
        _ => No::Unspecified,
    })
}

/// Directories that disable accounts themselves say so with code 53 and words; without them it is the server's trouble.
fn unwilling(text: &str) -> Option<PrimaryRefusal> {
    let text = text.to_lowercase();
    let says = |word: &str| text.contains(word);
    if says("inactivated") || says("disabled") {
        return Some(PrimaryRefusal::AccountDisabled);
    }
    if says("lock") {
        return Some(PrimaryRefusal::AccountLocked);
    }
    says("password expired").then_some(PrimaryRefusal::PasswordExpired)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // LDP-21
    fn active_directorys_reasons_are_told_apart() {
        use PrimaryRefusal as No;
        for (data, refusal) in [
            ("525", No::UnknownUser),
            ("52e", No::WrongPassword),
            ("52E", No::WrongPassword),
            ("530", No::NotHereNow),
            ("531", No::NotHereNow),
            ("532", No::PasswordExpired),
            ("533", No::AccountDisabled),
            ("701", No::AccountExpired),
            ("773", No::PasswordMustChange),
            ("775", No::AccountLocked),
            ("999", No::Unspecified),
        ] {
            let text =
                format!("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {data}, v3839");
            assert_eq!(judge(&LdapResult::new(49, &text)).unwrap(), Some(refusal), "{data}");
        }
    }

    #[test]
    fn success_is_the_only_yes() {
        assert_eq!(judge(&LdapResult::new(0, "")).unwrap(), None);
        for code in 1..=130 {
            assert!(!matches!(judge(&LdapResult::new(code, "")), Ok(None)), "{code}");
        }
    }

    #[test] // LDP-20
    fn success_with_a_password_that_must_be_changed_first_is_a_no() {
        let mut answer = LdapResult::new(0, "");
        answer.controls = vec![(password_policy::OID.to_owned(), Some(vec![0x30, 3, 0x81, 1, 2]))];
        assert_eq!(judge(&answer).unwrap(), Some(PrimaryRefusal::PasswordMustChange));
    }

    #[test]
    fn trouble_of_the_server_is_a_fault_and_not_a_no() {
        for code in [1, 2, 3, 8, 10, 13, 14, 50, 51, 52, 53, 80] {
            assert!(judge(&LdapResult::new(code, "")).is_err(), "{code}");
        }
        let inactive = judge(&LdapResult::new(53, "Account inactivated. Contact system administrator.")).unwrap();
        assert_eq!(inactive, Some(PrimaryRefusal::AccountDisabled));
    }
}
