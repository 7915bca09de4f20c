//! Service workers: push messages delivered by DevTools, for the browser's own push service cannot be reached in a test.

use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::connection::Connection;
use super::page::Page;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// The worker as a target of its own, once it runs.
pub(super) async fn attach(connection: &Connection, address_end: &str) -> anyhow::Result<Page> {
    let patience = Instant::now() + PATIENCE;
    loop {
        let told = connection.call(None, "Target.getTargets", json!({})).await?;
        let targets = told["targetInfos"].as_array().cloned().unwrap_or_default();
        let found = targets.iter().find(|target| {
            target["type"] == "service_worker" && target["url"].as_str().is_some_and(|url| url.ends_with(address_end))
        });
        if let Some(target) = found.and_then(|target| target["targetId"].as_str()) {
            let worker = Page::join(connection, target).await?;
            worker.call("Runtime.enable", json!({})).await?;
            return Ok(worker);
        }
        if Instant::now() > patience {
            bail!("no service worker {address_end} runs after {PATIENCE:?}");
        }
        sleep(LOOK_EVERY).await;
    }
}

impl Page {
    /// Hand a push message to the service worker of this page, as if its push service had.
    pub async fn deliver_push(&self, origin: &str, scope: &str, data: &str) -> anyhow::Result<()> {
        // A message to a worker that is not active yet is lost without a word.
        self.wait_for("navigator.serviceWorker.ready.then(() => true)").await?;
        self.call("ServiceWorker.enable", json!({})).await?;
        let registration = self.registration(scope).await?;
        let message = json!({ "origin": origin, "registrationId": registration, "data": data });
        self.call("ServiceWorker.deliverPushMessage", message).await.map(drop)
    }

    async fn registration(&self, scope: &str) -> anyhow::Result<Value> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let events = self.connection.events(&self.session);
            let told = events.iter().rev().filter(|event| event.method == "ServiceWorker.workerRegistrationUpdated");
            let all = told.filter_map(|event| event.params["registrations"].as_array().cloned()).flatten();
            let wanted = all.into_iter().find(|one| one["scopeURL"] == scope && one["isDeleted"] == json!(false));
            if let Some(registration) = wanted {
                return Ok(registration["registrationId"].clone());
            }
            if Instant::now() > patience {
                bail!("no service worker is registered for {scope} after {PATIENCE:?}");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The notifications that are shown for this page: title, text, tag.
    ///
    /// Not to be asked over and over while one is being shown: Chromium puts its list in order at each question, and then
    /// forgets the one that is on its way (3 of 8 runs on a busy machine). Ask once the worker's promise has resolved.
    pub async fn notifications(&self) -> anyhow::Result<Vec<(String, String, String)>> {
        let asked = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())\
                     .then((all) => all.map(({ title, body, tag }) => [title, body, tag]))";
        let told = self.evaluate(asked).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = told.as_array().cloned().unwrap_or_default();
        Ok(all.iter().map(|one| (text(&one[0]), text(&one[1]), text(&one[2]))).collect())
    }
}
