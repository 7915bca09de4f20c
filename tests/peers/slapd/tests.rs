//! The proxies before slapd, with nothing of ours between.

use super::{Options, PEOPLE, READER_DN, READER_PASSWORD, Slapd, SlapdProxy, user_dn, user_password};
use crate::ldap_tools::{LdapTools, code};
use crate::process::cpu_time;

#[tokio::test]
async fn back_ldap_passes_binds_and_searches_to_slapd() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let Some(proxy) = SlapdProxy::back_ldap(&slapd).await.unwrap() else { return };
    let Some(tools) = LdapTools::new(proxy.url()) else { return };
    let right = tools.clone().bind(&user_dn(4), &user_password(4));
    assert_eq!(right.whoami().await.unwrap().printed, format!("dn:{}\n", user_dn(4)));
    let wrong = tools.clone().bind(&user_dn(4), "wrong").whoami().await.unwrap();
    assert_eq!(wrong.code, code::INVALID_CREDENTIALS);
    let found = tools.bind(READER_DN, READER_PASSWORD).search(PEOPLE, "(uid=user00*)", &["mail"]).await.unwrap();
    assert_eq!(found.entries().len(), 20);
    assert!(cpu_time(proxy.pid()).is_ok());
}

#[tokio::test]
async fn lloadd_passes_binds_to_slapd_and_searches_as_its_own_account() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let Some(proxy) = SlapdProxy::lloadd(&slapd).await.unwrap() else { return };
    let Some(tools) = LdapTools::new(proxy.url()) else { return };
    let wrong = tools.clone().bind(&user_dn(4), "wrong").whoami().await.unwrap();
    assert_eq!(wrong.code, code::INVALID_CREDENTIALS);
    // This person may not read others: the balancer's account does it for her.
    let right = tools.bind(&user_dn(4), &user_password(4));
    let found = right.search(PEOPLE, "(uid=user00*)", &["mail"]).await.unwrap();
    assert_eq!((found.code, found.entries().len()), (code::SUCCESS, 20));
    assert!(cpu_time(proxy.pid()).is_ok());
}
