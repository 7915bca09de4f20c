//! What people do, and what must come of it.

use std::pin::Pin;

use super::cell::{Door, Seen, Stage};
use super::expect;
use vestibule::phone::{Answered, Phone, PhoneError, Request};

type Play = for<'a> fn(&'a mut Stage, Door) -> Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) play: Play,
}

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        pub(crate) const SCENARIOS: &[Scenario] =
            &[$(Scenario { name: stringify!($name), play: |stage, door| Box::pin($name(stage, door)) }),*];
    };
}

scenarios!(
    right_password_and_code,
    wrong_password,
    wrong_code,
    no_code,
    empty_password,
    nobody_of_that_name,
    no_factor_enrolled,
    name_spelled_differently,
    code_used_twice,
    two_logins_race_for_one_code,
    too_many_wrong_codes,
    user_disabled,
    directory_down,
    push_approved,
    push_denied,
    push_wrong_number,
    push_too_late,
    push_reported,
    push_provider_down,
    push_withdrawn,
    push_answered_twice,
);

async fn right_password_and_code(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    expect(&door.sign_in(stage, &one.name, &one.password, Some(&token.code())).await, &Seen::LetIn)?;
    let last = stage.decisions(&one.name).await.pop().ok_or("no decision on record")?;
    let on_record = last.allowed && last.methods.len() == 1 && last.name.as_deref() == Some(&one.name);
    on_record.then_some(()).ok_or(format!("the record says {last:?}"))
}

async fn wrong_password(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    expect(&door.sign_in(stage, &one.name, "guess", Some(&token.code())).await, &Seen::Refused)?;
    expect_denial(stage, &one.name, "wrong-password").await?;
    // It cost the person nothing: their code is still good.
    expect(&door.sign_in(stage, &one.name, &one.password, Some(&token.code())).await, &Seen::LetIn)
}

async fn wrong_code(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    match door.sign_in(stage, &one.name, &one.password, Some(&token.wrong())).await {
        Seen::Refused => expect_denial(stage, &one.name, "wrong-code").await,
        Seen::Asked(handle) => {
            // Asked again: a right code now is good, and the person was let in once.
            expect(&door.reply(stage, &one.name, &handle, &token.code()).await, &Seen::LetIn)
        }
        other => Err(format!("{other:?}")),
    }
}

async fn no_code(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, _) = stage.enrolled().await;
    match (door.asks(), door.sign_in(stage, &one.name, &one.password, None).await) {
        (true, Seen::Asked(handle)) => {
            // The handle is tried for somebody else; then the person walks away, and the matrix ends only when the gateway
            // has ended the question by itself.
            let other = stage.someone();
            expect(&door.reply(stage, &other.name, &handle, "123456").await, &Seen::Refused)
        }
        (_, seen) => {
            expect(&seen, &Seen::Refused)?;
            expect_denial(stage, &one.name, "code-missing").await
        }
    }
}

async fn empty_password(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    // The directory would call an empty password a success (RFC 4513 §5.1.2).
    let typed = door.with_code("", &token.code());
    expect(&door.first(stage, &one.name, &typed).await, &Seen::Refused)?;
    expect_denial(stage, &one.name, "empty-password").await?;
    // And nothing at all is no login.
    expect(&door.first(stage, &one.name, "").await, &Seen::Refused)
}

async fn nobody_of_that_name(stage: &mut Stage, door: Door) -> Result<(), String> {
    expect(&door.sign_in(stage, "nobody", "secret", Some("123456")).await, &Seen::Refused)?;
    expect_denial(stage, "nobody", "unknown-user").await
}

async fn no_factor_enrolled(stage: &mut Stage, door: Door) -> Result<(), String> {
    let one = stage.someone();
    expect(&door.sign_in(stage, &one.name, &one.password, Some("123456")).await, &Seen::Refused)?;
    expect_denial(stage, &one.name, "not-enrolled").await
}

async fn name_spelled_differently(stage: &mut Stage, door: Door) -> Result<(), String> {
    // CVE-2020-12812: another case of a letter was another user, one without a factor.
    let (one, token) = stage.enrolled().await;
    let spelled = one.name.to_uppercase();
    let seen = door.sign_in(stage, &spelled, &one.password, Some(&token.wrong())).await;
    if seen == Seen::LetIn {
        return Err("let in by a spelling".to_owned());
    }
    expect(&door.sign_in(stage, &spelled, &one.password, Some(&token.code())).await, &Seen::LetIn)?;
    let users: Vec<_> = stage.decisions(&one.name).await.into_iter().filter_map(|decision| decision.user).collect();
    let is_one = users.windows(2).all(|pair| pair[0] == pair[1]);
    is_one.then_some(()).ok_or("two users of one person".to_owned())
}

async fn code_used_twice(stage: &mut Stage, door: Door) -> Result<(), String> {
    // OTP-03, across doors: used here, tried at every other one.
    let (one, token) = stage.enrolled().await;
    let code = token.code();
    expect(&door.sign_in(stage, &one.name, &one.password, Some(&code)).await, &Seen::LetIn)?;
    for other in Door::all() {
        match other.sign_in(stage, &one.name, &one.password, Some(&code)).await {
            Seen::LetIn => return Err(format!("let in twice, the second time by {}", other.name())),
            Seen::Asked(handle) => {
                let fresh = token.code_at(crate::harness::now() + 30);
                expect(&other.reply(stage, &one.name, &handle, &fresh).await, &Seen::LetIn)?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn two_logins_race_for_one_code(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    let code = token.code();
    match door {
        Door::RadiusPap | Door::LdapBind | Door::LdapBindAppended => {
            let (a, b) = tokio::join!(
                door.sign_in(stage, &one.name, &one.password, Some(&code)),
                door.sign_in(stage, &one.name, &one.password, Some(&code))
            );
            if a != Seen::LetIn && b != Seen::LetIn {
                return Err(format!("neither was let in: {a:?}, {b:?}"));
            }
        }
        Door::RadiusChallenge => {
            let Seen::Asked(handle) = door.first(stage, &one.name, &one.password).await else {
                return Err("not asked".to_owned());
            };
            let (a, b) = tokio::join!(
                door.reply(stage, &one.name, &handle, &code),
                door.reply(stage, &one.name, &handle, &code)
            );
            if a != Seen::LetIn && b != Seen::LetIn {
                return Err(format!("neither was let in: {a:?}, {b:?}"));
            }
        }
    }
    // Whoever joined shared one verdict: the code was good for one decision.
    let allowed = stage.decisions(&one.name).await.iter().filter(|decision| decision.allowed).count();
    (allowed == 1).then_some(()).ok_or(format!("{allowed} decisions let them in"))
}

async fn too_many_wrong_codes(stage: &mut Stage, door: Door) -> Result<(), String> {
    // OTP-05
    let (one, token) = stage.enrolled().await;
    for _ in 0..6 {
        let seen = door.sign_in(stage, &one.name, &one.password, Some(&token.wrong())).await;
        if let Seen::Asked(handle) = seen {
            door.reply(stage, &one.name, &handle, &token.wrong()).await;
        }
    }
    let right = door.sign_in(stage, &one.name, &one.password, Some(&token.code())).await;
    expect(&right, &Seen::Refused)?;
    expect_denial(stage, &one.name, "locked-out").await
}

async fn user_disabled(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    stage.disable(&one).await;
    expect(&door.sign_in(stage, &one.name, &one.password, Some(&token.code())).await, &Seen::Refused)?;
    expect_denial(stage, &one.name, "user-disabled").await
}

async fn directory_down(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, token) = stage.enrolled().await;
    stage.site.directory.as_mut().unwrap().stop();
    let seen = door.sign_in(stage, &one.name, &one.password, Some(&token.code())).await;
    stage.site.directory.as_mut().unwrap().serve().await.map_err(|error| error.to_string())?;
    // We could not find out: nothing is said, so that the client asks its next server.
    expect(&seen, &Seen::Nothing)?;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    expect(&door.sign_in(stage, &one.name, &one.password, Some(&token.code())).await, &Seen::LetIn)
}

const SOON: std::time::Duration = std::time::Duration::from_secs(5);

/// What waits on the phone: opened as its owner does.
async fn request(phone: &Phone) -> Result<Request, String> {
    let asked = phone.next_request(SOON).await.map_err(|error| error.to_string())?;
    let asked = asked.ok_or("nothing waits on the phone")?;
    phone.opened(asked.attempt()).await.map_err(|error| error.to_string())?;
    Ok(asked)
}

/// Approve with the number that stands at the login, if one does.
async fn approve(stage: &Stage, name: &str, phone: &Phone) -> Result<Answered, String> {
    let asked = request(phone).await?;
    let number = stage.number(name).await;
    phone.approve(&asked, number.as_deref()).await.map_err(|error| format!("the phone hears {error}"))
}

async fn push_approved(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, phone) = stage.with_phone().await;
    let (seen, approved) = tokio::join!(door.push(stage, &one.name, &one.password), approve(stage, &one.name, &phone));
    approved?;
    expect(&seen, &Seen::LetIn)?;
    let last = stage.decisions(&one.name).await.pop().ok_or("no decision on record")?;
    let by_phone = last.authenticator == Some(phone.device());
    (last.allowed && by_phone).then_some(()).ok_or(format!("the record says {last:?}"))
}

async fn push_denied(stage: &mut Stage, door: Door) -> Result<(), String> {
    let (one, phone) = stage.with_phone().await;
    let deny = async { phone.deny(&request(&phone).await?).await.map_err(|error| error.to_string()) };
    let (seen, denied) = tokio::join!(door.push(stage, &one.name, &one.password), deny);
    denied?;
    expect(&seen, &Seen::Refused)?;
    expect_denial(stage, &one.name, "declined").await
}

async fn push_wrong_number(stage: &mut Stage, door: Door) -> Result<(), String> {
    // OOB-02. A login that shows no number takes none.
    let (one, phone) = stage.with_phone().await;
    let mistype = async {
        let asked = request(&phone).await?;
        let Some(right) = stage.number(&one.name).await else {
            // Nothing is shown there, so there is nothing to mistype.
            return phone.deny(&asked).await.map(|_| None).map_err(|error| error.to_string());
        };
        let wrong = if right == "00" { "01" } else { "00" };
        Ok::<_, String>(Some(phone.approve(&asked, Some(wrong)).await))
    };
    let (seen, said) = tokio::join!(door.push(stage, &one.name, &one.password), mistype);
    expect(&seen, &Seen::Refused)?;
    match said? {
        None => Ok(()),
        Some(Ok(answered)) => Err(format!("the phone was told {answered:?}")),
        Some(Err(PhoneError::WrongNumber)) => expect_denial(stage, &one.name, "wrong-number").await,
        Some(Err(other)) => Err(format!("the phone hears {other:?}")),
    }
}

async fn push_too_late(stage: &mut Stage, door: Door) -> Result<(), String> {
    // OOB-01, OOB-08: nobody answers; what is answered afterwards opens nothing.
    let (one, phone) = stage.with_phone().await;
    let look = async { Ok::<_, String>((request(&phone).await?, stage.number(&one.name).await)) };
    let (seen, asked) = tokio::join!(door.push(stage, &one.name, &one.password), look);
    let (asked, number) = asked?;
    expect(&seen, &Seen::Refused)?;
    expect_denial(stage, &one.name, "factor-timed-out").await?;
    match phone.approve(&asked, number.as_deref()).await {
        Err(PhoneError::Over) => Ok(()),
        other => Err(format!("the phone hears {other:?}")),
    }
}

async fn push_reported(stage: &mut Stage, door: Door) -> Result<(), String> {
    // OOB-04
    let (one, phone) = stage.with_phone().await;
    let report = async { phone.report(&request(&phone).await?).await.map_err(|error| error.to_string()) };
    let (seen, reported) = tokio::join!(door.push(stage, &one.name, &one.password), report);
    reported?;
    expect(&seen, &Seen::Refused)?;
    expect_denial(stage, &one.name, "reported").await?;
    // The phone rings no more, and nobody gets in without it.
    expect(&door.push(stage, &one.name, &one.password).await, &Seen::Refused)?;
    expect_denial(stage, &one.name, "too-many-pushes").await
}

async fn push_provider_down(stage: &mut Stage, door: Door) -> Result<(), String> {
    // PSH-12: the doorbell is dead, the door is not.
    let (one, phone) = stage.with_phone().await;
    crate::harness::ring_at_nobody(&stage.store, phone.device()).await;
    let (seen, approved) = tokio::join!(door.push(stage, &one.name, &one.password), approve(stage, &one.name, &phone));
    approved?;
    expect(&seen, &Seen::LetIn)
}

async fn push_withdrawn(stage: &mut Stage, door: Door) -> Result<(), String> {
    // OOB-07: an administrator disables the user while the phone rings.
    let (one, phone) = stage.with_phone().await;
    let disable = async {
        let asked = request(&phone).await?;
        let number = stage.number(&one.name).await;
        stage.disable(&one).await;
        match phone.approve(&asked, number.as_deref()).await {
            Ok(answered) => Err(format!("the phone was told {answered:?}")),
            Err(_) => Ok(()),
        }
    };
    let (seen, withdrawn) = tokio::join!(door.push(stage, &one.name, &one.password), disable);
    withdrawn?;
    expect(&seen, &Seen::Refused)
}

async fn push_answered_twice(stage: &mut Stage, door: Door) -> Result<(), String> {
    // F5: yes and no at once; one of them counts, and what the record says is what happened.
    let (one, phone) = stage.with_phone().await;
    let both = async {
        let asked = request(&phone).await?;
        let number = stage.number(&one.name).await;
        let (yes, no) = tokio::join!(phone.approve(&asked, number.as_deref()), phone.deny(&asked));
        Ok::<_, String>((yes.is_ok(), no.is_ok()))
    };
    let (seen, said) = tokio::join!(door.push(stage, &one.name, &one.password), both);
    let (yes, no) = said?;
    if yes == no {
        return Err(format!("both answers were told the same: {yes}"));
    }
    let expected = if no { Seen::Refused } else { Seen::LetIn };
    expect(&seen, &expected)?;
    let decisions = stage.decisions(&one.name).await;
    let last = decisions.last().ok_or("no decision on record")?;
    (last.allowed == (expected == Seen::LetIn)).then_some(()).ok_or(format!("the record says {last:?}"))
}

async fn expect_denial(stage: &Stage, typed: &str, denial: &str) -> Result<(), String> {
    let last = stage.last_denial(typed).await;
    (last == Some(denial)).then_some(()).ok_or(format!("the record says {last:?} where {denial} belongs"))
}
