use super::*;

#[tokio::test]
async fn a_stop_closes_the_door_and_waits_for_a_connection_to_finish_what_it_is_at() {
    let (sender, mut asked_to_finish) = tokio::sync::mpsc::unbounded_channel();
    let settings = at(&["127.0.0.1:0"], StreamRules::default());
    let handle = StreamDoor::start(settings, &Tasks::new(), move |mut connection: Connection| {
        let sender = sender.clone();
        async move {
            connection.stream.write_all(b"begun\n").await.unwrap();
            connection.stopping.cancelled().await;
            sender.send(()).unwrap();
            // The client has something to say yet, and is heard.
            let octet = connection.stream.read_u8().await.unwrap();
            connection.stream.write_all(&[octet, b'\n']).await.unwrap();
        }
    })
    .unwrap();
    let mut client = dial(&handle).await;
    assert_eq!(greeting(&mut client).await, "begun");
    let visit = async {
        asked_to_finish.recv().await.unwrap();
        until(|| std::net::TcpStream::connect(handle.addresses()[0]).is_err()).await;
        client.write_all(b"z").await.unwrap();
        greeting(&mut client).await
    };
    let (stopped, heard) = tokio::join!(handle.stop(Duration::from_secs(60)), visit);
    assert_eq!((stopped, heard.as_str()), (Stopped { abandoned: 0, panics: 0 }, "z"));
    assert_eq!(handle.counts().open, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_finish_is_dropped_at_the_end_of_the_patience() {
    let handle = StreamDoor::start(
        at(&["127.0.0.1:0"], StreamRules::default()),
        &Tasks::new(),
        |mut connection: Connection| async move {
            connection.stream.write_all(b"begun\n").await.unwrap();
            std::future::pending().await
        },
    )
    .unwrap();
    let mut client = dial(&handle).await;
    assert_eq!(greeting(&mut client).await, "begun");
    assert_eq!(handle.stop(Duration::from_secs(5)).await, Stopped { abandoned: 1, panics: 0 });
    assert_eq!((client.read(&mut [0]).await.unwrap(), handle.counts().open), (0, 0));
}

#[tokio::test]
async fn the_door_stops_with_the_tasks_around_it() {
    let tasks = Tasks::new();
    let handle = StreamDoor::start(at(&["127.0.0.1:0"], StreamRules::default()), &tasks, parrot).unwrap();
    let mut client = dial(&handle).await;
    greeting(&mut client).await;
    assert_eq!(tasks.stop(Duration::from_secs(60)).await, Stopped { abandoned: 0, panics: 0 });
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    TcpStream::connect(handle.addresses()[0]).await.unwrap_err();
}

#[tokio::test]
async fn who_has_not_said_whose_connection_it_is_does_not_hold_up_a_stop() {
    let balancers = Balancers::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let handle = opened(StreamRules { balancers, ..StreamRules::default() });
    let mut silent = dial(&handle).await;
    until(|| handle.counts().open == 1).await;
    assert_eq!(handle.stop(Duration::from_secs(3600)).await, Stopped { abandoned: 0, panics: 0 });
    assert_eq!((silent.read(&mut [0]).await.unwrap(), handle.counts().served), (0, 0));
    // Not closed by the end of its patience.
    assert_eq!(handle.counts().bad_headers, 0);
}
