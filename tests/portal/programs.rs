//! From the page where an app password is made to the program that signs in with it: the portal and the LDAP door in front
//! of one directory.

use vestibule_peers::chromium::{Chromium, Options};
use vestibule_peers::ldap_tools::{Answer, code};
use vestibule_peers::slapd;

use super::browser::{Browser, Page};
use super::seen::Eyes;
use crate::harness::{Daemon, LdapSite, Site, StoreKind, Token, enrol, find};

const NAME: &str = "user0001";
const PASSWORD: &str = "pw-user0001";

/// One application takes app passwords, another does not.
struct Programs {
    site: Site,
    door: LdapSite,
    daemon: Daemon,
    token: Token,
}

impl Programs {
    async fn open() -> Option<Self> {
        let mut site = Site::with_directory(StoreKind::Sqlite).await.unwrap()?;
        let strict = "    strict:\n      addresses: [\"192.0.2.1\"]\n      primary: staff\n";
        let door = site.with_ldap("      app_passwords: true\n", strict).unwrap();
        site.with_portal("").unwrap();
        let daemon = site.start().await.unwrap();
        // The first sign-in makes a person of the directory known, and lets nobody in without a factor.
        Browser::new(&site).sign_in(NAME, PASSWORD).await;
        let store = site.store().await;
        let token = enrol(&store, find(&store, NAME).await.unwrap().id).await;
        store.close().await;
        Some(Self { site, door, daemon, token })
    }

    async fn signed_in(&self) -> Browser {
        let mut browser = Browser::new(&self.site);
        browser.sign_in(NAME, PASSWORD).await;
        let page = browser.post("/sign-in/step", &[("code", &self.token.code())]).await;
        assert_eq!(page.path, "/devices", "{}", page.text);
        browser
    }

    /// A program that signs in as this person with this.
    async fn program(&self, name: &str, typed: &str) -> Option<Answer> {
        Some(self.door.person(name, typed)?.whoami().await.unwrap())
    }
}

fn secret_on(page: &Page) -> String {
    let after = page.text.split("id=\"secret\">").nth(1).unwrap_or_else(|| panic!("no secret: {}", page.text));
    after.split('<').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn app_password_made_in_the_portal_lets_one_program_in_until_it_is_revoked() {
    let Some(programs) = Programs::open().await else { return };
    let mut browser = programs.signed_in().await;
    let form = browser.get("/app-passwords/new").await;
    assert!(form.says(">app</option>") && !form.says("strict"), "{}", form.text);
    let refused = browser.post("/app-passwords/new", &[("service", "ldap/strict"), ("label", "x")]).await;
    assert_eq!(refused.status.as_u16(), 404, "{}", refused.text);
    browser.get("/app-passwords/new").await;
    let made = browser.post("/app-passwords/new", &[("service", "ldap/app"), ("label", "Build server")]).await;
    let secret = secret_on(&made);

    let Some(known) = programs.program(NAME, &secret).await else { return };
    assert_eq!((known.code, known.printed.trim()), (code::SUCCESS, &*format!("dn:{}", slapd::user_dn(1))), "{known:?}");
    let typed = secret.replace('-', "").to_uppercase();
    assert_eq!(programs.program(NAME, &typed).await.unwrap().code, code::SUCCESS, "as somebody types it");
    let last = if secret.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{last}", secret.strip_suffix(|_: char| true).unwrap());
    for (name, typed) in [(NAME, wrong.as_str()), ("user0002", &secret)] {
        assert_eq!(programs.program(name, typed).await.unwrap().code, code::INVALID_CREDENTIALS, "{name}");
    }
    let elsewhere = Browser::new(&programs.site).sign_in(NAME, &secret).await;
    assert!(elsewhere.says("That did not work."), "it is no password of the portal: {}", elsewhere.text);

    let history = browser.get("/history").await;
    assert!(history.says("Signed in to app with the app password Build server"), "{}", history.text);
    let list = browser.get("/app-passwords").await;
    assert!(list.says("Last used") && !list.says("Never used") && !list.says(&secret), "{}", list.text);
    let gone = browser.post(&list.link("/app-passwords/").replace("/new", ""), &[]).await;
    assert!(gone.says("Revoked. It opens nothing any more."), "{}", gone.text);
    assert_eq!(programs.program(NAME, &secret).await.unwrap().code, code::INVALID_CREDENTIALS);
    programs.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_app_passwords_is_whole_in_a_real_browser() {
    let Some(programs) = Programs::open().await else { return };
    let options = Options { ca_file: Some(programs.site.portal().ca.ca_file()), ..Options::default() };
    let Some(chromium) = Chromium::start(options).await.unwrap() else { return };
    let eyes = Eyes::open(&chromium, &programs.site).await;
    chromium.permit(&programs.site.portal().origin, "clipboard-read", "granted").await.unwrap();
    eyes.sign_in(NAME, PASSWORD).await;
    eyes.text("Enter your code").await;
    eyes.page.fill("Code", &programs.token.code()).await.unwrap();
    eyes.text("App for codes").await;

    eyes.click("link", "App passwords").await;
    eyes.text("You have none yet.").await;
    eyes.look("app-passwords-none").await;
    eyes.click("link", "Make an app password").await;
    eyes.text("Give it to one program").await;
    eyes.look("app-password-new").await;
    eyes.page.fill("Name", "Thunderbird on the old laptop").await.unwrap();
    eyes.click("button", "Make it").await;
    eyes.text("Your app password").await;
    eyes.look("app-password-made").await;
    let shown = eyes.page.evaluate("document.getElementById('secret').textContent").await.unwrap();
    assert!(shown.as_str().unwrap().starts_with("vap-"));
    eyes.click("button", "Copy").await;
    eyes.text("Copied.").await;
    assert_eq!(eyes.page.evaluate("navigator.clipboard.readText()").await.unwrap(), shown);
    eyes.look("app-password-copied").await;
    eyes.click("link", "I have it").await;
    eyes.text("It works from now on.").await;
    eyes.look("app-passwords").await;
    eyes.goto("/app-passwords/new").await;
    // What the field itself would let nobody write.
    let field = "document.getElementById('label')";
    eyes.page.evaluate(&format!("{field}.value = 'two  spaces'; {field}.form.submit()")).await.unwrap();
    eyes.text("That name cannot be used.").await;
    eyes.look("app-password-refused").await;
    for tag in ["de", "it", "fr", "es"] {
        for (name, path) in [("list", "/app-passwords"), ("new", "/app-passwords/new")] {
            eyes.goto(&format!("/language/{tag}?back={path}")).await;
            eyes.look(&format!("app-passwords-{name}-{tag}")).await;
        }
    }
    eyes.goto("/language/en?back=/app-passwords").await;
    eyes.page.click_selector("a[href$='/revoke']").await.unwrap();
    eyes.text("The program that uses it").await;
    eyes.look("app-password-revoke").await;
    eyes.click("button", "Revoke").await;
    eyes.text("Revoked. It opens nothing any more.").await;
    drop(chromium);
    programs.daemon.stop().await;
}
