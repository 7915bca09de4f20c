//! Hands: clicks and keys as the browser would get them from a person, so that what needs a person's gesture gets one.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::page::Page;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What WebDriver calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The first element among those a selector finds that can be used now and bears the name.
const NAMED: &str = "[...document.querySelectorAll(SELECTOR)].find((one) => one.checkVisibility() && !one.disabled
    && (one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.textContent).trim() === NAME) ?? null";

impl Page {
    /// Click on the button of this name, once it is there and can be hit.
    pub async fn click(&self, name: &str) -> anyhow::Result<()> {
        self.click_on(&named("button, [role=button]", name)).await.with_context(|| format!("click {name:?}"))
    }

    pub async fn click_selector(&self, selector: &str) -> anyhow::Result<()> {
        let element = format!("document.querySelector({})", json!(selector));
        self.click_on(&element).await.with_context(|| format!("click {selector}"))
    }

    /// Type into the field of this name.
    pub async fn fill(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.type_in(&named("input, textarea", name), text).await.with_context(|| format!("fill {name:?}"))
    }

    pub async fn fill_selector(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let element = format!("document.querySelector({})", json!(selector));
        self.type_in(&element, text).await.with_context(|| format!("fill {selector}"))
    }

    /// Whether there is a button of this name now.
    pub async fn has_button(&self, name: &str) -> anyhow::Result<bool> {
        let there = self.evaluate(&format!("({}) !== null", named("button, [role=button]", name))).await?;
        Ok(there == json!(true))
    }

    async fn click_on(&self, element: &str) -> anyhow::Result<()> {
        self.until_it_works(element, "WebDriver:ElementClick", json!({})).await
    }

    async fn type_in(&self, element: &str, text: &str) -> anyhow::Result<()> {
        self.until_it_works(element, "WebDriver:ElementSendKeys", json!({ "text": text })).await
    }

    /// A screen that is being drawn anew may take the element away under our hand: look again.
    async fn until_it_works(&self, element: &str, command: &str, mut params: Value) -> anyhow::Result<()> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let tried = match self.evaluate(element).await {
                Ok(found) if found[ELEMENT].is_string() => {
                    params["id"] = found[ELEMENT].clone();
                    self.call(command, params.clone()).await
                }
                Ok(_) => Err(anyhow::anyhow!("it is not there")),
                Err(error) => Err(error),
            };
            let Err(error) = tried else { return Ok(()) };
            if Instant::now() > patience {
                bail!("after {PATIENCE:?}: {error:#}\nthe page says:\n{}", self.text().await.unwrap_or_default());
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

fn named(selector: &str, name: &str) -> String {
    NAMED.replace("SELECTOR", &json!(selector).to_string()).replace("NAME", &json!(name).to_string())
}
