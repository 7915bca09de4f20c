//! A gateway of a test: it registers devices, and says otherwise what the test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use vestibule_engine::AuthenticatorId;

use super::super::protocol::{
    Authorization, ConfirmationCode, DeviceKey, Millis, PublicKey, Register, confirmation_code,
};

const TOKEN: &str = "c2VjcmV0LXRva2VuLW9mLWEtdGVzdC1wb3J0YWw";

/// A connection on which nothing is said ends.
const IDLE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<Authorization>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn time(&self) -> Option<Millis> {
        self.authorization.map(|authorization| authorization.time)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: String::new(), body: Vec::new() }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self { status, headers: String::new(), body: value.to_string().into_bytes() }
    }

    pub(crate) fn clock(now: Millis) -> Self {
        let told = json!({ "type": "about:blank", "title": "no", "status": 401, "code": "clock", "server_time": now });
        Self::json(401, &told)
    }
}

pub(crate) fn problem(status: u16, code: &str) -> Said {
    Said::json(status, &json!({ "type": "about:blank", "title": "no", "status": status, "code": code }))
}

/// What a gateway knows.
#[derive(Clone)]
pub(crate) struct Keys {
    own: Arc<DeviceKey>,
    origin: String,
    device: AuthenticatorId,
    registered: Arc<Mutex<Option<PublicKey>>>,
}

impl Keys {
    pub(crate) fn requests(&self, revision: &str, asked: &[Value]) -> Said {
        Self::signed_by(&self.own, revision, asked)
    }

    pub(crate) fn requests_of_a_stranger(&self, revision: &str, asked: &[Value]) -> Said {
        Self::signed_by(&DeviceKey::generate().unwrap(), revision, asked)
    }

    fn signed_by(key: &DeviceKey, revision: &str, asked: &[Value]) -> Said {
        let sign = |asked: &Value| {
            let text = asked.to_string();
            json!({ "signature": key.sign(&text).unwrap(), "challenge": text })
        };
        let requests: Vec<Value> = asked.iter().map(sign).collect();
        Said::json(200, &json!({ "revision": revision, "requests": requests, "server_time": 7 }))
    }

    fn register(&self, body: &[u8]) -> Said {
        let register: Register = serde_json::from_slice(body).unwrap();
        let now = super::NOW;
        register.verify(&self.origin, now).unwrap();
        assert!(register.is_sane() && register.token == TOKEN);
        *self.registered.lock().unwrap() = Some(register.public_key);
        Said::json(
            200,
            &json!({
                "device": self.device, "issuer": "Example", "account": "ada", "gateway_key": self.own.public_key(),
                "totp": "otpauth://totp/x?secret=AAAA", "status": "pending", "server_time": Millis::from(now)
            }),
        )
    }
}

/// A request as the protocol has it.
pub(crate) fn challenge(keys: &Keys, digits: Option<u8>) -> Value {
    let now = Millis::from(super::NOW).0;
    json!({
        "v": 1, "origin": keys.origin, "attempt": "11111111-1111-4111-8111-111111111111",
        "nonce": "0123456789abcdef0123456789abcdef", "device": keys.device, "account": "ada",
        "service": { "name": "vpn", "door": "radius" },
        "where": { "address": "192.0.2.7", "station": null, "client": null, "place": null, "known": false },
        "asked": now, "until": now + 60_000, "number": digits.map(|digits| json!({ "digits": digits })),
        "code": false, "verification": "off", "test": false
    })
}

pub(crate) struct Gateway {
    pub(crate) origin: String,
    pub(crate) authority: String,
    keys: Keys,
    heard: Arc<Mutex<Vec<Asked>>>,
    is_over: Arc<AtomicBool>,
    port: u16,
    serving: Option<JoinHandle<()>>,
}

type Answers = dyn Fn(&Asked, &Keys) -> Said + Send;

impl Gateway {
    /// Registers, and answers everything else like this. Requests that are not signed by the device fail the test.
    pub(crate) fn start(answers: impl Fn(&Asked, &Keys) -> Said + Send + 'static) -> Self {
        Self::serve(Box::new(move |asked, keys| match asked.path.as_str() {
            "/device/v1/register" => keys.register(&asked.body),
            _ => answers(asked, keys),
        }))
    }

    pub(crate) fn refusing_to_register(said: Said) -> Self {
        Self::serve(Box::new(move |_, _| said.clone()))
    }

    fn serve(answers: Box<Answers>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (authority, tls) = certificate();
        let device = AuthenticatorId(uuid::Uuid::new_v4());
        let origin = format!("https://localhost:{port}");
        let own = Arc::new(DeviceKey::generate().unwrap());
        let keys = Keys { own, origin: origin.clone(), device, registered: Arc::default() };
        let (heard, is_over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let answers = Arc::new(Mutex::new(answers));
        let serving = std::thread::spawn({
            let (keys, heard, is_over) = (keys.clone(), Arc::clone(&heard), Arc::clone(&is_over));
            move || {
                while let Ok((socket, _)) = listener.accept() {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let (tls, keys) = (Arc::clone(&tls), keys.clone());
                    let (heard, answers) = (Arc::clone(&heard), Arc::clone(&answers));
                    // One each: a client keeps connections in stock on which it says nothing. One that does not believe
                    // our certificate is gone before it said anything.
                    std::thread::spawn(move || meet(socket, &tls, &keys, &heard, &answers).ok());
                }
            }
        });
        Self { origin, authority, keys, heard, is_over, port, serving: Some(serving) }
    }

    pub(crate) fn link(&self) -> String {
        format!("{}/authenticator/#pair={TOKEN}", self.origin)
    }

    pub(crate) fn heard(&self) -> Vec<Asked> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn device_key(&self) -> PublicKey {
        self.keys.registered.lock().unwrap().unwrap()
    }

    pub(crate) fn confirmation_code(&self) -> String {
        let own = self.keys.own.public_key();
        let code: ConfirmationCode = confirmation_code(TOKEN, self.keys.device, &self.device_key(), &own);
        code.digits()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
        if let Some(serving) = self.serving.take() {
            serving.join().ok();
        }
    }
}

fn certificate() -> (String, Arc<ServerConfig>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    (certificate.pem(), Arc::new(config))
}

/// One request, one answer.
fn meet(
    socket: TcpStream,
    tls: &Arc<ServerConfig>,
    keys: &Keys,
    heard: &Mutex<Vec<Asked>>,
    answers: &Mutex<Box<Answers>>,
) -> std::io::Result<()> {
    socket.set_read_timeout(Some(IDLE))?;
    let connection = ServerConnection::new(Arc::clone(tls)).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    let asked = read(&mut stream, keys)?;
    heard.lock().unwrap().push(asked.clone());
    let said = (answers.lock().unwrap_or_else(PoisonError::into_inner))(&asked, keys);
    let mut stream = stream.into_inner();
    write!(
        stream,
        "HTTP/1.1 {} As said\r\ncontent-length: {}\r\nconnection: close\r\n{}\r\n",
        said.status,
        said.body.len(),
        said.headers
    )?;
    stream.write_all(&said.body)?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn read(stream: &mut impl BufRead, keys: &Keys) -> std::io::Result<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            line.split_once(": ").filter(|(is, _)| is.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        })
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    let mut words = lines[0].split(' ');
    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let authorization = header("authorization").map(|header| Authorization::parse(&header).unwrap());
    if let Some(authorization) = &authorization {
        // Whatever it is asked, a device signs it as it is sent. The time is for the test to judge.
        let device = keys.registered.lock().unwrap().unwrap();
        let at = authorization.time.into();
        authorization.verify(&device, &keys.origin, &method, &path, &body, at).expect("signed by the device");
    }
    Ok(Asked { path, authorization, body })
}
