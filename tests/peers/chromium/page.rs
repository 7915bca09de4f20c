//! A tab.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::connection::Connection;

/// What a page does not show by then it will not show. Generous: the machine may be building beside us.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(30);

pub struct Page {
    pub(super) connection: Connection,
    pub(super) session: String,
    target: String,
}

impl Page {
    pub(super) async fn attach(connection: &Connection, target: &str) -> anyhow::Result<Self> {
        let page = Self::join(connection, target).await?;
        for domain in ["Page", "Runtime", "Log", "DOM", "Network", "Audits", "Accessibility"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        // As if somebody looked at each of several pages.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        Ok(page)
    }

    pub(super) async fn join(connection: &Connection, target: &str) -> anyhow::Result<Self> {
        let wanted = json!({ "targetId": target, "flatten": true });
        let joined = connection.call(None, "Target.attachToTarget", wanted).await?;
        let session = joined["sessionId"].as_str().context("the tab gives no session")?.to_owned();
        Ok(Self { connection: connection.clone(), session, target: target.to_owned() })
    }

    /// Any command of DevTools in this tab.
    pub async fn call(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.connection.call(Some(&self.session), method, params).await
    }

    /// Go to an address and wait until the page is there.
    pub async fn goto(&self, address: &str) -> anyhow::Result<()> {
        let came = self.call("Page.navigate", json!({ "url": address })).await?;
        if let Some(error) = came["errorText"].as_str() {
            bail!("open {address}: {error}");
        }
        self.wait_for("document.readyState === 'complete'").await
    }

    pub async fn reload(&self) -> anyhow::Result<()> {
        // A mark that the new document does not have.
        self.evaluate("globalThis.beforeReload = true").await?;
        self.call("Page.reload", json!({})).await?;
        self.wait_for("!globalThis.beforeReload && document.readyState === 'complete'").await
    }

    /// The value of an expression; a promise is awaited.
    pub async fn evaluate(&self, expression: &str) -> anyhow::Result<Value> {
        let asked = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let came = self.call("Runtime.evaluate", asked).await?;
        if let Some(thrown) = came.get("exceptionDetails") {
            bail!("evaluate {expression}: {}", thrown["exception"]["description"].as_str().unwrap_or("it throws"));
        }
        Ok(came["result"]["value"].clone())
    }

    /// Wait until an expression is true.
    pub async fn wait_for(&self, expression: &str) -> anyhow::Result<()> {
        let patience = Instant::now() + PATIENCE;
        loop {
            // While a page is being replaced there is nothing to evaluate in.
            if self
                .evaluate(&format!("(async () => Boolean(await ({expression})))()"))
                .await
                .is_ok_and(|value| value == json!(true))
            {
                return Ok(());
            }
            if Instant::now() > patience {
                let text = self.text().await.unwrap_or_default();
                bail!(
                    "after {PATIENCE:?} it is still not so: {expression}\nthe page says:\n{text}\n{:?}",
                    self.problems()
                );
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
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let picture = STANDARD.decode(shot["data"].as_str().context("the screenshot has no data")?)?;
        std::fs::write(file, picture).with_context(|| format!("write {}", file.display()))
    }

    /// Whether the browser would install the page: what it misses, empty where nothing.
    pub async fn missing_for_installation(&self) -> anyhow::Result<Vec<String>> {
        let told = self.call("Page.getInstallabilityErrors", json!({})).await?;
        let errors = told["installabilityErrors"].as_array().cloned().unwrap_or_default();
        Ok(errors.iter().map(|error| error["errorId"].to_string()).collect())
    }

    /// Everything the browser complained about: the console's errors, exceptions, refusals by the content policy.
    pub fn problems(&self) -> Vec<String> {
        self.connection
            .events(&self.session)
            .iter()
            .filter_map(|event| complaint(&event.method, &event.params))
            .collect()
    }

    pub async fn close(self) -> anyhow::Result<()> {
        self.connection.call(None, "Target.closeTarget", json!({ "targetId": self.target })).await.map(drop)
    }
}

fn complaint(method: &str, params: &Value) -> Option<String> {
    let told = match method {
        "Runtime.consoleAPICalled" if params["type"] == "error" => params["args"].to_string(),
        "Runtime.exceptionThrown" => params["exceptionDetails"]["exception"]["description"].to_string(),
        "Log.entryAdded" if params["entry"]["level"] == "error" => {
            format!("{} {}", params["entry"]["text"], params["entry"]["url"])
        }
        "Audits.issueAdded" if params["issue"]["code"] == "ContentSecurityPolicyIssue" => {
            params["issue"]["details"].to_string()
        }
        _ => return None,
    };
    Some(told)
}
