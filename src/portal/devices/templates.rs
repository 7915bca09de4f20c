//! The pages of devices, as their templates see them.

use askama::Template;
use vestibule_engine::AuthenticatorId;

use super::list::Shown;
use crate::pages::Page;

#[derive(Template)]
#[template(path = "devices.html")]
pub(super) struct DevicesPage {
    pub(super) page: Page,
    pub(super) devices: Vec<Shown>,
    pub(super) notice: Option<&'static str>,
    pub(super) needs_recovery: bool,
    pub(super) may_act: bool,
}

#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct DevicePage {
    pub(super) page: Page,
    pub(super) device: Shown,
    pub(super) can_prefer: bool,
    pub(super) was_tested: bool,
    pub(super) was_paired: bool,
    /// A device that goes now that this one works, and its name.
    pub(super) replaces: Option<(AuthenticatorId, String)>,
}

#[derive(Template)]
#[template(path = "remove.html")]
pub(super) struct RemovePage {
    pub(super) page: Page,
    pub(super) id: AuthenticatorId,
    pub(super) label: String,
    pub(super) is_last: bool,
    pub(super) is_push: bool,
}

#[derive(Template)]
#[template(path = "again.html")]
pub(super) struct AgainPage {
    pub(super) page: Page,
    /// Why it is asked.
    pub(super) text: &'static str,
    pub(super) cancel: &'static str,
    pub(super) then: String,
}

#[derive(Template)]
#[template(path = "add.html")]
pub(super) struct AddPage {
    pub(super) page: Page,
    pub(super) has_recovery: bool,
    pub(super) has_privacyidea: bool,
    pub(super) replaces: String,
}

#[derive(Template)]
#[template(path = "pair_scan.html")]
pub(super) struct PairScanPage {
    pub(super) page: Page,
    pub(super) id: String,
    /// Drawn by us.
    pub(super) qr: String,
    pub(super) link: String,
    pub(super) minutes: u64,
}

#[derive(Template)]
#[template(path = "pair_confirm.html")]
pub(super) struct PairConfirmPage {
    pub(super) page: Page,
    pub(super) id: String,
    pub(super) code: Option<String>,
    pub(super) label: String,
    pub(super) platform: String,
    pub(super) replaces: String,
}

#[derive(Template)]
#[template(path = "pair_over.html")]
pub(super) struct PairOverPage {
    pub(super) page: Page,
}

#[derive(Template)]
#[template(path = "app.html")]
pub(super) struct AppPage {
    pub(super) page: Page,
    pub(super) id: AuthenticatorId,
    /// Drawn by us.
    pub(super) qr: String,
    pub(super) uri: String,
    pub(super) key: String,
    pub(super) why: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "codes.html")]
pub(super) struct CodesPage {
    pub(super) page: Page,
    pub(super) codes: Vec<String>,
    pub(super) account: String,
    pub(super) is_last_step: bool,
}
