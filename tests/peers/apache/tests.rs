//! Apache before slapd itself, with nothing of ours between.

use super::Apache;
use crate::certificates::TestCa;
use crate::directory::Directory;
use crate::slapd::{GROUPS, Options, PEOPLE, READER_DN, READER_PASSWORD, Slapd, user_name, user_password};

fn directory(url: String) -> Directory {
    Directory::new(url, PEOPLE, READER_DN, READER_PASSWORD)
}

#[tokio::test]
async fn apache_lets_in_who_slapd_knows_each_time_anew() {
    let Some(mut slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let Some(apache) = Apache::start(&directory(slapd.url())).await.unwrap() else { return };
    let (user, password) = (user_name(5), user_password(5));
    assert_eq!(apache.get(&user, &password).await.unwrap(), 200, "{}", apache.log());
    for (user, password) in [(user.as_str(), "wrong"), (&user, ""), ("nobody", "pw-nobody")] {
        assert_eq!(apache.get(user, password).await.unwrap(), 401, "{user}");
    }
    slapd.stop();
    assert_eq!(apache.get(&user, &password).await.unwrap(), 500);
    slapd.serve().await.unwrap();
    assert_eq!(apache.get(&user, &password).await.unwrap(), 200, "{}", apache.log());
}

#[tokio::test]
async fn apache_asks_slapd_by_tls_for_members_of_a_group() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let (immediate, started) = (directory(slapd.tls_url()), directory(slapd.url()).start_tls());
    let (member, other) = ((user_name(2), user_password(2)), (user_name(12), user_password(12)));
    for directory in [immediate, started] {
        let directory = directory.ca(&slapd.ca().unwrap().ca_file());
        let vpn = format!("cn=vpn,{GROUPS}");
        let Some(apache) = Apache::start_for_group(&vpn, &directory).await.unwrap() else { return };
        assert_eq!(apache.get(&member.0, &member.1).await.unwrap(), 200, "{}", apache.log());
        assert_eq!(apache.get(&other.0, &other.1).await.unwrap(), 401);
    }
}

#[tokio::test]
async fn apache_asks_no_slapd_that_it_cannot_trust() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let stranger = TestCa::new().unwrap();
    let directory = directory(slapd.tls_url()).ca(&stranger.ca_file());
    let Some(apache) = Apache::start(&directory).await.unwrap() else { return };
    assert_eq!(apache.get(&user_name(5), &user_password(5)).await.unwrap(), 500);
}
