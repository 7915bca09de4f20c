//! A verdict in octets. The only place that knows reply codes.

use crate::carried;
use crate::challenge::{Echo, StateRef, words};
use crate::clients::Client;
use crate::logins::Permit;
use crate::wire::{Authenticator, Code, DoesNotFit, Writer, number, pieces};

use vestibule_engine::Prompt;

/// The one text of every refusal: a stranger learns nothing from it.
const REFUSED: &str = "Sign-in refused.";

/// What an answer needs to know of the request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) identifier: u8,
    pub(crate) authenticator: Authenticator,
    /// The Proxy-State attributes as they came, which go back as they came (RAD-10).
    pub(crate) proxy_state: Box<[u8]>,
}

impl Asked {
    /// Everything that is configured or carried must fit: an acceptance without its restrictions would grant more.
    pub(crate) fn accept(&self, client: &Client, permit: &Permit) -> Result<Vec<u8>, DoesNotFit> {
        let mut writer = Writer::new(Code::ACCESS_ACCEPT, self.identifier);
        for attribute in carried::unpack(permit.carried()) {
            if client.settings.pass.lets(attribute.kind) && (client.must_sign() || !may_quote_the_user(attribute.kind))
            {
                writer.put(attribute.kind, attribute.value)?;
            }
        }
        for attribute in &client.settings.reply_attributes {
            if attribute.is_for(permit.groups()) {
                writer.put(attribute.kind, &attribute.value)?;
            }
        }
        writer.put_run(&self.proxy_state)?;
        Ok(self.seal(writer, client))
    }

    pub(crate) fn reject(&self, client: &Client) -> Result<Vec<u8>, DoesNotFit> {
        let mut writer = Writer::new(Code::ACCESS_REJECT, self.identifier);
        writer.put_run(&self.proxy_state)?;
        // A refusal must not fail for want of room for its words.
        if let Err(error) = writer.put(number::REPLY_MESSAGE, REFUSED.as_bytes()) {
            tracing::debug!(%error, "A refusal went out without words");
        }
        Ok(self.seal(writer, client))
    }

    pub(crate) fn challenge(&self, client: &Client, prompt: &Prompt) -> Result<Vec<u8>, DoesNotFit> {
        let (text, echo) = words(prompt, client.must_sign());
        let mut writer = Writer::new(Code::ACCESS_CHALLENGE, self.identifier);
        for piece in pieces(&text) {
            writer.put(number::REPLY_MESSAGE, piece.as_bytes())?;
        }
        writer.put(number::STATE, &StateRef::of(prompt).to_octets())?;
        let echo: u32 = match echo {
            Echo::Hidden => 0,
            Echo::Shown => 1,
        };
        writer.put(number::PROMPT, &echo.to_be_bytes())?;
        writer.put_run(&self.proxy_state)?;
        Ok(self.seal(writer, client))
    }

    /// The answer to a Status-Server request (RFC 5997 §3).
    pub(crate) fn alive(&self, client: &Client) -> Result<Vec<u8>, DoesNotFit> {
        let mut writer = Writer::new(Code::ACCESS_ACCEPT, self.identifier);
        writer.put_run(&self.proxy_state)?;
        Ok(self.seal(writer, client))
    }

    fn seal(&self, writer: Writer, client: &Client) -> Vec<u8> {
        writer.seal_answer(&self.authenticator, &client.settings.secret)
    }
}

/// Upstreams put the user's own words in these, which a client that can be fed forged answers must not get (BLA-09).
fn may_quote_the_user(kind: u8) -> bool {
    matches!(kind, number::USER_NAME | number::REPLY_MESSAGE)
}
