//! What the controller says of a password that it refuses, and who hears of it.

use vestibule_peers::ldap_tools::code;
use vestibule_peers::samba::Samba;
use vestibule_peers::samba::people::{ADA, BOB, DISABLED, EXPIRED, LOCKED, MUST_CHANGE, STALE};

use super::domain::{Domain, primaries, site};
use crate::harness::ldap_wire::request::{bind, message};
use crate::ldap::stage::Stage;

/// LDP-30: a controller that refuses passwords in the clear answers 8, and the log says what to write.
pub(super) async fn plain_passwords_are_told_to_the_administrator_with_the_remedy(samba: &Samba) {
    let reached = format!("servers: [\"{}\"]\n      allow_plaintext: true", samba.url());
    let Some((site, door)) = site(&primaries(&reached), "", "").await else { return };
    let Some(mut stage) = Stage::start(site, door).await else { return };
    let away = stage.tools().bind(ADA.upn, &ADA.password()).whoami().await.unwrap();
    assert_eq!(away.code, code::UNAVAILABLE, "{away:?}");
    let log = stage.daemon.log();
    assert!(log.contains("it demands a protected connection: use ldaps:// or start_tls"), "{log}");
    stage.daemon.expecting("could not be served");
    stage.end().await;
}

/// LDP-21: octet for octet, from the first bind on, when the door has not heard yet how this controller refuses.
pub(super) async fn right_password_without_a_factor_looks_like_a_wrong_one(domain: &Domain) {
    let (right, dn) = (BOB.password(), BOB.dn());
    let mut heard = Vec::new();
    for (name, password) in [
        (dn.as_str(), right.as_str()),
        (&dn, "guess"),
        (&dn, &right),
        ("nobody", "guess"),
        (&dn, "guess,123456"),
        (&dn, &format!("{right},123456")),
    ] {
        let mut wire = domain.wire().await;
        wire.send(&message(7, &bind(name, password), &[])).await;
        let answer = wire.next().await.unwrap();
        assert_eq!(answer.code(), 49);
        heard.push(answer);
    }
    assert!(heard.iter().all(|answer| answer.octets == heard[0].octets), "{heard:#?}");
    assert!(heard[0].text().contains("AcceptSecurityContext error, data 52e, v"), "{heard:?}");
}

/// LDP-21
pub(super) async fn what_the_controller_says_reaches_those_who_may_hear_it(domain: &Domain) {
    let wrong = domain.bind_guarded(ADA.upn, "guess").await;
    assert_eq!(wrong.code, code::INVALID_CREDENTIALS);
    for (person, data, denial) in [
        (MUST_CHANGE, "773", "password-must-change"),
        (DISABLED, "533", "account-disabled-upstream"),
        (EXPIRED, "701", "account-expired-upstream"),
        (STALE, "532", "password-expired"),
        (LOCKED, "775", "account-locked-upstream"),
    ] {
        for typed in [person.password(), format!("{},123456", person.password())] {
            let told = domain.bind(person.upn, &typed).await;
            let diagnostic = told.diagnostic().unwrap_or_default();
            assert_eq!(told.code, code::INVALID_CREDENTIALS);
            assert!(diagnostic.contains(&format!("AcceptSecurityContext error, data {data}, v")), "{told:?}");
            let untold = domain.bind_guarded(person.upn, &typed).await;
            assert_eq!(untold.complained, wrong.complained, "{}", person.account);
        }
        // The gateway's own record knows, and no factor was judged.
        let decision = domain.stage.last_decision().await;
        assert_eq!(decision.denial.as_ref().map(|denial| denial.name()), Some(denial), "{decision:?}");
        let events = domain.stage.events().await;
        assert!(events.iter().all(|event| !matches!(event.id(), "factor.failed" | "login.prompted")));
    }
}
