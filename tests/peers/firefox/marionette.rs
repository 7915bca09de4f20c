//! Marionette over one TCP connection: a command, its answer, and only then the next. Each message is JSON with its length
//! in front.
//!
//! The connection works on one window at a time; whoever asks says which, and the switch is made here.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A command that has no answer by then has none.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer is a page's text.
const MESSAGE_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// Resolves to what a function body brings, or to what it threw.
const WRAPPED: &str = "const done = arguments[arguments.length - 1];
    (async () => { BODY })().then((value) => done({ value: value ?? null }), (error) => done({ thrown: String(error) }));";

struct Command {
    /// `None`: whatever window, since the browser as a whole is meant.
    window: Option<String>,
    context: &'static str,
    name: String,
    params: Value,
    answer: oneshot::Sender<anyhow::Result<Value>>,
}

#[derive(Clone)]
pub(super) struct Marionette {
    say: mpsc::UnboundedSender<Command>,
    /// Ends with the last handle.
    _tasks: std::sync::Arc<JoinSet<()>>,
}

impl Marionette {
    pub(super) async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connect to Firefox")?;
        let mut wire = Wire { stream: BufReader::new(stream), next: 1, window: None, context: "content" };
        wire.read().await.context("read Firefox's greeting")?;
        wire.call("WebDriver:NewSession", json!({})).await?;
        let (say, said) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(wire.run(said));
        Ok(Self { say, _tasks: std::sync::Arc::new(tasks) })
    }

    /// A command about the browser as a whole.
    pub(super) async fn call(&self, name: &str, params: Value) -> anyhow::Result<Value> {
        self.send(None, "content", name, params).await
    }

    /// A command about one window.
    pub(super) async fn call_in(&self, window: &str, name: &str, params: Value) -> anyhow::Result<Value> {
        self.send(Some(window.to_owned()), "content", name, params).await
    }

    /// Run a function body in a window.
    pub(super) async fn run_in(&self, window: &str, body: &str) -> anyhow::Result<Value> {
        let came = self.call_in(window, "WebDriver:ExecuteAsyncScript", script(body)).await?;
        brought(&came, body)
    }

    pub(super) async fn as_browser(&self, body: &str) -> anyhow::Result<Value> {
        let came = self.send(None, "chrome", "WebDriver:ExecuteAsyncScript", script(body)).await?;
        brought(&came, body)
    }

    async fn send(
        &self,
        window: Option<String>,
        context: &'static str,
        name: &str,
        params: Value,
    ) -> anyhow::Result<Value> {
        let (answer, answered) = oneshot::channel();
        let command = Command { window, context, name: name.to_owned(), params, answer };
        self.say.send(command).map_err(|_| anyhow!("Firefox is gone"))?;
        match timeout(PATIENCE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => bail!("{name}: Firefox is gone"),
            Err(_) => bail!("{name}: no answer after {PATIENCE:?}"),
        }
    }
}

fn script(body: &str) -> Value {
    json!({ "script": WRAPPED.replace("BODY", body), "args": [], "scriptTimeout": PATIENCE.as_millis() / 2 })
}

fn brought(came: &Value, body: &str) -> anyhow::Result<Value> {
    match came["value"]["thrown"].as_str() {
        Some(thrown) => bail!("run {body}: {thrown}"),
        None => Ok(came["value"]["value"].clone()),
    }
}

struct Wire {
    stream: BufReader<TcpStream>,
    next: u64,
    window: Option<String>,
    context: &'static str,
}

impl Wire {
    async fn run(mut self, mut said: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = said.recv().await {
            let result = self.carry_out(&command).await;
            // Nobody listens any more after the patience ended.
            command.answer.send(result).ok();
        }
    }

    async fn carry_out(&mut self, command: &Command) -> anyhow::Result<Value> {
        if self.context != command.context {
            self.call("Marionette:SetContext", json!({ "value": command.context })).await?;
            self.context = command.context;
        }
        if command.window.is_some() && self.window != command.window {
            self.window = None;
            self.call("WebDriver:SwitchToWindow", json!({ "handle": command.window, "focus": false })).await?;
            self.window.clone_from(&command.window);
        }
        self.call(&command.name, command.params.clone()).await
    }

    async fn call(&mut self, name: &str, params: Value) -> anyhow::Result<Value> {
        let id = self.next;
        self.next += 1;
        let text = json!([0, id, name, params]).to_string();
        self.stream.write_all(format!("{}:{text}", text.len()).as_bytes()).await?;
        loop {
            let answer = self.read().await?;
            if answer[1] != json!(id) {
                continue;
            }
            return match &answer[2] {
                Value::Null => Ok(answer[3].clone()),
                error => bail!("{name}: {} ({})", error["message"], error["error"]),
            };
        }
    }

    async fn read(&mut self) -> anyhow::Result<Value> {
        let mut length = Vec::new();
        self.stream.read_until(b':', &mut length).await?;
        let octets: usize = std::str::from_utf8(&length)?.trim_end_matches(':').parse().context("Firefox is gone")?;
        if octets > MESSAGE_OCTETS_MAX {
            bail!("Firefox says {octets} octets at once");
        }
        let mut text = vec![0; octets];
        self.stream.read_exact(&mut text).await?;
        Ok(serde_json::from_slice(&text)?)
    }
}
