//! The second factors of this gateway, and the passwords of local users: what somebody knows or holds, judged.
//!
//! What this crate must not know: doors, sockets, SQL, files. It sees the engine and nothing else of ours; what a
//! factor has to remember goes into the secret of its [`Authenticator`](vestibule_engine::Authenticator), which the
//! store seals, and what it uses up it returns as a [`Spend`](vestibule_engine::Spend), which the store spends in the
//! transaction that decides.
//!
//! ```text
//!  Totp            6 to 8 digits that change every 30 s         RFC 6238
//!  Push            a request on the phone, answered and signed  ECDSA P-256
//!  RecoveryCodes   ten codes on paper, each good for one login  argon2id
//!  Invitations     a way in once, to enrol at the portal        argon2id
//!  AppPasswords    for one application without a second step    125 random bits, SHA-256
//!  LocalUsers      the primary login of users Vestibule keeps   argon2id
//! ```

mod app_password;
mod config;
mod hashing;
mod invitation;
mod password;
pub mod push;
mod readable;
mod recovery;
mod shown;
mod totp;

pub use app_password::{
    APP_PASSWORD_LABEL_CHARS_MAX, APP_PASSWORDS_MAX, AppPassword, AppPasswordId, AppPasswordRefused, AppPasswords,
    MadeAppPassword,
};
pub use config::{
    Factors, FactorsConfig, InvitationsConfig, PasswordHashingConfig, PushChoices, PushConfig, RecoveryCodesConfig,
    TotpConfig,
};
pub use hashing::{HashCost, HashPool};
pub use invitation::{
    ENROLMENT_WINDOW, INVITATION_LIFETIME_MAX, INVITATION_LIFETIME_MIN, InvitationKind, InvitationSettings,
    Invitations, InviteRefused, Standing,
};
pub use password::{LocalUsers, PASSWORD_CHARS_MIN, PASSWORD_OCTETS_MAX, PasswordRefused, hash_password};
pub use recovery::{RecoveryCodes, RecoveryEnrolment, RecoverySettings};
pub use shown::ShownOnce;
pub use totp::{Algorithm, Confirmation, Enrolment, ImportRefused, Totp, TotpSettings};

#[cfg(test)]
mod tests;
