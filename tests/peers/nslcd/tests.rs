//! Logins by nslcd before slapd itself, with nothing of ours between.

use super::Nslcd;
use crate::certificates::TestCa;
use crate::directory::Directory;
use crate::slapd::{Options, PEOPLE, READER_DN, READER_PASSWORD, Slapd, user_name, user_password};

fn directory(url: String) -> Directory {
    Directory::new(url, PEOPLE, READER_DN, READER_PASSWORD)
}

#[tokio::test]
async fn nslcd_signs_in_who_slapd_knows() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let Some(machine) = Nslcd::start(&directory(slapd.url())).await.unwrap() else { return };
    let (user, password) = (user_name(5), user_password(5));
    assert!(machine.authenticate(&user, &password).await.unwrap(), "{}", machine.log());
    for (user, password) in [(user.as_str(), "wrong"), (&user, ""), ("nobody-there", "pw")] {
        assert!(!machine.authenticate(user, password).await.unwrap(), "{user}");
    }
    assert!(!machine.authenticate("j\u{fc}rgen", "pw-j\u{fc}rgen").await.unwrap());
    assert!(machine.log().contains("request denied by validnames option"), "{}", machine.log());
    assert!(!std::path::Path::new("/etc/pam.d/vestibule-test").exists());
}

#[tokio::test]
async fn nslcd_asks_slapd_by_tls_and_none_that_it_cannot_trust() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let (immediate, started) = (directory(slapd.tls_url()), directory(slapd.url()).start_tls());
    let stranger = TestCa::new().unwrap();
    let untrusted = immediate.clone().ca(&stranger.ca_file());
    for directory in [immediate, started] {
        let directory = directory.ca(&slapd.ca().unwrap().ca_file());
        let Some(machine) = Nslcd::start(&directory).await.unwrap() else { return };
        assert!(machine.authenticate(&user_name(5), &user_password(5)).await.unwrap(), "{}", machine.log());
    }
    let Some(machine) = Nslcd::start(&untrusted).await.unwrap() else { return };
    assert!(machine.authenticate(&user_name(5), &user_password(5)).await.is_err(), "{}", machine.log());
}
