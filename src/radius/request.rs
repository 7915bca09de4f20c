//! An Access-Request as a login: who, with what, from where. What is not a login of a person is refused here.

use vestibule_engine::{Password, Station, UserName};

use crate::answer::Asked;
use crate::challenge::StateRef;
use crate::clients::Client;
use crate::notice::Cause;
use crate::wire::{Packet, number, reveal};

/// Service-Types that are no login of a person (RAD-28): a check of a hardware address, and authorization alone.
const CALL_CHECK: [u8; 4] = [0, 0, 0, 10];
const AUTHORIZE_ONLY: [u8; 4] = [0, 0, 0, 17];

#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) user: UserName,
    /// The content of User-Password. With a `state` it is the answer to a question and no password (RAD-23).
    pub(crate) typed: Password,
    pub(crate) state: Option<StateRef>,
    pub(crate) station: Option<Station>,
}

impl Login {
    /// Exactly one name, exactly one User-Password and no other credential, at most one State (RAD-08, RAD-21). With a State
    /// the password may be missing (RFC 2865 §4.1): clients leave it out where nothing was typed, and it is then empty.
    pub(crate) fn read(packet: &Packet<'_>, client: &Client, signed: bool) -> Result<Self, Cause> {
        if packet.all(number::SERVICE_TYPE).any(|service| service == CALL_CHECK || service == AUTHORIZE_ONLY) {
            return Err(Cause::NotALogin);
        }
        if packet.has(number::CHAP_PASSWORD) || packet.has(number::EAP_MESSAGE) {
            return Err(Cause::OtherCredential);
        }
        let name = only(packet, number::USER_NAME).map_err(|_| Cause::UnreadableName)?.ok_or(Cause::UnreadableName)?;
        let user = UserName::from_octets(name).map_err(|_| Cause::UnreadableName)?;
        let state = match only(packet, number::STATE).map_err(|_| Cause::BadState)? {
            None => None,
            Some(octets) => Some(StateRef::from_octets(octets).ok_or(Cause::BadState)?),
        };
        let hidden = only(packet, number::USER_PASSWORD).map_err(|_| Cause::UnreadablePassword)?;
        let typed = match (hidden, state) {
            (Some(hidden), _) => {
                let secret = &client.settings.secret;
                reveal(hidden, packet.authenticator(), secret).ok_or(Cause::UnreadablePassword)?
            }
            (None, Some(_)) => Password::new(""),
            (None, None) => return Err(Cause::OtherCredential),
        };
        if !signed && looks_like_noise(&typed) {
            return Err(Cause::UnreadablePassword);
        }
        Ok(Self { user, typed, state, station: station(packet, client) })
    }
}

struct MoreThanOne;

fn only<'a>(packet: &Packet<'a>, kind: u8) -> Result<Option<&'a [u8]>, MoreThanOne> {
    let mut values = packet.all(kind);
    let first = values.next();
    if values.next().is_some() { Err(MoreThanOne) } else { Ok(first) }
}

/// Without a signature, a wrong secret shows only in what comes out of User-Password. Nobody types control characters;
/// passing noise on would count as wrong guesses of a user who did nothing wrong.
fn looks_like_noise(typed: &Password) -> bool {
    typed.octets().iter().any(u8::is_ascii_control)
}

fn station(packet: &Packet<'_>, client: &Client) -> Option<Station> {
    packet
        .first(client.settings.station_attribute)
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(Station::parse)
}

/// What the answer to `packet` will need of it.
pub(crate) fn asked(packet: &Packet<'_>) -> Asked {
    let mut proxy_state = Vec::new();
    for value in packet.all(number::PROXY_STATE) {
        let length = u8::try_from(value.len() + 2).unwrap_or(u8::MAX);
        proxy_state.extend_from_slice(&[number::PROXY_STATE, length]);
        proxy_state.extend_from_slice(value);
    }
    Asked {
        identifier: packet.identifier(),
        authenticator: *packet.authenticator(),
        proxy_state: proxy_state.into_boxed_slice(),
    }
}
