//! Accounts of programs, used from elsewhere or after their time (LDP-23).

use vestibule_engine::AuditEvent;
use vestibule_peers::ldap_tools::code;
use vestibule_peers::slapd::{PEOPLE, READER_DN, READER_PASSWORD, user_dn, user_password};

use super::{application, from, said};
use crate::ldap::stage::Stage;

#[tokio::test]
async fn account_of_a_program_from_elsewhere_or_after_its_time_is_a_person_without_a_factor_and_an_alert() {
    let accounts = format!(
        "      allow_plaintext: true\n      service_accounts:\n        away: {{ dn: \"{READER_DN}\", networks: [\"127.0.0.7\"] }}\n        \
         over: {{ dn: \"{}\", expires: 2020-01-01 }}\n        elsewhere: {{ dn: \"{}\", networks: [\"192.0.2.0/24\"] }}\n",
        user_dn(3),
        user_dn(4)
    );
    let here = format!("      service_accounts:\n        here: {{ dn: \"{READER_DN}\" }}\n");
    let Some(stage) = Stage::before_slapd(&accounts, &application("near", "\"127.0.0.7\"", &here)).await else {
        return;
    };
    let token = stage.enrolled(4).await;
    let (over, elsewhere) = (user_password(3), user_password(4));
    let with_code = format!("{elsewhere},{}", token.code());
    for (account, dn, typed, expected) in [
        ("away", READER_DN.to_owned(), READER_PASSWORD, code::INVALID_CREDENTIALS),
        ("away", "CN=reader,DC=example,DC=org".to_owned(), READER_PASSWORD, code::INVALID_CREDENTIALS),
        ("over", user_dn(3), &over, code::INVALID_CREDENTIALS),
        ("elsewhere", user_dn(4), &elsewhere, code::INVALID_CREDENTIALS),
        // Whoever is a person as well gets in as one.
        ("elsewhere", user_dn(4), &with_code, code::SUCCESS),
    ] {
        let bound = stage.tools().bind(&dn, typed).search(PEOPLE, "(uid=user0009)", &["mail"]).await.unwrap();
        let code = if bound.code == code::NO_SUCH_OBJECT { code::SUCCESS } else { bound.code };
        assert_eq!(code, expected, "{account}: {bound:?}");
        assert_eq!(bound.entries().len(), 0, "with the rights of a person");
    }
    let misused: Vec<(String, String, String)> = stage
        .events()
        .await
        .into_iter()
        .filter_map(|event| match event {
            AuditEvent::ServiceAccountMisused { account, address, why, .. } => Some((account, address, why)),
            _ => None,
        })
        .collect();
    let (not_here, too_late) = ("it came from an address that is not listed for it", "its time is over");
    // Once a minute, however often somebody tries.
    let expected = [("away", not_here), ("over", too_late), ("elsewhere", not_here)];
    let expected = expected.map(|(account, why)| (account.to_owned(), "127.0.0.1".to_owned(), why.to_owned()));
    assert_eq!(misused, expected);
    for (account, why) in [("away", not_here), ("over", too_late), ("elsewhere", not_here)] {
        let words = format!("Alert: the service account {account} was misused: {why}");
        assert_eq!(said(&stage.daemon, &words), 1, "{}", stage.daemon.log());
    }
    // From where it belongs it is let in, and its first use there is told.
    for id in 1..3 {
        assert_eq!(from(7, stage.door.local()).await.bind(id, READER_DN, READER_PASSWORD).await, 0);
    }
    let words = "Alert: the service account here signed in to ldap/near from the new address 127.0.0.7";
    assert_eq!(said(&stage.daemon, words), 1, "{}", stage.daemon.log());
    stage.end().await;
}
