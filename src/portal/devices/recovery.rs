//! Recovery codes: made anew, shown once (REC-01).

use axum::response::Response;
use vestibule_engine::Method;

use super::templates::CodesPage;
use crate::fault::Fault;
use crate::pages::{self, Page, Section};
use crate::session::Member;
use crate::visit::Visit;

pub(crate) async fn make(visit: Visit, member: Member) -> Result<Response, Fault> {
    member.stepped_up(visit.now(), "/add")?;
    let (store, by) = (&visit.desk.store, member.by());
    let older: Vec<_> = store.authenticators(member.user.id).await?;
    let label = visit.words.say("kind-recovery-code");
    let made = visit.live.recovery_codes.enrol(member.user.id, &label, &*visit.desk.random).await?;
    store.add_authenticator(made.new, &by, visit.now()).await?;
    // The new ones stand before the older ones go, so that nobody is left without.
    for one in older.into_iter().filter(|one| one.method == Method::RecoveryCode) {
        store.remove_authenticator(one.id, &by, visit.now()).await?;
    }
    let mut page = Page::of(&visit, &member, Section::Devices);
    // This page is the answer to a form: there is no address that shows it again.
    page.here = crate::fault::escaped("/add");
    let codes = made.codes.iter().map(|code| code.reveal().to_owned()).collect();
    let is_last_step = member.record.level == crate::session::Level::Full;
    pages::html(&CodesPage { page, codes, account: member.user.subject.name.clone(), is_last_step })
}
