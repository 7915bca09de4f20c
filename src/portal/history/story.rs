//! Audit records as sentences for the person they are about.

use std::collections::HashMap;

use vestibule_engine::{
    AttemptId, AuditEvent, AuditRecord, Decision, DeliveryState, Denial, FirstFactor, Method, Timestamp,
};

use crate::words::{Words, machine_time};

/// One line of the page.
pub(super) struct Line {
    pub(super) at: String,
    pub(super) ago: String,
    pub(super) sentence: String,
    /// Where from, with what, how far a request got.
    pub(super) details: Vec<String>,
    /// A login that can be disowned.
    pub(super) attempt: Option<AttemptId>,
    /// Worth a second look.
    pub(super) is_alarming: bool,
}

/// The lines, while the records are read from the oldest to the newest.
pub(super) struct Story {
    words: Words,
    now: Timestamp,
    lines: Vec<Line>,
    /// The furthest that each request got.
    delivered: HashMap<AttemptId, DeliveryState>,
}

impl Story {
    pub(super) fn new(words: Words, now: Timestamp) -> Self {
        Self { words, now, lines: Vec::new(), delivered: HashMap::new() }
    }

    pub(super) fn newest(self, most: usize) -> Vec<Line> {
        let mut lines = self.lines;
        lines.reverse();
        lines.truncate(most);
        lines
    }

    pub(super) fn add(&mut self, record: &AuditRecord) {
        let w = self.words;
        match &record.event {
            AuditEvent::LoginDecided(decision) => self.decided(record.at, decision),
            AuditEvent::PushDelivery { attempt, state, .. } => {
                let furthest = self.delivered.entry(*attempt).or_insert(*state);
                *furthest = (*furthest).max(*state);
            }
            AuditEvent::LoginReported { service, .. } => {
                let text = w.with("event-reported", service_name(w, service));
                self.put(record.at, text, Vec::new(), true);
            }
            AuditEvent::PushWithheld { service, .. } => {
                let text = w.with("event-withheld", service_name(w, service));
                self.put(record.at, text, Vec::new(), true);
            }
            AuditEvent::SessionStarted { address, .. } => {
                self.put(record.at, w.say("event-session-started"), vec![w.with("detail-address", address)], false);
            }
            AuditEvent::SessionEnded { by, .. } => {
                let key = if by_console(by) { "event-session-ended-by-administrator" } else { "event-session-ended" };
                self.put(record.at, w.say(key), Vec::new(), by_console(by));
            }
            AuditEvent::TrustRevoked { by, .. } if by_console(by) => {
                let text = w.say("event-forgotten-by-administrator");
                // An administrator forgets many places at once; its owner reads it once.
                let is_told = self.lines.last().is_some_and(|line| line.sentence == text);
                if !is_told {
                    self.put(record.at, text, Vec::new(), false);
                }
            }
            AuditEvent::AuthenticatorAdded { method, label, .. } if *method != Method::Invitation => {
                let kind = self.kind(*method);
                let is_plain = *label == kind || *method == Method::RecoveryCode;
                let text =
                    if is_plain { w.with("event-added-kind", kind) } else { w.with_two("event-added", label, kind) };
                self.put(record.at, text, Vec::new(), true);
            }
            AuditEvent::AuthenticatorRemoved { method, .. } if *method != Method::Invitation => {
                let text = w.with("event-removed", self.kind(*method));
                self.put(record.at, text, Vec::new(), true);
            }
            AuditEvent::AuthenticatorConfirmed { .. } => {
                self.put(record.at, w.say("event-confirmed"), Vec::new(), false);
            }
            AuditEvent::AuthenticatorChanged { .. } => self.put(record.at, w.say("event-changed"), Vec::new(), false),
            AuditEvent::AppPasswordMade { service, label, .. } => {
                let text = w.with_two("event-app-password-made", label, service_name(w, service));
                self.put(record.at, text, Vec::new(), true);
            }
            AuditEvent::AppPasswordRevoked { service, label, by, .. } => {
                let (own, other) = ("event-app-password-revoked", "event-app-password-revoked-by-administrator");
                let text = w.with_two(if by_console(by) { other } else { own }, label, service_name(w, service));
                self.put(record.at, text, Vec::new(), by_console(by));
            }
            AuditEvent::UserInvited { .. } => self.put(record.at, w.say("event-invited"), Vec::new(), false),
            AuditEvent::LockCleared { .. } => self.put(record.at, w.say("event-unlocked"), Vec::new(), false),
            _ => {}
        }
    }

    fn decided(&mut self, at: Timestamp, decision: &Decision) {
        let w = self.words;
        let service = service_name(w, &decision.service);
        let (sentence, is_alarming) = match &decision.denial {
            _ if decision.allowed && decision.service == "portal/test" => (w.say("event-tested"), false),
            _ if decision.allowed => match app_password_of(decision) {
                Some(label) => (w.with_two("event-signed-in-app-password", &service, label), false),
                None => (w.with("event-signed-in", &service), false),
            },
            Some(denial) => {
                // A right password in a refused login is somebody who knows it.
                let is_alarming = decision.first_factor == FirstFactor::Accepted;
                (w.with_two("event-refused", &service, w.say(reason(denial))), is_alarming)
            }
            None => (w.with("event-refused-unknown", &service), false),
        };
        let mut details = vec![w.with("detail-address", decision.station.as_deref().unwrap_or(&decision.address))];
        details.extend(decision.client.as_deref().map(str::to_owned));
        details.extend(decision.methods.iter().map(|method| self.kind(*method)));
        details.extend(self.delivered.get(&decision.attempt).map(|state| w.say(delivery(*state))));
        if decision.remembered {
            details.push(w.say("detail-remembered"));
        }
        self.put(at, sentence, details, is_alarming);
        // A request to try a phone opened nothing that could be disowned.
        let is_sign_in = decision.allowed && decision.service != "portal/test";
        if let Some(line) = self.lines.last_mut().filter(|_| is_sign_in) {
            line.attempt = Some(decision.attempt);
        }
    }

    fn kind(&self, method: Method) -> String {
        self.words.say(format!("kind-{}", method.name()))
    }

    fn put(&mut self, at: Timestamp, sentence: String, details: Vec<String>, is_alarming: bool) {
        let (machine, ago) = (machine_time(at), self.words.ago(at, self.now));
        self.lines.push(Line { at: machine, ago, sentence, details, attempt: None, is_alarming });
    }
}

/// Whether somebody else did it, in the console.
fn by_console(by: &str) -> bool {
    by.starts_with("console:")
}

/// `radius/vpn` as a person knows it.
pub(crate) fn service_name(words: Words, service: &str) -> String {
    match service.split_once('/') {
        Some(("portal", "test")) => words.say("service-test"),
        Some(("portal", _)) => words.say("service-portal"),
        Some((_, name)) => name.to_owned(),
        None => service.to_owned(),
    }
}

/// The label of the app password that let somebody in, if one did: no rule of policy decided then, and the engine says so
/// in the rule's place.
pub(super) fn app_password_of(decision: &Decision) -> Option<&str> {
    let label = decision.rule.as_deref()?.strip_prefix("app password ")?;
    (decision.allowed && decision.methods.is_empty()).then_some(label)
}

fn reason(denial: &Denial) -> &'static str {
    match denial {
        Denial::Primary(_) | Denial::UnknownUser | Denial::EmptyPassword => "reason-password",
        Denial::WrongCode | Denial::CodeUsedBefore | Denial::TooManyTries | Denial::CodeMissing => "reason-code",
        Denial::Declined => "reason-denied",
        Denial::Reported => "reason-reported",
        Denial::WrongNumber => "reason-number",
        Denial::FactorTimedOut => "reason-unanswered",
        Denial::LockedOut { .. } => "reason-locked",
        Denial::TooManyPushes => "reason-pushes",
        Denial::NotEnrolled => "reason-not-enrolled",
        Denial::UserDisabled | Denial::PolicyRefused => "reason-not-allowed",
        Denial::Withdrawn | Denial::AttemptUnknown | Denial::AnswerStale => "reason-gone",
    }
}

fn delivery(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued => "evidence-asking",
        DeliveryState::Accepted => "evidence-sent",
        DeliveryState::Failed => "evidence-unreachable",
        DeliveryState::Shown => "evidence-shown",
        DeliveryState::Opened => "evidence-opened",
        DeliveryState::Answered => "evidence-answered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn decision(allowed: bool, denial: Option<Denial>) -> Decision {
        let json = serde_json::json!({
            "attempt": uuid::Uuid::from_u128(7), "allowed": allowed, "typed": "ada", "service": "radius/vpn",
            "address": "192.0.2.1", "first_factor": "accepted", "methods": ["push"], "client": "Firefox, Linux", "took": 5,
        });
        Decision { denial, ..serde_json::from_value(json).unwrap() }
    }

    fn told(events: Vec<AuditEvent>) -> Vec<Line> {
        let mut story = Story::new(Words(Language::English), Timestamp::from_secs(100));
        for event in events {
            story.add(&AuditRecord::new(Timestamp::from_secs(50), event));
        }
        story.newest(100)
    }

    #[test]
    fn a_login_is_told_with_where_from_and_how_far_its_request_got() {
        let decided = decision(true, None);
        let user = vestibule_engine::UserId(uuid::Uuid::from_u128(1));
        let authenticator = vestibule_engine::AuthenticatorId(uuid::Uuid::from_u128(2));
        let push = |state| AuditEvent::PushDelivery { attempt: decided.attempt, user, authenticator, state };
        let lines = told(vec![
            push(DeliveryState::Accepted),
            push(DeliveryState::Answered),
            push(DeliveryState::Shown),
            AuditEvent::LoginDecided(Box::new(decided.clone())),
        ]);
        let [line] = lines.as_slice() else { panic!("{} lines", lines.len()) };
        let text = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(text(&line.sentence), "Signed in to vpn");
        assert!(line.details.iter().any(|detail| detail.contains("Firefox, Linux")), "{:?}", line.details);
        assert!(line.details.contains(&Words(Language::English).say("evidence-answered")), "{:?}", line.details);
        assert_eq!(line.attempt, Some(decided.attempt));
    }

    #[test]
    fn a_refused_login_with_the_right_password_is_worth_a_look_and_cannot_be_disowned() {
        let lines = told(vec![AuditEvent::LoginDecided(Box::new(decision(false, Some(Denial::Declined))))]);
        assert!(lines[0].is_alarming && lines[0].attempt.is_none());
    }

    #[test]
    fn a_login_with_an_app_password_is_told_as_such_and_a_rule_of_that_name_is_not() {
        let rule = Some("app password Build server".to_owned());
        let with = Decision { rule, methods: Vec::new(), ..decision(true, None) };
        assert_eq!(app_password_of(&with), Some("Build server"));
        let factor_given = Decision { methods: vec![Method::Totp], ..with.clone() };
        assert_eq!(app_password_of(&factor_given), None);
        let lines = told(vec![AuditEvent::LoginDecided(Box::new(with))]);
        let sentence = lines[0].sentence.replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(sentence, "Signed in to vpn with the app password Build server");
        assert!(lines[0].attempt.is_some(), "it can be disowned");
    }

    #[test]
    fn what_an_administrator_did_in_the_console_is_told_as_such_and_once() {
        let user = vestibule_engine::UserId(uuid::Uuid::from_u128(1));
        let forgotten = |number, by: &str| {
            let trust = vestibule_engine::TrustId(uuid::Uuid::from_u128(number));
            let (service, station) = ("ldap/jenkins".to_owned(), "192.0.2.7".to_owned());
            AuditEvent::TrustRevoked { user, trust, service, station, by: by.to_owned() }
        };
        let by = || "console:corp/root".to_owned();
        let (service, label) = ("ldap/jenkins".to_owned(), "Build server".to_owned());
        let (what, reason) = ("forget".to_owned(), "Ticket 4711".to_owned());
        let lines = told(vec![
            AuditEvent::ConsoleActed { user, by: by(), what, reason },
            forgotten(1, &by()),
            forgotten(2, &by()),
            forgotten(3, "portal:ada"),
            AuditEvent::SessionEnded { user, by: by() },
            AuditEvent::SessionEnded { user, by: "portal".to_owned() },
            AuditEvent::AppPasswordRevoked { user, service, label, by: by() },
        ]);
        let sentences: Vec<String> =
            lines.iter().map(|line| line.sentence.replace(['\u{2068}', '\u{2069}'], "")).collect();
        assert_eq!(
            sentences,
            [
                "An administrator revoked the app password Build server for jenkins",
                "A session on these pages ended",
                "An administrator ended a session on these pages",
                "An administrator took back where you were remembered: your second step is asked for again",
            ]
        );
    }

    #[test]
    fn an_app_password_that_was_made_is_worth_a_look() {
        let user = vestibule_engine::UserId(uuid::Uuid::from_u128(1));
        let (service, label, by) = ("ldap/jenkins".to_owned(), "Build server".to_owned(), "portal:ada".to_owned());
        let revoked =
            AuditEvent::AppPasswordRevoked { user, service: service.clone(), label: label.clone(), by: by.clone() };
        let lines = told(vec![AuditEvent::AppPasswordMade { user, service, label, by }, revoked]);
        assert!(lines[1].is_alarming && !lines[0].is_alarming);
        assert!(lines.iter().all(|line| line.sentence.contains("Build server") && line.sentence.contains("jenkins")));
    }
}
