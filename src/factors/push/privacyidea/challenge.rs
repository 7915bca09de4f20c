//! A request as that app reads it.

use serde::Serialize;
use vestibule_engine::{Challenge, Matching};

use super::buttons::buttons;
use super::{PiDevice, PiKey, PiRefused};

/// What we understand beyond what the app's first version said. It is signed apart, so that older apps pass it over.
const CAPABILITIES: &str = r#"{"decline_reason":true}"#;

#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PiChallenge {
    pub nonce: String,
    pub question: String,
    pub serial: String,
    pub title: String,
    pub sslverify: &'static str,
    pub url: String,
    /// The buttons, joined with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_presence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'static str>,
    pub signature: String,
    pub capabilities: &'static str,
    pub capabilities_signature: String,
}

/// `url` is where the app answers, as it was told when it was enrolled; `title` and `question` are what its person reads.
pub fn challenge_for(
    key: &PiKey,
    device: &PiDevice,
    challenge: &Challenge,
    url: &str,
    title: &str,
    question: &str,
) -> Result<PiChallenge, PiRefused> {
    let (nonce, serial, sslverify) = (challenge.nonce.as_str(), device.serial.as_str(), "1");
    let require_presence = match &challenge.matching {
        Matching::Shown(number) => Some(buttons(key, nonce, number).join(",")),
        Matching::Off | Matching::FromPhone(_) => None,
    };
    let mut text = format!("{nonce}|{url}|{serial}|{question}|{title}|{sslverify}");
    if let Some(buttons) = &require_presence {
        text.push('|');
        text.push_str(buttons);
    }
    // RFC 8785: keys in order, no space. The nonce is hexadecimal, so nothing in it is escaped.
    let capabilities = format!(r#"{{"capabilities":{CAPABILITIES},"nonce":"{nonce}"}}"#);
    Ok(PiChallenge {
        nonce: nonce.to_owned(),
        question: question.to_owned(),
        serial: serial.to_owned(),
        title: title.to_owned(),
        sslverify,
        url: url.to_owned(),
        version: require_presence.is_some().then_some("2"),
        require_presence,
        signature: key.sign(&text)?,
        capabilities: CAPABILITIES,
        capabilities_signature: key.sign(&capabilities)?,
    })
}

/// The number is among the buttons.
impl std::fmt::Debug for PiChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PiChallenge").field("serial", &self.serial).finish_non_exhaustive()
    }
}
