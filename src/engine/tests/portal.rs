//! What the portal insists on, and what opens it and nothing else.

use std::sync::Arc;

use super::fakes::*;
use super::pushes::portal;
use crate::*;

#[tokio::test]
async fn portal_insists_on_a_factor_where_policy_asks_for_none() {
    let policy = Policy { rules: Vec::new(), otherwise: Requirement::Skip };
    let world = World::with(&Settings { policy, ..Settings::default() }, false);
    world.enrol("ada", Method::Totp);
    assert!(world.decide("ada", "secret").await.unwrap().is_allow());
    let step = world.begin_on(&world.engine, portal("ada", Insist::Factor), "secret").await;
    assert!(matches!(shown(step).kind, PromptKind::EnterCode { .. }));
    let unenrolled = done(world.begin_on(&world.engine, portal("bob", Insist::Factor), "hidden").await);
    assert_eq!(denied(unenrolled), Denial::NotEnrolled, "OOB-10");
}

#[tokio::test]
async fn test_of_a_device_asks_that_device_and_nothing_else() {
    let world = World::new();
    world.enrol("ada", Method::Push);
    world.enrol("ada", Method::Totp);
    let second = world.enrol("ada", Method::Push);
    let prompt = shown(world.begin_on(&world.engine, portal("ada", Insist::Test(second)), "secret").await);
    assert!(matches!(&prompt.kind, PromptKind::Wait { others, .. } if others.is_empty()));
    let (challenge, asked) = world.phone.asked.lock().unwrap().last().unwrap().clone();
    assert!(challenge.context.test);
    assert_eq!((challenge.device, asked), (Some(second), vec![second]));
}

#[tokio::test]
async fn invitation_opens_the_portal_and_no_other_door() {
    let world = World::new();
    let engine = {
        let ports = Ports {
            store: Arc::clone(&world.store) as Arc<dyn Store>,
            clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
            random: Arc::new(SystemLikeRandom),
            factors: vec![Arc::new(Invited)],
            digest_key: SecretBytes::new([7; 32]),
        };
        Engine::new(ports, Settings::default())
    };
    world.enrol("ada", Method::Invitation);
    let elsewhere = world.decide_on(&engine, request("ada", Prompts::None), "secret,123456").await;
    assert_eq!(denied(elsewhere), Denial::NotEnrolled);
    let from = portal("ada", Insist::Factor);
    let prompt = shown(world.begin_on(&engine, from.clone(), "secret").await);
    let answer = Answer::Typed(Passcode::parse("123456").unwrap());
    let step = engine.answer(prompt.attempt, prompt.turn, answer, &from, None).await;
    let Verdict::Allow(grant) = done(step).unwrap() else { panic!("refused") };
    assert_eq!((grant.methods(), &*grant.service().name), (&[Method::Invitation][..], "portal"));
}

struct SystemLikeRandom;

impl Random for SystemLikeRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        octets.copy_from_slice(&uuid::Uuid::new_v4().as_bytes().repeat(2)[..octets.len()]);
        Ok(())
    }
}

/// An invitation with the code 123456.
struct Invited;

#[async_trait::async_trait]
impl SecondFactor for Invited {
    fn method(&self) -> Method {
        Method::Invitation
    }

    fn fits(&self, _: &Channel, _: Option<&Passcode>) -> bool {
        true
    }

    fn is_typed(&self) -> bool {
        true
    }

    async fn check(
        &self,
        _: Option<&Challenge>,
        with: &[Authenticator],
        answer: &Answer,
        _: Timestamp,
    ) -> Result<Checked, PortError> {
        Ok(match answer {
            Answer::Typed(code) if code.as_typed() == "123456" => {
                Checked::Right(Spend::Item { authenticator: with[0].id, item: "used".into() })
            }
            _ => Checked::Wrong,
        })
    }
}
