use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;
use crate::upstream::entry::Ask;
use crate::upstream::line::line_over;
use crate::wire::Scope;

const ASK: Ask<'_> = Ask { base: "", scope: Scope::Base, filter: "(a=b)", attributes: &[], limit: 1 };

fn lookups(size: usize) -> Lookups {
    Lookups::new(size, Duration::from_secs(60))
}

/// A connection on which nobody says anything.
async fn open(lookups: &Lookups, opener: &Opener) -> (Driver, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ours, theirs) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (lookups.opened(opener, Ok(line_over(ours.unwrap()))).unwrap(), theirs.unwrap().0)
}

fn opener(lookups: &Lookups) -> Opener {
    let Way::Open(opener, _) = lookups.ask(b"", 1) else { panic!("no connection is to be opened") };
    opener
}

#[tokio::test]
async fn one_opens_a_connection_and_the_others_wait_for_it() {
    let lookups = lookups(2);
    let opener = opener(&lookups);
    let Way::Wait(mut opening) = lookups.ask(b"", 1) else { panic!() };
    let _open = open(&lookups, &opener).await;
    assert!(opening.wait_for(Option::is_some).await.unwrap().as_ref().is_some_and(Result::is_ok));
    assert!(matches!(lookups.ask(b"", 1), Way::Asked(_)));
}

#[tokio::test]
async fn another_opens_it_where_the_first_gave_up_or_failed() {
    let lookups = lookups(1);
    drop(opener(&lookups));
    let next = opener(&lookups);
    let Way::Wait(mut opening) = lookups.ask(b"", 1) else { panic!() };
    assert!(lookups.opened(&next, Err(Fault::TimedOut)).is_none());
    let told = opening.wait_for(Option::is_some).await.unwrap().clone();
    assert!(matches!(told, Some(Err(Fault::TimedOut))));
    opener(&lookups);
}

#[tokio::test] // FLT-02, FLT-03
async fn connections_that_hang_are_replaced_and_their_number_has_a_limit() {
    let lookups = lookups(1);
    let mut open_ones = Vec::new();
    for _ in 0..2 {
        let opener = opener(&lookups);
        open_ones.push(open(&lookups, &opener).await);
        let Way::Asked(asked) = lookups.ask(b"", 1) else { panic!() };
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::time::resume();
        assert!(matches!(asked.answer(&ASK, Instant::now()).await, Err(Fault::TimedOut)));
    }
    assert!(matches!(lookups.ask(b"", 1), Way::Hung));
    // One of them ends, and makes room.
    open_ones.pop();
    opener(&lookups);
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_which_nothing_comes_is_waited_for_as_long_as_there_is_time_and_no_longer() {
    let lookups = lookups(1);
    let wait = async |opening, patience| {
        let began = Instant::now();
        let asked = lookups.ask_meanwhile(opening, b"", 1, began + patience).await;
        (asked.map(|asked| asked.is_some()), began.elapsed())
    };
    let Way::Open(opener, opening) = lookups.ask(b"", 1) else { panic!() };
    let (asked, waited) = wait(opening.clone(), Duration::from_secs(1)).await;
    assert!(matches!(asked, Err(Fault::TimedOut)) && waited == Duration::from_secs(1), "{waited:?}");
    drop(opener);
    for (patience, expected) in [(Duration::from_secs(1), LOOK_AGAIN), (LOOK_AGAIN / 2, LOOK_AGAIN / 2)] {
        let (asked, waited) = wait(opening.clone(), patience).await;
        assert!(matches!(asked, Ok(false)) && waited == expected, "{waited:?}");
    }
}
