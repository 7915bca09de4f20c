//! Hands: clicks and keys as the browser would get them from a person, so that what needs a person's gesture gets one.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::page::Page;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(30);

impl Page {
    /// Click on what has this role and this accessible name (`button`, `Approve`), once it is there and can be hit.
    pub async fn click(&self, role: &str, name: &str) -> anyhow::Result<()> {
        let node = self.wait_for_named(role, name).await?;
        self.click_node(&json!({ "backendNodeId": node })).await.with_context(|| format!("click the {role} {name:?}"))
    }

    pub async fn click_selector(&self, selector: &str) -> anyhow::Result<()> {
        self.wait_for(&format!("document.querySelector({})", json!(selector))).await?;
        let node = self.node(selector).await?;
        self.click_node(&node).await.with_context(|| format!("click {selector}"))
    }

    /// Click into a field by its name, empty it, and type.
    pub async fn fill(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.click("textbox", name).await?;
        self.evaluate("document.activeElement.select?.()").await?;
        self.type_text(text).await
    }

    /// Type where the focus is.
    pub async fn type_text(&self, text: &str) -> anyhow::Result<()> {
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Press a key: `Enter`, `Tab`, `Escape`, `Backspace`, ` `, or a character.
    pub async fn press(&self, key: &str) -> anyhow::Result<()> {
        let (code, number, text) = match key {
            "Enter" => ("Enter", 13, "\r"),
            "Tab" => ("Tab", 9, ""),
            "Escape" => ("Escape", 27, ""),
            "Backspace" => ("Backspace", 8, ""),
            " " => ("Space", 32, " "),
            other => ("", other.chars().next().map_or(0, u32::from), other),
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number });
            if kind == "keyDown" {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Give a file to `input type=file`.
    pub async fn choose_file(&self, selector: &str, file: &std::path::Path) -> anyhow::Result<()> {
        let mut wanted = self.node(selector).await?;
        wanted["files"] = json!([file]);
        self.call("DOM.setFileInputFiles", wanted).await.map(drop)
    }

    async fn node(&self, selector: &str) -> anyhow::Result<Value> {
        let document = self.call("DOM.getDocument", json!({ "depth": 0 })).await?;
        let root = &document["root"]["nodeId"];
        let found = self.call("DOM.querySelector", json!({ "nodeId": root, "selector": selector })).await?;
        match found["nodeId"].as_u64() {
            Some(node) if node > 0 => Ok(json!({ "nodeId": node })),
            _ => bail!("nothing on the page is {selector}"),
        }
    }

    /// In its middle, after it came to rest: a place that still moves is missed.
    async fn click_node(&self, node: &Value) -> anyhow::Result<()> {
        let patience = Instant::now() + PATIENCE;
        let mut before = None;
        loop {
            let middle = self.middle_of(node).await?;
            if before == Some(middle) {
                return self.click_at(middle).await;
            }
            if Instant::now() > patience {
                bail!("it does not come to rest");
            }
            before = Some(middle);
            sleep(LOOK_EVERY).await;
        }
    }

    async fn middle_of(&self, node: &Value) -> anyhow::Result<(f64, f64)> {
        self.call("DOM.scrollIntoViewIfNeeded", node.clone()).await?;
        let quads = self.call("DOM.getContentQuads", node.clone()).await?;
        let corner = |at: usize| quads["quads"][0][at].as_f64().context("it has no place on the page");
        Ok(((corner(0)? + corner(4)?) / 2.0, (corner(1)? + corner(5)?) / 2.0))
    }

    async fn click_at(&self, (x, y): (f64, f64)) -> anyhow::Result<()> {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }
}
