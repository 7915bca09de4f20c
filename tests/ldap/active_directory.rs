//! A domain controller behind the door: whom its many names mean, what it says of a refused password, and what of it goes
//! through untouched. One start for all: a domain takes seconds to make.

mod domain;
mod names;
mod refusals;
mod results;
mod tried;

use vestibule_peers::samba::Samba;

use domain::Domain;

#[tokio::test]
async fn domain_controller_behind_the_door_is_met_as_applications_meet_it() {
    let Some(samba) = Samba::start().await.unwrap() else { return };
    refusals::plain_passwords_are_told_to_the_administrator_with_the_remedy(&samba).await;
    let Some(domain) = Domain::before(samba).await else { return };
    refusals::right_password_without_a_factor_looks_like_a_wrong_one(&domain).await;
    refusals::what_the_controller_says_reaches_those_who_may_hear_it(&domain).await;
    names::one_person_under_all_their_names_is_one_user(&domain).await;
    names::names_beyond_ascii_and_wrong_passwords_are_counted_for_one_person(&domain).await;
    names::nested_and_primary_groups_count_in_rules(&domain).await;
    results::large_groups_and_changes_come_octet_for_octet(&domain).await;
    results::fast_bind_checks_passwords_and_signs_nobody_in(&domain).await;
    tried::try_ldap_signs_in_by_a_name_of_the_domain_and_reads_the_entry_behind_it(&domain).await;
    domain.end().await;
}
