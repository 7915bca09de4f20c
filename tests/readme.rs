//! Every command of the README, typed in its order, as somebody does who reads it for the first time.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use totp_rs::Secret;
use vestibule_peers::ports::Port;
use vestibule_peers::process::Process;
use vestibule_peers::readme::readme_commands;
use vestibule_peers::terminal::{Terminal, Typed};

use crate::harness::{Token, now};

const PASSWORD: &str = "correct horse battery";

/// Somebody at a terminal, and what they hold.
struct Reader {
    folder: TempDir,
    terminal: Terminal,
    port: Port,
    token: Option<Token>,
    daemon: Option<Process>,
}

impl Reader {
    fn new() -> Self {
        let folder = TempDir::with_prefix("vestibule-readme-").unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_vestibule"));
        let terminal = Terminal::new(folder.path(), &[program]).unwrap();
        Self { folder, terminal, port: Port::free().unwrap(), token: None, daemon: None }
    }

    fn types(&mut self, command: &str, input: &str) -> Typed {
        let typed = self.terminal.type_in(command, input).unwrap();
        assert!(typed.succeeded, "{command}\n{}", typed.printed);
        typed
    }

    /// "Edit gateway/vestibule.yaml": another port than the one that only a whole machine can give.
    fn edits(&self) {
        let path = self.folder.path().join("gateway/vestibule.yaml");
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.contains("0.0.0.0:1812"), "{written}");
        std::fs::write(&path, written.replace("0.0.0.0:1812", &format!("127.0.0.1:{}", self.port.number()))).unwrap();
    }

    async fn follow(&mut self, command: &str) {
        match command {
            "cargo run --release -- demo" => self.sees_the_demo().await,
            "./tests/run" => is_what_ci_runs(),
            command if command.starts_with("export ") => drop(self.types(command, "")),
            "vestibule init --state gateway/state" => {
                self.types(command, "");
                self.edits();
            }
            "vestibule check" => drop(self.types(command, "")),
            "vestibule config reference" => {
                assert!(self.types(command, "").printed.contains("require_message_authenticator"));
            }
            "vestibule users add ada" => drop(self.types(command, &format!("{PASSWORD}\n{PASSWORD}\n"))),
            "vestibule factors enrol totp ada" => self.enrols(command),
            "vestibule run" => {
                let mut daemon = self.terminal.leave_running(command, &self.folder.path().join("daemon.log")).unwrap();
                daemon.ready(async |printed| printed.contains("Listening on radius")).await.unwrap();
                self.daemon = Some(daemon);
            }
            "vestibule try radius --user ada" => self.signs_in(command),
            "vestibule users invite ada" => {
                let printed = self.types(command, "").printed;
                assert!(printed.contains("ada"), "{printed}");
            }
            "vestibule devices list ada" => drop(self.types(command, "")),
            "vestibule audit tail" => assert!(self.types(command, "").printed.contains("ada")),
            "vestibule audit verify" => drop(self.types(command, "")),
            other => panic!("the README has a command that no test types: {other}"),
        }
    }

    fn enrols(&mut self, command: &str) {
        let printed = self.types(command, "\n").printed;
        let line =
            printed.lines().find_map(|line| line.split("key into it: ").nth(1)).unwrap_or_else(|| panic!("{printed}"));
        let key: String = line.chars().filter(char::is_ascii_alphanumeric).collect();
        let token = Token::with_key(Secret::try_from_base32(key).unwrap());
        let next = printed.lines().find_map(|line| line.strip_prefix("next: ")).unwrap();
        // Without its proof it is no second step (OTP-10).
        let code = token.code_at(now() - 30);
        self.types(&next.replace("CODE", &code), "");
        self.token = Some(token);
    }

    fn signs_in(&mut self, command: &str) {
        let token = self.token.clone().unwrap();
        // At a terminal it asks for the code; without one it is told.
        let answer = |code: &str| format!("{command} --code {code}");
        let refused = self.terminal.type_in(&answer(&token.wrong()), &format!("{PASSWORD}\n")).unwrap();
        assert!(!refused.printed.contains("Access-Accept"), "{}", refused.printed);
        let printed = self.types(&answer(&token.code()), &format!("{PASSWORD}\n")).printed;
        assert!(printed.contains("Access-Challenge") && printed.contains("Access-Accept"), "{printed}");
        assert!(!printed.contains(PASSWORD), "the password is on the screen: {printed}");
    }

    async fn sees_the_demo(&self) {
        let log = self.folder.path().join("demo.log");
        let mut demo = self.terminal.leave_running("vestibule demo", &log).unwrap();
        demo.ready(async |printed| printed.contains("try radius")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(demo);
    }
}

fn is_what_ci_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(root.join("tests/run").exists());
    assert!(std::fs::read_to_string(root.join(".ci/run")).unwrap().contains("./tests/run"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_does_what_it_says() {
    let commands = readme_commands().unwrap();
    assert!(commands.len() >= 10, "{commands:?}");
    assert_eq!(commands.first().map(String::as_str), Some("cargo run --release -- demo"));
    assert_eq!(commands.get(1).map(String::as_str), Some("./tests/run"));
    let mut reader = Reader::new();
    for command in &commands {
        reader.follow(command).await;
    }
    reader.daemon.take().unwrap().terminate().await.unwrap();
}
