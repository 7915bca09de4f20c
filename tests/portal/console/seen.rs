//! The console in a real browser: whole on a phone and at a desk, in both colours, in every language; text that can be read
//! and a focus that can be seen.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule::clock::{SystemClock, SystemRandom};
use vestibule_engine::{Clock, SecretBytes, Store, TokenKind, UserChange};
use vestibule_factors::AppPasswords;
use vestibule_peers::chromium::{Chromium, DESKTOP, Options};

use super::super::PASSWORD;
use super::super::browser::Browser;
use super::super::places::{REPEATS, remember};
use super::super::seen::Eyes;
use super::{Office, REMEMBERED};
use crate::harness::enrol;

/// Contrast of every text with what is behind it (WCAG 2.2, 1.4.3): those below 4.5 : 1.
const FAINT: &str = "(() => {
  const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (one) => { for (; one; one = one.parentElement) { const c = colour(getComputedStyle(one).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const told = [];
  for (const one of document.querySelectorAll('main *, nav *')) {
    const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || !one.getClientRects().length || one.closest('.hidden, script')) continue;
    const [a, b] = [light(colour(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) told.push(one.textContent.slice(0, 40) + ': ' + contrast.toFixed(2));
  }
  return told;
})()";

/// Cells whose text runs out of them, and labels that a phone does not show.
const SPILT: &str = "(() => {
  const told = [];
  for (const cell of document.querySelectorAll('.grid td:not(.pick)')) {
    if (cell.scrollWidth > cell.clientWidth + 1) told.push('spilt: ' + cell.textContent.trim().slice(0, 60));
    if (innerWidth < 720 && !cell.matches('.act') && !cell.dataset.label) told.push('no label: ' + cell.textContent.trim());
  }
  return told;
})()";

/// People with all that there is, with long names and with strange ones.
async fn furnish(office: &Office) {
    let store = office.portal.store().await;
    let now = SystemClock::new().now();
    let name = "Evangelina Aleksandrovna Hohenstein-Wagenknecht von und zu Unterbergen";
    for change in [
        UserChange::DisplayName(Some(name.to_owned())),
        UserChange::Mail(Some("evangelina.hohenstein-wagenknecht@subsidiary.example.com".to_owned())),
        UserChange::Groups(vec!["CN=VPN users,OU=Groups,DC=example,DC=com".to_owned(), "developers".to_owned()]),
    ] {
        store.change_user(office.eve.id, change, "test", now).await.unwrap();
    }
    enrol(&store, office.eve.id).await;
    for (number, service, station) in [
        (1, "ldap/jenkins", REPEATS),
        (2, "ldap/gitlab", "2001:db8:1234:5678:9abc:def0:1234:5678\u{1}00ff.01"),
        (3, "radius/vpn", "laptop-7"),
        (4, "radius/remote-access-gateway-frankfurt-am-main-2", "00-11-22-33-44-55:corporate-wireless-network-guests"),
    ] {
        remember(&store, number, &office.eve, service, station).await;
    }
    remember(&store, 5, &office.portal.ada, "ldap/jenkins", "192.0.2.11\u{1}00ff.01").await;
    let app_passwords =
        AppPasswords::new(store.as_store(), Arc::new(SystemClock::new()), Arc::new(SystemRandom::new()));
    app_passwords.make(office.eve.id, "ldap/jenkins", "Build server", "portal:eve").await.unwrap();
    store.close().await;
}

async fn look(eyes: &Eyes, name: &str) {
    eyes.look_for(name, &[FAINT, SPILT]).await;
}

/// Ada at her devices, in a browser.
async fn signed_in() -> Option<(Office, Chromium, Eyes)> {
    let office = Office::open().await;
    let options = Options { ca_file: Some(office.portal.site.portal().ca.ca_file()), ..Options::default() };
    let chromium = Chromium::start(options).await.unwrap()?;
    let eyes = Eyes::open(&chromium, &office.portal.site).await;
    eyes.sign_in("ada", PASSWORD).await;
    eyes.text("Enter your code").await;
    eyes.page.fill("Code", &office.portal.token.code()).await.unwrap();
    eyes.text("App for codes").await;
    Some((office, chromium, eyes))
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_the_console_are_whole_in_a_real_browser() {
    let Some((office, chromium, eyes)) = signed_in().await else { return };
    look(&eyes, "console-link").await;
    eyes.click("link", "Console").await;
    eyes.text("Nobody is remembered anywhere").await;
    look(&eyes, "console-empty").await;
    furnish(&office).await;
    eyes.goto(REMEMBERED).await;
    eyes.text("Repeated sign-in").await;
    look(&eyes, "console-remembered").await;
    is_on_top_while_the_list_is_scrolled(&eyes).await;
    eyes.goto(&format!("{REMEMBERED}?q=nobody")).await;
    look(&eyes, "console-none-fit").await;
    eyes.goto("/console/people").await;
    look(&eyes, "console-people").await;
    eyes.goto("/console/people?q=nobody").await;
    look(&eyes, "console-people-none").await;
    let person = format!("/console/people/{}", office.eve.id);
    eyes.goto(&person).await;
    look(&eyes, "console-person").await;
    for tag in ["de", "it", "fr", "es"] {
        for (name, path) in [("remembered", REMEMBERED), ("person", &person)] {
            eyes.goto(&format!("/language/{tag}?back={path}")).await;
            look(&eyes, &format!("console-{name}-{tag}")).await;
        }
    }
    drop(chromium);
    office.portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_in_the_console_are_whole_in_a_real_browser() {
    let Some((office, chromium, eyes)) = signed_in().await else { return };
    furnish(&office).await;
    eyes.goto(&format!("{REMEMBERED}?person={}", office.eve.id)).await;
    look(&eyes, "console-one-person").await;
    select_and_forget(&eyes).await;
    many_and_much(&office, &eyes, &format!("/console/people/{}", office.eve.id)).await;
    recovery_code_only(&office, &eyes).await;
    drop(chromium);
    office.portal.close().await;
}

/// The heading stays where it can be read.
async fn is_on_top_while_the_list_is_scrolled(eyes: &Eyes) {
    eyes.page.screen(DESKTOP).await.unwrap();
    let place = "getComputedStyle(document.querySelector('.grid th')).position";
    assert_eq!(eyes.page.evaluate(place).await.unwrap(), "sticky");
}

/// Sessions, somebody who is disabled, a list of many pages, and the questions before each act.
async fn many_and_much(office: &Office, eyes: &Eyes, person: &str) {
    let store = office.portal.store().await;
    let token = enrol(&store, office.eve.id).await;
    for number in 100..230 {
        remember(&store, number, &office.portal.ada, "radius/vpn", &format!("pc-{number}")).await;
    }
    store.close().await;
    let mut eve = Browser::new(&office.portal.site);
    eve.sign_in("eve", PASSWORD).await;
    assert_eq!(eve.post("/sign-in/step", &[("code", &token.code())]).await.path, "/devices");
    eyes.goto(&format!("{person}/sessions/end")).await;
    eyes.text("is signed out of these pages").await;
    look(eyes, "console-end").await;
    eyes.goto(person).await;
    let revoke = "document.querySelector('a[href$=\"/revoke\"]').click()";
    eyes.page.evaluate(revoke).await.unwrap();
    eyes.text("can no longer sign in to").await;
    look(eyes, "console-revoke").await;
    let store = office.portal.store().await;
    store.change_user(office.eve.id, UserChange::Enabled(false), "test", SystemClock::new().now()).await.unwrap();
    store.close().await;
    eyes.goto(person).await;
    look(eyes, "console-person-disabled").await;
    eyes.goto("/console/people").await;
    look(eyes, "console-people-disabled").await;
    eyes.goto(&format!("{REMEMBERED}?sort=person&page=2")).await;
    eyes.text("Previous page").await;
    look(eyes, "console-page-2").await;
    eyes.goto("/console/remembered/forget?all=yes").await;
    eyes.text("And the same for").await;
    look(eyes, "console-confirm-many").await;
}

/// What somebody sees whose last second step was a recovery code.
async fn recovery_code_only(office: &Office, eyes: &Eyes) {
    let (store, now) = (office.portal.store().await, SystemClock::new().now());
    for token in store.tokens_of(office.portal.ada.id, TokenKind::Session, now).await.unwrap() {
        let mut record: Value = serde_json::from_slice(token.payload.expose()).unwrap();
        record["proven_by"] = json!(["recovery-code"]);
        let payload = SecretBytes::new(serde_json::to_vec(&record).unwrap());
        assert!(store.change_token(TokenKind::Session, &token.digest, payload, token.expires).await.unwrap());
    }
    store.close().await;
    eyes.goto("/console/remembered/forget?all=yes").await;
    eyes.text("You last used a recovery code.").await;
    look(eyes, "console-lacks-a-step").await;
}

async fn select_and_forget(eyes: &Eyes) {
    let focus = "document.querySelector('.pick input').focus(); getComputedStyle(document.activeElement).outlineStyle";
    eyes.page.press("Tab").await.unwrap();
    assert_eq!(eyes.page.evaluate(focus).await.unwrap(), "solid", "a focus that is seen");
    for _ in 0..2 {
        eyes.page.evaluate("document.querySelector('.pick input:not(:checked)').click()").await.unwrap();
    }
    look(eyes, "console-selected").await;
    eyes.click("button", "Forget selected").await;
    eyes.text("This will happen:").await;
    look(eyes, "console-confirm").await;
    // What the field itself would let nobody write.
    eyes.page.evaluate("document.getElementById('reason').form.submit()").await.unwrap();
    eyes.text("Nothing was done.").await;
    look(eyes, "console-refused").await;
    eyes.page.fill("Reason", "Ticket 4711: laptop stolen on a train").await.unwrap();
    eyes.click("button", "Forget").await;
    eyes.text("Forgotten. The second step is asked for again.").await;
    look(eyes, "console-forgotten").await;
    eyes.goto("/again?then=/console/remembered/forget").await;
    look(eyes, "console-again").await;
}
