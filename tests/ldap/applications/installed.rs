//! Programs that sign people in by LDAP, as they are installed: a web server, and the logins of a Linux machine.

use vestibule_peers::apache::Apache;
use vestibule_peers::directory::Directory;
use vestibule_peers::nslcd::Nslcd;
use vestibule_peers::slapd::{GROUPS, PEOPLE, READER_DN, READER_PASSWORD, user_name, user_password};

use super::stage;
use crate::ldap::stage::{Approving, Stage};

/// The door, as such a program is told of it.
fn directory(stage: &Stage, url: String) -> Directory {
    Directory::new(url, PEOPLE, READER_DN, READER_PASSWORD).ca(&stage.door.ca_file())
}

#[tokio::test]
async fn apache_shows_its_page_to_members_who_give_one_factor_for_all_they_load() {
    let Some(stage) = stage("").await else { return };
    let vpn = format!("cn=vpn,{GROUPS}");
    let directory = directory(&stage, stage.door.secure_url());
    let Some(apache) = Apache::start_for_group(&vpn, &directory).await.unwrap() else { return };
    let (member, other) = (stage.enrolled(2).await, stage.enrolled(12).await);
    let typed = format!("{},{}", user_password(2), member.code());
    for _ in 0..3 {
        assert_eq!(apache.get(&user_name(2), &typed).await.unwrap(), 200, "{}", apache.log());
    }
    assert_eq!(stage.let_in(&user_name(2)).await, (1, 2));
    // Signed in, and no member.
    let typed = format!("{},{}", user_password(12), other.code());
    assert_eq!(apache.get(&user_name(12), &typed).await.unwrap(), 401);
    assert_eq!(stage.let_in(&user_name(12)).await, (1, 0));
    for typed in [user_password(2), format!("{},{}", user_password(2), member.wrong()), "guess".to_owned()] {
        assert_eq!(apache.get(&user_name(2), &typed).await.unwrap(), 401, "{typed}");
    }
    let phone = Approving::with(stage.with_phone(3).await);
    for _ in 0..3 {
        assert_eq!(apache.get(&user_name(3), &user_password(3)).await.unwrap(), 200, "{}", apache.log());
    }
    assert_eq!((phone.rang(), stage.let_in(&user_name(3)).await), (1, (1, 2)));
    stage.end().await;
}

#[tokio::test]
async fn nslcd_lets_people_sign_in_to_a_machine_with_a_code_or_their_phone() {
    let Some(stage) = stage("      direct: true\n").await else { return };
    let token = stage.enrolled(2).await;
    let phone = Approving::with(stage.with_phone(3).await);
    let (immediate, started) = (stage.door.secure_url(), stage.door.plain_url());
    let typed = format!("{},{}", user_password(2), token.code());
    for directory in [directory(&stage, immediate), directory(&stage, started).start_tls()] {
        let Some(machine) = Nslcd::start(&directory).await.unwrap() else { return };
        assert!(machine.authenticate(&user_name(2), &typed).await.unwrap(), "{}", machine.log());
        assert!(machine.authenticate(&user_name(3), &user_password(3)).await.unwrap(), "{}", machine.log());
        for typed in [user_password(2), format!("guess,{}", token.code())] {
            assert!(!machine.authenticate(&user_name(2), &typed).await.unwrap(), "{typed}");
        }
    }
    assert_eq!(stage.let_in(&user_name(2)).await.0, 1, "one code for both");
    assert_eq!((phone.rang(), stage.let_in(&user_name(3)).await.0), (1, 1), "one push for both");
    stage.end().await;
}
