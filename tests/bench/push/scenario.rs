//! The two runs: as many as there can be, and a few thousand beside others.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::nas::{Answer, Listening, Nas};
use super::outcome::Outcome;
use super::people::People;
use super::phones::Phones;
use super::report::{Passed, Waited};
use super::site::Site;
use crate::packet::Login;

/// Logins with a code that come last: what is kept for a while is dropped when something new arrives.
const SWEEP: u32 = 100;

/// One in so many says no.
const DENY_EVERY: usize = 10;
/// An answer that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Logins that wait for a phone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) logins: u32,
    pub(super) begin: u32,
    pub(super) answers: u32,
    pub(super) repeat: Duration,
    /// Logins with a code that come first, so that what is made once is not counted with what waits.
    pub(super) warm_up: u32,
}

impl Held {
    /// People with codes that a run takes besides those it measures.
    pub(super) fn codes(&self) -> u32 {
        self.warm_up + SWEEP
    }
}

/// Logins with a code that go on meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passing {
    pub(super) rate: u32,
    pub(super) seconds: u64,
}

impl Passing {
    pub(super) fn logins(&self) -> u32 {
        self.rate.saturating_mul(u32::try_from(self.seconds).unwrap_or(u32::MAX))
    }
}

/// The clients and the phones of a run, connected.
struct Played {
    nas: Rc<Nas>,
    phones: Rc<Phones>,
    _listening: Listening,
}

/// Hold as many as were asked for, then let everybody answer. `quiet` is how long nothing happens, before the answers and
/// after.
pub(super) async fn many_held(site: &Site, mut people: People, held: &Held, quiet: Duration) -> anyhow::Result<Waited> {
    let (warm_up, sweep) = (people.take_codes(held.warm_up)?, people.take_codes(SWEEP)?);
    pass(site, warm_up.logins(), held.begin, held.repeat).await?.check()?;
    let played = Played::new(site, people, held).await?;
    let mut waited = Waited { logins: held.logins, before: site.resident()?, ..Waited::default() };
    played.begin(site, held, &mut waited).await?;
    let (since, cpu) = (Instant::now(), site.cpu()?);
    sleep(quiet).await;
    (waited.quiet, waited.cpu_quiet) = (since.elapsed(), site.cpu()?.saturating_sub(cpu));
    played.answer(site, held, &mut waited).await?;
    sleep(quiet).await;
    pass(site, sweep.logins(), held.begin, held.repeat).await?.check()?;
    waited.after = site.resident()?;
    Ok(waited)
}

/// Hold some, let others sign in with codes, then let those who are held answer.
pub(super) async fn held_while_others_pass(
    site: &Site,
    mut people: People,
    held: &Held,
    passing: &Passing,
) -> anyhow::Result<Passed> {
    let (warm_up, others) = (people.take_codes(held.warm_up)?, people.take_codes(passing.logins())?);
    pass(site, warm_up.logins(), held.begin, held.repeat).await?.check()?;
    let played = Played::new(site, people, held).await?;
    let mut waited = Waited { logins: held.logins, before: site.resident()?, ..Waited::default() };
    played.begin(site, held, &mut waited).await?;
    let (since, cpu) = (Instant::now(), site.cpu()?);
    let others = pass(site, others.logins(), passing.rate, held.repeat).await?;
    let (took, cpu) = (since.elapsed(), site.cpu()?.saturating_sub(cpu));
    site.until_waiting(held.logins).await?;
    played.answer(site, held, &mut waited).await?;
    waited.after = site.resident()?;
    Ok(Passed { waited, others, took, cpu })
}

impl Played {
    async fn new(site: &Site, people: People, held: &Held) -> anyhow::Result<Self> {
        let should = |number: usize| {
            if number % DENY_EVERY == DENY_EVERY - 1 { Answer::Reject } else { Answer::Accept }
        };
        let nas = Nas::open(site, people.with_phones(), should).await?;
        let listening = nas.listen(held.repeat);
        let phones = Phones::connected(people, &site.portal).await?;
        Ok(Self { nas, phones, _listening: listening })
    }

    async fn begin(&self, site: &Site, held: &Held, waited: &mut Waited) -> anyhow::Result<()> {
        let cpu = site.cpu()?;
        self.nas.begin_all(held.begin).await?;
        site.until_waiting(held.logins).await?;
        waited.cpu_begin = site.cpu()?.saturating_sub(cpu);
        waited.at = site.resident()?;
        Ok(())
    }

    async fn answer(&self, site: &Site, held: &Held, waited: &mut Waited) -> anyhow::Result<()> {
        let (since, cpu) = (Instant::now(), site.cpu()?);
        self.phones.answer_all(&self.nas, held.answers).await?;
        self.nas.until_heard(PATIENCE).await;
        waited.answers = since.elapsed();
        waited.cpu_answers = site.cpu()?.saturating_sub(cpu);
        waited.outcome = self.nas.outcome();
        site.until_waiting(0).await
    }
}

/// Logins with a code, so many a second, until all have their answer.
async fn pass(site: &Site, logins: Vec<Login>, rate: u32, repeat: Duration) -> anyhow::Result<Outcome> {
    let nas = Nas::open(site, logins, |_| Answer::Accept).await?;
    let _listening = nas.listen(repeat);
    nas.begin_all(rate).await?;
    nas.until_heard(PATIENCE).await;
    Ok(nas.outcome())
}
