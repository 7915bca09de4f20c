//! Scenario × door. A scenario says what a person does and what must come of it, and never names a protocol; a door is a
//! real client of one. The matrix is printed, over each store.

mod cell;
mod scenarios;

use cell::{Door, Seen, Stage};
use scenarios::SCENARIOS;

use crate::harness::{Site, StoreKind};

async fn matrix(kind: StoreKind) {
    let Some(site) = Site::with_directory(kind).await.unwrap() else { return };
    let Some(mut stage) = Stage::start(site).await.unwrap() else { return };
    let doors = Door::all();
    println!("{:<44}{}", format!("{kind:?}"), doors.map(|door| format!("{:<20}", door.name())).join(""));
    let mut failed = Vec::new();
    for scenario in SCENARIOS {
        let mut row = format!("{:<44}", scenario.name);
        for door in doors {
            let seen = (scenario.play)(&mut stage, door).await;
            let is_right = seen == Ok(());
            row.push_str(&format!("{:<20}", if is_right { "as it should" } else { "WRONG" }));
            if let Err(why) = seen {
                failed.push(format!("{} × {}: {why}", scenario.name, door.name()));
            }
        }
        println!("{row}");
    }
    stage.end().await;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_through_every_door_over_sqlite() {
    matrix(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_through_every_door_over_postgresql() {
    matrix(StoreKind::Postgres).await;
}

/// Said by a scenario that saw something else than it must.
pub(crate) fn expect(seen: &Seen, wanted: &Seen) -> Result<(), String> {
    if seen == wanted { Ok(()) } else { Err(format!("{seen:?} where {wanted:?} belongs")) }
}
