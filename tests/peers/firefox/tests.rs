//! The driver alone, on pages that need nobody.

use serde_json::json;

use super::{Firefox, Options};

const FORM: &str = "data:text/html,<meta charset=utf-8><label>Name <input id=name></label>\
                    <button onclick=\"out.textContent = 'Hello ' + document.getElementById('name').value\">Greet</button>\
                    <button disabled>Never</button><p id=out></p>";

#[tokio::test]
async fn what_is_typed_and_clicked_in_one_window_stays_in_that_window() {
    let Some(firefox) = Firefox::start(&Options::default()).await.unwrap() else { return };
    let (one, other) = (firefox.page().await.unwrap(), firefox.page().await.unwrap());
    for page in [&one, &other] {
        page.goto(FORM).await.unwrap();
    }
    one.fill("Name", "Ada").await.unwrap();
    one.click("Greet").await.unwrap();
    one.wait_for_text("Hello Ada").await.unwrap();
    assert!(!one.has_button("Never").await.unwrap() && one.has_button("Greet").await.unwrap());
    assert!(!other.text().await.unwrap().contains("Hello"));
    assert_eq!(
        other.evaluate("Promise.resolve({ visible: document.visibilityState })").await.unwrap()["visible"],
        "visible"
    );
    assert!(one.evaluate("nothing.there").await.unwrap_err().to_string().contains("ReferenceError"));
    assert_eq!(firefox.as_browser("return Services.appinfo.name").await.unwrap(), json!("Firefox"));
}
