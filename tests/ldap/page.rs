//! Every command of the page about this door, typed in its order in front of slapd, as somebody does who follows it.

use std::path::Path;

use totp_rs::Secret;
use vestibule_peers::process::Process;
use vestibule_peers::readme::page_commands;
use vestibule_peers::slapd;
use vestibule_peers::terminal::{Terminal, Typed};

use crate::harness::{LdapSite, Site, StoreKind, Token, now, reader_account};

const PAGE: &str = "config/ldap-door.md";

/// Somebody at a terminal, who has written a configuration as the page shows.
struct Reader {
    site: Site,
    door: LdapSite,
    terminal: Terminal,
    token: Option<Token>,
    daemon: Option<Process>,
}

impl Reader {
    async fn new() -> Option<Self> {
        let mut site = Site::with_directory(StoreKind::Sqlite).await.unwrap()?;
        let door = site.with_ldap(&reader_account(), "").unwrap();
        site.store().await.close().await;
        site.file("ca.pem", std::fs::read(door.ca_file()).unwrap());
        let program = Path::new(env!("CARGO_BIN_EXE_vestibule"));
        let mut terminal = Terminal::new(site.folder.path(), &[program]).unwrap();
        terminal.type_in("export VESTIBULE_CONFIG=vestibule.yaml", "").unwrap();
        Some(Self { site, door, terminal, token: None, daemon: None })
    }

    /// The page speaks of somebody else, and of another gateway.
    fn here(&self, command: &str) -> String {
        let gateway = format!("localhost:{}", self.door.secure().port());
        command.replace(" ada", &format!(" {}", slapd::user_name(1))).replace("login.example.org", &gateway)
    }

    fn types(&mut self, command: &str, input: &str) -> Typed {
        let typed = self.terminal.type_in(&self.here(command), input).unwrap();
        assert!(typed.succeeded, "{command}\n{}", typed.printed);
        typed
    }

    async fn follow(&mut self, command: &str) {
        match command {
            "vestibule check" => assert!(self.types(command, "").printed.contains("LDAP: 127.0.0.1")),
            "vestibule run" => {
                let mut daemon = self.terminal.leave_running(command, &self.site.path("daemon.log")).unwrap();
                daemon.ready(async |printed| printed.contains("Listening on")).await.unwrap();
                self.daemon = Some(daemon);
            }
            "vestibule try ldap --user ada" => self.signs_in(command),
            "vestibule factors enrol totp ada" => self.enrols(command),
            "vestibule try ldap --user ada --server ldaps://login.example.org --ca ca.pem" => {
                // The code was used a moment ago, and this is the same sign-in still: the same text from the same address.
                let printed = self.with_code(command);
                assert!(printed.contains("Signed in."), "{printed}");
            }
            "vestibule app-passwords list ada" => {
                assert!(self.types(command, "").printed.contains("There is no app password."));
            }
            "vestibule app-passwords revoke --all-of ada" => drop(self.types(command, "")),
            "vestibule trust list ada" => {
                assert!(self.types(command, "").printed.contains("127.0.0.1 (repeated sign-in)"));
            }
            "vestibule audit tail" => assert!(self.types(command, "").printed.contains("ldap/app")),
            other => panic!("the page has a command that no test types: {other}"),
        }
    }

    /// Refused as long as there is no second step; then a code is asked for at a terminal, and told without one.
    fn signs_in(&mut self, command: &str) {
        if self.token.is_some() {
            let printed = self.with_code(command);
            assert!(printed.contains(&format!("dn:{}", slapd::user_dn(1))), "{printed}");
            return;
        }
        let typed = self.terminal.type_in(&self.here(command), &format!("{}\n", slapd::user_password(1))).unwrap();
        assert!(!typed.succeeded && typed.printed.contains("not signed in"), "{}", typed.printed);
    }

    fn with_code(&mut self, command: &str) -> String {
        let code = self.token.as_ref().unwrap().code();
        self.types(&format!("{command} --code {code}"), &format!("{}\n", slapd::user_password(1))).printed
    }

    fn enrols(&mut self, command: &str) {
        let printed = self.types(command, "\n").printed;
        let line = printed.lines().find_map(|line| line.split("key into it: ").nth(1)).unwrap();
        let key: String = line.chars().filter(char::is_ascii_alphanumeric).collect();
        let token = Token::with_key(Secret::try_from_base32(key).unwrap());
        let next = printed.lines().find_map(|line| line.strip_prefix("next: ")).unwrap();
        let code = token.code_at(now() - 30);
        self.types(&next.replace("CODE", &code), "");
        self.token = Some(token);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_page_about_the_ldap_door_does_what_it_says() {
    let Some(mut reader) = Reader::new().await else { return };
    let commands = page_commands(PAGE).unwrap();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in &commands {
        reader.follow(command).await;
    }
    reader.daemon.take().unwrap().terminate().await.unwrap();
}
