//! A small run against a gateway inside this process, so that the bench stays true while nobody looks at its figures.

use std::time::Duration;

use vestibule::gateway::{Gateway, GatewayHandle};

use super::*;

/// A gateway inside this process and what is beside it.
fn on_a_site_inside<T>(
    phones: u32,
    codes: u32,
    scenario: impl AsyncFnOnce(&Site, People) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = Runtime::new()?;
    let (gateway, site, people, _prepared) = runtime.block_on(async {
        let portal = Portal::new()?;
        let prepared = portal.prepare_inside(phones).await?;
        let people = people::seed(&prepared, phones, codes).await?;
        rustls::crypto::ring::default_provider().install_default().ok();
        let config =
            vestibule::config::load(prepared.config()).into_result().map_err(|report| anyhow::anyhow!("{report}"))?;
        let gateway: GatewayHandle = Gateway::start(config).await?;
        let site = Site::beside(&prepared, portal, std::process::id()).await?;
        anyhow::Ok((gateway, site, people, prepared))
    })?;
    let measured = on_one_thread(scenario(&site, people));
    runtime.block_on(async {
        site.close().await;
        gateway.stop().await;
    });
    measured
}

fn few(logins: u32) -> Held {
    Held { logins, begin: 100, answers: 50, repeat: Duration::from_secs(3), warm_up: 20 }
}

#[test]
fn everybody_who_waits_gets_the_answer_that_their_phone_gave() {
    let measured = on_a_site_inside(200, few(0).codes(), async |site, people| {
        many_held(site, people, &few(200), Duration::ZERO).await
    });
    let outcome = measured.unwrap().outcome;
    outcome.check().unwrap();
    assert_eq!((outcome.accepted, outcome.rejected), (180, 20));
}

#[test]
fn others_sign_in_while_some_wait_and_nobody_is_lost() {
    let passing = Passing { rate: 50, seconds: 2 };
    let measured = on_a_site_inside(50, few(0).codes() + passing.logins(), async |site, people| {
        held_while_others_pass(site, people, &few(50), &passing).await
    });
    let measured = measured.unwrap();
    measured.check().unwrap();
    assert_eq!((measured.others.accepted, measured.waited.outcome.accepted), (100, 45));
}
