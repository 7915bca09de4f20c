//! Notifications, which Firefox draws itself where there is no desktop that would.

use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Firefox, Page};

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// As the window of a notification would get a click.
const CLICK: &str = "const shown = [...Services.wm.getEnumerator('alert:alert')].map((window) => window.document)
        .find((one) => one.getElementById('alertTitleLabel')?.getAttribute('value') === TITLE);
    shown?.getElementById('alertBox').click();
    return Boolean(shown);";

impl Page {
    /// The notifications of a service worker of this page's origin that are shown now: title, text, tag.
    pub async fn notifications(&self, scope: &str) -> anyhow::Result<Vec<(String, String, String)>> {
        let asked = format!(
            "navigator.serviceWorker.getRegistration({}).then((worker) => worker?.getNotifications() ?? [])\
             .then((all) => all.map(({{ title, body, tag }}) => [title, body, tag]))",
            json!(scope)
        );
        let told = self.evaluate(&asked).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = told.as_array().cloned().unwrap_or_default();
        Ok(all.iter().map(|one| (text(&one[0]), text(&one[1]), text(&one[2]))).collect())
    }
}

impl Firefox {
    /// Click on the notification with this title, once it stands on the screen.
    pub async fn click_notification(&self, title: &str) -> anyhow::Result<()> {
        let clicked = CLICK.replace("TITLE", &json!(title).to_string());
        let patience = Instant::now() + PATIENCE;
        while self.as_browser(&clicked).await? != json!(true) {
            if Instant::now() > patience {
                bail!("after {PATIENCE:?} no notification has the title {title:?}");
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}
