//! Issue D, item 4: what an application repeats is seen in the console and taken back there, and the application asks again.

use vestibule_peers::ldap_tools::{Answer, code};

use super::super::browser::Browser;
use super::{REMEMBERED, confirm};
use crate::harness::{Daemon, LdapSite, Site, StoreKind, Token, enrol, find};

const PERSON: (&str, &str) = ("user0001", "pw-user0001");
const ADMINISTRATOR: (&str, &str) = ("user0002", "pw-user0002");

/// An application in front of a directory, whose people the portal asks too.
struct Works {
    site: Site,
    door: LdapSite,
    daemon: Daemon,
    persons: Token,
    administrators: Token,
}

impl Works {
    async fn open() -> Option<Self> {
        let mut site = Site::with_directory(StoreKind::Sqlite).await.unwrap()?;
        let door = site.with_ldap("      coalesce: 10m\n", "").unwrap();
        site.with_portal("  console: {administrators: [{source: staff, users: [user0002]}]}\n").unwrap();
        let daemon = site.start().await.unwrap();
        let mut tokens = Vec::new();
        for (name, password) in [PERSON, ADMINISTRATOR] {
            // The first sign-in makes a person of the directory known, and lets nobody in without a factor.
            Browser::new(&site).sign_in(name, password).await;
            let store = site.store().await;
            tokens.push(enrol(&store, find(&store, name).await.unwrap().id).await);
            store.close().await;
        }
        let (administrators, persons) = (tokens.pop().unwrap(), tokens.pop().unwrap());
        Some(Self { site, door, daemon, persons, administrators })
    }

    async fn administrator(&self) -> Browser {
        let mut browser = Browser::new(&self.site);
        browser.sign_in(ADMINISTRATOR.0, ADMINISTRATOR.1).await;
        let page = browser.post("/sign-in/step", &[("code", &self.administrators.code())]).await;
        assert_eq!(page.path, "/devices", "{}", page.text);
        browser
    }

    /// The application signs in as this person with this.
    async fn bind(&self, typed: &str) -> Option<Answer> {
        Some(self.door.person(PERSON.0, typed)?.whoami().await.unwrap())
    }
}

// LDP-24, LDP-25, ADM-02
#[tokio::test(flavor = "multi_thread")]
async fn repeated_sign_in_is_taken_back_in_the_console_and_the_application_needs_the_factor_again() {
    let Some(works) = Works::open().await else { return };
    let typed = format!("{},{}", PERSON.1, works.persons.code());
    let Some(first) = works.bind(&typed).await else { return };
    assert_eq!(first.code, code::SUCCESS, "{first:?}");
    assert_eq!(works.bind(&typed).await.unwrap().code, code::SUCCESS, "the code was used, and is remembered");

    let mut browser = works.administrator().await;
    let page = browser.get(REMEMBERED).await;
    for words in
        ["user0001", "staff/user0001", ">app</bdi> <span class=\"muted\">LDAP", "127.0.0.1", "Repeated sign-in"]
    {
        assert!(page.says(words), "{words}: {}", page.text);
    }
    let id = page.value("id");
    let asked = browser.get(&format!("/console/remembered/forget?id={id}")).await;
    let sentence = "User 1 (staff/user0001) is asked for the second step again at app from 127.0.0.1.";
    assert!(asked.says(sentence), "{}", asked.text);
    assert_eq!(works.bind(&typed).await.unwrap().code, code::SUCCESS, "asking is not doing");
    let done = confirm(&mut browser, &asked).await;
    assert!(done.says("Forgotten. The second step is asked for again."), "{}", done.text);

    assert_eq!(works.bind(&typed).await.unwrap().code, code::INVALID_CREDENTIALS, "the code was used before");
    let store = works.site.store().await;
    let other = enrol(&store, find(&store, PERSON.0).await.unwrap().id).await;
    store.close().await;
    let anew = format!("{},{}", PERSON.1, other.code());
    assert_eq!(works.bind(&anew).await.unwrap().code, code::SUCCESS, "with another factor it goes on");
    let audit = works.site.vestibule(&["audit", "tail"]);
    let audit = String::from_utf8_lossy(&audit.stdout);
    assert!(audit.contains("forget ldap/app from 127.0.0.1, by console:staff/user0002: Ticket 4711"), "{audit}");
    works.daemon.stop().await;
}
