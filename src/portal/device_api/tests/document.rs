//! The description of the interface says what the interface does.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::Value;
use vestibule_factors::push::protocol::{
    Account, AnswerBody, Answered, Gateway, Problem, ProblemCode, Register, Registered, Request, Requests, Seen,
    SetPush, SetVerification,
};

use super::world::World;
use crate::device_api::gateway::DOCUMENT;

/// Every method and path there is, with the statuses it may answer. A new route is a new line here and in the document.
const ROUTES: [(&str, &str, &[u16]); 11] = [
    ("post", "/device/v1/register", &[200, 400, 401, 403, 404, 413, 429, 503]),
    ("get", "/device/v1/requests", &[200, 400, 401, 403, 413, 429, 503]),
    ("post", "/device/v1/requests/{attempt}/answer", &[200, 400, 401, 403, 409, 413, 422, 429, 503]),
    ("post", "/device/v1/requests/{attempt}/seen", &[204, 400, 401, 403, 409, 413, 429, 503]),
    ("put", "/device/v1/push", &[204, 400, 401, 403, 413, 422, 429, 503]),
    ("put", "/device/v1/verification", &[204, 400, 401, 403, 413, 429, 503]),
    ("delete", "/device/v1/verification", &[204, 400, 401, 403, 413, 429, 503]),
    ("get", "/device/v1/account", &[200, 400, 401, 403, 413, 429, 503]),
    ("delete", "/device/v1/account", &[204, 400, 401, 403, 413, 429, 503]),
    ("get", "/device/v1/gateway", &[200]),
    ("get", "/device/v1/openapi.json", &[200]),
];

const METHODS: [&str; 6] = ["get", "post", "put", "delete", "patch", "options"];

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

fn described() -> BTreeMap<(String, String), Value> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter().filter(|(method, _)| METHODS.contains(&method.as_str()));
        methods.map(move |(method, operation)| ((method.clone(), path.clone()), operation.clone()))
    });
    operations.collect()
}

#[test]
fn document_names_every_route_with_every_status() {
    let described = described();
    let named: BTreeSet<_> = described.keys().map(|(method, path)| (method.as_str(), path.as_str())).collect();
    assert_eq!(named, ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect());
    for (method, path, statuses) in ROUTES {
        let responses = described[&(method.to_owned(), path.to_owned())]["responses"].as_object().unwrap();
        let found: BTreeSet<u16> = responses.keys().map(|status| status.parse().unwrap()).collect();
        assert_eq!(found, statuses.iter().copied().collect(), "{method} {path}");
    }
}

/// The table above is held to the router, and the router to the table.
#[tokio::test]
async fn router_has_the_routes_of_the_document_and_no_other_methods() {
    let world = World::new();
    for path in ROUTES.iter().map(|(_, path, _)| *path).collect::<BTreeSet<_>>() {
        let target = path.replace("{attempt}", "00000000-0000-4000-8000-000000000000");
        for method in METHODS {
            let (status, _) = world.unsigned(&method.to_uppercase(), &target, "").await;
            let is_there = ROUTES.iter().any(|route| (route.0, route.1) == (method, path));
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, is_there, "{method} {path}: {status}");
            assert_ne!(status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    let (status, served) = world.unsigned("GET", "/device/v1/openapi.json", "").await;
    assert_eq!((status, served), (StatusCode::OK, document()));
}

#[test]
fn every_problem_code_and_its_status_stand_in_the_document() {
    let document = document();
    let codes = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let codes: BTreeSet<String> = codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().into()).collect();
    let known = [
        ProblemCode::Token,
        ProblemCode::Key,
        ProblemCode::Signature,
        ProblemCode::Clock,
        ProblemCode::Malformed,
        ProblemCode::Device,
        ProblemCode::Over,
        ProblemCode::Number,
        ProblemCode::Verification,
        ProblemCode::Locked,
        ProblemCode::Trouble,
        ProblemCode::Address,
    ];
    let name = |code: &ProblemCode| serde_json::to_value(code).unwrap().as_str().unwrap().to_owned();
    assert_eq!(codes, known.iter().map(name).collect());
    let responses = document["components"]["responses"].as_object().unwrap();
    for code in &known {
        let says = |response: &Value| response["description"].as_str().unwrap().contains(&format!("`{}`", name(code)));
        assert!(responses.values().any(says), "no response explains `{}`", name(code));
    }
}

#[test]
fn examples_of_the_document_are_read_by_the_types_they_are_for() {
    let schemas = document()["components"]["schemas"].clone();
    fn read<T: serde::de::DeserializeOwned + serde::Serialize>(schemas: &Value, name: &str) {
        let examples = schemas[name]["examples"].as_array().unwrap_or_else(|| panic!("{name} has no examples"));
        for example in examples {
            let read: T = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(&serde_json::to_value(&read).unwrap(), example, "{name}");
        }
        let properties: BTreeSet<_> = schemas[name]["properties"].as_object().unwrap().keys().collect();
        let used: BTreeSet<_> = examples.iter().flat_map(|example| example.as_object().unwrap().keys()).collect();
        assert_eq!(properties, used, "the properties of {name}");
    }
    read::<Register>(&schemas, "Register");
    read::<Registered>(&schemas, "Registered");
    read::<Requests>(&schemas, "Requests");
    read::<Request>(&schemas, "Challenge");
    read::<AnswerBody>(&schemas, "Answer");
    read::<Answered>(&schemas, "Answered");
    read::<Seen>(&schemas, "Seen");
    read::<SetPush>(&schemas, "PushAddress");
    read::<SetVerification>(&schemas, "Verification");
    read::<Account>(&schemas, "Account");
    read::<Gateway>(&schemas, "Gateway");
    read::<Problem>(&schemas, "Problem");
}

#[test]
fn references_of_the_document_lead_somewhere() {
    let document = document();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                }
                open.extend(fields.values());
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
}
