//! What the page believes of its surroundings: size, colours, language, network, fingerprint reader.

use anyhow::Context;
use serde_json::{Value, json};

use super::page::Page;

/// A size of window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub touch: bool,
}

pub const PHONE: Screen = Screen { width: 360, height: 740, touch: true };
pub const DESKTOP: Screen = Screen { width: 1280, height: 800, touch: false };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Light,
    Dark,
}

impl Page {
    pub async fn screen(&self, screen: Screen) -> anyhow::Result<()> {
        let Screen { width, height, touch } = screen;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch });
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": touch })).await.map(drop)
    }

    pub async fn look(&self, look: Look, reduced_motion: bool) -> anyhow::Result<()> {
        let scheme = if look == Look::Dark { "dark" } else { "light" };
        let motion = if reduced_motion { "reduce" } else { "no-preference" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ] });
        self.call("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// The language the person chose for the browser, such as `de-DE`. Holds for pages opened afterwards.
    pub async fn language(&self, language: &str) -> anyhow::Result<()> {
        let agent = self.evaluate("navigator.userAgent").await?;
        self.agent(agent.as_str().unwrap_or_default(), language).await?;
        // An override that stands refuses another one.
        self.call("Emulation.setLocaleOverride", json!({})).await.ok();
        self.call("Emulation.setLocaleOverride", json!({ "locale": language })).await.map(drop)
    }

    /// What the browser says it is.
    pub async fn agent(&self, agent: &str, language: &str) -> anyhow::Result<()> {
        let wanted = json!({ "userAgent": agent, "acceptLanguage": language });
        self.call("Emulation.setUserAgentOverride", wanted).await.map(drop)
    }

    /// Cut the page off the network, or connect it again.
    pub async fn offline(&self, offline: bool) -> anyhow::Result<()> {
        let network = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.call("Network.emulateNetworkConditions", network).await.map(drop)
    }

    /// A fingerprint reader of the platform that always recognises the person. Gives its id.
    pub async fn virtual_authenticator(&self) -> anyhow::Result<String> {
        self.call("WebAuthn.enable", json!({})).await?;
        let options = json!({ "options": {
            "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "hasPrf": true, "isUserVerified": true, "automaticPresenceSimulation": true,
        } });
        let made = self.call("WebAuthn.addVirtualAuthenticator", options).await?;
        Ok(made["authenticatorId"].as_str().context("the authenticator has no id")?.to_owned())
    }

    /// Whether the virtual authenticator recognises the person from now on.
    pub async fn recognises(&self, authenticator: &str, recognised: bool) -> anyhow::Result<()> {
        let wanted = json!({ "authenticatorId": authenticator, "isUserVerified": recognised });
        self.call("WebAuthn.setUserVerified", wanted).await.map(drop)
    }

    /// A value that the page keeps for the time of the test, such as a stubbed function, before any script of it runs.
    pub async fn before_scripts(&self, source: &str) -> anyhow::Result<Value> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await
    }
}
