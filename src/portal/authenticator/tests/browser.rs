//! A phone in a person's hand: Chromium with the application open.

use vestibule_peers::chromium::{Chromium, Look, Options, PHONE, Page};

use super::gateway::Gateway;

pub(super) struct Phone {
    pub(super) gateway: Gateway,
    pub(super) chromium: Chromium,
    pub(super) page: Page,
}

impl Phone {
    /// Switched on, nothing opened yet. `None` where there is no Chromium.
    pub(super) async fn new() -> Option<Self> {
        Self::with(Options::default()).await
    }

    pub(super) async fn with(options: Options) -> Option<Self> {
        let gateway = Gateway::start().await;
        let options = Options { ca_file: Some(gateway.ca.ca_file()), ..options };
        let chromium = Chromium::start(options).await.unwrap()?;
        let page = chromium.page().await.unwrap();
        page.screen(PHONE).await.unwrap();
        page.look(Look::Light, true).await.unwrap();
        page.language("en-US").await.unwrap();
        chromium.permit(gateway.origin(), "notifications", "granted").await.unwrap();
        Some(Self { gateway, chromium, page })
    }

    /// With an account that is paired and confirmed, at home.
    pub(super) async fn paired() -> Option<Self> {
        let phone = Self::new().await?;
        phone.pair().await;
        Some(phone)
    }

    pub(super) async fn pair(&self) {
        self.page.goto(&self.gateway.invite()).await.unwrap();
        self.page.click("button", "Pair").await.unwrap();
        self.page.wait_for_text("Compare the code").await.unwrap();
        self.gateway.confirm();
        self.page.wait_for_text("This device is paired").await.unwrap();
        self.page.click("button", "Done").await.unwrap();
        self.page.wait_for("document.querySelector('.at-home')").await.unwrap();
    }

    /// What neither the gateway nor the browser may have complained about.
    pub(super) fn nothing_went_wrong(&self) {
        assert_eq!(self.gateway.complaints(), Vec::<String>::new());
        assert_eq!(self.page.problems(), Vec::<String>::new());
    }
}
