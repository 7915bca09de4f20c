//! All phones: each looks what it is asked and answers, in requests that it signs, over connections that are kept.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Certificate, Client, Method, Version};
use tokio::task::JoinSet;
use vestibule::clock::SystemClock;
use vestibule_engine::Clock;
use vestibule_factors::push::protocol::{
    AnswerBody, AnswerResult, Answered, Authorization, Decision, Millis, PublicKey, Reason, Request, Requests,
    SignedRequest,
};

use super::nas::{Answer, Nas};
use super::pace::Pace;
use super::people::{People, Phone};
use super::site::Portal;

/// Connections that the phones share, each from an address of its own: the gateway takes only so many calls of one.
const LINES: u8 = 64;
/// Answers under way at once.
const AT_ONCE: usize = 512;
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Phones {
    phones: Vec<Phone>,
    lines: Vec<Client>,
    gateway: PublicKey,
    origin: String,
    clock: SystemClock,
}

impl Phones {
    /// The phones of these people. Their connections stand when this returns.
    pub(super) async fn connected(people: People, portal: &Portal) -> anyhow::Result<Rc<Self>> {
        // The second time it is there already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let authorities = Certificate::from_pem_bundle(portal.authority().as_bytes())?;
        let line = |number: u8| {
            Client::builder()
                .https_only(true)
                .tls_certs_only(authorities.clone())
                .resolve("localhost", portal.address())
                .local_address(IpAddr::from(Ipv4Addr::new(127, 0, 1, number + 1)))
                .pool_idle_timeout(None)
                .timeout(PATIENCE)
                .build()
        };
        let lines = (0..LINES).map(line).collect::<Result<_, _>>().context("set up TLS")?;
        let (gateway, origin, clock) = (people.gateway, portal.origin(), SystemClock::new());
        let phones = Self { phones: people.phones, lines, gateway, origin, clock };
        for line in &phones.lines {
            let response = line.get(format!("{}/device/v1/gateway", phones.origin)).send().await?;
            if response.version() != Version::HTTP_2 || !response.status().is_success() {
                bail!("the portal answers {} in {:?}", response.status(), response.version());
            }
            response.bytes().await?;
        }
        Ok(Rc::new(phones))
    }

    /// Every person answers their one request, so many a second, as `nas` expects it of them.
    pub(super) async fn answer_all(self: &Rc<Self>, nas: &Rc<Nas>, rate: u32) -> anyhow::Result<()> {
        let (mut pace, mut tasks) = (Pace::of(rate), JoinSet::new());
        for number in 0..self.phones.len() {
            pace.turn().await;
            while tasks.len() >= AT_ONCE {
                done(tasks.join_next().await)?;
            }
            let (own, nas) = (Rc::clone(self), Rc::clone(nas));
            tasks.spawn_local(async move { own.answer(number, &nas).await });
        }
        while !tasks.is_empty() {
            done(tasks.join_next().await)?;
        }
        Ok(())
    }

    async fn answer(&self, number: usize, nas: &Nas) -> anyhow::Result<()> {
        let Some(phone) = self.phones.get(number) else { return Ok(()) };
        let (signed, request) = self.asked(number, phone).await?;
        let (decision, reason) = match nas.should(number) {
            Answer::Accept => (Decision::Approve, None),
            Answer::Reject => (Decision::Deny, Some(Reason::Mistake)),
        };
        let now = Millis::from(self.clock.now());
        let body = AnswerBody::sign(&phone.key, &signed, &request, decision, None, reason, now)?;
        let path = format!("/device/v1/requests/{}/answer", request.attempt);
        let body = serde_json::to_vec(&body)?;
        nas.decided(number);
        let said = self.exchange(number, phone, Method::POST, &path, body).await?;
        let answered: Answered = serde_json::from_slice(&said).context("read what became of an answer")?;
        match (answered.result, decision) {
            (AnswerResult::Approved, Decision::Approve) | (AnswerResult::Denied, Decision::Deny) => Ok(()),
            (result, _) => bail!("phone {number} said {decision:?}, and the gateway heard {result:?}"),
        }
    }

    /// The one thing that this phone is asked.
    async fn asked(&self, number: usize, phone: &Phone) -> anyhow::Result<(SignedRequest, Request)> {
        let said = self.exchange(number, phone, Method::GET, "/device/v1/requests?wait=0", Vec::new()).await?;
        let waiting: Requests = serde_json::from_slice(&said).context("read what a phone is asked")?;
        let [signed] = <[SignedRequest; 1]>::try_from(waiting.requests)
            .map_err(|found| anyhow::anyhow!("phone {number} is asked {} things at once", found.len()))?;
        let request = signed.open(&self.gateway, &self.origin, phone.device)?;
        Ok((signed, request))
    }

    /// What the gateway says to a signed request.
    async fn exchange(
        &self,
        number: usize,
        phone: &Phone,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Vec<u8>> {
        let now = Millis::from(self.clock.now());
        let signed = Authorization::sign(&phone.key, &self.origin, method.as_str(), path, phone.device, now, &body)?;
        let line = self.lines.get(number % usize::from(LINES)).context("find a connection")?;
        let mut request = line.request(method, format!("{}{path}", self.origin));
        request = request.header(AUTHORIZATION, signed.to_string());
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.context("ask the device API")?;
        let (status, said) = (response.status(), response.bytes().await.context("read the device API's answer")?);
        if !status.is_success() {
            bail!("the device API answers phone {number} with {status}: {}", String::from_utf8_lossy(&said));
        }
        Ok(said.to_vec())
    }
}

fn done(ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>) -> anyhow::Result<()> {
    ended.map_or(Ok(()), |ended| ended?)
}
