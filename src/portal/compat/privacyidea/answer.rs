//! The person's yes or no, as that app signs it.

use serde_json::json;
use vestibule_engine::{Challenge, DeliveryState, DeviceMark, Responded};
use vestibule_factors::push::Proof;
use vestibule_factors::push::privacyidea::PiAnswer;

use super::{Form, PrivacyIdea, Said, Unsaid, poll};

/// Above the code, on the phone.
const TYPE_THIS: &str = "Type this code where you sign in.";

pub(super) async fn answer(api: &PrivacyIdea, form: &Form) -> Result<Said, Unsaid> {
    let serial = form.required("serial")?;
    let given = PiAnswer {
        nonce: form.optional("nonce")?.map(str::to_owned),
        decline: form.optional("decline")?.is_some_and(is_true),
        decline_reason: form.optional("decline_reason")?.map(str::to_owned),
        presence_answer: form.optional("presence_answer")?.map(str::to_owned),
        signature: form.required("signature")?.to_owned(),
    };
    let phone = match api.phone(serial).await {
        Ok(phone) => phone,
        // The same as an answer to nothing that is open: no serial can be told from another here.
        Err(Unsaid::Signature) => return Ok(Said::nothing()),
        Err(unsaid) => return Err(unsaid),
    };
    let open = poll::open(api, &phone).await?;
    let is_signed = |challenge: &&Challenge| phone.record.verify_answer(challenge, &given).is_ok();
    // What names a request but is not signed for it goes to the engine as well: it writes down what was refused.
    let is_named = |challenge: &&Challenge| given.nonce.as_deref() == Some(challenge.nonce.as_str());
    let Some(challenge) = open.iter().find(is_signed).or_else(|| open.iter().find(is_named)) else {
        return Ok(Said::nothing());
    };
    let proof = Proof::of_privacyidea(phone.device.id, given).into_answer();
    let responded = api.engine.respond(challenge.attempt, phone.device.id, proof).await?;
    let said = match responded {
        Responded::Approved { show: Some(code) } => {
            Said::value(true).with(json!({ "display_code": code.expose(), "message": TYPE_THIS }))
        }
        Responded::Approved { show: None } | Responded::Declined | Responded::Reported => Said::value(true),
        // A wrong button ends the request: there is no second try (P8).
        Responded::WrongNumber | Responded::Locked(_) | Responded::Over => return Ok(Said::nothing()),
    };
    poll::note(api, &phone, challenge, DeliveryState::Answered, DeviceMark::Answered).await?;
    Ok(said)
}

/// As that protocol writes it.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "true" | "True")
}
