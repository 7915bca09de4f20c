//! The factor before the password: nobody tries passwords without the phone or a code, and nobody gets in without both.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;

use super::fakes::*;
use crate::*;

type Held = tokio::task::JoinHandle<Result<Verdict, EngineError>>;

fn world(method: Method) -> Arc<World> {
    let world = of_programs(&Settings::default());
    world.enrol("ada", method);
    world
}

fn first() -> Terms {
    Terms { order: Order::FactorFirst, ..Terms::default() }
}

fn first_and_again() -> Terms {
    Terms { order: Order::FactorFirst, ..repeating() }
}

async fn bound(world: &World, typed: &str) -> Result<Verdict, EngineError> {
    world.decide_on(&world.engine, bind("ada", first()), typed).await
}

fn held(world: &Arc<World>, terms: &Terms, typed: &'static str) -> Held {
    let (world, request) = (Arc::clone(world), bind("ada", terms.clone()));
    tokio::spawn(async move { world.decide_on(&world.engine, request, typed).await })
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn rung(world: &World) -> Vec<AttemptId> {
    world.phone.rung.lock().unwrap().clone()
}

async fn says(world: &World, answer: Answer) -> Responded {
    let attempt = *rung(world).last().unwrap();
    world.respond(&world.other_node, attempt, answer).await.unwrap()
}

fn grant(verdict: Result<Verdict, EngineError>) -> Grant {
    match verdict.unwrap() {
        Verdict::Allow(grant) => grant,
        Verdict::Deny(denial) => panic!("refused: {denial:?}"),
    }
}

fn last(world: &World) -> Decision {
    world.decisions().pop().unwrap()
}

fn failures(world: &World, of: &str) -> u32 {
    let inner = world.store.lock();
    inner.counters.iter().filter(|(key, _)| key.0.starts_with(of)).map(|(_, counter)| counter.failures).sum()
}

const WRONG_PASSWORD: Denial = Denial::Primary(PrimaryRefusal::WrongPassword);

// C21
#[tokio::test]
async fn wrong_code_is_refused_and_counted_and_the_password_is_not_tried() {
    let world = world(Method::Totp);
    for typed in ["secret,999999", "guess,999998"] {
        assert_eq!(denied(bound(&world, typed).await), Denial::WrongCode);
    }
    assert_eq!(denied(bound(&world, "secret").await), Denial::CodeMissing);
    assert_eq!((world.asked(), failures(&world, "code-of|"), failures(&world, "password")), (0, 2, 0));
    // It takes as long as a password that is tried (ADM-04).
    assert_eq!(world.directory.pretended.load(Ordering::SeqCst), 3);
    assert_eq!(last(&world).first_factor, FirstFactor::NotAsked);
}

#[tokio::test]
async fn right_code_opens_the_way_to_the_password_which_is_tried_once() {
    let world = world(Method::Totp);
    assert_eq!(denied(bound(&world, "guess,100001").await), WRONG_PASSWORD);
    assert_eq!((world.asked(), failures(&world, "password-of|")), (1, 1));
    let refused = last(&world);
    assert_eq!((refused.first_factor, refused.rule.as_deref()), (FirstFactor::Refused, Some("otherwise")));
    // The code is spent by the login it lets in, and a right password clears the wrong ones.
    let grant = grant(bound(&world, "secret,100001").await);
    assert_eq!((grant.methods(), grant.carried().0.as_slice()), (&[Method::Totp][..], &b"carried"[..]));
    assert_eq!((world.asked(), failures(&world, "password-of|")), (2, 0));
    assert_eq!(last(&world).first_factor, FirstFactor::Accepted);
    assert_eq!(denied(bound(&world, "secret,100001").await), Denial::CodeUsedBefore);
    assert_eq!(world.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn phone_rings_first_and_the_password_is_tried_after_its_yes() {
    let world = world(Method::Push);
    let login = held(&world, &first(), "secret");
    seconds(3).await;
    assert_eq!((rung(&world).len(), world.asked()), (1, 0));
    assert_eq!(says(&world, approval()).await, Responded::Approved { show: None });
    assert!(world.decisions().is_empty(), "an approval alone decides nothing");
    let answered = tokio::time::Instant::now();
    let grant = grant(login.await.unwrap());
    assert_eq!((answered.elapsed(), world.asked()), (Duration::ZERO, 1));
    assert_eq!((grant.methods(), grant.attempt()), (&[Method::Push][..], rung(&world)[0]));
    assert_eq!(says(&world, approval()).await, Responded::Over);
    assert_eq!(world.decisions().len(), 1);
    assert_eq!(
        failures(&world, "push-of|"),
        0,
        "a yes that was followed by the right password clears what rang before"
    );
}

#[tokio::test(start_paused = true)]
async fn yes_on_the_phone_with_a_wrong_password_is_a_refusal_and_counted() {
    let world = world(Method::Push);
    let login = held(&world, &first(), "guess");
    seconds(1).await;
    says(&world, approval()).await;
    assert_eq!(denied(login.await.unwrap()), WRONG_PASSWORD);
    assert_eq!((world.asked(), failures(&world, "password-of|")), (1, 1));
    assert_eq!(world.store.open_attempts().await.unwrap(), 0);
    assert_eq!((world.decisions().len(), last(&world).first_factor), (1, FirstFactor::Refused));
    assert_eq!(says(&world, approval()).await, Responded::Over);
}

#[tokio::test(start_paused = true)]
async fn no_on_the_phone_silence_and_a_client_that_hung_up_leave_the_password_untried() {
    let world = world(Method::Push);
    for (reported, denial) in [(false, Denial::Declined), (true, Denial::Reported)] {
        let login = held(&world, &first(), "secret");
        seconds(1).await;
        says(&world, declined(Method::Push, reported)).await;
        assert_eq!(denied(login.await.unwrap()), denial);
        assert_eq!(last(&world).first_factor, FirstFactor::NotAsked);
    }
    world.store.lock().counters.clear();
    assert_eq!(denied(bound(&world, "secret").await), Denial::FactorTimedOut);
    let mut with = DirectoryLogin(Arc::clone(&world.directory));
    let primary = Primary::Password { password: Password::new("secret"), with: &mut with };
    let gone = tokio::time::sleep(Duration::from_secs(2));
    assert_eq!(denied(world.engine.decide(bind("ada", first()), primary, gone).await), Denial::Withdrawn);
    assert_eq!(says(&world, approval()).await, Responded::Over, "LDP-13");
    assert_eq!((world.asked(), world.store.open_attempts().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn nobody_who_is_unknown_locked_disabled_or_refused_by_policy_is_rung_or_tried() {
    let world = world(Method::Push);
    let at = |name: &str| world.decide_on(&world.engine, bind(name, first()), "secret");
    assert_eq!(denied(at("nobody").await), Denial::UnknownUser);
    assert_eq!(denied(at("bob").await), Denial::NotEnrolled);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    assert_eq!(denied(at("ada").await), Denial::UserDisabled);
    world.store.lock().users.values_mut().for_each(|user| user.enabled = true);
    let policy = Policy { otherwise: Requirement::Refuse, ..Policy::default() };
    world.engine.adopt(Settings { policy, ..Settings::default() });
    assert_eq!(denied(at("ada").await), Denial::PolicyRefused);
    world.engine.adopt(Settings::default());
    let subject = Subject { source: "fake".into(), id: "id-ada".into(), name: "ada".into() };
    let user = world.store.lock().users.values().find(|user| user.subject.name == "ada").unwrap().id;
    for key in [CounterKey::password_of(&subject), CounterKey::code_of(user)] {
        let until = world.clock.now().after(Duration::from_secs(60));
        let counter = Counter { failures: 9, last_failure: Some(world.clock.now()), locked_until: Some(until) };
        world.store.lock().counters.insert(key.clone(), counter);
        assert_eq!(denied(at("ada").await), Denial::LockedOut { until });
        world.store.lock().counters.remove(&key);
    }
    assert_eq!((world.asked(), rung(&world).len()), (0, 0));
    // ADM-04: each of the six took as long as a password that is tried.
    assert_eq!(world.directory.pretended.load(Ordering::SeqCst), 6);
    assert!(world.decisions().iter().all(|decision| !decision.allowed));
}

#[tokio::test(start_paused = true)]
async fn lock_that_comes_while_the_phone_rings_keeps_the_password_untried() {
    let world = world(Method::Push);
    let login = held(&world, &first(), "secret");
    seconds(1).await;
    let subject = Subject { source: "fake".into(), id: "id-ada".into(), name: "ada".into() };
    let until = world.clock.now().after(Duration::from_secs(60));
    let counter = Counter { failures: 9, last_failure: Some(world.clock.now()), locked_until: Some(until) };
    world.store.lock().counters.insert(CounterKey::password_of(&subject), counter);
    says(&world, approval()).await;
    assert_eq!(denied(login.await.unwrap()), Denial::LockedOut { until });
    assert_eq!((world.asked(), world.store.open_attempts().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn person_who_owes_no_factor_is_asked_for_the_password_straight_away() {
    let policy = Policy { otherwise: Requirement::Skip, ..Policy::default() };
    let world = of_programs(&Settings { policy, ..Settings::default() });
    assert_eq!(denied(bound(&world, "guess").await), WRONG_PASSWORD);
    let grant = grant(bound(&world, "secret").await);
    assert!(grant.methods().is_empty() && grant.carried().0 == b"carried");
    assert_eq!(last(&world).first_factor, FirstFactor::Accepted);
    // Where no rule is read, nobody has to be described beforehand.
    let exempt = Terms { exempt: Some(Exempt::Account("reader".into())), ..first() };
    let world = self::world(Method::Totp);
    let mut odd = Odd { describes: None, ..Odd::of(&world) };
    let primary = Primary::Password { password: Password::new("secret"), with: &mut odd };
    let verdict = world.engine.decide(bind("ada", exempt), primary, std::future::pending()).await;
    assert!(verdict.unwrap().is_allow());
}

#[tokio::test]
async fn right_code_of_somebody_whose_codes_are_locked_does_not_open_the_way_to_the_password() {
    let world = world(Method::Totp);
    for n in 0..5 {
        assert_eq!(denied(bound(&world, &format!("secret,99999{n}")).await), Denial::WrongCode);
    }
    let locked = denied(bound(&world, "secret,100001").await);
    assert!(matches!(locked, Denial::LockedOut { .. }), "{locked:?}");
    assert_eq!(world.asked(), 0);
}

/// A source with one peculiarity.
struct Odd {
    usual: DirectoryLogin,
    is_provisional: bool,
    describes: Option<&'static str>,
    accepts: Option<&'static str>,
    fails: bool,
    asks: bool,
}

impl Odd {
    fn of(world: &World) -> Self {
        let usual = DirectoryLogin(Arc::clone(&world.directory));
        Self { usual, is_provisional: false, describes: Some("ada"), accepts: Some("ada"), fails: false, asks: false }
    }
}

fn person(name: &str) -> Person {
    let subject = Subject { source: "fake".into(), id: format!("id-{name}"), name: name.into() };
    Person { subject, groups: vec![], display_name: None, mail: None, carried: Carried::default() }
}

#[async_trait]
impl PrimaryAuthenticator for Odd {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        Ok(match self.usual.identify(user).await? {
            Identified::Known(subject) if self.is_provisional => Identified::Provisional(subject),
            identified => identified,
        })
    }
    async fn describe(&mut self, _: &Subject) -> Result<Option<Person>, PortError> {
        Ok(self.describes.map(person))
    }
    async fn authenticate(&mut self, u: &UserName, s: &Subject, p: &Password) -> Result<PrimaryOutcome, PortError> {
        self.usual.authenticate(u, s, p).await?;
        if self.fails {
            return Err(PortError::unusable("ask a directory that is down"));
        }
        if self.asks {
            return Ok(PrimaryOutcome::Continue(Continuation { text: "PIN?".into(), state: Carried::default() }));
        }
        Ok(self.accepts.map_or(PrimaryOutcome::Refused(PrimaryRefusal::AccountLocked), |name| {
            PrimaryOutcome::Accepted(person(name))
        }))
    }
    async fn pretend(&mut self, password: &Password) {
        self.usual.pretend(password).await;
    }
    fn is_bound(&self) -> bool {
        true
    }
}

async fn odd_bound(world: &World, odd: &mut Odd, typed: &str) -> Result<Verdict, EngineError> {
    let primary = Primary::Password { password: Password::new(typed), with: odd };
    world.engine.decide(bind("ada", first()), primary, std::future::pending()).await
}

#[tokio::test]
async fn source_that_names_nobody_before_the_password_cannot_be_asked_for_the_factor_first() {
    let world = world(Method::Totp);
    let mut odd = Odd { is_provisional: true, ..Odd::of(&world) };
    let error = odd_bound(&world, &mut odd, "secret,100001").await.unwrap_err();
    let EngineError::Primary(cause) = &error else { panic!("{error:?}") };
    assert!(cause.to_string().contains("factor_first") && cause.to_string().contains("searched"), "{cause}");
    assert_eq!((world.asked(), world.events()), (0, vec!["login.undecided"]));
    // A source that cannot tell of anybody says so itself.
    struct Plain(DirectoryLogin);
    #[async_trait]
    impl PrimaryAuthenticator for Plain {
        async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
            self.0.identify(user).await
        }
        async fn authenticate(&mut self, _: &UserName, _: &Subject, _: &Password) -> Result<PrimaryOutcome, PortError> {
            panic!("asked for a password")
        }
    }
    let mut plain = Plain(DirectoryLogin(Arc::clone(&world.directory)));
    let primary = Primary::Password { password: Password::new("secret,100001"), with: &mut plain };
    let said = world.engine.decide(bind("ada", first()), primary, std::future::pending()).await;
    assert!(matches!(said, Err(EngineError::Primary(_))), "{said:?}");
}

#[tokio::test]
async fn person_whom_the_source_no_longer_finds_is_unknown() {
    let world = world(Method::Totp);
    let mut odd = Odd { describes: None, ..Odd::of(&world) };
    assert_eq!(denied(odd_bound(&world, &mut odd, "secret,100001").await), Denial::UnknownUser);
    assert_eq!((world.asked(), world.directory.pretended.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn source_that_describes_or_accepts_somebody_else_or_fails_lets_nobody_in_and_leaves_nothing_open() {
    for method in [Method::Totp, Method::Push] {
        for oddity in 0..5 {
            let world = world(method);
            world.enrol("bob", method);
            let mut odd = Odd::of(&world);
            match oddity {
                0 => odd.describes = Some("bob"),
                1 => odd.accepts = Some("bob"),
                2 => odd.fails = true,
                3 => odd.asks = true,
                _ => odd.accepts = None,
            }
            let typed = if method == Method::Totp { "secret,100001" } else { "secret" };
            let approve = async {
                seconds(1).await;
                if let Some(attempt) = rung(&world).first() {
                    drop(world.respond(&world.engine, *attempt, approval()).await);
                }
            };
            let (verdict, ()) = tokio::join!(odd_bound(&world, &mut odd, typed), approve);
            match oddity {
                0..=2 => assert!(matches!(verdict, Err(EngineError::Primary(_))), "{verdict:?}"),
                3 => assert_eq!(denied(verdict), Denial::CodeMissing),
                _ => assert_eq!(denied(verdict), Denial::Primary(PrimaryRefusal::AccountLocked)),
            }
            assert_eq!(world.asked(), u64::from(oddity > 0));
            assert_eq!(world.store.open_attempts().await.unwrap(), 0);
            assert!(world.store.lock().spends.iter().all(|spend| matches!(spend, Spend::Attempt { .. })));
            assert!(world.decisions().iter().all(|decision| !decision.allowed));
        }
    }
}

#[tokio::test]
async fn door_that_shows_questions_cannot_ask_for_the_factor_first() {
    let world = world(Method::Totp);
    for prompts in [Prompts::None, Prompts::Text, Prompts::Page] {
        let channel = Channel { prompts, ..bind("ada", first()).channel };
        let request = LoginRequest { channel, ..bind("ada", first()) };
        let step = world.begin_on(&world.engine, request, "secret,100001").await;
        assert!(matches!(step, Err(EngineError::Primary(_))), "{step:?}");
    }
    assert_eq!((world.asked(), world.store.open_attempts().await.unwrap()), (0, 0));
    // What somebody vouches for has no password that could come later.
    let request = bind("ada", first());
    let step = world
        .engine
        .begin(LoginRequest { passcode: Passcode::parse("100001"), ..request }, Primary::Proven(person("ada")))
        .await;
    assert!(done(step).unwrap().is_allow());
}

// The node dies between the yes and the password, at every point once: nobody is let in, and nothing stays.
#[tokio::test(start_paused = true)]
async fn login_lost_between_the_yes_and_the_password_runs_out() {
    let mut lost = 0;
    for steps in 0..60 {
        let world = world(Method::Push);
        let login = held(&world, &first(), "secret");
        seconds(1).await;
        says(&world, approval()).await;
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
        login.abort();
        drop(login.await);
        lost += usize::from(world.decisions().is_empty());
        world.clock.pass(26);
        world.other_node.tend().await.unwrap();
        let decisions = world.decisions();
        assert_eq!((decisions.len(), world.store.open_attempts().await.unwrap()), (1, 0), "after {steps}");
        assert!(decisions[0].allowed || decisions[0].denial == Some(Denial::FactorTimedOut));
        assert!(!decisions[0].allowed || decisions[0].first_factor == FirstFactor::Accepted);
    }
    assert!(lost > 5, "{lost}");
}

// OOB-04: what was approved by mistake is taken back while the password is tried.
#[tokio::test(start_paused = true)]
async fn report_takes_back_a_yes_whose_password_is_still_being_tried() {
    let settings = Settings { push: PushRules { of_service: 2, ..PushRules::default() }, ..Settings::default() };
    let world = of_programs(&settings);
    world.enrol("ada", Method::Push);
    world.directory.slowness.store(200, Ordering::SeqCst);
    let (login, other) = (held(&world, &first(), "secret"), held(&world, &first(), "secret,push"));
    seconds(1).await;
    let rung = rung(&world);
    world.respond(&world.engine, rung[0], approval()).await.unwrap();
    for _ in 0..40 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.asked(), 1);
    world.respond(&world.engine, rung[1], declined(Method::Push, true)).await.unwrap();
    for login in [login, other] {
        assert_eq!(denied(login.await.unwrap()), Denial::Reported);
    }
}

// L6: what was given for the same text counts as the factor, before its password is tried.
#[tokio::test(start_paused = true)]
async fn factor_given_for_the_same_text_counts_and_only_its_password_is_tried_again() {
    let world = world(Method::Push);
    let again = || held(&world, &first_and_again(), "secret");
    let login = again();
    seconds(1).await;
    says(&world, approval()).await;
    assert!(!grant(login.await.unwrap()).remembered());
    for asked in 2..5 {
        let grant = grant(again().await.unwrap());
        assert!(grant.remembered() && grant.carried().0 == b"carried");
        assert_eq!((world.asked(), rung(&world).len()), (asked, 1));
    }
    // Another password rings first, and is not tried without a yes.
    let guess = held(&world, &first_and_again(), "guess");
    seconds(1).await;
    assert_eq!(rung(&world).len(), 2);
    says(&world, declined(Method::Push, false)).await;
    assert_eq!(denied(guess.await.unwrap()), Denial::Declined);
    assert_eq!(world.asked(), 4);
    // The directory refuses it: gone at once.
    world.directory.people.lock().unwrap().insert("ada".into(), "new".into());
    assert_eq!(denied(again().await.unwrap()), WRONG_PASSWORD);
    assert!(world.store.lock().trust.is_empty());
}

#[tokio::test(start_paused = true)]
async fn newer_password_owes_the_factor_after_all_and_is_tried_once() {
    let world = world(Method::Push);
    let again = || held(&world, &first_and_again(), "secret");
    let login = again();
    seconds(1).await;
    says(&world, approval()).await;
    grant(login.await.unwrap());
    *world.directory.version.lock().unwrap() = Some("newer".into());
    let login = again();
    seconds(1).await;
    assert_eq!((rung(&world).len(), world.asked()), (2, 2));
    assert!(world.store.lock().trust.is_empty(), "LDP-25");
    says(&world, approval()).await;
    let grant = grant(login.await.unwrap());
    assert_eq!((grant.methods(), world.asked()), (&[Method::Push][..], 2));
}

#[tokio::test(start_paused = true)]
async fn same_sign_in_at_once_rings_once_and_each_password_is_tried_on_its_own() {
    let world = world(Method::Push);
    let mut logins = vec![held(&world, &first_and_again(), "secret"), held(&world, &first_and_again(), "secret")];
    seconds(1).await;
    logins.push(held(&world, &first_and_again(), "secret"));
    seconds(1).await;
    assert_eq!((rung(&world).len(), world.asked()), (1, 0));
    says(&world, approval()).await;
    let mut attempts = HashSet::new();
    let mut remembered = 0;
    for login in logins {
        let grant = grant(login.await.unwrap());
        attempts.insert(grant.attempt());
        remembered += usize::from(grant.remembered());
    }
    assert_eq!((attempts.len(), remembered, world.asked(), world.decisions().len()), (3, 2, 3, 3));
}

#[tokio::test(start_paused = true)]
async fn wrong_password_of_the_one_that_rang_refuses_all_of_its_sign_in_and_is_tried_once() {
    let world = world(Method::Push);
    let logins = [(); 3].map(|()| held(&world, &first_and_again(), "guess"));
    seconds(1).await;
    says(&world, approval()).await;
    for login in logins {
        assert_eq!(denied(login.await.unwrap()), WRONG_PASSWORD);
    }
    assert_eq!((world.asked(), failures(&world, "password-of|"), rung(&world).len()), (1, 1, 1));
    assert_eq!(world.decisions().len(), 3);
}

#[tokio::test]
async fn same_code_with_the_same_password_at_once_is_spent_once_and_lets_both_in() {
    for elsewhere in [false, true] {
        let world = world(Method::Totp);
        let engine = if elsewhere { &world.other_node } else { &world.engine };
        let login = |engine| world.decide_on(engine, bind("ada", first_and_again()), "secret,100001");
        let (one, two) = tokio::join!(login(&world.engine), login(engine));
        let grants = [grant(one), grant(two)];
        assert_ne!(grants[0].attempt(), grants[1].attempt());
        assert_eq!((world.asked(), world.store.lock().spends.len()), (2, 1));
        assert_eq!(grants.iter().filter(|grant| grant.remembered()).count(), 1);
    }
}

// Whoever came by the handle of the attempt collects nothing: the password is still to be tried.
#[tokio::test(start_paused = true)]
async fn yes_that_waits_for_the_password_is_collected_by_nobody_else() {
    let world = world(Method::Push);
    world.directory.slowness.store(200, Ordering::SeqCst);
    let login = held(&world, &first(), "guess");
    seconds(1).await;
    let attempt = rung(&world)[0];
    says(&world, approval()).await;
    let waiting = world.store.attempt(attempt).await.unwrap().unwrap();
    let Position::Open(OpenAttempt { turn, .. }) = waiting.position else { panic!("it has ended") };
    let from = bind("ada", first());
    let step = world.other_node.answer(attempt, turn, Answer::Look, &from, None).await;
    assert!(matches!(step, Err(EngineError::Primary(_))), "{step:?}");
    assert_eq!(denied(login.await.unwrap()), WRONG_PASSWORD);
    assert!(world.decisions().iter().all(|decision| !decision.allowed));
}

// A node that knows nothing of this order would take the yes for all there is to give.
#[tokio::test(start_paused = true)]
async fn login_that_another_node_let_in_without_the_password_is_not_let_in_here() {
    let world = world(Method::Push);
    let login = held(&world, &first(), "guess");
    seconds(1).await;
    {
        let mut inner = world.store.lock();
        let Position::Open(open) = &mut inner.attempts.get_mut(&rung(&world)[0]).unwrap().position else { panic!() };
        let known = String::from_utf8(open.payload.expose().to_vec()).unwrap();
        let unknown = known.replace("\"first_factor\":\"not-asked\"", "\"first_factor\":\"accepted\"");
        assert_ne!(known, unknown);
        open.payload = SecretBytes::new(unknown);
    }
    says(&world, approval()).await;
    let verdict = login.await.unwrap();
    assert!(matches!(verdict, Err(EngineError::Joined)), "{verdict:?}");
    assert_eq!(world.asked(), 0);
}
