//! The side of browsers: a WebSocket with a handful of JSON messages.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::book::{Acknowledged, Book};

pub(super) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, book: &Book) -> anyhow::Result<()> {
    let (mut to, mut from) = WebSocketStream::from_raw_socket(stream, Role::Server, None).await.split();
    let (say, mut said) = unbounded_channel();
    let mut session = Session { book, say, browser: None };
    loop {
        tokio::select! {
            Some(message) = said.recv() => to.send(Message::text(message.to_string())).await?,
            heard = from.next() => match heard {
                Some(Ok(Message::Text(text))) => session.hear(&serde_json::from_str(&text)?),
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => {}
                // Browsers hang up without a word when they end.
                Some(Err(_)) => return Ok(()),
            },
        }
    }
}

struct Session<'a> {
    book: &'a Book,
    say: UnboundedSender<Value>,
    /// The name it has here, once it said hello.
    browser: Option<String>,
}

impl Session<'_> {
    fn hear(&mut self, message: &Value) {
        let channel = message["channelID"].as_str().unwrap_or_default();
        match (message["messageType"].as_str(), &self.browser) {
            (Some("hello"), None) => self.browser = Some(self.book.arrive(message["uaid"].as_str(), &self.say)),
            (Some("register"), Some(browser)) => {
                let key = message["key"].as_str().map(str::to_owned);
                let endpoint = self.book.subscribe(browser, channel, key);
                self.answer(json!({
                    "messageType": "register", "channelID": channel, "status": 200, "pushEndpoint": endpoint,
                }));
            }
            (Some("unregister"), Some(browser)) => {
                self.book.unsubscribe(browser, channel);
                self.answer(json!({ "messageType": "unregister", "channelID": channel, "status": 200 }));
            }
            (Some("ack"), Some(browser)) => {
                for update in message["updates"].as_array().into_iter().flatten() {
                    let version = update["version"].as_str().unwrap_or_default().to_owned();
                    let code = update["code"].as_u64().unwrap_or_default();
                    self.book.acknowledge(browser, Acknowledged { version, code });
                }
            }
            // `{}` asks whether anybody is there.
            (None | Some("ping"), _) => self.answer(json!({})),
            // Subscriptions to broadcasts want no answer, and there are none.
            _ => {}
        }
    }

    fn answer(&self, message: Value) {
        // Nobody listens any more where the connection just ended.
        self.say.send(message).ok();
    }
}
