//! The app asks what there is, and says where it could be rung.

use serde_json::{Value, json};
use vestibule_engine::{Challenge, Delivery, DeliveryState, DeviceMark};
use vestibule_factors::push::privacyidea::challenge_for;

use super::{Form, Phone, PrivacyIdea, Said, Unsaid};

/// The words that the app shows are ours, and short: it cuts what is long.
const QUESTION_CHARS_MAX: usize = 200;

pub(super) async fn poll(api: &PrivacyIdea, form: &Form) -> Result<Said, Unsaid> {
    let (serial, timestamp) = (form.required("serial")?, form.required("timestamp")?);
    let signature = form.required("signature")?;
    let phone = api.phone(serial).await?;
    let now = api.pairing.clock.now();
    phone.record.verify_poll(timestamp, signature, now).map_err(|_| Unsaid::Signature)?;
    let mut shown = Vec::new();
    for challenge in open(api, &phone).await? {
        let (title, question) = (api.pairing.settings.issuer.as_str(), question(&challenge));
        let asked = challenge_for(&api.key, &phone.record, &challenge, &api.url(), &plain(title), &question);
        match asked.map(|asked| json!(asked)) {
            Ok(asked) => shown.push(asked),
            Err(error) => return Err(Unsaid::trouble(&error)),
        }
        note(api, &phone, &challenge, DeliveryState::Shown, DeviceMark::Shown).await?;
    }
    Ok(Said::value(Value::Array(shown)))
}

/// What this phone may answer now.
pub(super) async fn open(api: &PrivacyIdea, phone: &Phone) -> Result<Vec<Challenge>, Unsaid> {
    if !phone.device.confirmed {
        return Ok(Vec::new());
    }
    let now = api.pairing.clock.now();
    let mut open = api.engine.pending(phone.user.id).await?;
    open.retain(|challenge| challenge.device.is_none_or(|only| only == phone.device.id) && now < challenge.until);
    Ok(open)
}

pub(super) async fn note(
    api: &PrivacyIdea,
    phone: &Phone,
    challenge: &Challenge,
    state: DeliveryState,
    mark: DeviceMark,
) -> Result<(), Unsaid> {
    let (store, at) = (&api.pairing.store, api.pairing.clock.now());
    let (attempt, user, authenticator) = (challenge.attempt, phone.user.id, phone.device.id);
    if store.note_delivery(Delivery { attempt, user, authenticator, state, at }).await? {
        store.mark_device(authenticator, mark, at).await?;
    }
    Ok(())
}

/// One sentence with what the person has to know: what is signed in to, by whom, from where (OOB-06).
fn question(challenge: &Challenge) -> String {
    let context = &challenge.context;
    let from = [&context.place, &context.address, &context.station].into_iter().flatten().next();
    let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
    let client = context.client.as_ref().map(|client| format!(" with {client}")).unwrap_or_default();
    let new = if context.known || context.test { "" } else { " This place is new." };
    let question = format!("{} signs in to {}{from}{client}.{new} Is it you?", context.account, context.service.name);
    plain(&question)
}

/// The bar stands between the parts of what is signed: in none of them may there be one.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '|' || c.is_control() { ' ' } else { c }).take(QUESTION_CHARS_MAX).collect()
}

/// It has no address for us, since it was enrolled to ask by itself. What it says is checked all the same: a stranger
/// must not be told more than a signature is wrong.
pub(super) async fn update(api: &PrivacyIdea, form: &Form) -> Result<Said, Unsaid> {
    let (serial, token) = (form.required("serial")?, form.required("new_fb_token")?);
    let (timestamp, signature) = (form.required("timestamp")?, form.required("signature")?);
    let phone = api.phone(serial).await?;
    let now = api.pairing.clock.now();
    phone.record.verify_update(token, timestamp, signature, now).map_err(|_| Unsaid::Signature)?;
    Ok(Said::value(true))
}
