//! A window.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::marionette::Marionette;

/// What a page does not show by then it will not show. Generous: the machine may be building beside us.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub struct Page {
    pub(super) marionette: Marionette,
    pub(super) window: String,
}

impl Page {
    pub(super) fn new(marionette: &Marionette, window: &str) -> Self {
        Self { marionette: marionette.clone(), window: window.to_owned() }
    }

    /// Any command of Marionette in this window.
    pub async fn call(&self, name: &str, params: Value) -> anyhow::Result<Value> {
        self.marionette.call_in(&self.window, name, params).await
    }

    /// Go to an address and wait until the page is there.
    pub async fn goto(&self, address: &str) -> anyhow::Result<()> {
        self.call("WebDriver:Navigate", json!({ "url": address })).await.map(drop)
    }

    /// The value of an expression; a promise is awaited.
    pub async fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        self.marionette.run_in(&self.window, &format!("return await ({expression});")).await
    }

    /// Wait until an expression is true.
    pub async fn wait_for(&self, expression: &str) -> anyhow::Result<()> {
        let patience = Instant::now() + PATIENCE;
        loop {
            // While a page is being replaced there is nothing to evaluate in.
            let is_so = self.evaluate(&format!("(async () => Boolean(await ({expression})))()")).await;
            if matches!(is_so, Ok(Value::Bool(true))) {
                return Ok(());
            }
            if Instant::now() > patience {
                let text = self.text().await.unwrap_or_default();
                bail!("after {PATIENCE:?} it is still not so: {expression} ({is_so:?})\nthe page says:\n{text}");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Wait until these words can be read on the page.
    pub async fn wait_for_text(&self, words: &str) -> anyhow::Result<()> {
        self.wait_for(&format!("document.body?.innerText.includes({})", json!(words))).await
    }

    /// What can be read on the page.
    pub async fn text(&self) -> anyhow::Result<String> {
        let text = self.evaluate("document.body?.innerText ?? ''").await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// What is in the window, as a PNG file.
    pub async fn screenshot(&self, file: &Path) -> anyhow::Result<()> {
        let shot = self.call("WebDriver:TakeScreenshot", json!({ "full": false })).await?;
        let picture = STANDARD.decode(shot["value"].as_str().context("the screenshot has no data")?)?;
        std::fs::write(file, picture).with_context(|| format!("write {}", file.display()))
    }

    pub async fn close(self) -> anyhow::Result<()> {
        self.call("WebDriver:CloseWindow", json!({})).await.map(drop)
    }
}

pub(super) async fn find(marionette: &Marionette, address_begins: &str) -> anyhow::Result<Page> {
    let patience = Instant::now() + PATIENCE;
    loop {
        let windows = marionette.call("WebDriver:GetWindowHandles", json!({})).await?;
        for window in windows.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let page = Page::new(marionette, window);
            // A window may close between the list and the look.
            let address = page.evaluate("location.href").await.unwrap_or_default();
            if address.as_str().is_some_and(|address| address.starts_with(address_begins)) {
                return Ok(page);
            }
        }
        if Instant::now() > patience {
            bail!("after {PATIENCE:?} no window is at {address_begins}");
        }
        sleep(LOOK_EVERY).await;
    }
}
