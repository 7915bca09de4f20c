//! `vestibule init`: everything a first start needs, and nothing overwritten.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use vestibule_engine::Clock;
use vestibule_store::Opening;
use zeroize::Zeroizing;

use super::files::{PRIVATE, READABLE, exists, folder, new_file, random_secret};
use super::{Failure, Outcome, command, context};
use crate::clock::{SystemClock, SystemRandom};
use crate::config;

/// Makes the configuration (where `--config` says) with a master key and a secret for testing beside it, the state
/// folder, and an empty store in it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder for what the gateway keeps
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/vestibule")]
    state: PathBuf,
}

pub async fn run(path: &Path, args: &Args) -> Outcome {
    let path = std::path::absolute(path).context("find the current folder")?;
    let state = std::path::absolute(&args.state).context("find the current folder")?;
    let base = path.parent().ok_or_else(|| Failure::usage("`--config` names no file"))?;
    let (key, secret) = (base.join("master.key"), base.join("radius-localhost.secret"));
    if let Some(present) = [&path, &key, &secret].into_iter().find(|file| file.exists()) {
        return Err(exists(present).into());
    }
    folder(base)?;
    folder(&state)?;
    let master_key = Zeroizing::new(vestibule_store::generate_master_key().context("make the master key")?);
    new_file(&key, format!("{}\n", *master_key).as_bytes(), PRIVATE)?;
    let shared = random_secret(&SystemRandom::new())?;
    new_file(&secret, format!("{}\n", *shared).as_bytes(), PRIVATE)?;
    new_file(&path, written_for(&state).as_bytes(), READABLE)?;
    let config = context::load(&path)?;
    let now = SystemClock::new().now();
    let store = vestibule_store::open(config.store, config.keyring, &config.node, Opening::Create, now).await;
    store.context("make the store")?.close().await;
    println!("{}", done(&path, &key, &state));
    Ok(())
}

/// The commented example, for this state folder.
fn written_for(state: &Path) -> String {
    // JSON is YAML: a path with anything strange in it is quoted.
    let shown = state.display().to_string();
    let state = if shown.contains(|c: char| !c.is_ascii_alphanumeric() && !"/_-.".contains(c)) {
        serde_json::to_string(&shown).unwrap_or(shown)
    } else {
        shown
    };
    config::EXAMPLE.replace("state: /var/lib/vestibule\n", &format!("state: {state}\n"))
}

fn done(path: &Path, key: &Path, state: &Path) -> String {
    let (path_shown, key, state) = (path.display(), key.display(), state.display());
    let next = |words: &str, what: &str| format!("  {}\n      {what}", command(path, words));
    [
        "Made:".to_owned(),
        format!("  {path_shown}\n      the configuration, with comments"),
        format!("  {key}\n      the master key; keep a copy somewhere else"),
        format!("  {state}\n      the state folder, with an empty store in it"),
        "\nNext:".to_owned(),
        next("users add ada", "a user that Vestibule keeps itself"),
        next("factors enrol totp ada", "codes on their phone"),
        next("run", "serve, in the foreground"),
        next("try radius --user ada", "sign in as a VPN gateway would"),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn init_makes_what_a_first_start_needs_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("etc/vestibule.yaml");
        let args = Args { state: folder.path().join("state here") };
        run(&path, &args).await.unwrap();
        let config = config::load(&path).into_result().unwrap();
        assert_eq!(config.state, folder.path().join("state here"));
        for secret in ["master.key", "radius-localhost.secret"] {
            let mode = fs::metadata(folder.path().join("etc").join(secret)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{secret}");
        }
        let key = fs::read(folder.path().join("etc/master.key")).unwrap();
        assert!(run(&path, &args).await.unwrap_err().to_string().contains("there already"));
        assert_eq!(fs::read(folder.path().join("etc/master.key")).unwrap(), key);
    }
}
