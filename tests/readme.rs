//! Every command of the README, typed in its order, as somebody does who reads it for the first time.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use totp_rs::Secret;
use vestibule_peers::certificates::TestCa;
use vestibule_peers::ports::Port;
use vestibule_peers::process::Process;
use vestibule_peers::readme::{page_blocks, readme_commands};
use vestibule_peers::slapd::{self, Slapd};
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
            "vestibule try ldap --user ada" => self.binds(command).await,
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

    /// In front of a directory, which the gateway has had none of: its door opens with the changed configuration. The people
    /// there have other names.
    async fn binds(&mut self, command: &str) {
        let Some(directory) = Slapd::start(slapd::Options::small()).await.unwrap() else { return };
        let port = Port::free().unwrap();
        self.opens_the_ldap_door(&directory, &port).await;
        let (name, password) = (slapd::user_name(1), format!("{}\n", slapd::user_password(1)));
        let command = command.replace("ada", &name);
        let refused = self.terminal.type_in(&command, &password).unwrap();
        assert!(!refused.succeeded && refused.printed.contains("not signed in"), "{}", refused.printed);
        self.enrols(&format!("vestibule factors enrol totp {name}"));
        let code = self.token.clone().unwrap().code();
        let printed = self.types(&format!("{command} --code {code}"), &password).printed;
        assert!(printed.contains("Signed in.") && printed.contains(&slapd::user_dn(1)), "{printed}");
    }

    /// What the README shows, with a directory, at a port that everybody may open.
    async fn opens_the_ldap_door(&mut self, directory: &Slapd, port: &Port) {
        let folder = self.folder.path().join("gateway");
        let ca = TestCa::new().unwrap();
        let issued = ca.server(&["localhost"]).unwrap();
        for (name, content) in [
            ("ldap.pem", std::fs::read_to_string(&issued.certificate_file).unwrap()),
            ("ldap.key", std::fs::read_to_string(&issued.key_file).unwrap()),
            ("reader.password", slapd::READER_PASSWORD.to_owned()),
        ] {
            std::fs::write(folder.join(name), content).unwrap();
            std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o600)).unwrap();
        }
        let shown = page_blocks("README.md", "yaml").unwrap();
        let shown = shown.iter().find(|block| block.starts_with("ldap:")).expect("the section about the LDAP door");
        let door = shown.replace("0.0.0.0:636", &port.address().to_string());
        let primary = format!(
            "primaries:\n  directory:\n    ldap:\n      servers: [\"{}\"]\n      tls: {{ca_file: \"{}\"}}\n      find:\n        \
             search: {{base: \"{}\", bind_dn: \"{}\", password: {{file: reader.password}}}}\n",
            directory.tls_url(),
            directory.ca().unwrap().ca_file().display(),
            slapd::PEOPLE,
            slapd::READER_DN
        );
        std::fs::create_dir_all(folder.join("conf.d")).unwrap();
        std::fs::write(folder.join("conf.d/ldap.yaml"), primary + &door).unwrap();
        let daemon = self.daemon.as_mut().unwrap();
        daemon.ready(async |printed| printed.contains("The changed configuration is in use")).await.unwrap();
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
