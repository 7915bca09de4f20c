//! A randomised model: many logins, answers, approvals, cancels, timeouts, reloads and lost nodes, interleaved by a seed.
//! After every run the invariants of a login are checked against the whole record.
//!
//! A failing seed is printed; put it into `SEEDS_TO_KEEP` with its story.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::fakes::*;
use crate::*;

const SEEDS: u64 = 300;
/// Seeds that once failed.
const SEEDS_TO_KEEP: [u64; 0] = [];
const ACTORS: u64 = 12;
const STEPS: u64 = 12;

/// A small generator: the run is the seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What the actors know to be legitimate, to compare with what was allowed.
#[derive(Default)]
struct Ledger {
    /// Attempts for which somebody who may gave a right approval.
    approved: std::sync::Mutex<HashSet<AttemptId>>,
    grants: std::sync::Mutex<Vec<(AttemptId, String, Vec<Method>)>>,
}

impl Ledger {
    fn note(&self, verdict: &Verdict) {
        if let Verdict::Allow(grant) = verdict {
            let entry = (grant.attempt(), grant.identity().name.clone(), grant.methods().to_vec());
            self.grants.lock().unwrap().push(entry);
        }
    }
}

async fn act(world: Arc<World>, ledger: Arc<Ledger>, mut dice: Dice) {
    let mut open: Vec<(String, Prompt)> = Vec::new();
    for _ in 0..STEPS {
        let engine = if dice.roll(2) == 0 { &world.engine } else { &world.other_node };
        let (name, password) = if dice.roll(2) == 0 { ("ada", "secret") } else { ("bob", "hidden") };
        let password = if dice.roll(4) == 0 { "guess" } else { password };
        let station = format!("198.51.100.{}", dice.roll(4));
        let code = if dice.roll(3) == 0 { "999999".to_owned() } else { world.code() };
        match dice.roll(9) {
            0 => {
                let request = request_from(name, Prompts::None, &station);
                if let Ok(verdict) = world.decide_on(engine, request, &format!("{password},{code}")).await {
                    ledger.note(&verdict);
                }
            }
            1 | 2 => {
                let prompts = if dice.roll(2) == 0 { Prompts::Text } else { Prompts::Page };
                match world.begin_on(engine, request_from(name, prompts, &station), password).await {
                    Ok(Step::Show(prompt)) => open.push((name.to_owned(), prompt)),
                    Ok(Step::Done(verdict)) => ledger.note(&verdict),
                    Err(_) => {}
                }
            }
            3 | 4 => {
                let Some((name, prompt)) = open.last().cloned() else { continue };
                let typed = if dice.roll(3) == 0 { String::new() } else { code };
                match world.answer_on(engine, &name, &prompt, &typed).await {
                    Ok(Step::Show(next)) => open.push((name, next)),
                    Ok(Step::Done(verdict)) => ledger.note(&verdict),
                    Err(_) => {}
                }
            }
            5 => {
                let rung = world.phone.rung.lock().unwrap().clone();
                let Some(attempt) = rung.get(dice.roll(rung.len().max(1) as u64) as usize) else { continue };
                let proof = if dice.roll(4) == 0 { other_number() } else { approval() };
                if matches!(&proof, Answer::Approved { proof, .. } if proof.expose() == b"yes") {
                    ledger.approved.lock().unwrap().insert(*attempt);
                }
                drop(world.respond(engine, *attempt, proof).await);
            }
            6 => {
                let rung = world.phone.rung.lock().unwrap().last().copied();
                let Some(attempt) = rung else { continue };
                drop(world.respond(engine, attempt, declined(Method::Push, false)).await);
            }
            7 => {
                let Some((_, prompt)) = open.pop() else { continue };
                drop(engine.cancel(prompt.attempt, Withdrawn::ClientGone).await);
            }
            _ => {
                // Most often the time of a question runs out while somebody is about to answer it.
                let seconds = if dice.roll(2) == 0 { 121 } else { dice.roll(70) };
                world.clock.pass(seconds as i64);
                drop(engine.tend().await);
            }
        }
        for _ in 0..dice.roll(5) {
            tokio::task::yield_now().await;
        }
    }
}

async fn run(seed: u64) {
    let world = Arc::new(World::new());
    let totp = [world.enrol("ada", Method::Totp), world.enrol("bob", Method::Totp)];
    world.enrol("bob", Method::Push);
    world.directory.slowness.store(seed % 7, Ordering::SeqCst);
    let ledger = Arc::new(Ledger::default());
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    if dice.roll(3) == 0 {
        world.fuse.fail_at(dice.roll(400) + 1);
    }
    let mut actors = tokio::task::JoinSet::new();
    for _ in 0..ACTORS {
        let dice = Dice(dice.roll(u64::MAX) | 1);
        actors.spawn(act(Arc::clone(&world), Arc::clone(&ledger), dice));
    }
    // Some actors are lost in the middle, as a node's tasks are when it is killed.
    if dice.roll(2) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        actors.abort_all();
    }
    while let Some(actor) = actors.join_next().await {
        if let Err(error) = actor {
            assert!(error.is_cancelled(), "seed {seed}: {error}");
        }
    }
    world.fuse.fail_at(0);
    world.clock.pass(4_000);
    world.engine.tend().await.unwrap();
    check(seed, &world, &ledger, &totp).await;
}

async fn check(seed: u64, world: &World, ledger: &Ledger, totp: &[AuthenticatorId]) {
    // I2: one terminal state each; I7: nothing pending is left.
    assert_eq!(world.store.open_attempts().await.unwrap(), 0, "seed {seed}: an attempt is left open");
    let mut verdicts: HashMap<AttemptId, Decision> = HashMap::new();
    for decision in world.decisions() {
        let attempt = decision.attempt;
        assert!(verdicts.insert(attempt, decision).is_none(), "seed {seed}: {attempt} was decided twice");
    }
    // I3: every step of every token at most once.
    let mut spent = HashSet::new();
    for spend in &world.store.lock().spends {
        if let Spend::Step { authenticator, step, .. } = spend {
            assert!(totp.contains(authenticator), "seed {seed}: a token that nobody has");
            assert!(spent.insert((*authenticator, *step)), "seed {seed}: step {step} was spent twice");
        }
    }
    let approved = ledger.approved.lock().unwrap();
    for (attempt, name, methods) in &*ledger.grants.lock().unwrap() {
        // I6: each grant has its record; I1: and its factor.
        let decision = verdicts.get(attempt).unwrap_or_else(|| panic!("seed {seed}: a grant without a record"));
        assert!(decision.allowed, "seed {seed}: a grant where the record says no");
        assert_eq!(decision.name.as_ref(), Some(name), "seed {seed}: a grant for somebody else");
        assert_eq!(decision.first_factor, FirstFactor::Accepted);
        assert_eq!(methods.len(), 1, "seed {seed}: a grant without a factor");
        if methods == &[Method::Push] {
            assert!(approved.contains(attempt), "seed {seed}: a push that nobody approved");
        }
    }
    let allowed = verdicts.values().filter(|decision| decision.allowed && decision.methods == [Method::Totp]).count();
    assert_eq!(allowed, spent.len(), "seed {seed}: codes accepted and codes spent differ");
}

#[test]
fn invariants_hold_over_many_interleavings() {
    for seed in SEEDS_TO_KEEP.into_iter().chain(1..=SEEDS) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let limit = Duration::from_secs(7_200);
            tokio::time::timeout(limit, run(seed)).await.unwrap_or_else(|_| panic!("seed {seed}: a login hangs"));
        });
    }
}
