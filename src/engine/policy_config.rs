//! Policy, log-in and throttle settings as an administrator writes them, and what they mean.

use chrono::{NaiveTime, Weekday};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use crate::config::{Problems, Span};
use crate::{Budget, Budgets, Door, Hours, Method, NetworkMatch, Policy, Requirement, Rule, Settings, UserName};

/// Rules beyond this are a sign of generated configuration gone wrong; each login reads them all.
const RULES_MAX: usize = 1_000;

/// Which second factor a login needs. Rules are read from top to bottom; the first that matches decides.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The rules, in the order in which they are read.
    pub rules: Vec<RuleConfig>,
    /// What a login needs that no rule matches. Default: any factor the user has.
    pub otherwise: RequireConfig,
}

/// What a login needs beside the primary login.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RequireConfig {
    /// The primary login is enough; no second factor is asked.
    Skip,
    /// Nobody gets in this way.
    Refuse,
    /// Any one of these factors, in this order of preference.
    AnyOf(Vec<Method>),
}

impl Default for RequireConfig {
    fn default() -> Self {
        Self::AnyOf(Method::ALL.to_vec())
    }
}

/// One rule. It matches when all of its conditions do; a condition that is not written matches every login.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// The rule's name, as audit and log show it. It must be unique.
    pub name: String,
    /// Ways in: radius, ldap, oidc, proxy, portal.
    #[serde(default)]
    pub doors: Vec<Door>,
    /// Names of clients and applications, as written in this configuration.
    #[serde(default)]
    pub services: Vec<String>,
    /// User names (any spelling of upper and lower case) or user ids.
    #[serde(default)]
    pub users: Vec<String>,
    /// Groups the user must be in one of, by name or DN, upper and lower case alike.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Addresses or networks the user's own address must be in. Where a VPN or another system does not tell the user's
    /// own address, this rule does not match.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Days and hours in which the rule applies.
    #[serde(default)]
    pub hours: Option<HoursConfig>,
    /// What such a login needs: `skip`, `refuse` or `any_of: [push, totp, ...]`.
    pub require: RequireConfig,
    /// How long a station is remembered after a factor was given there, so that the next login from it needs none.
    /// Not written: never. At most 30 days.
    #[serde(default)]
    pub remember: Option<Span>,
}

/// Days and hours, in one time zone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursConfig {
    /// Days of the week: mon, tue, wed, thu, fri, sat, sun. Not written: every day.
    #[serde(default)]
    pub days: Vec<String>,
    /// Start, as HH:MM.
    pub from: String,
    /// End, as HH:MM. Not after the start means: over midnight.
    pub to: String,
    /// Time zone by its IANA name, such as Europe/Berlin. Default: UTC.
    #[serde(default = "utc")]
    pub zone: String,
}

fn utc() -> String {
    "UTC".into()
}

/// How a login with questions goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoginConfig {
    /// How long a question (enter a code, answer on the phone) stays open. 10s to 10m.
    pub prompt_lifetime: Span,
    /// Wrong answers in one login before it ends. 1 to 10.
    pub tries: u32,
}

impl Default for LoginConfig {
    fn default() -> Self {
        let settings = Settings::default();
        Self { prompt_lifetime: Span(settings.prompt_lifetime), tries: settings.tries_per_attempt }
    }
}

/// How often somebody may guess before waiting. Failures are counted in the store, for all doors and nodes together.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThrottleConfig {
    /// Wrong passwords of one user from one station.
    pub password_per_user_and_station: Option<BudgetConfig>,
    /// Wrong passwords of one user from anywhere.
    pub password_per_user: Option<BudgetConfig>,
    /// Wrong passwords and unknown names from one address (one /64 for IPv6), where the user's own address is known.
    pub password_per_address: Option<BudgetConfig>,
    /// Wrong codes of one user after a right password.
    pub code_per_user: Option<BudgetConfig>,
    /// Wrong codes from one address, where the user's own address is known.
    pub code_per_address: Option<BudgetConfig>,
}

/// One budget of failures.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// Failures before the first wait. 1 to 1000.
    pub tries: u32,
    /// The first wait. Each further failure doubles it.
    pub wait_first: Span,
    /// The longest wait.
    pub wait_max: Span,
    /// Failures are forgotten after this long without another one.
    pub forget_after: Span,
}

impl PolicyConfig {
    pub fn link(self, path: &str, problems: &mut Problems) -> Policy {
        if self.rules.len() > RULES_MAX {
            let found = format!("{} rules", self.rules.len());
            problems.error(format!("{path}.rules"), found, format!("keep to {RULES_MAX} rules"));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for (index, rule) in self.rules.into_iter().enumerate() {
            let at = format!("{path}.rules.{index}");
            if rules.iter().any(|earlier| earlier.name == rule.name) {
                let found = format!("a second rule named \"{}\"", rule.name);
                problems.error(format!("{at}.name"), found, "give each rule a name of its own");
            }
            rules.push(rule.link(&at, problems));
        }
        Policy { rules, otherwise: self.otherwise.link(&format!("{path}.otherwise"), problems) }
    }
}

impl RequireConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Requirement {
        match self {
            Self::Skip => Requirement::Skip,
            Self::Refuse => Requirement::Refuse,
            Self::AnyOf(methods) if methods.is_empty() => {
                let remedy = "name at least one factor, or write skip or refuse if that is what you mean";
                problems.error(path, "an empty list of factors", remedy);
                Requirement::Refuse
            }
            Self::AnyOf(methods) => Requirement::AnyOf(methods),
        }
    }
}

impl RuleConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Rule {
        if self.name.trim().is_empty() || self.name == Policy::OTHERWISE {
            let found = format!("\"{}\" as the name of a rule", self.name);
            problems.error(format!("{path}.name"), found, "give it a name that says what it is for");
        }
        let require = self.require.clone().link(&format!("{path}.require"), problems);
        self.warn_of_skip(&require, path, problems);
        Rule {
            doors: self.doors,
            services: self.services,
            users: self.users.iter().map(|user| canonical(user)).collect(),
            groups: self.groups,
            networks: networks(&self.networks, path, problems),
            hours: self.hours.and_then(|hours| hours.link(&format!("{path}.hours"), problems)),
            remember: remember(self.remember, &require, path, problems),
            require,
            name: self.name,
        }
    }

    fn warn_of_skip(&self, require: &Requirement, path: &str, problems: &mut Problems) {
        let is_wide = self.services.is_empty() && self.users.is_empty() && self.groups.is_empty();
        if *require == Requirement::Skip && is_wide && self.networks.is_empty() {
            let found = "a rule that asks nobody for a second factor";
            problems.warn(format!("{path}.require"), found, "narrow it to services, users, groups or networks");
        }
    }
}

fn canonical(user: &str) -> String {
    UserName::parse(user).map_or_else(|_| user.to_owned(), |name| name.canonical())
}

fn networks(texts: &[String], path: &str, problems: &mut Problems) -> Vec<NetworkMatch> {
    let mut networks = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => networks.push(NetworkMatch(network)),
            Err(_) => {
                let remedy = "write an address or a network, like 192.0.2.7 or 10.0.0.0/8 or 2001:db8::/32";
                problems.error(format!("{path}.networks.{index}"), format!("\"{text}\""), remedy);
            }
        }
    }
    networks
}

fn remember(
    span: Option<Span>,
    require: &Requirement,
    path: &str,
    problems: &mut Problems,
) -> Option<std::time::Duration> {
    let span = span?;
    let path = format!("{path}.remember");
    if span.0.is_zero() || span > Span::secs(30 * 86_400) {
        problems.error(&path, span.to_string(), "write more than 0s and at most 30d");
    }
    if !matches!(require, Requirement::AnyOf(_)) {
        problems.warn(path, "a rule that asks for no factor", "remove it here: there is nothing to remember");
    }
    Some(span.0)
}

impl HoursConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Option<Hours> {
        let from = time(&self.from, &format!("{path}.from"), problems);
        let to = time(&self.to, &format!("{path}.to"), problems);
        let zone: Option<chrono_tz::Tz> = self.zone.parse().ok();
        if zone.is_none() {
            let remedy = "write a time zone by its IANA name, such as Europe/Berlin or UTC";
            problems.error(format!("{path}.zone"), format!("\"{}\"", self.zone), remedy);
        }
        let mut days: Vec<Weekday> = Vec::new();
        for (index, day) in self.days.iter().enumerate() {
            match day.parse() {
                Ok(day) => days.push(day),
                Err(_) => problems.error(
                    format!("{path}.days.{index}"),
                    format!("\"{day}\""),
                    "write mon, tue, wed, thu, fri, sat or sun",
                ),
            }
        }
        Some(Hours { days, from: from?, to: to?, zone: zone? })
    }
}

fn time(text: &str, path: &str, problems: &mut Problems) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok();
    if time.is_none() {
        problems.error(path, format!("\"{text}\""), "write a time as HH:MM, like 07:30");
    }
    time
}

impl BudgetConfig {
    fn link(self, path: &str, problems: &mut Problems) -> Budget {
        if !(1..=1_000).contains(&self.tries) {
            problems.error(format!("{path}.tries"), self.tries.to_string(), "write 1 to 1000");
        }
        if self.wait_first < Span::secs(1) || self.wait_first > self.wait_max {
            let found = format!("{} (wait_max: {})", self.wait_first, self.wait_max);
            problems.error(format!("{path}.wait_first"), found, "write at least 1s and at most wait_max");
        }
        if self.wait_max > Span::secs(86_400) {
            problems.error(format!("{path}.wait_max"), self.wait_max.to_string(), "write at most 1d");
        }
        if self.forget_after < self.wait_max {
            let remedy = "write at least wait_max, or a lock would be forgotten before it ends";
            problems.error(format!("{path}.forget_after"), self.forget_after.to_string(), remedy);
        }
        Budget {
            tries: self.tries,
            wait_first: self.wait_first.0,
            wait_max: self.wait_max.0,
            forget_after: self.forget_after.0,
        }
    }
}

impl ThrottleConfig {
    pub fn link(self, path: &str, problems: &mut Problems) -> Budgets {
        let default = Budgets::default();
        let mut of = |name: &str, written: Option<BudgetConfig>, default: Budget| {
            written.map_or(default, |budget| budget.link(&format!("{path}.{name}"), problems))
        };
        Budgets {
            password_at: of("password_per_user_and_station", self.password_per_user_and_station, default.password_at),
            password_of: of("password_per_user", self.password_per_user, default.password_of),
            password_from: of("password_per_address", self.password_per_address, default.password_from),
            code_of: of("code_per_user", self.code_per_user, default.code_of),
            code_from: of("code_per_address", self.code_per_address, default.code_from),
        }
    }
}

impl LoginConfig {
    /// Put policy, throttle and these together.
    pub fn link(self, path: &str, policy: Policy, budgets: Budgets, problems: &mut Problems) -> Settings {
        if self.prompt_lifetime < Span::secs(10) || self.prompt_lifetime > Span::secs(600) {
            let found = self.prompt_lifetime.to_string();
            problems.error(format!("{path}.prompt_lifetime"), found, "write 10s to 10m");
        }
        if !(1..=10).contains(&self.tries) {
            problems.error(format!("{path}.tries"), self.tries.to_string(), "write 1 to 10");
        }
        Settings { policy, budgets, prompt_lifetime: self.prompt_lifetime.0, tries_per_attempt: self.tries }
    }
}
