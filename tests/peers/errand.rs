//! A client program run to its end: what it is told on its standard input, what it printed, and for how long we wait.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// Run `command` with `input`. Dropping the future kills the program, as a person does who closes its window.
pub(crate) async fn run(mut command: Command, input: &[u8], patience: Duration) -> anyhow::Result<Output> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {name}"))?;
    let stdin = child.stdin.take();
    let tell = async move {
        if let Some(mut stdin) = stdin {
            // One that ends before it has read everything says why in what it prints.
            stdin.write_all(input).await.ok();
        }
    };
    // Both at once: a program that prints as it reads would wait for us, and we for it.
    let both = async { tokio::join!(tell, child.wait_with_output()).1 };
    let output = timeout(patience, both).await.with_context(|| format!("{name} does not end within {patience:?}"))?;
    output.with_context(|| format!("wait for {name}"))
}
