//! Attributes that are added to acceptances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::Problems;

use crate::settings::ReplyAttribute;
use crate::wire::{self, Kind, number};

/// An attribute that is added to an acceptance. Write `name` or `number`, or `vendor`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyAttributeConfig {
    /// The standard name, like `Filter-Id` or `Session-Timeout`.
    #[serde(default)]
    pub name: Option<String>,
    /// The number, for an attribute whose name is not known here. Its `kind` must be given too.
    #[serde(default)]
    pub number: Option<u8>,
    /// How the value of a numbered attribute is written.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// An attribute of a vendor.
    #[serde(default)]
    pub vendor: Option<VendorConfig>,
    /// The value. Numbers and the names of values (`VLAN`) both do.
    pub value: WrittenValue,
    /// Only for members of one of these groups, in whatever case. Empty (default): for everybody.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// An attribute of a vendor, by the numbers in the vendor's manual.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorConfig {
    /// The vendor's number (Cisco is 9, Fortinet 12356).
    pub id: u32,
    /// The number of the attribute among the vendor's.
    #[serde(rename = "type")]
    pub number: u8,
    /// How the value is written. Default `text`.
    #[serde(default = "default_vendor_kind")]
    pub kind: Kind,
}

fn default_vendor_kind() -> Kind {
    Kind::Text
}

/// A value as text or as a number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WrittenValue {
    Number(u32),
    Text(String),
}

/// What the protocol itself writes, or what would have to be hidden for each answer.
const NOT_BY_HAND: [u8; 10] = [
    number::USER_PASSWORD,
    number::CHAP_PASSWORD,
    number::STATE,
    number::VENDOR_SPECIFIC,
    number::PROXY_STATE,
    number::CHAP_CHALLENGE,
    number::TUNNEL_PASSWORD,
    number::PROMPT,
    number::EAP_MESSAGE,
    number::MESSAGE_AUTHENTICATOR,
];

pub(super) fn link_all(
    written: &[ReplyAttributeConfig],
    path: &str,
    problems: &mut Problems,
) -> Option<Vec<ReplyAttribute>> {
    let link_one = |(index, attribute): (usize, &ReplyAttributeConfig)| {
        let path = format!("{path}.reply_attributes.{index}");
        attribute.link(&path, problems)
    };
    let linked: Vec<_> = written.iter().enumerate().filter_map(link_one).collect();
    (linked.len() == written.len()).then_some(linked)
}

impl ReplyAttributeConfig {
    fn link(&self, path: &str, problems: &mut Problems) -> Option<ReplyAttribute> {
        let text = match &self.value {
            WrittenValue::Number(number) => number.to_string(),
            WrittenValue::Text(text) => text.clone(),
        };
        let (kind, value) = match (&self.name, self.number, &self.vendor) {
            (Some(name), None, None) => self.named(name, &text, path, problems)?,
            (None, Some(number), None) => self.numbered(number, &text, path, problems)?,
            (None, None, Some(vendor)) => (number::VENDOR_SPECIFIC, vendor.encode(&text, path, problems)?),
            _ => {
                problems.error(path, "not exactly one of name, number and vendor", "write one of them");
                return None;
            }
        };
        Some(ReplyAttribute { kind, value, groups: self.groups.iter().map(|group| group.to_lowercase()).collect() })
    }

    fn named(&self, name: &str, text: &str, path: &str, problems: &mut Problems) -> Option<(u8, Vec<u8>)> {
        let Some(definition) = wire::find(name) else {
            let remedy = "write a standard name, or the attribute's number and kind";
            problems.error(format!("{path}.name"), format!("{name}, which is not a known attribute"), remedy);
            return None;
        };
        if self.kind.is_some() {
            problems.error(format!("{path}.kind"), "a kind for a named attribute", "leave it out: the name says it");
            return None;
        }
        allowed(definition.number, path, problems)?;
        encode(definition.kind, Some(definition.number), text, path, problems).map(|value| (definition.number, value))
    }

    fn numbered(&self, number: u8, text: &str, path: &str, problems: &mut Problems) -> Option<(u8, Vec<u8>)> {
        let known = wire::find_number(number).map(|definition| definition.kind);
        let Some(kind) = self.kind.or(known) else {
            problems.error(
                format!("{path}.kind"),
                format!("no kind for attribute {number}"),
                "say how its value is written",
            );
            return None;
        };
        allowed(number, path, problems)?;
        encode(kind, Some(number), text, path, problems).map(|value| (number, value))
    }
}

impl VendorConfig {
    /// RFC 2865 §5.26: the vendor's number, then one attribute of the vendor's.
    fn encode(&self, text: &str, path: &str, problems: &mut Problems) -> Option<Vec<u8>> {
        let value = encode(self.kind, None, text, path, problems)?;
        let length = u8::try_from(value.len() + 2).ok().filter(|length| *length <= 249);
        let Some(length) = length else {
            problems.error(format!("{path}.value"), format!("{} octets", value.len()), "write at most 247 octets");
            return None;
        };
        Some([&self.id.to_be_bytes()[..], &[self.number, length], &value].concat())
    }
}

fn allowed(kind: u8, path: &str, problems: &mut Problems) -> Option<()> {
    let refused = kind == 0 || NOT_BY_HAND.contains(&kind);
    if refused {
        problems.error(
            path,
            format!("attribute {kind}, which is not set by hand"),
            "leave it out; write vendor: for one of a vendor",
        );
    }
    (!refused).then_some(())
}

fn encode(kind: Kind, attribute: Option<u8>, text: &str, path: &str, problems: &mut Problems) -> Option<Vec<u8>> {
    kind.encode(attribute, text)
        .map_err(|found| problems.error(format!("{path}.value"), found, "write it as the attribute's kind asks"))
        .ok()
}
