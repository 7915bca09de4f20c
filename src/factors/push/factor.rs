//! The second factor "push".

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{
    Answer, Authenticator, Challenge, Channel, Checked, Clock, Identity, Method, Passcode, PortError, SecondFactor,
    Store, Timestamp,
};

use super::assertion::Site;
use super::judge::{Improper, Judge, may_answer, worth};
use super::protocol::{AnswerBody, Policy, PublicKey, Request, SignedRequest};
use super::record::Given;
use super::reports::{Reports, Seldom};
use super::{DeviceRecord, GatewayKey, NotQueued, Proof, PushAddress, PushReports, PushSender, Ring, Rung};

/// A person has a handful of devices. More would be a way to make us ring the world.
const DEVICES_MAX: usize = 16;

pub struct PushPorts {
    pub store: Arc<dyn Store>,
    pub sender: Arc<dyn PushSender>,
    pub clock: Arc<dyn Clock>,
}

/// What an administrator chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSettings {
    /// Of the portal, `https://login.example.com`: what devices were paired with.
    pub origin: String,
    pub user_verification: Policy,
}

pub struct Push {
    pub(super) store: Arc<dyn Store>,
    pub(super) sender: Arc<dyn PushSender>,
    pub(super) clock: Arc<dyn Clock>,
    key: Arc<GatewayKey>,
    site: Site,
    policy: Policy,
    reports: Reports,
    pub(super) seldom: Seldom,
}

impl Push {
    pub fn new(ports: PushPorts, key: Arc<GatewayKey>, settings: &PushSettings) -> Self {
        let PushPorts { store, sender, clock } = ports;
        let reports = Reports::new(Arc::clone(&store), Arc::clone(&clock));
        let PushSettings { origin, user_verification } = settings;
        let (site, policy) = (Site::new(origin), *user_verification);
        Self { store, sender, clock, key, site, policy, reports, seldom: Seldom::default() }
    }

    /// What this device shows its person now: those of the challenges that it may answer and that are not over.
    pub fn requests(&self, device: &Authenticator, challenges: &[Challenge]) -> Vec<SignedRequest> {
        let Ok(DeviceRecord::Vestibule(_)) = DeviceRecord::of(&device.secret) else { return Vec::new() };
        let now = self.clock.now();
        let open = challenges.iter().filter(|challenge| may_answer(device, challenge) && now < challenge.until);
        open.filter_map(|challenge| {
            let challenge = Request::of(challenge, device.id, &self.site.origin, self.policy).to_text();
            match self.key.sign(&challenge) {
                Ok(signature) => Some(SignedRequest { challenge, signature }),
                Err(error) => {
                    // Without a signature the device would believe nothing of it.
                    tracing::error!(device.id = %device.id, %error, "A request is not shown on a phone");
                    None
                }
            }
        })
        .collect()
    }

    /// Whether a device may be rung there.
    pub fn accepts(&self, address: &PushAddress) -> Result<(), NotQueued> {
        self.sender.accepts(address)
    }

    /// What to tell a device of its answer. Deciding is for [`SecondFactor::check`] alone.
    pub fn proper(&self, device: &Authenticator, challenge: &Challenge, answer: &AnswerBody) -> Result<(), Improper> {
        match DeviceRecord::of(&device.secret) {
            Ok(DeviceRecord::Vestibule(record)) => {
                self.judge(self.clock.now()).proper(device, &record, challenge, answer)
            }
            Ok(DeviceRecord::Privacyidea(_)) | Err(_) => Err(Improper::Signature),
        }
    }

    pub fn gateway_key(&self) -> PublicKey {
        self.key.public_key()
    }

    pub fn origin(&self) -> &str {
        &self.site.origin
    }

    pub fn user_verification(&self) -> Policy {
        self.policy
    }

    fn judge(&self, now: Timestamp) -> Judge<'_> {
        Judge { site: &self.site, policy: self.policy, now }
    }
}

/// The devices that a challenge is for.
pub(super) fn asked<'a>(
    with: &'a [Authenticator],
    challenge: &'a Challenge,
) -> impl Iterator<Item = &'a Authenticator> {
    with.iter().filter(|device| may_answer(device, challenge)).take(DEVICES_MAX)
}

#[async_trait]
impl SecondFactor for Push {
    fn method(&self) -> Method {
        Method::Push
    }

    /// It is answered on the phone, so it needs nothing of the channel but that it waits.
    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }

    fn is_typed(&self) -> bool {
        false
    }

    async fn start(&self, who: &Identity, with: &[Authenticator], challenge: &Challenge) -> Result<(), PortError> {
        for device in asked(with, challenge) {
            if let Err(error) = self.ring(device, challenge).await
                && self.seldom.may_say(self.clock.now())
            {
                tracing::warn!(
                    user.name = %who.name, device.id = %device.id, error = &error as &dyn std::error::Error,
                    "It could not be found out where to ring a phone; its app still shows the request when it is opened"
                );
            }
        }
        Ok(())
    }

    async fn withdraw(&self, with: &[Authenticator], challenge: &Challenge) {
        if let Err(error) = self.take_back(with, challenge).await
            && self.seldom.may_say(self.clock.now())
        {
            tracing::warn!(
                attempt.id = %challenge.attempt, error = &error as &dyn std::error::Error,
                "Phones are not told that a request is over; they see it when their app is opened"
            );
        }
    }

    async fn check(
        &self,
        challenge: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Checked, PortError> {
        let (Some(challenge), Some(proof)) = (challenge, Proof::of(answer)) else { return Ok(Checked::NotMine) };
        let Some(device) = asked(with, challenge).find(|device| device.id == proof.device) else {
            return Ok(Checked::NotMine);
        };
        let decision = proof.decision();
        Ok(match (DeviceRecord::of(&device.secret)?, &proof.given) {
            (DeviceRecord::Vestibule(record), Given::Device(answer)) => {
                match self.judge(now).proper(device, &record, challenge, answer) {
                    Ok(()) => worth(device, challenge, decision, answer.number.as_deref()),
                    Err(_) => Checked::NotMine,
                }
            }
            (DeviceRecord::Privacyidea(record), Given::Privacyidea(answer)) => {
                let in_time = now < challenge.until;
                match record.verify_answer(challenge, answer) {
                    // That app cannot show that its person is there, so where this is required it approves nothing.
                    Ok(()) if in_time && answer.is_enough_for(self.policy) => {
                        worth(device, challenge, decision, answer.presence_answer.as_deref())
                    }
                    _ => Checked::NotMine,
                }
            }
            _ => Checked::NotMine,
        })
    }
}

#[async_trait]
impl PushReports for Push {
    async fn report(&self, ring: &Ring, came: Rung) {
        self.reports.report(ring, came).await;
    }
}
