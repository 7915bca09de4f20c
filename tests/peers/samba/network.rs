//! A network namespace with one wire to ours. Both go with the process that lives in it, however that ends.
//!
//! ```text
//!   the tests ── vestN, 198.18.0.1/30 ══════ 198.18.0.2/30, eth0 ── the process alone
//! ```

use std::fs::{File, TryLockError};
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Said by the process once the wire is there.
pub(super) const LINKED: &str = "the wire is up";

/// 198.18.0.0/15 is for tests between networks (RFC 2544): nobody's own, and not routed on the Internet.
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
/// How many networks of four addresses that makes.
const COUNT: u32 = 32_768;
/// How long the kernel may take over the end of a namespace before we go on without.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// Runs inside the new namespace: makes the wire, puts its other end where process `$1` is, then becomes the program.
const WIRE: &str = r#"
set -e
ip link add eth0 type veth peer name "$2" netns "$1"
ip link set lo up
ip address add "$4/30" dev eth0
ip link set eth0 up
nsenter --net="/proc/$1/ns/net" sh -ec 'ip address add "$2/30" dev "$1"; ip link set "$1" up' wire "$2" "$3"
echo "the wire is up"
shift 4
exec "$@"
"#;

/// A wire that is ours among all test processes of this machine, for as long as this lives.
#[derive(Debug)]
pub(super) struct Link {
    number: u32,
    _lease: File,
}

impl Link {
    /// One that nobody uses.
    pub(super) fn free() -> io::Result<Self> {
        let folder = std::env::temp_dir().join("vestibule-test-links");
        std::fs::create_dir_all(&folder)?;
        for number in 0..COUNT {
            let lease = File::create(folder.join(number.to_string()))?;
            match lease.try_lock() {
                // A test process that was killed waited for nothing.
                Ok(()) if !exists(number) => return Ok(Self { number, _lease: lease }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "every wire for tests is taken"))
    }

    /// Our end.
    pub(super) fn outside(&self) -> Ipv4Addr {
        self.nth(1)
    }

    /// The end in the namespace.
    pub(super) fn inside(&self) -> Ipv4Addr {
        self.nth(2)
    }

    /// `program`, in the namespace at the end of this wire; its arguments are yet to be added.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--net", "--", "sh", "-c", WIRE, "wire", &std::process::id().to_string(), &name(self.number)]);
        command.args([self.outside().to_string(), self.inside().to_string()]).arg(program);
        command
    }

    fn nth(&self, nth: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(FIRST.to_bits() + 4 * self.number + nth)
    }
}

/// The process has ended; the kernel takes the wire away a moment later. Whatever runs next would see it go, and a
/// browser breaks off what it is loading when an interface does.
impl Drop for Link {
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing can be awaited here, and this test runs with none beside it"
    )]
    fn drop(&mut self) {
        let until = Instant::now() + GONE_WITHIN;
        while exists(self.number) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn name(number: u32) -> String {
    format!("vest{number}")
}

fn exists(number: u32) -> bool {
    Path::new("/sys/class/net").join(name(number)).exists()
}
