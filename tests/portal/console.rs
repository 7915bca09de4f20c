//! The console as administrators, auditors and everybody else meet it, in front of the real store.

mod acts;
mod applications;
mod lists;
mod rights;
mod seen;

use vestibule_engine::User;

use super::browser::{Browser, Page};
use super::{PASSWORD, Portal};
use crate::harness::{Token, add_user, enrol, find};

const REMEMBERED: &str = "/console/remembered";
const FORGET: &str = "/console/remembered/forget";
const REASON: (&str, &str) = ("reason", "Ticket 4711");

/// Ada administers and Carl audits. The portal calls its local people `staff`.
const CONSOLE: &str = "  console:\n    administrators:\n      - {source: staff, users: [Ada]}\n    auditors:\n      \
                       - {source: staff, users: [carl]}\n";

/// A portal with a console, where eve is who it is about.
struct Office {
    portal: Portal,
    eve: User,
    carls: Token,
}

impl Office {
    async fn open() -> Self {
        let portal = Portal::open_with(CONSOLE).await;
        let store = portal.store().await;
        let carl = add_user(&store, "carl", PASSWORD).await;
        let carls = enrol(&store, carl.id).await;
        let eve = find(&store, "eve").await.unwrap();
        store.close().await;
        Self { portal, eve, carls }
    }

    async fn administrator(&self) -> Browser {
        self.portal.signed_in().await
    }

    async fn auditor(&self) -> Browser {
        let mut browser = Browser::new(&self.portal.site);
        browser.sign_in("carl", PASSWORD).await;
        let page = browser.post("/sign-in/step", &[("code", &self.carls.code())]).await;
        assert_eq!(page.path, "/devices", "{}", page.text);
        browser
    }

    /// The newest lines of the audit log.
    fn audit(&self) -> String {
        let told = self.portal.site.vestibule(&["audit", "tail", "--json"]);
        String::from_utf8_lossy(&told.stdout).into_owned()
    }
}

/// Where the form of a page that asks goes, with what it carries.
async fn confirm(browser: &mut Browser, page: &Page) -> Page {
    let action = page.text.split("<form method=\"post\" action=\"").nth(2).unwrap_or_else(|| panic!("{}", page.text));
    let (action, rest) = action.split_once('"').unwrap();
    let form = rest.split("</form>").next().unwrap();
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1).map(|field| {
        let (name, rest) = field.split_once('"').unwrap();
        (name, rest.split("value=\"").nth(1).unwrap().split('"').next().unwrap())
    });
    let fields: Vec<_> = fields.filter(|(name, _)| *name != "form").chain([REASON]).collect();
    browser.post(action, &fields).await
}
