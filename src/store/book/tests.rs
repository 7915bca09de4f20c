//! The rules by themselves: whatever a change asks for, it is taken whole or nothing moves.

use proptest::prelude::*;
use uuid::Uuid;
use vestibule_engine::{Budget, Charge, Crowd, SecretBytes, Station};

use super::*;

fn keyring() -> Keyring {
    Keyring::new(&SecretBytes::new(vec![1; 32]), &[]).unwrap()
}

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

/// Two users (the second disabled), two authenticators, two counters (the second locked), an open attempt, an entry.
fn book() -> Book {
    let mut book = Book::default();
    for (number, enabled) in [(1, true), (2, false)] {
        book.users.insert(UserId(id(number)), Person { enabled, last_login: None, signed_in: None });
    }
    for (number, confirmed) in [(1, true), (2, false)] {
        let user = UserId(id(1));
        let held = Held { user, confirmed, high_water: 10, drift: 0, held_until: None, used: None };
        book.authenticators.insert(AuthenticatorId(id(number)), held);
    }
    let locked = Counter { failures: 9, last_failure: Some(NOW), locked_until: Some(Timestamp(i64::MAX)) };
    book.counters.insert(CounterKey("2".into()), Tracked::found(locked));
    book.trust.insert(TrustId(id(1)), entry(1));
    book.attempts.insert(AttemptId(id(1)), Tracked::found(Attempt::after(None, &open(), NOW)));
    book
}

fn entry(number: u8) -> TrustEntry {
    TrustEntry {
        id: TrustId(id(number)),
        user: UserId(id(1)),
        service: "radius/vpn".into(),
        station: Station::parse("laptop").unwrap(),
        method: vestibule_engine::Method::Totp,
        granted: NOW,
        until: Timestamp(i64::MAX),
    }
}

fn open() -> Position {
    Position::Open(vestibule_engine::OpenAttempt {
        user: None,
        coalesce: None,
        turn: vestibule_engine::Turn(1),
        expires: Timestamp(i64::MAX),
        ringing: None,
        payload: SecretBytes::new("payload"),
    })
}

/// One that rings the phone of the first user.
fn ringing() -> Position {
    let Position::Open(open) = open() else { panic!("not open") };
    let (user, ringing) = (Some(UserId(id(1))), Some("radius/vpn".to_owned()));
    Position::Open(vestibule_engine::OpenAttempt { user, ringing, ..open })
}

prop_compose! {
    fn any_change()(
        attempt in 1_u8..4,
        from in prop::option::of(1_u32..3),
        locked in prop::collection::vec(1_u8..3, 0..2),
        user in prop::option::of(1_u8..4),
        spend in prop::collection::vec((1_u8..4, 9_i64..13), 0..3),
        items in prop::collection::vec((1_u8..3, 0_u8..3), 0..3),
        relies_on in prop::option::of(1_u8..3),
        trust in prop::option::of(3_u8..5),
        rings in prop::option::of(0_u32..3),
        forget in any::<bool>(),
    ) -> Transition {
        let step = |(number, step)| Spend::Step { authenticator: AuthenticatorId(id(number)), step, drift: 0 };
        let item = |(number, item): (u8, u8)| {
            Spend::Item { authenticator: AuthenticatorId(id(number)), item: item.to_string() }
        };
        let budget = Budget { tries: 1, wait_first: Default::default(), wait_max: Default::default(), forget_after: Default::default() };
        Transition {
            from,
            to: Some(if rings.is_some() { ringing() } else { open() }),
            unless_crowded: rings.map(|in_all| {
                Crowd { user: UserId(id(1)), service: "radius/vpn".into(), of_service: 2, in_all }
            }),
            forget: forget.then(|| UserId(id(1))),
            unless_locked: locked.iter().map(|number| CounterKey(number.to_string())).collect(),
            if_enabled: user.map(|number| UserId(id(number))),
            spend: spend.into_iter().map(step).chain(items.into_iter().map(item)).collect(),
            relies_on: relies_on.map(|number| TrustId(id(number))),
            charge: vec![Charge { key: CounterKey("1".into()), budget }],
            clear: vec![CounterKey("2".into())],
            trust: trust.map(entry),
            signed_in: user.map(|number| UserId(id(number))),
            ..Transition::new(AttemptId(id(attempt)), NOW)
        }
    }
}

/// Everything in a book, in an order of its own.
fn contents(book: &Book) -> String {
    fn sorted<T: std::fmt::Debug>(things: impl Iterator<Item = T>) -> Vec<String> {
        let mut all: Vec<_> = things.map(|thing| format!("{thing:?}")).collect();
        all.sort();
        all
    }
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        sorted(book.users.iter()),
        sorted(book.attempts.iter()),
        sorted(book.authenticators.iter()),
        sorted(book.spent.iter()),
        sorted(book.counters.iter()),
        sorted(book.trust.iter()),
        sorted(book.rings.iter()),
        sorted(book.forgotten.iter()),
        sorted(book.ringing.iter())
    )
}

proptest! {
    #[test]
    fn a_change_is_taken_whole_or_nothing_moves(changes in prop::collection::vec(any_change(), 1..8)) {
        let (mut book, keyring) = (book(), keyring());
        for change in changes {
            let before = contents(&book);
            if matches!(book.apply(&change, &keyring).unwrap(), Committed::Done { .. }) {
                prop_assert_ne!(contents(&book), before);
            } else {
                prop_assert_eq!(contents(&book), before);
            }
        }
    }

    /// OOB-04
    #[test]
    fn no_change_that_asks_makes_more_ring_than_may(changes in prop::collection::vec(any_change(), 1..20)) {
        let (mut book, keyring) = (book(), keyring());
        for change in changes {
            let taken = matches!(book.apply(&change, &keyring).unwrap(), Committed::Done { .. });
            if let (true, Some(crowd)) = (taken, &change.unless_crowded) {
                let ringing = book.attempts.values().filter_map(|tracked| tracked.now.as_ref()?.rings()).count();
                prop_assert!(ringing <= 2.min(crowd.in_all as usize), "{ringing} ring");
            }
        }
    }

    /// OTP-03, I3
    #[test]
    fn no_step_and_no_item_is_ever_taken_twice(changes in prop::collection::vec(any_change(), 1..20)) {
        let (mut book, keyring) = (book(), keyring());
        let mut taken = HashSet::new();
        for change in changes {
            if matches!(book.apply(&change, &keyring).unwrap(), Committed::Done { .. }) {
                for spend in &change.spend {
                    prop_assert!(taken.insert(format!("{spend:?}")), "{spend:?} twice");
                }
            }
        }
    }
}
