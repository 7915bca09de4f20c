//! RADIUS clients that wait for as long as it takes: one port for every 256 logins, a request repeated where nothing was
//! heard, and every answer held against what it should be.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::outcome::Outcome;
use super::pace::Pace;
use super::site::{SECRET, Site, client_address};
use crate::packet::{self, Authenticator, Login};

/// Identifiers of one port: an identifier has 8 bits.
const IDENTIFIERS: usize = 256;
/// How often it is looked whose time has come to ask again.
const REPEAT_BEAT: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// All clients together. Each login has a port and an identifier of its own, used once.
pub(super) struct Nas {
    ports: Vec<UdpSocket>,
    logins: Vec<Login>,
    asked: RefCell<Vec<Asked>>,
    /// Makes the authenticators of this run others than those of another.
    run: u128,
    unheard: Cell<usize>,
    forged: Cell<u64>,
}

/// One login as its client sees it.
#[derive(Debug, Clone, Copy)]
struct Asked {
    should: Answer,
    first: Option<Instant>,
    last: Option<Instant>,
    repeats: u32,
    /// When the person answered on their phone.
    decided: Option<Instant>,
    heard: Option<(Answer, Instant)>,
    again: u32,
    contradicted: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accept,
    Reject,
}

/// The clients' ears; they close when this is dropped.
pub(super) struct Listening {
    _tasks: JoinSet<()>,
}

impl Nas {
    /// Clients for these logins, each with what it should come to.
    pub(super) async fn open(
        site: &Site,
        logins: Vec<Login>,
        should: impl Fn(usize) -> Answer,
    ) -> anyhow::Result<Rc<Self>> {
        let mut ports = Vec::new();
        for number in 0..logins.len().div_ceil(IDENTIFIERS) {
            let port = UdpSocket::bind((client_address(number), 0)).await.context("open a client's port")?;
            port.connect(site.radius).await.context("point a client's port at the gateway")?;
            ports.push(port);
        }
        let asked = (0..logins.len()).map(|number| Asked::of(should(number))).collect();
        let run = (u128::from(std::process::id()) << 96) | (u128::from(ports.first().map_or(0, own_port)) << 64);
        let unheard = Cell::new(logins.len());
        Ok(Rc::new(Self { ports, logins, asked: RefCell::new(asked), run, unheard, forged: Cell::new(0) }))
    }

    /// Hear answers, and repeat what none came to for so long.
    pub(super) fn listen(self: &Rc<Self>, repeat: Duration) -> Listening {
        let mut tasks = JoinSet::new();
        for number in 0..self.ports.len() {
            let own = Rc::clone(self);
            tasks.spawn_local(async move { own.hear(number).await });
        }
        let own = Rc::clone(self);
        tasks.spawn_local(async move { own.repeat(repeat).await });
        Listening { _tasks: tasks }
    }

    /// Begin every login, so many a second.
    pub(super) async fn begin_all(&self, rate: u32) -> anyhow::Result<()> {
        let mut pace = Pace::of(rate);
        for number in 0..self.logins.len() {
            pace.turn().await;
            self.send(number).await.context("send a request")?;
        }
        Ok(())
    }

    /// What this login should come to.
    pub(super) fn should(&self, number: usize) -> Answer {
        self.asked.borrow().get(number).map_or(Answer::Reject, |asked| asked.should)
    }

    /// The person answers on their phone: from now on, an answer of the gateway is due.
    pub(super) fn decided(&self, number: usize) {
        if let Some(asked) = self.asked.borrow_mut().get_mut(number) {
            asked.decided = Some(Instant::now());
        }
    }

    /// Until every login has its answer, or the patience is over.
    pub(super) async fn until_heard(&self, patience: Duration) {
        let end = Instant::now() + patience;
        while self.unheard.get() > 0 && Instant::now() < end {
            sleep(LOOK_EVERY).await;
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        let mut outcome = Outcome { forged: self.forged.get(), ..Outcome::default() };
        for asked in self.asked.borrow().iter() {
            asked.add_to(&mut outcome);
        }
        outcome.latencies.sort();
        outcome
    }

    async fn send(&self, number: usize) -> std::io::Result<()> {
        let (Some(login), Some(port)) = (self.logins.get(number), self.ports.get(number / IDENTIFIERS)) else {
            return Ok(());
        };
        let request = packet::request(login, identifier(number), &self.authenticator(number), SECRET.as_bytes());
        if let Some(asked) = self.asked.borrow_mut().get_mut(number) {
            let now = Instant::now();
            asked.first.get_or_insert(now);
            asked.last = Some(now);
        }
        port.send(&request).await.map(drop)
    }

    fn authenticator(&self, number: usize) -> Authenticator {
        (self.run | number as u128).to_be_bytes()
    }

    async fn hear(&self, port: usize) {
        let Some(socket) = self.ports.get(port) else { return };
        let mut buffer = [0; 4096];
        loop {
            // An error here is the gateway's end: what it owes is counted as lost.
            let Ok(length) = socket.recv(&mut buffer).await else { return };
            self.take(port, buffer.get(..length).unwrap_or_default());
        }
    }

    fn take(&self, port: usize, octets: &[u8]) {
        let number = octets.get(1).map(|identifier| port * IDENTIFIERS + usize::from(*identifier));
        let answer = number.and_then(|number| {
            match packet::authentic_code(octets, &self.authenticator(number), SECRET.as_bytes())? {
                packet::ACCESS_ACCEPT => Some((number, Answer::Accept)),
                packet::ACCESS_REJECT => Some((number, Answer::Reject)),
                _ => None,
            }
        });
        let mut asked = self.asked.borrow_mut();
        let Some((asked, answer)) = answer.and_then(|(number, answer)| Some((asked.get_mut(number)?, answer))) else {
            self.forged.set(self.forged.get() + 1);
            return;
        };
        if asked.hear(answer) {
            self.unheard.set(self.unheard.get().saturating_sub(1));
        }
    }

    async fn repeat(&self, after: Duration) {
        let mut beat = interval(REPEAT_BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let now = Instant::now();
            let due: Vec<usize> = self
                .asked
                .borrow_mut()
                .iter_mut()
                .enumerate()
                .filter_map(|(number, asked)| {
                    let is_due =
                        asked.heard.is_none() && asked.last.is_some_and(|last| now.duration_since(last) >= after);
                    is_due.then(|| asked.repeats += 1).map(|()| number)
                })
                .collect();
            for number in due {
                // One that cannot be sent is as good as lost on the way.
                self.send(number).await.ok();
            }
        }
    }
}

impl Asked {
    fn of(should: Answer) -> Self {
        let (first, last, decided, heard) = (None, None, None, None);
        Self { should, first, last, repeats: 0, decided, heard, again: 0, contradicted: 0 }
    }

    /// Whether it is the first answer. One that was repeated may be answered again, with the same word.
    fn hear(&mut self, answer: Answer) -> bool {
        match self.heard {
            None => self.heard = Some((answer, Instant::now())),
            Some((first, _)) if first == answer => self.again += 1,
            Some(_) => self.contradicted += 1,
        }
        self.again + self.contradicted == 0
    }

    fn add_to(&self, outcome: &mut Outcome) {
        outcome.repeats += u64::from(self.repeats);
        outcome.contradicted += u64::from(self.contradicted);
        // The gateway answers a repetition once more; more answers than questions are too many.
        outcome.unasked += u64::from(self.again.saturating_sub(self.repeats));
        match self.heard {
            None => outcome.lost += 1,
            Some((answer, _)) if answer != self.should => outcome.wrong += 1,
            Some((Answer::Accept, _)) => outcome.accepted += 1,
            Some((Answer::Reject, _)) => outcome.rejected += 1,
        }
        if let (Some((Answer::Accept, at)), Some(since)) = (self.heard, self.decided.or(self.first)) {
            outcome.latencies.add(at.saturating_duration_since(since));
        }
    }
}

fn identifier(number: usize) -> u8 {
    u8::try_from(number % IDENTIFIERS).unwrap_or(0)
}

fn own_port(socket: &UdpSocket) -> u16 {
    socket.local_addr().map_or(0, |address| address.port())
}
