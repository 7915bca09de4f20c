//! The device API of the stand-in.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::signing::{asserted, confirmation, decode, hash, now, verified};
use super::{Device, Inner, Open};

type Shared = State<Arc<Inner>>;

fn problem(status: u16, code: &str) -> Response {
    let body = json!({ "type": "about:blank", "title": code, "status": status, "code": code, "server_time": now() });
    let kind = [("content-type", "application/problem+json")];
    (StatusCode::from_u16(status).unwrap(), kind, body.to_string()).into_response()
}

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().unwrap_or_default()
}

/// Absent is a dash.
fn line(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// What every signed call needs.
pub(super) struct Call {
    method: Method,
    path: String,
    query: String,
    authorization: String,
    body: Bytes,
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Call {
    type Rejection = Response;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let headers: &HeaderMap = &parts.headers;
        let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self {
            method: parts.method.clone(),
            path: parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0).to_string(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            authorization: authorization.to_owned(),
            body: Bytes::from_request(axum::extract::Request::new(body), state)
                .await
                .map_err(IntoResponse::into_response)?,
        })
    }
}

impl Call {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn said(&self, name: &str) -> &str {
        let (_, rest) = self.authorization.split_once(&format!("{name}=\"")).unwrap_or_default();
        rest.split('"').next().unwrap_or_default()
    }

    fn asked(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
    }
}

impl Inner {
    fn complain(&self, what: impl Into<String>) {
        self.book().complaints.push(what.into());
    }

    fn caller(&self, call: &Call) -> Result<Device, Box<Response>> {
        if self.book().in_trouble {
            return Err(Box::new(problem(503, "trouble")));
        }
        let (id, time) = (call.said("device"), call.said("time"));
        let Some(device) = self.book().devices.iter().find(|device| device.id == id).cloned() else {
            return Err(Box::new(problem(401, "device")));
        };
        // As sent, without the host that HTTP/2 puts before it.
        let path = call.path.strip_prefix(&self.origin).unwrap_or(&call.path);
        let digest = hash(&call.body);
        let signed = format!("vestibule-request-1\n{}\n{}\n{path}\n{id}\n{time}\n{digest}", self.origin, call.method);
        if !verified(&device.public_key, &signed, call.said("signature")) {
            self.complain(format!("wrong signature of {} {path}", call.method));
            return Err(Box::new(problem(403, "signature")));
        }
        if time.parse::<u64>().unwrap_or_default().abs_diff(now()) > 300_000 {
            return Err(Box::new(problem(401, "clock")));
        }
        Ok(device)
    }

    fn change(&self, device: &Device, change: impl FnOnce(&mut Device)) -> Response {
        if let Some(kept) = self.book().devices.iter_mut().find(|kept| kept.id == device.id) {
            change(kept);
        }
        StatusCode::NO_CONTENT.into_response()
    }
}

pub(super) async fn register(State(inner): Shared, Json(body): Json<Value>) -> Response {
    let (token, public_key) = (text(&body, "token"), text(&body, "public_key"));
    let time = body["time"].as_u64().unwrap_or_default();
    if time.abs_diff(now()) > 300_000 {
        return problem(401, "clock");
    }
    let signed = format!("vestibule-register-1\n{}\n{token}\n{public_key}\n{time}", inner.origin);
    if !verified(&decode(public_key), &signed, text(&body, "signature")) {
        inner.complain("wrong signature of register");
        return problem(403, "signature");
    }
    let mut book = inner.book();
    let Some(at) = book.tokens.iter().position(|known| known == token) else { return problem(404, "token") };
    book.tokens.remove(at);
    let id = uuid::Uuid::new_v4().to_string();
    let gateway_key = inner.signer.public_key();
    book.devices.push(Device {
        id: id.clone(),
        public_key: decode(public_key),
        label: text(&body, "label").to_owned(),
        confirmation: confirmation(token, &id, public_key, &gateway_key),
        active: false,
        push: json!({ "kind": "none", "since": null, "trouble": null }),
        push_endpoint: String::new(),
        verification: None,
        shown: None,
        answered: None,
    });
    Json(json!({
        "device": id, "issuer": "Example Corp", "account": "ada@example.com", "gateway_key": gateway_key,
        "totp": book.totp, "status": "pending", "server_time": now(),
    }))
    .into_response()
}

pub(super) async fn gateway(State(inner): Shared) -> Response {
    let vapid_key = inner.book().vapid_key.clone();
    Json(json!({
        "issuer": "Example Corp", "origin": inner.origin, "vapid_key": vapid_key, "version": "1",
        "languages": ["en", "de", "it", "fr", "es"], "help": null, "server_time": now(),
    }))
    .into_response()
}

pub(super) async fn requests(State(inner): Shared, call: Call) -> Response {
    let device = match inner.caller(&call) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    let wait = call.asked("wait").and_then(|wait| wait.parse().ok()).unwrap_or(0);
    let changed = inner.changed.notified();
    tokio::pin!(changed);
    changed.as_mut().enable();
    let revision = inner.book().revision.to_string();
    if call.asked("after") == Some(&revision) {
        tokio::time::timeout(Duration::from_secs(wait), changed).await.ok();
    }
    let book = inner.book();
    let open: Vec<_> = if device.active { book.open.clone() } else { Vec::new() };
    let requests: Vec<_> =
        open.iter().map(|open| json!({ "challenge": open.challenge, "signature": open.signature })).collect();
    Json(json!({ "revision": book.revision.to_string(), "requests": requests, "server_time": now() })).into_response()
}

pub(super) async fn answer(State(inner): Shared, Path(attempt): Path<String>, call: Call) -> Response {
    let device = match inner.caller(&call) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    let body = call.json();
    let Some(open) = inner.book().open.iter().find(|open| open.attempt == attempt).cloned() else {
        return problem(409, "over");
    };
    let signed = signed_text(&inner.origin, &device, &open, &body);
    if !verified(&device.public_key, &signed, text(&body, "signature")) || body["nonce"] != json!(open.nonce) {
        inner.complain("wrong signature of an answer");
        return problem(403, "signature");
    }
    if !is_verified(&device, &open.challenge, &body, &signed) {
        inner.complain("an approval without the person's verification");
        return problem(403, "verification");
    }
    let mut book = inner.book();
    book.open.retain(|open| open.attempt != attempt);
    book.answers.push(body.clone());
    drop(book);
    let _ = inner.change(&device, |kept| kept.answered = Some(now()));
    inner.turn();
    let result = match text(&body, "decision") {
        "approve" if open.number.as_deref() != body["number"].as_str() => return problem(422, "number"),
        "approve" => "approved",
        "deny" => "denied",
        _ => "reported",
    };
    Json(json!({ "result": result, "code": open.code.filter(|_| result == "approved") })).into_response()
}

fn signed_text(origin: &str, device: &Device, open: &Open, body: &Value) -> String {
    let [number, reason] = ["number", "reason"].map(|field| line(&body[field]));
    let (decision, context, time) = (text(body, "decision"), hash(open.challenge.as_bytes()), &body["time"]);
    let (attempt, nonce, device) = (&open.attempt, &open.nonce, &device.id);
    format!(
        "vestibule-answer-1\n{origin}\n{attempt}\n{nonce}\n{device}\n{decision}\n{number}\n{reason}\n{context}\n{time}"
    )
}

fn is_verified(device: &Device, challenge: &str, body: &Value, signed: &str) -> bool {
    let challenge: Value = serde_json::from_str(challenge).unwrap();
    if challenge["verification"] != "required" || body["decision"] != "approve" {
        return true;
    }
    let given = &body["verification"];
    device.verification.as_ref().is_some_and(|key| {
        let [data, client_data, signature] =
            ["authenticator_data", "client_data", "signature"].map(|field| text(given, field));
        asserted(key, data, client_data, signature, signed)
    })
}

pub(super) async fn seen(State(inner): Shared, Path(attempt): Path<String>, call: Call) -> Response {
    let device = match inner.caller(&call) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    inner.book().seen.push(format!("{attempt} {}", text(&call.json(), "state")));
    inner.change(&device, |kept| kept.shown = Some(now()))
}

pub(super) async fn push(State(inner): Shared, call: Call) -> Response {
    let told = json!({ "kind": "web_push", "since": now(), "trouble": null });
    let endpoint = text(&call.json()["web_push"], "endpoint").to_owned();
    match inner.caller(&call) {
        Ok(device) => inner.change(&device, |kept| (kept.push, kept.push_endpoint) = (told, endpoint)),
        Err(problem) => *problem,
    }
}

pub(super) async fn verification(State(inner): Shared, call: Call) -> Response {
    let key = (call.method == Method::PUT).then(|| decode(text(&call.json(), "public_key")));
    match inner.caller(&call) {
        Ok(device) => inner.change(&device, |kept| kept.verification = key),
        Err(problem) => *problem,
    }
}

pub(super) async fn account(State(inner): Shared, call: Call) -> Response {
    let device = match inner.caller(&call) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    let policy = if inner.book().verification_required { "required" } else { "off" };
    Json(json!({
        "status": if device.active { "active" } else { "pending" }, "issuer": "Example Corp",
        "account": "ada@example.com", "label": device.label, "push": device.push, "last_shown": device.shown,
        "last_answered": device.answered, "server_time": now(),
        "verification": { "policy": policy, "registered": device.verification.is_some() },
    }))
    .into_response()
}

pub(super) async fn unpair(State(inner): Shared, call: Call) -> Response {
    match inner.caller(&call) {
        Ok(device) => {
            inner.book().devices.retain(|kept| kept.id != device.id);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => *problem,
    }
}
