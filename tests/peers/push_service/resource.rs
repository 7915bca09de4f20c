//! The side of senders: one address for each subscription (RFC 8030), and what is asked of whoever uses it.

use std::time::Duration;

use serde_json::json;

use super::book::{Book, Found, Message, Sent};
use super::http::{Answer, Request};
use super::vapid;

/// RFC 8030 §5.4.
const TOPIC_LETTERS_MAX: usize = 32;
/// RFC 8030 §7.2 and RFC 8291 §4: every service takes this much, and real ones no more.
const BODY_OCTETS_MAX: usize = 4_096;
/// RFC 8188 §2.1: salt, record size, length of the key, and the key; then a delimiter and a tag at the least.
const BODY_OCTETS_MIN: usize = 16 + 4 + 1 + 65 + 1 + 16;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str);

pub(super) fn take(request: &Request, book: &Book) -> Answer {
    let taken = judged(request, book);
    book.note(Sent {
        status: taken.as_ref().map_or_else(|refusal| refusal.0, |_| 201),
        refusal: taken.as_ref().err().map(|refusal| refusal.1),
        topic: request.header("topic").map(str::to_owned),
        ttl: request.header("ttl").and_then(|ttl| ttl.parse().ok()),
        urgency: request.header("urgency").map(str::to_owned),
        octets: request.body.len(),
    });
    match taken {
        Ok((token, message)) => {
            let ttl = message.life.as_secs().to_string();
            let version = book.deliver(token, message);
            let location = format!("{}/m/{version}", book.origin);
            Answer { status: 201, headers: vec![("location", location), ("ttl", ttl)], body: String::new() }
        }
        Err(Refusal(status, why)) => {
            let body = json!({ "code": status, "error": "refused", "message": why }).to_string();
            Answer { status, headers: vec![("content-type", "application/json".to_owned())], body }
        }
    }
}

fn judged<'a>(request: &'a Request, book: &Book) -> Result<(&'a str, Message), Refusal> {
    let token = request.path.strip_prefix("/wpush/v2/").ok_or(Refusal(404, "no such resource"))?;
    if request.method != "POST" {
        return Err(Refusal(405, "only POST"));
    }
    let key = match book.find(token) {
        Found::Unknown => return Err(Refusal(404, "no such subscription")),
        Found::Unsubscribed => return Err(Refusal(410, "unsubscribed")),
        Found::Subscribed { key } => key,
    };
    vapid::check(request.header("authorization"), key.as_deref(), &book.origin)?;
    let ttl = request.header("ttl").ok_or(Refusal(400, "no TTL"))?;
    let life = Duration::from_secs(ttl.parse().map_err(|_| Refusal(400, "TTL is no number"))?);
    let topic = request.header("topic").map(str::to_owned);
    if topic.as_deref().is_some_and(|topic| !is_topic(topic)) {
        return Err(Refusal(400, "Topic is too long or not base64url"));
    }
    if request.header("urgency").is_some_and(|word| !["very-low", "low", "normal", "high"].contains(&word)) {
        return Err(Refusal(400, "Urgency is none of the four words"));
    }
    check_body(request)?;
    Ok((token, Message { topic, life, body: request.body.clone() }))
}

fn check_body(request: &Request) -> Result<(), Refusal> {
    if request.body.len() > BODY_OCTETS_MAX {
        return Err(Refusal(413, "too large"));
    }
    if request.header("content-encoding") != Some("aes128gcm") {
        return Err(Refusal(400, "Content-Encoding is not aes128gcm"));
    }
    // The sender's key stands in the clear: an uncompressed point.
    if request.body.len() < BODY_OCTETS_MIN || request.body[20] != 65 || request.body[21] != 4 {
        return Err(Refusal(400, "the body is no encrypted message"));
    }
    Ok(())
}

fn is_topic(topic: &str) -> bool {
    let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    (1..=TOPIC_LETTERS_MAX).contains(&topic.len()) && topic.bytes().all(is_letter)
}
