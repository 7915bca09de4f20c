//! What the gateway makes once for all nodes: keys of its own. Whoever writes first wins, and the others take what is
//! there.

use vestibule_engine::SecretBytes;

use crate::fault::Fault;
use crate::keyring::{Keyring, Place};
use crate::session::Session;

/// The longest name, and the most that is kept under one: a few keys of some hundred octets.
const NAME_OCTETS_MAX: usize = 64;
const VALUE_OCTETS_MAX: usize = 64 * 1024;

pub(crate) fn place(name: &str) -> Place {
    Place::of("kept", "value", name, "-")
}

pub(crate) async fn kept(session: &mut Session, keyring: &Keyring, name: &str) -> Result<Option<SecretBytes>, Fault> {
    let row = session.query_one("SELECT value FROM kept WHERE name = $1", &[name.into()]).await?;
    row.map(|mut row| Ok(keyring.open(&row.blob()?, &place(name))?)).transpose()
}

pub(crate) async fn keep(
    session: &mut Session,
    keyring: &Keyring,
    name: &str,
    value: &SecretBytes,
) -> Result<SecretBytes, Fault> {
    if name.len() > NAME_OCTETS_MAX || value.expose().len() > VALUE_OCTETS_MAX {
        return Fault::refused(format!(
            "what is kept has a name of up to {NAME_OCTETS_MAX} octets and up to {VALUE_OCTETS_MAX} octets"
        ));
    }
    let sealed = keyring.seal(value.expose(), &place(name))?;
    let sql = "INSERT INTO kept (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    session.execute(sql, &[name.into(), (&sealed).into()]).await?;
    // Read back, so that all who tried at once go on with the same.
    let kept = kept(session, keyring, name).await?;
    kept.ok_or_else(|| Fault::damaged("what was just kept is not there"))
}
