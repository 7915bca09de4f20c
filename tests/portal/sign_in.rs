//! Signing in with a code, and what strangers are told.

use super::browser::Browser;
use super::{PASSWORD, Portal};

#[tokio::test(flavor = "multi_thread")]
async fn code_after_the_password_opens_a_session_that_shows_ones_devices() {
    let portal = Portal::open().await;
    let mut browser = Browser::new(&portal.site);
    let asked = browser.sign_in("ada", PASSWORD).await;
    assert_eq!(asked.path, "/sign-in/step");
    assert!(asked.says("Enter your code") && asked.says("ada"), "{}", asked.text);
    let wrong = browser.post("/sign-in/step", &[("code", &portal.token.wrong())]).await;
    assert!(wrong.says("That code did not match. Use the newest one."), "{}", wrong.text);
    let inside = browser.post("/sign-in/step", &[("code", &portal.token.code())]).await;
    assert_eq!(inside.path, "/devices");
    assert!(inside.says("App for codes") && inside.says("ada"), "{}", inside.text);
    assert!(!browser.cookies.contains_key("__Host-vestibule-signing-in"), "the way in is closed behind them");
    portal.close().await;
}

// ADM-04
#[tokio::test(flavor = "multi_thread")]
async fn strangers_hear_the_same_whether_name_password_or_enrolment_is_missing() {
    let portal = Portal::open().await;
    let mut told = Vec::new();
    for (user, password) in [("ada", "wrong"), ("nobody", "wrong"), ("eve", PASSWORD), ("ada", ""), ("", "wrong")] {
        let mut browser = Browser::new(&portal.site);
        let page = browser.sign_in(user, password).await;
        assert_eq!((page.status.as_u16(), page.path.as_str()), (200, "/sign-in"), "{user}");
        assert!(page.says("That did not work."), "{}", page.text);
        // What differs is what they typed themselves, where the cursor stands, and their form's own token.
        let text = page.text.replace(&browser.form, "").replace(&format!("value=\"{user}\""), "value=\"\"");
        told.push(text.replace(" autofocus", ""));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_is_in_the_language_of_its_reader() {
    let portal = Portal::open().await;
    let mut browser = Browser::new(&portal.site);
    for (tag, word) in
        [("de", "Anmelden"), ("it", "Accedi"), ("fr", "Connexion"), ("es", "Iniciar sesión"), ("en", "Sign in")]
    {
        let page = browser.get(&format!("/language/{tag}?back=%2Fsign-in")).await;
        assert_eq!(page.path, "/sign-in");
        assert!(page.says(word) && page.text.contains(&format!("<html lang=\"{tag}\"")), "{}", page.text);
    }
    let fresh = Browser::new(&portal.site);
    let asked = fresh.bare(reqwest::Method::GET, "/sign-in", &[("accept-language", "fr-CH, fr;q=0.9")], &[]).await;
    assert!(asked.text().await.unwrap().contains("Mot de passe"));
    portal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_you_forgets_who_was_on_the_way_in() {
    let portal = Portal::open().await;
    let mut browser = Browser::new(&portal.site);
    browser.sign_in("ada", PASSWORD).await;
    let kept = browser.clone();
    let page = browser.post("/sign-in/leave", &[]).await;
    assert_eq!(page.path, "/sign-in");
    let mut late = kept;
    let answered = late.post("/sign-in/step", &[("code", &portal.token.code())]).await;
    assert_eq!(answered.path, "/sign-in", "the code comes too late: {}", answered.text);
    portal.close().await;
}
