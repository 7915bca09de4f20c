//! Ports for peers, which cannot be told to take any free port and say which.

use std::fs::{File, TryLockError};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Below the range from which Linux takes ports for outgoing sockets, so that no client of another test can sit on one
/// between our look and the peer's start.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port on 127.0.0.1 that is ours, UDP and TCP, among all test processes of this machine, for as long as this lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lease: File,
}

impl Port {
    /// A port that nobody listens on.
    pub fn free() -> io::Result<Self> {
        let folder = std::env::temp_dir().join("vestibule-test-ports");
        std::fs::create_dir_all(&folder)?;
        let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or(0);
        for step in 0..COUNT {
            let number = FIRST + (start + step) % COUNT;
            let lease = File::create(folder.join(number.to_string()))?;
            match lease.try_lock() {
                Ok(()) if nobody_listens(number) => return Ok(Self { number, _lease: lease }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "every port for tests is taken"))
    }

    pub fn number(&self) -> u16 {
        self.number
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

fn nobody_listens(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port);
    TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
}
