//! `vestibule try ldap` in front of a domain: it says neither a DN nor, where it is Samba, whom it takes us for.

use vestibule_peers::samba::people::ADA;

use super::domain::Domain;
use crate::harness::vestibule;

pub(super) async fn try_ldap_signs_in_by_a_name_of_the_domain_and_reads_the_entry_behind_it(domain: &Domain) {
    let code = domain.enrolled(ADA.account, &ADA.password()).await.code();
    let config = domain.stage.site.path("vestibule.yaml");
    for name in [ADA.account, ADA.upn, &ADA.domain_name()] {
        let words = ["try", "ldap", "--user", name, "--listener", "secure", "--code", &code];
        let output = vestibule(Some(&config), &words, &format!("{}\n", ADA.password()));
        let printed =
            [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned()).concat();
        assert!(output.status.success() && printed.contains("Signed in."), "{name}: {printed}");
        assert!(printed.contains(&ADA.dn()) && printed.contains("sAMAccountName"), "{name}: {printed}");
    }
}
