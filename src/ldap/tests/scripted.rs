//! A server that says what its script says: Active Directory's answers, and those that no honest server gives.

mod active_directory;
mod dishonest;
mod lookups;
mod peer;
mod strange;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use vestibule_peers::slapd::READER_DN;

/// What to do about a request.
pub(super) enum Say {
    Messages(Vec<Vec<u8>>),
    HangUp,
    Nothing,
}

pub(super) enum Request {
    Bind { name: String },
    Search { base: String, filter: Vec<u8>, attributes: Vec<u8> },
}

pub(super) enum Said {
    Request(Request),
    /// Nobody waits for the answer to this message any more. There is none to this one.
    Abandon(Vec<u8>),
}

type Script = dyn Fn(&Request, &Heard) -> Say + Send + Sync;

/// What was asked so far.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) connections: AtomicUsize,
    /// Binds by anybody but the service account.
    pub(super) binds: Mutex<Vec<String>>,
    /// Messages that nobody waits for any more, by their ids.
    pub(super) abandoned: Mutex<Vec<Vec<u8>>>,
}

impl Heard {
    pub(super) fn binds(&self) -> Vec<String> {
        self.binds.lock().unwrap().clone()
    }
}

pub(super) struct Scripted {
    pub(super) url: String,
    pub(super) heard: Arc<Heard>,
    _tasks: JoinSet<()>,
}

impl Scripted {
    /// The service account's binds succeed; everything else is up to the script.
    pub(super) async fn start(script: impl Fn(&Request, &Heard) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Heard::default());
        let mut tasks = JoinSet::new();
        let (script, for_task): (Arc<Script>, _) = (Arc::new(script), heard.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                for_task.connections.fetch_add(1, Ordering::Relaxed);
                connections.spawn(converse(stream, script.clone(), for_task.clone()));
            }
        });
        Self { url, heard, _tasks: tasks }
    }
}

async fn converse(mut stream: TcpStream, script: Arc<Script>, heard: Arc<Heard>) {
    while let Some((id, said)) = read(&mut stream).await {
        let request = match said {
            Said::Request(request) => request,
            Said::Abandon(abandoned) => {
                heard.abandoned.lock().unwrap().push(abandoned);
                continue;
            }
        };
        let say = match &request {
            Request::Bind { name } if name == READER_DN => Say::Messages(vec![bind_result(0, "")]),
            Request::Bind { name } => {
                heard.binds.lock().unwrap().push(name.clone());
                script(&request, &heard)
            }
            Request::Search { .. } => script(&request, &heard),
        };
        let messages = match say {
            Say::Messages(messages) => messages,
            Say::HangUp => return,
            Say::Nothing => Vec::new(),
        };
        for message in messages {
            let content = [tlv(0x02, &id), message].concat();
            if stream.write_all(&tlv(0x30, &content)).await.is_err() {
                return;
            }
        }
    }
}

/// What a client said, and the id of the message.
pub(super) async fn read(stream: &mut TcpStream) -> Option<(Vec<u8>, Said)> {
    let tag = stream.read_u8().await.ok()?;
    let first = stream.read_u8().await.ok()?;
    assert_eq!(tag, 0x30);
    let length = match first {
        0..=0x7F => usize::from(first),
        0x81 => usize::from(stream.read_u8().await.ok()?),
        _ => usize::from(stream.read_u16().await.ok()?),
    };
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    let (id, rest) = next(&content);
    let (operation, body) = (rest[0], next(rest).0);
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let request = match operation {
        0x60 => {
            let (_version, rest) = next(body);
            Request::Bind { name: text(next(rest).0) }
        }
        0x63 => {
            let (base, mut rest) = next(body);
            for _ in 0..5 {
                rest = next(rest).1;
            }
            let after = next(rest).1;
            let filter = rest[..rest.len() - after.len()].to_vec();
            Request::Search { base: text(base), filter, attributes: after.to_vec() }
        }
        0x50 => return Some((id.to_vec(), Said::Abandon(body.to_vec()))),
        other => panic!("the operation {other:#x} was not expected"),
    };
    Some((id.to_vec(), Said::Request(request)))
}

/// The content of the first element, and what follows it.
fn next(octets: &[u8]) -> (&[u8], &[u8]) {
    let (length, head) = match octets[1] {
        0..=0x7F => (usize::from(octets[1]), 2),
        0x81 => (usize::from(octets[2]), 3),
        _ => (usize::from(octets[2]) << 8 | usize::from(octets[3]), 4),
    };
    octets[head..].split_at(length)
}

pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], content].concat()
}

pub(super) fn bind_result(code: u8, text: &str) -> Vec<u8> {
    tlv(0x61, &result(code, text))
}

/// The end of a search, after these entries.
pub(super) fn found(entries: Vec<Vec<u8>>) -> Say {
    Say::Messages([entries, vec![tlv(0x65, &result(0, ""))]].concat())
}

pub(super) fn result(code: u8, text: &str) -> Vec<u8> {
    [tlv(0x0A, &[code]), tlv(0x04, b""), tlv(0x04, text.as_bytes())].concat()
}

pub(super) fn entry(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, values)| {
            let values: Vec<u8> = values.iter().flat_map(|value| tlv(0x04, value)).collect();
            tlv(0x30, &[tlv(0x04, name.as_bytes()), tlv(0x31, &values)].concat())
        })
        .collect();
    tlv(0x64, &[tlv(0x04, dn.as_bytes()), tlv(0x30, &attributes)].concat())
}

pub(super) fn contains(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}
