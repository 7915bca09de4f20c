//! Somebody who was let in and is asked about again.

use crate::tests::fakes::*;
use crate::*;

#[tokio::test]
async fn who_is_disabled_or_gone_or_reported_since_may_not_stay() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let user = world.store.lock().users.values().next().unwrap().id;
    let since = world.clock.now();
    let may_stay = async |since| world.engine.may_stay(user, since).await.unwrap();
    assert!(may_stay(since).await);

    world.clock.pass(10);
    world
        .engine
        .disown(user, AttemptId(uuid::Uuid::from_u128(7)), "ldap/app".into(), "192.0.2.7".into())
        .await
        .unwrap();
    assert!(!may_stay(since).await, "what stood before the report is over");
    assert!(!may_stay(world.clock.now()).await, "in the same moment too");
    world.clock.pass(10);
    assert!(may_stay(world.clock.now()).await, "what came after it is not");
    // A second report within the hour counts as well.
    let between = world.clock.now();
    world.clock.pass(10);
    world
        .engine
        .disown(user, AttemptId(uuid::Uuid::from_u128(8)), "ldap/app".into(), "192.0.2.7".into())
        .await
        .unwrap();
    assert!(!may_stay(between).await);
    world.clock.pass(10);

    let now = world.clock.now();
    world.store.lock().users.values_mut().for_each(|user| user.enabled = false);
    assert!(!may_stay(now).await, "disabled");
    world.store.lock().users.clear();
    assert!(!may_stay(now).await, "gone");
}

#[tokio::test]
async fn store_that_fails_says_neither_yes_nor_no() {
    let world = World::new();
    world.enrol("ada", Method::Totp);
    let user = world.store.lock().users.values().next().unwrap().id;
    for call in 1..=2 {
        world.fuse.fail_at(call);
        world.engine.may_stay(user, world.clock.now()).await.unwrap_err();
    }
}
