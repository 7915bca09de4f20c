//! Results of thousands of entries: in pages, sorted, and a window of them.

use std::collections::BTreeSet;

use serde_json::json;
use vestibule_peers::ldap_tools::{Answer, code};
use vestibule_peers::python_ldap::Python;
use vestibule_peers::slapd::{self, Options, PEOPLE, Slapd};

use crate::harness::reader_account;
use crate::ldap::stage::{Stage, site_before};

/// More than this may only be had in pages; and the directory sorts.
const GLOBAL: &str = "sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited\nmoduleload sssvlv\noverlay sssvlv";
const USERS: u32 = 3_000;

fn uids(answer: &Answer) -> Vec<String> {
    answer.entries().iter().map(|entry| entry.value("uid").unwrap().to_owned()).collect()
}

#[tokio::test] // LDP-19
async fn results_of_thousands_come_in_pages_complete_and_without_doubles() {
    let options = Options { users: USERS, global: GLOBAL.to_owned(), ..Options::default() };
    let Some(slapd) = Slapd::start(options).await.unwrap() else { return };
    let Some(mut site) = site_before(slapd).await else { return };
    let door = site.with_ldap(&reader_account(), "").unwrap();
    let Some(stage) = Stage::start(site, door).await else { return };
    let reader = stage.tools().bind(slapd::READER_DN, slapd::READER_PASSWORD);
    let all = reader.search(PEOPLE, "(uid=user*)", &["uid"]).await.unwrap();
    assert_eq!((all.code, all.entries().len()), (code::SIZE_LIMIT_EXCEEDED, 500), "the directory's own limit");

    let paged = reader.search_with(&["-E", "pr=250/noprompt"], PEOPLE, "(uid=user*)", &["uid"]).await.unwrap();
    let names = uids(&paged);
    assert_eq!((paged.code, names.len()), (code::SUCCESS, USERS as usize));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), USERS as usize);

    for (library, script) in [
        (Python::ldap3(&stage.door.secure_url()), LDAP3_PAGES),
        (Python::python_ldap(&stage.door.secure_url()), PYTHON_LDAP_PAGES),
    ] {
        let Some(python) = library else { return };
        let python = python.ca(&stage.door.ca_file()).give("base", PEOPLE);
        let python = python.give("reader", slapd::READER_DN).give("password", slapd::READER_PASSWORD);
        assert_eq!(python.run(script).await.unwrap(), json!([USERS, USERS]));
    }
    results_come_in_the_order_that_was_asked_for(&stage).await;
    stage.end().await;
}

const LDAP3_PAGES: &str = r#"
connection = ldap3.Connection(connect(), given["reader"], given["password"], auto_bind=True)
pages = connection.extend.standard.paged_search(given["base"], "(uid=user*)", attributes=["uid"], paged_size=400, generator=True)
names = [entry["attributes"]["uid"][0] for entry in pages]
say([len(names), len(set(names))])
"#;

/// Two searches by turns, each with a cookie of its own.
const PYTHON_LDAP_PAGES: &str = r#"
from ldap.controls import SimplePagedResultsControl
connections = [connect(), connect()]
names = [[], []]
cookies = [b"", b""]
for connection in connections:
    connection.simple_bind_s(given["reader"], given["password"])
while any(cookie is not None for cookie in cookies):
    for turn in range(2):
        if cookies[turn] is None:
            continue
        page = SimplePagedResultsControl(True, size=400 - turn, cookie=cookies[turn])
        asked = connections[turn].search_ext(given["base"], ldap.SCOPE_SUBTREE, "(uid=user*)", ["uid"], serverctrls=[page])
        _, found, _, controls = connections[turn].result3(asked)
        names[turn] += [attributes["uid"][0] for _, attributes in found]
        cookies[turn] = controls[0].cookie or None
assert sorted(names[0]) == sorted(names[1])
say([len(names[0]), len(set(names[1]))])
"#;

async fn results_come_in_the_order_that_was_asked_for(stage: &Stage) {
    let reader = stage.tools().bind(slapd::READER_DN, slapd::READER_PASSWORD);
    let backwards = ["-E", "!sss=-uid:2.5.13.3"];
    let sorted = reader.search_with(&backwards, PEOPLE, "(uid=user001*)", &["uid"]).await.unwrap();
    let expected: Vec<String> = (10..20).rev().map(slapd::user_name).collect();
    assert_eq!(uids(&sorted), expected, "{sorted:?}");
    let Some(python) = Python::python_ldap(&stage.door.secure_url()) else { return };
    let python = python.ca(&stage.door.ca_file()).give("base", PEOPLE);
    let python = python.give("reader", slapd::READER_DN).give("password", slapd::READER_PASSWORD);
    let expected: Vec<String> = (11..15).map(slapd::user_name).collect();
    assert_eq!(python.run(WINDOW).await.unwrap(), json!([expected, 3, 10]));
    // A control that the directory does not know is its to refuse (LDP-15).
    let unknown = reader.search_with(&["-E", "!1.2.3.4.5"], PEOPLE, "(uid=user0010)", &["uid"]).await.unwrap();
    assert_eq!(unknown.code, 12, "{unknown:?}");
}

/// The entry at place 3 of 10, one before it and two behind it.
const WINDOW: &str = r#"
from ldap.controls.sss import SSSRequestControl
from ldap.controls.vlv import VLVRequestControl
connection = connect()
connection.simple_bind_s(given["reader"], given["password"])
window = [SSSRequestControl(True, ["uid:2.5.13.3"]), VLVRequestControl(True, 1, 2, 3, 0)]
asked = connection.search_ext(given["base"], ldap.SCOPE_SUBTREE, "(uid=user001*)", ["uid"], serverctrls=window)
_, found, _, controls = connection.result3(asked)
place = [control for control in controls if hasattr(control, "targetPosition")][0]
say([[attributes["uid"][0] for _, attributes in found], place.targetPosition, place.contentCount])
"#;
