use std::path::Path;

use vestibule_engine::SecretBytes;
use vestibule_engine::config::SecretRef;

use super::*;

struct Nothing;

impl Sources for Nothing {
    fn secret(&self, _: &SecretRef) -> Result<SecretBytes, String> {
        Err("there is none".into())
    }

    fn file(&self, _: &Path) -> Result<Vec<u8>, String> {
        Err("there is none".into())
    }
}

fn link(written: &str) -> (Option<Factors>, Vec<String>) {
    let config: FactorsConfig = serde_json::from_str(written).unwrap();
    let mut problems = Problems::default();
    let meant = config.link("factors", &Nothing, &mut problems);
    (meant, problems.into_vec().into_iter().map(|problem| problem.path).collect())
}

#[test]
fn nothing_written_means_the_defaults_everybody_can_use() {
    let (meant, problems) = link("{}");
    let meant = meant.unwrap();
    assert_eq!(meant.totp, TotpSettings::default());
    assert_eq!(meant.recovery_codes.codes, 10);
    let push = PushChoices { user_verification: Policy::Off, totp_with_pairing: true, privacyidea_app: false };
    assert_eq!(meant.push, push);
    assert_eq!(meant.invitations.lifetime, std::time::Duration::from_secs(86_400));
    assert_eq!(meant.password_cost, HashCost::DEFAULT);
    assert_eq!(problems, [] as [String; 0]);
}

#[test]
fn every_number_out_of_range_is_told_with_its_path() {
    let (meant, problems) = link(
        r#"{"totp": {"issuer": "a:b", "digits": 9, "period": 10, "window": 3, "drift_max": 21},
            "recovery_codes": {"count": 0},
            "invitations": {"lifetime": "31d"},
            "password_hashing": {"memory_mib": 4, "passes": 0, "at_once": 0, "waiting": 10001}}"#,
    );
    assert!(meant.is_none());
    assert_eq!(
        problems,
        [
            "factors.totp.issuer",
            "factors.totp.digits",
            "factors.totp.period",
            "factors.totp.window",
            "factors.totp.drift_max",
            "factors.totp",
            "factors.recovery_codes.count",
            "factors.invitations.lifetime",
            "factors.password_hashing.memory_mib",
            "factors.password_hashing.passes",
            "factors.password_hashing.waiting",
            "factors.password_hashing.at_once",
        ]
    );
}

#[test]
fn phones_that_could_approve_nothing_are_warned_of() {
    let (meant, problems) = link(r#"{"push": {"user_verification": "required", "privacyidea_app": true}}"#);
    assert_eq!(meant.unwrap().push.user_verification, Policy::Required);
    assert_eq!(problems, ["factors.push.privacyidea_app"]);
}

#[test]
fn a_misspelled_option_is_refused() {
    serde_json::from_str::<FactorsConfig>(r#"{"totp": {"perriod": 30}}"#).unwrap_err();
}
