//! What a screen reader would be told.

use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::page::Page;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// One element as the accessibility tree has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub role: String,
    pub name: String,
    pub focusable: bool,
}

impl Page {
    /// The whole tree, in reading order, without what is ignored.
    pub async fn accessibility(&self) -> anyhow::Result<Vec<Named>> {
        let tree = self.call("Accessibility.getFullAXTree", json!({})).await?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        Ok(nodes.iter().filter(|node| node["ignored"] != json!(true)).map(Named::read).collect())
    }

    /// Whether something with this role and name is on the page now.
    pub async fn has(&self, role: &str, name: &str) -> anyhow::Result<bool> {
        Ok(self.named(role, name).await?.is_some())
    }

    pub(super) async fn wait_for_named(&self, role: &str, name: &str) -> anyhow::Result<u64> {
        let patience = Instant::now() + PATIENCE;
        loop {
            if let Ok(Some(node)) = self.named(role, name).await {
                return Ok(node);
            }
            if Instant::now() > patience {
                let text = self.text().await.unwrap_or_default();
                bail!("after {PATIENCE:?} there is no {role} {name:?}; the page says:\n{text}\n{:?}", self.problems());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn named(&self, role: &str, name: &str) -> anyhow::Result<Option<u64>> {
        let document = self.call("DOM.getDocument", json!({ "depth": 0 })).await?;
        let root = &document["root"]["backendNodeId"];
        let asked = json!({ "backendNodeId": root, "accessibleName": name, "role": role });
        let found = self.call("Accessibility.queryAXTree", asked).await?;
        let nodes = found["nodes"].as_array().cloned().unwrap_or_default();
        let shown = nodes.iter().find(|node| node["ignored"] != json!(true) && !is_disabled(node));
        Ok(shown.and_then(|node| node["backendDOMNodeId"].as_u64()))
    }
}

fn property<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    let properties = node["properties"].as_array()?;
    properties.iter().find(|property| property["name"] == name).map(|property| &property["value"]["value"])
}

fn is_disabled(node: &Value) -> bool {
    property(node, "disabled").is_some_and(|value| *value == json!(true))
}

impl Named {
    fn read(node: &Value) -> Self {
        let text = |field: &str| node[field]["value"].as_str().unwrap_or_default().to_owned();
        let focusable = property(node, "focusable").is_some_and(|value| *value == json!(true));
        Self { role: text("role"), name: text("name"), focusable }
    }
}
