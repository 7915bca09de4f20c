use super::*;

const LIFETIME: Duration = Duration::from_secs(15);

struct Listener {
    cache: Arc<Duplicates>,
    room: Option<usize>,
}

impl Listener {
    fn new(room: usize) -> Self {
        Self { cache: Arc::default(), room: Some(room) }
    }

    fn see(&self, port: u16, identifier: u8, authenticator: u8) -> Seen {
        let source = SocketAddr::from(([192, 0, 2, 1], port));
        self.cache.see(source, identifier, &[authenticator; 16], LIFETIME, self.room)
    }

    fn first(&self, port: u16, identifier: u8, authenticator: u8) -> Ticket {
        match self.see(port, identifier, authenticator) {
            Seen::First(ticket) => ticket,
            other => panic!("expected a first request, saw {other:?}"),
        }
    }
}

fn answer(octet: u8) -> Arc<[u8]> {
    Arc::from([octet; 20])
}

// RAD-12
#[tokio::test(start_paused = true)]
async fn a_repetition_waits_while_the_first_is_open_and_then_gets_the_same_octets() {
    let listener = Listener::new(10);
    let ticket = listener.first(1000, 7, 1);
    for _ in 0..5 {
        assert!(matches!(listener.see(1000, 7, 1), Seen::Open));
    }
    assert!(ticket.answered(&answer(9)));
    for _ in 0..3 {
        assert!(matches!(listener.see(1000, 7, 1), Seen::Answered(octets) if octets == answer(9)));
    }
}

// RAD-12: the key is source address, source port, identifier and authenticator.
#[tokio::test(start_paused = true)]
async fn another_port_or_identifier_is_another_request() {
    let listener = Listener::new(10);
    let _open = [listener.first(1000, 7, 1), listener.first(1001, 7, 1), listener.first(1000, 8, 1)];
}

// RAD-13
#[tokio::test(start_paused = true)]
async fn a_new_authenticator_under_the_same_identifier_abandons_the_old_request() {
    let listener = Listener::new(10);
    let old = listener.first(1000, 7, 1);
    let new = listener.first(1000, 7, 2);
    assert!(!old.answered(&answer(1)), "the late answer to the old request is not sent");
    assert!(matches!(listener.see(1000, 7, 2), Seen::Open), "and does not become the answer to the new one");
    assert!(new.answered(&answer(2)));
}

// RAD-13
#[tokio::test(start_paused = true)]
async fn an_answer_is_forgotten_after_its_lifetime() {
    let listener = Listener::new(10);
    assert!(listener.first(1000, 7, 1).answered(&answer(1)));
    tokio::time::advance(LIFETIME - Duration::from_millis(1)).await;
    assert!(matches!(listener.see(1000, 7, 1), Seen::Answered(_)));
    tokio::time::advance(Duration::from_millis(1)).await;
    let _again = listener.first(1000, 7, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_ends_without_an_answer_can_be_asked_again() {
    let listener = Listener::new(10);
    drop(listener.first(1000, 7, 1));
    let _again = listener.first(1000, 7, 1);
}

#[tokio::test(start_paused = true)]
async fn when_there_is_no_room_the_oldest_answer_goes_first_and_open_requests_never() {
    let listener = Listener::new(2);
    let open = listener.first(1000, 1, 1);
    assert!(listener.first(1000, 2, 1).answered(&answer(2)));
    let third = listener.first(1000, 3, 1);
    assert!(matches!(listener.see(1000, 4, 1), Seen::NoRoom));
    assert!(matches!(listener.see(1000, 1, 1), Seen::Open));
    assert!(open.answered(&answer(1)) && third.answered(&answer(3)));
    assert_eq!(listener.cache.lock().requests.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_requests_leaves_nothing_behind() {
    let listener = Listener::new(100);
    for round in 0..1000u16 {
        assert!(listener.first(round, 1, 1).answered(&answer(1)));
    }
    tokio::time::advance(LIFETIME).await;
    let _last = listener.first(1, 2, 1);
    let known = listener.cache.lock();
    assert_eq!((known.requests.len(), known.answered.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_flood_under_one_key_keeps_no_more_than_there_is_room_for() {
    const ROOM: usize = 10;
    let listener = Listener::new(ROOM);
    for round in 0..1000u32 {
        let mut authenticator = [0; 16];
        authenticator[..4].copy_from_slice(&round.to_be_bytes());
        let source = SocketAddr::from(([192, 0, 2, 1], 1000));
        let seen = listener.cache.see(source, 7, &authenticator, LIFETIME, listener.room);
        let Seen::First(ticket) = seen else { panic!("expected a first request, saw {seen:?}") };
        assert!(ticket.answered(&answer(1)));
        assert!(matches!(
            listener.cache.see(source, 7, &authenticator, LIFETIME, listener.room),
            Seen::Answered(octets) if octets == answer(1)
        ));
    }
    let known = listener.cache.lock();
    assert!(known.answered.len() <= ROOM, "{} are kept", known.answered.len());
    assert_eq!(known.requests.len(), 1);
}

// RAD-33
#[tokio::test(start_paused = true)]
async fn while_no_new_request_may_begin_what_is_remembered_stays_as_it_is() {
    let mut listener = Listener::new(10);
    let open = listener.first(1000, 1, 1);
    assert!(listener.first(1000, 2, 1).answered(&answer(2)));
    listener.room = None;
    assert!(matches!(listener.see(1000, 3, 1), Seen::NoRoom));
    assert!(matches!(listener.see(1000, 1, 2), Seen::NoRoom));
    assert!(matches!(listener.see(1000, 1, 1), Seen::Open));
    assert!(matches!(listener.see(1000, 2, 1), Seen::Answered(octets) if octets == answer(2)));
    assert!(open.answered(&answer(1)));
}
