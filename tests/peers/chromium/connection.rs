//! DevTools over one WebSocket: commands with an answer each, events kept in the order they came.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// A command that has no answer by then has none; screenshots and slow machines included.
const PATIENCE: Duration = Duration::from_secs(60);
/// A screenshot of a long page is a few MiB.
const MESSAGE_OCTETS_MAX: usize = 256 * 1024 * 1024;

type Answer = oneshot::Sender<Result<Value, String>>;

/// Something that happened in a session.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) session: String,
    pub(super) method: String,
    pub(super) params: Value,
}

#[derive(Default)]
struct Heard {
    pending: HashMap<u64, Answer>,
    events: Vec<Event>,
}

struct Shared {
    heard: Mutex<Heard>,
    next: AtomicU64,
    say: mpsc::UnboundedSender<Message>,
    /// Ends with the last handle.
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
pub(super) struct Connection(Arc<Shared>);

impl Connection {
    pub(super) async fn open(address: &str) -> anyhow::Result<Self> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_OCTETS_MAX))
            .max_frame_size(Some(MESSAGE_OCTETS_MAX));
        let (socket, _) = tokio_tungstenite::connect_async_with_config(address, Some(config), true)
            .await
            .with_context(|| format!("connect to {address}"))?;
        let (say, said) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let shared = Arc::new_cyclic(|weak: &std::sync::Weak<Shared>| {
            let weak = weak.clone();
            tasks.spawn(run(socket, said, weak));
            Shared { heard: Mutex::default(), next: AtomicU64::new(1), say, _tasks: tasks }
        });
        Ok(Self(shared))
    }

    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> anyhow::Result<Value> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.0.heard().pending.insert(id, answer);
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        self.0.say.send(Message::text(command.to_string())).map_err(|_| anyhow!("Chromium is gone"))?;
        match timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(refusal))) => bail!("{method}: {refusal}"),
            Ok(Err(_)) => bail!("{method}: Chromium is gone"),
            Err(_) => bail!("{method}: no answer after {PATIENCE:?}"),
        }
    }

    /// Everything that happened in a session so far.
    pub(super) fn events(&self, session: &str) -> Vec<Event> {
        self.0.heard().events.iter().filter(|event| event.session == session).cloned().collect()
    }
}

impl Shared {
    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return };
        let mut heard = self.heard();
        if let Some(answer) = message["id"].as_u64().and_then(|id| heard.pending.remove(&id)) {
            let result = match message.get("error") {
                Some(error) => Err(error["message"].as_str().unwrap_or("refused").to_owned()),
                None => Ok(message["result"].clone()),
            };
            // Nobody listens any more after the patience ended.
            answer.send(result).ok();
        } else if let Some(method) = message["method"].as_str() {
            let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
            heard.events.push(Event { session, method: method.to_owned(), params: message["params"].clone() });
        }
    }
}

async fn run(
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut said: mpsc::UnboundedReceiver<Message>,
    shared: std::sync::Weak<Shared>,
) {
    let (mut to, mut from) = socket.split();
    loop {
        tokio::select! {
            Some(message) = said.recv() => if to.send(message).await.is_err() { return },
            heard = from.next() => match (heard, shared.upgrade()) {
                (Some(Ok(Message::Text(text))), Some(shared)) => shared.hear(&text),
                (Some(Ok(_)), Some(_)) => {}
                _ => break,
            },
        }
    }
    // Whoever waits learns that there is nothing to wait for.
    if let Some(shared) = shared.upgrade() {
        shared.heard().pending.clear();
    }
}
