//! Push: a request on the person's phone, answered with a signature.
//!
//! The push message is a doorbell and no more: it says that there is something to look at, and a phone that never hears
//! it asks by itself (PSH-12). What is asked is signed by the gateway, what is answered by the device, and the number
//! that the login shows is never sent to the phone: the person carries it.
//!
//! ```text
//!  protocol      what is said and signed between a phone and the gateway
//!  record        what is kept of a device, and the proof an answer carries
//!  judge         whether an answer is properly given: key, context, time, person
//!  factor        the second factor: rings, judges, takes back
//!  ringing       which phones are rung, and which are told of the end
//!  reports       what became of the doorbells
//!  privacyidea   the same for phones with the privacyIDEA Authenticator
//! ```
//!
//! What it must not know: HTTP, push services, SQL.

mod assertion;
mod factor;
mod gateway_key;
mod judge;
pub mod privacyidea;
pub mod protocol;
mod record;
mod reports;
mod ringing;
mod sender;
#[cfg(test)]
mod tests;

pub use factor::{Push, PushPorts, PushSettings};
pub use gateway_key::{GatewayKey, KeyFault};
pub use judge::Improper;
pub use record::{
    Credential, DeviceRecord, Proof, VestibuleDevice, address_of, address_secret, codes_of, new_device, new_device_as,
    take_away,
};
pub use reports::{Reports, note_evidence};
pub use sender::{Doorbell, NotQueued, PushAddress, PushReports, PushSender, Ring, Rung};
