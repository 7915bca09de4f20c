//! Whom a name means, and what rules about groups see of them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_peers::ldap_tools::code;
use vestibule_peers::samba::PEOPLE;
use vestibule_peers::samba::people::{ADA, BOB, CAROL};

use super::domain::{Domain, TRIES};

/// LDP-22, and the class of FortiOS' CVE-2020-12812: a spelling that is another user, one without a factor.
pub(super) async fn one_person_under_all_their_names_is_one_user(domain: &Domain) {
    let (dn, password) = (CAROL.dn(), CAROL.password());
    let (lower, domain_name) = (dn.to_lowercase(), CAROL.domain_name());
    let spellings = [
        dn.as_str(),
        &lower,
        "CN=Carol Jones , OU=People,DC=corp, DC=example",
        "cn=\\43arol\\20Jones,OU=People,DC=corp,DC=example",
        "carol",
        "CaRoL",
        " carol ",
        &domain_name,
        "corp\\CAROL",
        "carol@corp.example",
        "CAROL@CORP.EXAMPLE",
        CAROL.upn,
        "Carol.Jones@Corp.Example",
    ];
    let token = domain.enrolled(CAROL.account, &password).await;
    let typed = format!("{password},{}", token.code());
    for spelling in spellings {
        // Without the code, whatever the spelling.
        assert_eq!(domain.bind(spelling, &password).await.code, code::INVALID_CREDENTIALS, "{spelling}");
        let known = domain.bind(spelling, &typed).await;
        assert_eq!((known.code, known.entries().len()), (code::SUCCESS, 1), "{spelling}: {known:?}");
        // Elsewhere the code was used, and that is known of every spelling.
        assert_eq!(domain.bind_guarded(spelling, &typed).await.code, code::INVALID_CREDENTIALS, "{spelling}");
        assert_eq!(domain.stage.last_denial("carol").await, Some("code-used-before"), "{spelling}");
    }
    assert_eq!(domain.stage.let_in("carol").await, (1, spellings.len() - 1), "one code");
    let decisions = domain.stage.decisions("carol").await;
    assert_eq!(decisions.iter().map(|decision| decision.user).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(decisions.len(), 3 * spellings.len());
    // What cannot be told for certain is nobody.
    for name in ["OTHER\\carol", "carol@other.example", "corp.example/People/Carol Jones", "<SID=S-1-5-32>", "c*"] {
        assert_eq!(domain.bind(name, &typed).await.code, code::INVALID_CREDENTIALS, "{name}");
    }
}

/// LDP-22
pub(super) async fn names_beyond_ascii_and_wrong_passwords_are_counted_for_one_person(domain: &Domain) {
    let quoted: Vec<u8> = "\"pw-j\u{fc}rgen\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let ldif = format!(
        "dn: CN=J\u{fc}rgen Gro\u{df},{PEOPLE}\nobjectClass: user\nsAMAccountName: j\u{fc}rgen\n\
         userAccountControl: 512\nunicodePwd:: {}\n",
        STANDARD.encode(quoted)
    );
    let added = domain.administrator().add(&ldif).await.unwrap();
    assert_eq!(added.code, code::SUCCESS, "{added:?}");
    // Composed and decomposed, in either case.
    let names = ["j\u{fc}rgen", "ju\u{308}rgen", "J\u{dc}RGEN", "JU\u{308}RGEN", "CORP\\ju\u{308}rgen"];
    let dn = format!("CN=Ju\u{308}rgen Gro\u{df},{PEOPLE}");
    let token = domain.enrolled(names[0], "pw-j\u{fc}rgen").await;
    let typed = format!("pw-j\u{fc}rgen,{}", token.code());
    for name in names.into_iter().chain([dn.as_str()]) {
        assert_eq!(domain.bind(name, &typed).await.code, code::SUCCESS, "{name}");
    }
    assert_eq!(domain.stage.let_in("j\u{fc}rgen").await, (1, names.len()), "one code");
    // Each guess counts for the person, however they are called.
    for name in names.into_iter().cycle().take(TRIES) {
        assert_eq!(domain.bind(name, "guess").await.code, code::INVALID_CREDENTIALS);
        assert_eq!(domain.stage.last_denial("j\u{fc}rgen").await, Some("wrong-password"));
    }
    assert_eq!(domain.bind(&dn, &typed).await.code, code::INVALID_CREDENTIALS);
    assert_eq!(domain.stage.last_denial("j\u{fc}rgen").await, Some("locked-out"));
}

/// LDP-31
pub(super) async fn nested_and_primary_groups_count_in_rules(domain: &Domain) {
    // In a group of a group of the group; and in the group that everybody is in without being listed.
    for (person, rule) in [(ADA, "nested"), (BOB, "primary")] {
        let known = domain.bind_grouped(person.account, &person.password()).await;
        assert_eq!(known.code, code::SUCCESS, "{known:?}");
        assert_eq!(domain.stage.last_decision().await.rule.as_deref(), Some(rule));
    }
    let other = domain.bind_grouped(CAROL.account, &CAROL.password()).await;
    assert_eq!(other.code, code::INVALID_CREDENTIALS, "in neither: {other:?}");
}
