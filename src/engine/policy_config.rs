//! Policy, log-in and throttle settings as an administrator writes them, and what they mean.

use chrono::{NaiveTime, Weekday};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use crate::config::{Problems, Span};
use crate::{
    Budget, Budgets, Door, Hours, MatchingRule, Method, NetworkMatch, Policy, PushRules, Requirement, Rule, Settings,
    UserName,
};

/// Rules beyond this are a sign of generated configuration gone wrong; each login reads them all.
const RULES_MAX: usize = 1_000;

/// Phones show a place in one line.
const PLACE_CHARS_MAX: usize = 40;

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
    /// Groups the user must be in one of, by name or DN, upper and lower case alike. A DN is one group; a name is every group
    /// of that name, wherever in the directory it stands.
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
    /// How phones are asked to approve a login.
    pub push: PushRulesConfig,
    /// Names for networks, as people are shown them on their phone.
    pub places: Vec<PlaceConfig>,
}

/// A place people know, by its networks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceConfig {
    /// What people call it, like `Head office`.
    pub name: String,
    /// Addresses or networks, like `10.1.0.0/16`. Where several places hold an address, the narrowest network counts.
    pub networks: Vec<String>,
}

/// How phones are asked to approve a login.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PushRulesConfig {
    /// Whether a number ties the phone to the login, wherever the login can show something. `shown`: it stands at the
    /// login and is typed on the phone. `on_phone`: the phone shows it after approving, and it is typed at the login.
    /// `off`: one tap approves; whoever has the password can then hope for a careless tap.
    pub number: NumberConfig,
    /// Digits of that number. 2 to 8; with `on_phone` at least 4, because there it can be guessed.
    pub digits: u8,
    /// Follow NIST SP 800-63B-4: at least six digits, no approval without a number (so no push where the login can show
    /// nothing), and no remembered stations.
    pub nist: bool,
    /// Logins to one application that ring one user's phone at the same time; a further one is offered a code. 1 to 10.
    pub open_per_service: u32,
    /// Logins to all applications that ring one user's phone at the same time. 1 to 20.
    pub open_per_user: u32,
    /// "This wasn't me" on the phone stops requests to it for an hour (longer when repeated), until an administrator
    /// clears it. Sessions and remembered stations of that user end in any case.
    pub report_locks: bool,
}

/// Where the number stands, and where it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberConfig {
    /// It stands at the login and is typed on the phone.
    Shown,
    /// It stands on the phone and is typed at the login.
    OnPhone,
    /// There is none.
    Off,
}

impl Default for PushRulesConfig {
    fn default() -> Self {
        let rules = PushRules::default();
        Self {
            number: NumberConfig::Shown,
            digits: rules.digits,
            nist: rules.nist,
            open_per_service: rules.of_service,
            open_per_user: rules.in_all,
            report_locks: rules.report_locks,
        }
    }
}

impl Default for LoginConfig {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            prompt_lifetime: Span(settings.prompt_lifetime),
            tries: settings.tries_per_attempt,
            push: PushRulesConfig::default(),
            places: Vec::new(),
        }
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
    /// Requests to one user's phone that were not approved, so that nobody is worn out by requests. A login beyond them
    /// is offered a code instead. A request that was denied counts twice.
    pub push_per_user: Option<BudgetConfig>,
    /// Requests to phones from one address, where the user's own address is known.
    pub push_per_address: Option<BudgetConfig>,
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
            Self::AnyOf(methods) => {
                if methods.contains(&Method::Invitation) {
                    let remedy = "remove it: an invitation opens the portal for an enrolment, and nothing else";
                    problems.error(path, "invitation as a factor", remedy);
                }
                Requirement::AnyOf(methods)
            }
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
    let at = |index| format!("{path}.networks.{index}");
    texts.iter().enumerate().filter_map(|(index, text)| network(text, &at(index), problems)).map(NetworkMatch).collect()
}

fn network(text: &str, path: &str, problems: &mut Problems) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
    if network.is_none() {
        let remedy = "write an address or a network, like 192.0.2.7 or 10.0.0.0/8 or 2001:db8::/32";
        problems.error(path, format!("\"{text}\""), remedy);
    }
    network
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
            push_of: of("push_per_user", self.push_per_user, default.push_of),
            push_from: of("push_per_address", self.push_per_address, default.push_from),
            report_of: default.report_of,
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
        let mut places = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            let at = format!("{path}.places.{index}");
            let name = crate::plain::plain_text(place.name.trim(), PLACE_CHARS_MAX);
            if name.is_empty() || name != place.name {
                let found = format!("\"{}\" as the name of a place", place.name);
                problems.error(format!("{at}.name"), found, format!("write 1 to {PLACE_CHARS_MAX} plain characters"));
            }
            let named = networks(&place.networks, &at, problems).into_iter();
            places.extend(named.map(|network| (network.0, name.clone())));
        }
        // The narrowest network names the place.
        places.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        Settings {
            policy,
            budgets,
            prompt_lifetime: self.prompt_lifetime.0,
            tries_per_attempt: self.tries,
            push: self.push.link(&format!("{path}.push"), problems),
            places,
        }
    }
}

impl PushRulesConfig {
    fn link(self, path: &str, problems: &mut Problems) -> PushRules {
        if !(2..=8).contains(&self.digits) {
            problems.error(format!("{path}.digits"), self.digits.to_string(), "write 2 to 8");
        }
        if self.nist && self.number == NumberConfig::Off {
            problems.error(format!("{path}.number"), "off together with nist", "write shown or on_phone");
        }
        for (name, count, most) in
            [("open_per_service", self.open_per_service, 10), ("open_per_user", self.open_per_user, 20)]
        {
            if !(1..=most).contains(&count) {
                problems.error(format!("{path}.{name}"), count.to_string(), format!("write 1 to {most}"));
            }
        }
        if self.number == NumberConfig::Off {
            let found = "off: a careless tap on a phone lets whoever has the password in";
            problems.warn(format!("{path}.number"), found, "write shown, unless every user's login shows nothing");
        }
        PushRules {
            matching: match self.number {
                NumberConfig::Shown => MatchingRule::Shown,
                NumberConfig::OnPhone => MatchingRule::FromPhone,
                NumberConfig::Off => MatchingRule::Off,
            },
            digits: match (self.nist, self.number) {
                (true, _) => self.digits.max(6),
                // Three guesses at two digits would be three in a hundred.
                (false, NumberConfig::OnPhone) => self.digits.max(4),
                (false, _) => self.digits,
            },
            nist: self.nist,
            of_service: self.open_per_service,
            in_all: self.open_per_user,
            report_locks: self.report_locks,
        }
    }
}
