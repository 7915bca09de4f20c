//! One application.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::Span;

use super::ServiceAccountConfig;

/// One application that signs people in with an LDAP bind, or several that share their settings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationConfig {
    /// The addresses it connects from: single ones (`192.0.2.7`) or networks (`192.0.2.0/24`). Where networks of two
    /// applications contain each other, the smaller one wins.
    pub addresses: Vec<String>,
    /// The listeners it comes to, by their names: for two applications on one machine. Default: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<String>,
    /// The directory behind this door, by its name under `primaries`. It must be an `ldap` one whose people are found by
    /// `search`.
    pub primary: String,
    /// How a code or a keyword may come with the password: `{ delimiter: "," }` (default) takes `secret,492039` and
    /// `secret,push`; `{ digits: 6 }` takes `secret492039`, and then the last six digits are always the code; `never`.
    #[serde(default)]
    pub append: AppendConfig,
    /// How long the application waits for the answer to a bind. A phone is waited for that long, so write a little less
    /// than the application's own time-out. 3s to 10m. Default: 25s.
    #[serde(default = "default_patience")]
    pub patience: Span,
    /// How long after the bind a refusal is said at the earliest, at most 10s; a random quarter is added. It slows down
    /// guessing and hides why somebody was refused. Default: 1s.
    #[serde(default = "default_reject_delay")]
    pub reject_delay: Span,
    /// Which step comes first. `password_first` (default). `factor_first`: the password is only tried at the directory
    /// once the code was right or the phone has approved, so nobody can try passwords without the phone; a phone then
    /// rings for whoever knows a name.
    #[serde(default)]
    pub order: OrderConfig,
    /// Connections come from people's own machines (sssd, nslcd, a mail program), so their address is the person's: rules
    /// with networks look at it, and failures are counted for it. Default: false, they come from an application that many
    /// people use.
    #[serde(default)]
    pub direct: bool,
    /// Take passwords without TLS: anybody on the way can read them. Only for an application on the same machine.
    /// Default: false.
    #[serde(default)]
    pub allow_plaintext: bool,
    /// What may be asked without signing in. `root_dse` (default): what the directory says of itself. `read`: whatever the
    /// directory shows to everybody. `refuse`: nothing.
    #[serde(default)]
    pub anonymous: AnonymousConfig,
    /// Applications often sign a person in several times with what the person typed once. Within this span, the same
    /// person with the same typed password from the same address counts as one sign-in: one push, one code. The password
    /// is checked at the directory each time. Whoever else is at that address and knows the password is not asked either,
    /// so keep it short. `0s` is off; at most 24h. Default: 10s.
    #[serde(default = "default_coalesce")]
    pub coalesce: Span,
    /// What the application hears when the directory refuses a password. `pass` (default): the directory's own words, by
    /// which programs tell people that their password has expired. `generic`: the words of a wrong password, always.
    #[serde(default)]
    pub diagnostics: DiagnosticsConfig,
    /// Take passwords that people made in the portal for this application, in place of their own and a second step. Such a
    /// program may only look things up, with the rights of nobody. Default: false.
    #[serde(default)]
    pub app_passwords: bool,
    /// SASL mechanisms that the directory checks and this application may use, such as `GSSAPI` or `SCRAM-SHA-256`, over TLS
    /// only. Whom the directory let in is asked of it (WhoAmI) and owes a second step as after a password; a directory that
    /// does not say lets nobody in, and a mechanism that protects the connection itself cannot be used. `PLAIN` needs no
    /// mention. Default: none, all others are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sasl: Vec<String>,
    /// Accounts of programs, which have no second step, each by a name of your choice.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_accounts: BTreeMap<String, ServiceAccountConfig>,
}

/// How a second step may come with the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppendConfig {
    /// The whole field is the password.
    Never,
    /// What follows this character is a code or a keyword, if it looks like one.
    Delimiter(char),
    /// This many digits at the end are the code, 6 to 8.
    Digits(u8),
}

impl Default for AppendConfig {
    fn default() -> Self {
        Self::Delimiter(',')
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderConfig {
    #[default]
    PasswordFirst,
    FactorFirst,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnonymousConfig {
    #[default]
    RootDse,
    Read,
    Refuse,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosticsConfig {
    #[default]
    Pass,
    Generic,
}

fn default_patience() -> Span {
    Span::secs(25)
}

fn default_reject_delay() -> Span {
    Span::secs(1)
}

fn default_coalesce() -> Span {
    Span::secs(10)
}
