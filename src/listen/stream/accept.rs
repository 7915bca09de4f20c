//! The loop on a listening socket. No error ends it; being told to stop does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{Door, open};

/// After an error that stays (no file left to open), so that it does not become a busy loop.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn accept(door: Arc<Door>, listener: TcpListener, local: SocketAddr) {
    let stopping = door.tasks.stopping();
    let connections = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => open::admit(&door, stream, peer, local),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    door.tally.failed_accept(door.name, local, &error);
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => {}
        () = connections => {}
    }
}

/// The client went away before we came to it. The next one may be there already.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_went_away_delays_nobody_and_a_lack_of_files_does_not_become_a_busy_loop() {
        let of_one = |error: rustix::io::Errno| is_of_one_connection(&error.into());
        assert!(of_one(rustix::io::Errno::CONNABORTED));
        assert!(!of_one(rustix::io::Errno::MFILE) && !of_one(rustix::io::Errno::NFILE));
    }
}
