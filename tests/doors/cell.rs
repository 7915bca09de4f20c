//! One cell of the matrix: a person at a door.

use std::sync::Arc;
use std::time::Duration;

use vestibule::clock::SystemClock;
use vestibule::phone::Phone;
use vestibule_engine::{AuditEvent, Clock, Decision, Position, Store, UserChange};
use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_peers::radclient::{Answer, Radclient, Reply};
use vestibule_store::Handle;

use crate::harness::{Daemon, LdapSite, Site, Token, challenge, enrol, find, pap};

/// What came back, in words that belong to no protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    LetIn,
    Refused,
    /// A question, and the handle for its answer.
    Asked(String),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    RadiusPap,
    RadiusChallenge,
    /// A code behind a comma, over `ldaps://`.
    LdapBind,
    /// A code right behind the password, over StartTLS.
    LdapBindAppended,
}

impl Door {
    pub(crate) fn all() -> [Self; 4] {
        [Self::RadiusPap, Self::RadiusChallenge, Self::LdapBind, Self::LdapBindAppended]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RadiusPap => "radius-pap",
            Self::RadiusChallenge => "radius-challenge",
            Self::LdapBind => "ldap-bind",
            Self::LdapBindAppended => "ldap-bind-appended",
        }
    }

    /// Whether the client is asked for the second step, and does not bring it along.
    pub(crate) fn asks(self) -> bool {
        self == Self::RadiusChallenge
    }

    /// What is typed where a code comes with the password.
    pub(crate) fn with_code(self, password: &str, code: &str) -> String {
        match self {
            Self::RadiusPap | Self::RadiusChallenge | Self::LdapBind => format!("{password},{code}"),
            Self::LdapBindAppended => format!("{password}{code}"),
        }
    }

    /// A person with a password and perhaps a code signs in, in the way of this door.
    pub(crate) async fn sign_in(self, stage: &Stage, name: &str, password: &str, code: Option<&str>) -> Seen {
        match (self, code) {
            (Self::RadiusPap | Self::LdapBind | Self::LdapBindAppended, Some(code)) => {
                self.first(stage, name, &self.with_code(password, code)).await
            }
            (_, None) => self.first(stage, name, password).await,
            (Self::RadiusChallenge, Some(code)) => match self.first(stage, name, password).await {
                Seen::Asked(handle) => self.reply(stage, name, &handle, code).await,
                other => other,
            },
        }
    }

    /// The first step alone.
    pub(crate) async fn first(self, stage: &Stage, name: &str, password: &str) -> Seen {
        match self {
            Self::RadiusPap => seen(stage.pap.login(name, password).await),
            Self::RadiusChallenge => seen(stage.challenge.login(name, password).await),
            Self::LdapBind | Self::LdapBindAppended => self.bind(stage, name, password).await,
        }
    }

    /// OpenLDAP's own client, which asks who it is once it is let in.
    async fn bind(self, stage: &Stage, name: &str, password: &str) -> Seen {
        let tools = match self {
            Self::LdapBindAppended => stage.appended.clone().start_tls(),
            _ => stage.tools.clone(),
        };
        let answer = tools.bind(name, password).whoami().await.unwrap();
        match answer.code {
            code::SUCCESS => {
                let canonical = name.to_lowercase();
                assert!(answer.printed.contains(&format!("uid={canonical},")), "in as somebody else: {answer:?}");
                Seen::LetIn
            }
            code::INVALID_CREDENTIALS => {
                // The same words for every reason (ADM-04).
                assert_eq!(answer.diagnostic(), None, "{answer:?}");
                Seen::Refused
            }
            code::UNWILLING_TO_PERFORM if password.is_empty() => Seen::Refused,
            code::UNAVAILABLE => Seen::Nothing,
            _ => panic!("{answer:?}"),
        }
    }

    /// Go on with what the phone was asked: a client that shows questions comes back with an empty answer, the others are
    /// held anyway.
    pub(crate) async fn push(self, stage: &Stage, name: &str, password: &str) -> Seen {
        match self.first(stage, name, password).await {
            Seen::Asked(handle) => match self.reply(stage, name, &handle, "").await {
                // The client's patience was over before anybody answered.
                Seen::Asked(handle) => self.reply(stage, name, &handle, "").await,
                seen => seen,
            },
            seen => seen,
        }
    }

    /// The answer to a question.
    pub(crate) async fn reply(self, stage: &Stage, name: &str, handle: &str, code: &str) -> Seen {
        let attributes =
            [("User-Name", name), ("User-Password", code), ("State", handle), ("Message-Authenticator", "0x00")];
        seen(stage.challenge.send("auth", &attributes).await)
    }
}

fn seen(answer: anyhow::Result<Answer>) -> Seen {
    match answer.unwrap() {
        Answer::Silence => Seen::Nothing,
        Answer::Reply(reply) => match reply.code.as_str() {
            "Access-Accept" => Seen::LetIn,
            "Access-Challenge" => Seen::Asked(handle(&reply)),
            "Access-Reject" => {
                // The same words for every reason, and nothing of what was sent (BLA-09, ADM-04).
                assert_eq!(reply.value("Reply-Message"), Some("Sign-in refused."), "{reply:?}");
                Seen::Refused
            }
            other => panic!("{other}"),
        },
    }
}

fn handle(reply: &Reply) -> String {
    reply.value("State").unwrap_or_else(|| panic!("a question without a handle: {reply:?}")).to_owned()
}

/// What all cells of one matrix share: the running site. Each cell has people of its own.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) store: Arc<Handle>,
    pap: Radclient,
    challenge: Radclient,
    tools: LdapTools,
    appended: LdapTools,
    _ldap: LdapSite,
    next: u32,
}

/// Somebody in the directory.
#[derive(Debug, Clone)]
pub(crate) struct Someone {
    pub(crate) name: String,
    pub(crate) password: String,
}

impl Stage {
    pub(crate) async fn start(mut site: Site) -> anyhow::Result<Option<Self>> {
        let (Some(pap), Some(challenge)) = (pap(&site), challenge(&site)) else { return Ok(None) };
        site.more.push_str("login: { prompt_lifetime: 10s }\n");
        site.clients.push_str("      patience: 6s\n");
        // Each bind counts for itself, as each packet does: what repeated binds have in common is tested elsewhere.
        let terms = "      patience: 6s\n      coalesce: 0s\n";
        let appended = format!(
            "    appended:\n      addresses: [\"127.0.0.1\"]\n      listeners: [plain]\n      primary: staff\n      \
             reject_delay: 0s\n      append: {{ digits: 6 }}\n{terms}"
        );
        let door = site.with_ldap(&format!("      listeners: [secure]\n{terms}"), &appended)?;
        let (Some(tools), Some(appended)) = (door.tools(), LdapTools::new(door.plain_url())) else { return Ok(None) };
        let appended = appended.ca(door.ca_file());
        site.with_portal(
            "push: { web_push: { allowed_hosts: [\"127.0.0.1:9\"], allow_private: [\"127.0.0.0/8\"] } }\n",
        )?;
        let mut daemon = site.start().await?;
        daemon.expecting("staff");
        let store = site.store().await;
        Ok(Some(Self { site, daemon: Some(daemon), store, pap, challenge, tools, appended, _ldap: door, next: 0 }))
    }

    pub(crate) async fn end(mut self) {
        for _ in 0..60 {
            if self.store.open_attempts().await.unwrap() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(self.store.open_attempts().await.unwrap(), 0, "an attempt is left open");
        self.daemon.take().unwrap().stop().await;
        let verification = self.store.audit_verify().await.unwrap();
        assert!(verification.problem.is_none(), "{verification:?}");
        self.store.close().await;
    }

    /// Somebody no other cell knows.
    pub(crate) fn someone(&mut self) -> Someone {
        self.next += 1;
        let name = format!("user{:04}", self.next);
        Someone { password: format!("pw-{name}"), name }
    }

    /// Somebody with a phone, and nothing else.
    pub(crate) async fn with_phone(&mut self) -> (Someone, Phone) {
        let someone = self.someone();
        let first = Door::RadiusPap.first(self, &someone.name, &someone.password).await;
        assert_eq!(first, Seen::Refused, "somebody without a factor");
        let user = find(&self.store, &someone.name).await.expect("the first login makes a user known");
        let phone = self.site.phone(&self.store, user.id, &someone.name).await;
        (someone, phone)
    }

    /// The number that stands at the login: what a person reads there.
    pub(crate) async fn number(&self, name: &str) -> Option<String> {
        let user = find(&self.store, name).await.unwrap();
        let now = SystemClock::new().now();
        let row = self.store.ringing(user.id, now).await.unwrap().pop()?;
        let Position::Open(open) = row.position else { return None };
        let kept: serde_json::Value = serde_json::from_slice(open.payload.expose()).unwrap();
        kept.pointer("/stage/factor/challenge/matching/shown").and_then(|number| number.as_str()).map(str::to_owned)
    }

    /// Somebody with a token. Their first login, refused for want of it, makes them known.
    pub(crate) async fn enrolled(&mut self) -> (Someone, Token) {
        let someone = self.someone();
        let first = Door::RadiusPap.first(self, &someone.name, &someone.password).await;
        assert_eq!(first, Seen::Refused, "somebody without a factor");
        let user = find(&self.store, &someone.name).await.expect("the first login makes a user known");
        let token = enrol(&self.store, user.id).await;
        (someone, token)
    }

    pub(crate) async fn disable(&self, someone: &Someone) {
        let user = find(&self.store, &someone.name).await.unwrap();
        let now = user.created;
        self.store.change_user(user.id, UserChange::Enabled(false), "test", now).await.unwrap();
    }

    /// The decisions about one name as it was typed, oldest first.
    pub(crate) async fn decisions(&self, typed: &str) -> Vec<Decision> {
        let lines = self.store.audit_tail(1_000, None).await.unwrap();
        let decisions = lines.into_iter().filter_map(|line| match line.record.event {
            AuditEvent::LoginDecided(decision) if decision.typed.eq_ignore_ascii_case(typed) => Some(*decision),
            _ => None,
        });
        decisions.collect()
    }

    /// Why the last login of this name was refused.
    pub(crate) async fn last_denial(&self, typed: &str) -> Option<&'static str> {
        self.decisions(typed).await.last().and_then(|decision| decision.denial.as_ref().map(|denial| denial.name()))
    }
}
