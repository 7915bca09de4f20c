use super::*;
use crate::tests::{Dice, NoDice, ada, as_enrolled, no_prompts, text_prompts, typed};

const COST: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };
const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn factor() -> Invitations {
    Invitations::new(InvitationSettings { lifetime: DAY, cost: COST }, Arc::new(HashPool::new(1, 4)))
}

async fn invited(kind: InvitationKind, lifetime: Option<Duration>) -> (Authenticator, Option<String>) {
    let (new, code) = factor().invite(ada(), lifetime, kind, NOW, &Dice::new()).await.unwrap();
    (as_enrolled(new), code.map(|code| code.reveal().to_owned()))
}

async fn with_code() -> (Authenticator, String) {
    let (invitation, code) = invited(InvitationKind::Code, None).await;
    (invitation, code.unwrap())
}

async fn check(with: &[Authenticator], text: &str, now: Timestamp) -> Checked {
    factor().check(None, with, &typed(text), now).await.unwrap()
}

/// REC-02
#[tokio::test]
async fn the_code_of_an_invitation_is_right_until_it_ends_and_is_spent_by_it() {
    let (invitation, code) = with_code().await;
    let with = [invitation.clone()];
    let right = Checked::Right(Spend::Item { authenticator: invitation.id, item: "code".into() });
    let end = NOW.after(DAY);
    assert_eq!(check(&with, &code, NOW).await, right);
    assert_eq!(check(&with, &code.to_uppercase().replace('-', " "), Timestamp(end.0 - 1)).await, right);
    assert_eq!(check(&with, &code, end).await, Checked::Wrong);
    assert_eq!(Invitations::standing(&invitation).unwrap(), Standing { kind: InvitationKind::Code, expires: end });
}

/// OOB-10
#[tokio::test]
async fn an_enrolment_window_takes_its_word_until_it_closes_and_no_code() {
    let (window, shown) = invited(InvitationKind::Window, Some(DAY * 2)).await;
    assert_eq!(shown, None);
    let (invitation, code) = with_code().await;
    let right = Checked::Right(Spend::Attempt { authenticator: window.id });
    let end = NOW.after(DAY * 2);
    assert_eq!(check(std::slice::from_ref(&window), ENROLMENT_WINDOW, NOW).await, right);
    assert_eq!(check(&[window.clone(), invitation.clone()], ENROLMENT_WINDOW, Timestamp(end.0 - 1)).await, right);
    assert_eq!(check(std::slice::from_ref(&window), ENROLMENT_WINDOW, end).await, Checked::Wrong);
    assert_eq!(check(&[window], &code, NOW).await, Checked::Wrong);
    assert_eq!(check(&[invitation], ENROLMENT_WINDOW, NOW).await, Checked::Wrong, "a code is no window");
    assert_eq!(check(&[], ENROLMENT_WINDOW, NOW).await, Checked::Wrong, "nobody invited them");
}

#[tokio::test]
async fn what_is_no_code_is_left_to_others_and_a_wrong_one_is_wrong() {
    let (invitation, _) = with_code().await;
    let with = [invitation.clone()];
    for text in ["492039", "push", "enrolment-window.", "Enrolment-Window"] {
        assert_eq!(check(&with, text, NOW).await, Checked::NotMine, "{text}");
    }
    assert_eq!(check(&with, "k3fa-9x2m-7qtd-0hvc", NOW).await, Checked::Wrong);
    assert_eq!(factor().check(None, &with, &Answer::Look, NOW).await.unwrap(), Checked::NotMine);
}

/// What another factor keeps in the same form is no invitation.
#[tokio::test]
async fn only_an_invitation_that_is_confirmed_counts() {
    let (mut invitation, code) = with_code().await;
    invitation.confirmed = false;
    assert_eq!(check(&[invitation.clone()], &code, NOW).await, Checked::Wrong);
    (invitation.confirmed, invitation.method) = (true, Method::RecoveryCode);
    assert_eq!(check(&[invitation], &code, NOW).await, Checked::Wrong);
}

/// REC-01: a copy of the database holds no usable code.
#[tokio::test]
async fn the_stored_record_holds_no_code() {
    let (invitation, code) = with_code().await;
    let stored = String::from_utf8(invitation.secret.expose().to_vec()).unwrap();
    assert!(!stored.contains(&code) && !stored.contains(&code.replace('-', "")));
    assert_eq!(code.replace('-', "").len() * 5, 80, "bits");
}

#[tokio::test]
async fn nobody_is_invited_for_ever_or_without_chance() {
    let factor = factor();
    let invite = async |lifetime, random: &dyn Random| {
        factor.invite(ada(), Some(lifetime), InvitationKind::Code, NOW, random).await
    };
    for lifetime in [Duration::ZERO, Duration::from_secs(59), INVITATION_LIFETIME_MAX + Duration::from_secs(1)] {
        assert!(matches!(invite(lifetime, &Dice::new()).await, Err(InviteRefused::Lifetime)));
    }
    assert!(matches!(invite(DAY, &NoDice).await, Err(InviteRefused::Failed(_))));
    invite(INVITATION_LIFETIME_MAX, &Dice::new()).await.unwrap();
}

#[tokio::test]
async fn a_damaged_record_is_a_fault_and_never_an_acceptance() {
    let (mut invitation, code) = with_code().await;
    for record in ["", "{}", r#"{"expires":9223372036854775807,"kept":"code"}"#, r#"{"kept":"window"}"#] {
        invitation.secret = vestibule_engine::SecretBytes::new(record);
        for text in [code.as_str(), ENROLMENT_WINDOW] {
            factor().check(None, std::slice::from_ref(&invitation), &typed(text), NOW).await.expect_err(record);
        }
        Invitations::standing(&invitation).expect_err(record);
    }
}

#[test]
fn without_prompts_it_fits_only_what_was_typed_in_its_shape() {
    let passcode = |text| Passcode::parse(text).unwrap();
    assert!(factor().fits(&text_prompts(), None));
    assert!(!factor().fits(&no_prompts(), None));
    assert!(!factor().fits(&no_prompts(), Some(&passcode("492039"))));
    assert!(factor().fits(&no_prompts(), Some(&passcode("k3fa-9x2m-7qtd-0hvc"))));
}
