//! The question half of a login: the State that ties an answer to its question, and the words of the question.

use std::borrow::Cow;

use vestibule_engine::{AttemptId, Matching, Method, Prompt, PromptKind, Turn};

/// Which question of which attempt is answered. On the wire: 16 octets of the attempt's id, 8 of the turn. Both are
/// random and mean something to the engine only; it alone says whether they belong to this user at this client, are
/// still open and were not answered before (RAD-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateRef {
    pub(crate) attempt: AttemptId,
    pub(crate) turn: Turn,
}

impl StateRef {
    pub(crate) fn of(prompt: &Prompt) -> Self {
        Self { attempt: prompt.attempt, turn: prompt.turn }
    }

    pub(crate) fn to_octets(self) -> [u8; 24] {
        let mut octets = [0; 24];
        let (attempt, turn) = octets.split_at_mut(16);
        attempt.copy_from_slice(self.attempt.0.as_bytes());
        turn.copy_from_slice(&self.turn.0.to_be_bytes());
        octets
    }

    /// `None` for anything that we did not write (RAD-21).
    pub(crate) fn from_octets(octets: &[u8]) -> Option<Self> {
        let (attempt, turn) = octets.split_first_chunk::<16>()?;
        let turn = u64::from_be_bytes(turn.try_into().ok()?);
        Some(Self { attempt: AttemptId(uuid::Uuid::from_bytes(*attempt)), turn: Turn(turn) })
    }
}

/// Whether the client should show what is typed (RFC 2869 §5.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    Hidden,
    Shown,
}

/// The words of a question, short enough for one line of a VPN client. Ours hold nothing that anybody else wrote. A
/// question of the upstream's own is handed on in its words only to clients that are safe from forged answers
/// (`trusted`; BLA-09).
pub(crate) fn words(prompt: &Prompt, trusted: bool) -> (Cow<'_, str>, Echo) {
    let (words, echo) = match &prompt.kind {
        PromptKind::EnterCode { .. } if prompt.again => ("That did not match. Enter the newest code.", Echo::Shown),
        PromptKind::EnterCode { methods, others } => (code_words(methods, others), Echo::Shown),
        PromptKind::Wait { matching: Matching::FromPhone(_), approved: true, .. } if prompt.again => {
            ("That did not match. Enter the number your phone shows.", Echo::Shown)
        }
        PromptKind::Wait { matching: Matching::FromPhone(_), .. } => {
            ("Approve on your phone, then enter the number it shows.", Echo::Shown)
        }
        PromptKind::Wait { matching: Matching::Shown(number), others, .. } => {
            return (Cow::Owned(number_words(number.expose(), others, prompt.again)), Echo::Shown);
        }
        PromptKind::Wait { others, .. } => (wait_words(others, prompt.again), Echo::Shown),
        PromptKind::Relayed { text } if trusted && !text.trim().is_empty() => (text.as_str(), Echo::Hidden),
        PromptKind::Relayed { .. } => ("One more answer is needed. Enter it now.", Echo::Hidden),
    };
    (Cow::Borrowed(words), echo)
}

/// The number stands here and is typed on the phone.
fn number_words(number: &str, others: &[Method], again: bool) -> String {
    let missed = if again { "That did not match. " } else { "" };
    if has_codes(others) {
        format!("{missed}Enter {number} on your phone, then press Enter here. Or enter a code.")
    } else {
        format!("{missed}Enter {number} on your phone, then press Enter here.")
    }
}

fn has_codes(others: &[Method]) -> bool {
    others.iter().any(|method| matches!(method, Method::Totp | Method::ExternalCode | Method::RecoveryCode))
}

fn code_words(methods: &[Method], others: &[Method]) -> &'static str {
    match (methods, others.contains(&Method::Push)) {
        ([Method::RecoveryCode], _) => "Enter one of your recovery codes.",
        ([Method::ExternalCode], false) => "Enter the code from your token.",
        ([Method::ExternalCode], true) => "Enter the code from your token, or type push.",
        (_, false) => "Enter the code from your authenticator app.",
        (_, true) => "Enter the code from your authenticator app, or type push.",
    }
}

fn wait_words(others: &[Method], again: bool) -> &'static str {
    match (has_codes(others), again) {
        (false, _) => "Approve the login on your phone, then press Enter.",
        (true, false) => "Approve the login on your phone and press Enter, or enter a code.",
        (true, true) => "That code did not match. Approve on your phone and press Enter, or enter the newest code.",
    }
}

#[cfg(test)]
mod tests {
    use vestibule_engine::Timestamp;

    use super::*;

    fn prompt(kind: PromptKind, again: bool) -> Prompt {
        Prompt { attempt: AttemptId(uuid::Uuid::from_u128(7)), turn: Turn(9), kind, until: Timestamp(0), again }
    }

    // RAD-20, RAD-21
    #[test]
    fn a_state_comes_back_as_it_went_and_nothing_else_is_one() {
        let state = StateRef { attempt: AttemptId(uuid::Uuid::from_u128(0xABCD)), turn: Turn(u64::MAX - 1) };
        assert_eq!(StateRef::from_octets(&state.to_octets()), Some(state));
        for length in (0..24).chain(25..60) {
            assert_eq!(StateRef::from_octets(&vec![1; length]), None, "{length}");
        }
    }

    #[test]
    fn every_question_of_ours_is_short_enough_for_one_attribute_and_a_small_display() {
        let lists =
            [vec![], vec![Method::Push], vec![Method::Totp], vec![Method::RecoveryCode], vec![Method::ExternalCode]];
        for (methods, others, again) in
            lists.iter().flat_map(|m| lists.iter().flat_map(move |o| [(m, o, true), (m, o, false)]))
        {
            let code = PromptKind::EnterCode { methods: methods.clone(), others: others.clone() };
            let wait = PromptKind::Wait {
                method: Method::Push,
                others: others.clone(),
                matching: Matching::Off,
                approved: false,
            };
            for kind in [code, wait] {
                let prompt = prompt(kind, again);
                let (text, _) = words(&prompt, false);
                assert!(text.len() <= 90, "{text}");
            }
        }
    }

    #[test]
    fn the_number_to_type_on_the_phone_stands_in_the_question() {
        for again in [false, true] {
            for others in [vec![], vec![Method::Totp]] {
                let text = number_words("47", &others, again);
                assert!(text.contains("47") && text.len() <= 100, "{text}");
            }
        }
    }

    // BLA-09
    #[test]
    fn words_of_an_upstream_reach_only_clients_that_are_safe_from_forged_answers() {
        let prompt = prompt(PromptKind::Relayed { text: "Your PIN, alice?".to_owned() }, false);
        assert_eq!(words(&prompt, true), ("Your PIN, alice?".into(), Echo::Hidden));
        assert_eq!(words(&prompt, false).0, "One more answer is needed. Enter it now.");
    }
}
