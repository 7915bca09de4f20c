use super::*;

#[tokio::test]
async fn a_connection_over_the_cap_is_closed_at_once_and_the_place_of_one_that_ended_is_free() {
    let handle = opened(limits(2, 2));
    let (mut first, mut second) = (dial(&handle).await, dial(&handle).await);
    assert!(!greeting(&mut first).await.is_empty() && !greeting(&mut second).await.is_empty());
    assert_eq!(greeting(&mut dial(&handle).await).await, "");
    assert!(is_answered(&mut first).await && is_answered(&mut second).await);

    drop(first);
    until(|| handle.counts().open == 1).await;
    assert!(is_answered_after_greeting(dial(&handle).await).await);
    assert_eq!((handle.counts().over_cap, handle.counts().served), (1, 3));
}

#[tokio::test]
async fn one_client_cannot_take_all_connections() {
    let handle = opened(limits(100, 2));
    let mut greedy = Vec::new();
    for _ in 0..2 {
        greedy.push(dial_from(7, &handle).await);
        assert!(!greeting(greedy.last_mut().unwrap()).await.is_empty());
    }
    assert_eq!(greeting(&mut dial_from(7, &handle).await).await, "");
    assert!(is_answered_after_greeting(dial_from(8, &handle).await).await);
    assert_eq!(handle.counts().over_source_cap, 1);
}

#[tokio::test]
async fn a_connection_counts_as_long_as_somebody_holds_its_guard() {
    let (sender, mut guards) = tokio::sync::mpsc::unbounded_channel();
    let handle = StreamDoor::start(at(&["127.0.0.1:0"], limits(1, 1)), &Tasks::new(), move |connection| {
        sender.send(connection.guard).unwrap();
        async {}
    })
    .unwrap();
    let _first = dial(&handle).await;
    let guard = guards.recv().await.unwrap();
    assert_eq!(greeting(&mut dial(&handle).await).await, "");
    assert_eq!(handle.counts().over_cap, 1);
    drop(guard);
    until(|| handle.counts().open == 0).await;
    let _second = dial(&handle).await;
    assert!(guards.recv().await.is_some());
}

#[tokio::test]
async fn the_guard_cannot_be_lost_before_the_connection_ends() {
    let handle = StreamDoor::start(at(&["127.0.0.1:0"], limits(1, 1)), &Tasks::new(), |connection: Connection| {
        let Connection { mut stream, guard, .. } = connection;
        drop(guard);
        async move {
            stream.write_all(b"x\n").await.unwrap();
            std::future::pending().await
        }
    })
    .unwrap();
    let mut first = dial(&handle).await;
    assert_eq!(greeting(&mut first).await, "x");
    assert_eq!(greeting(&mut dial(&handle).await).await, "");
}

#[tokio::test]
async fn changed_caps_hold_from_the_next_connection_on_and_close_none() {
    let handle = opened(limits(1, 1));
    let mut first = dial(&handle).await;
    greeting(&mut first).await;
    handle.reload(limits(2, 2));
    let mut second = dial(&handle).await;
    greeting(&mut second).await;
    handle.reload(limits(1, 1));
    assert_eq!(greeting(&mut dial(&handle).await).await, "");
    assert!(is_answered(&mut first).await && is_answered(&mut second).await);
}
