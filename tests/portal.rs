//! The portal as browsers and strangers meet it.

mod app_passwords;
mod browser;
mod console;
mod defences;
mod devices;
mod enrolment;
mod phones;
mod places;
mod programs;
mod seen;
mod sessions;
mod sign_in;

use vestibule_engine::User;

use crate::harness::{Daemon, Site, StoreKind, Token, add_user, enrol};
use browser::Browser;

const PASSWORD: &str = "correct horse";

/// A site with a portal where ada has an app for codes.
struct Portal {
    site: Site,
    daemon: Daemon,
    ada: User,
    token: Token,
}

impl Portal {
    async fn open() -> Self {
        Self::open_with("").await
    }

    /// The same, with more in the portal's section.
    async fn open_with(more: &str) -> Self {
        let mut site = Site::local(StoreKind::Sqlite).await.unwrap().unwrap();
        site.with_portal(more).unwrap();
        let store = site.store().await;
        let ada = add_user(&store, "ada", PASSWORD).await;
        add_user(&store, "eve", PASSWORD).await;
        let token = enrol(&store, ada.id).await;
        store.close().await;
        let daemon = site.start().await.unwrap();
        Self { site, daemon, ada, token }
    }

    /// Somebody who is signed in as ada.
    async fn signed_in(&self) -> Browser {
        let mut browser = Browser::new(&self.site);
        browser.sign_in("ada", PASSWORD).await;
        let page = browser.post("/sign-in/step", &[("code", &self.token.code())]).await;
        assert_eq!(page.path, "/devices", "{}", page.text);
        browser
    }

    /// Do something to the store beside the daemon.
    async fn store(&self) -> std::sync::Arc<vestibule_store::Handle> {
        self.site.store().await
    }

    async fn close(self) {
        self.daemon.stop().await;
    }
}
