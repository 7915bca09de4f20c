//! People with factors, made as an administrator would make them.

use std::time::{SystemTime, UNIX_EPOCH};

use totp_rs::{Algorithm, Builder, Secret};
use vestibule::clock::{SystemClock, SystemRandom};
use vestibule_engine::{Clock, NewUser, Passcode, Password, Spend, Store, User, UserId};
use vestibule_factors::{Confirmation, HashCost, Totp, TotpSettings, hash_password};
use vestibule_store::Handle;

/// A TOTP authenticator in somebody's hand. Computes codes with another implementation than ours.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    key: Secret,
}

impl Token {
    /// What an authenticator app makes of the key it is shown.
    pub(crate) fn with_key(key: Secret) -> Self {
        Self { key }
    }

    /// The code of this moment.
    pub(crate) fn code(&self) -> String {
        self.code_at(now())
    }

    pub(crate) fn code_at(&self, time: u64) -> String {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(30)
            .with_secret(self.key.clone())
            .build()
            .unwrap();
        totp.generate(time).to_string()
    }

    /// Six digits that are certainly wrong now.
    pub(crate) fn wrong(&self) -> String {
        let near: Vec<String> = (0..9).map(|n| self.code_at(now() + 120 - 30 * n)).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// So cheap that a login costs what a login costs.
const CHEAP: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };

/// A local user with a cheap hash: tests hash often.
pub(crate) async fn add_user(store: &Handle, name: &str, password: &str) -> User {
    let hash = hash_password(&Password::new(password), CHEAP, &SystemRandom::new()).unwrap();
    let user = NewUser {
        name: name.to_owned(),
        display_name: None,
        mail: None,
        groups: Vec::new(),
        password_hash: Some(hash),
    };
    store.create_user(user, "test", SystemClock::default().now()).await.unwrap()
}

/// Enrol and confirm a TOTP. The code that confirms is of long ago, so that those of now are all unused.
pub(crate) async fn enrol(store: &Handle, user: UserId) -> Token {
    let totp = Totp::new(TotpSettings::default());
    let enrolment = totp.enrol(user, "somebody", "test", &SystemRandom::new()).unwrap();
    let secret: String = enrolment.secret_text.reveal().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let token = Token { key: Secret::try_from_base32(secret).unwrap() };
    let id = enrolment.new.id;
    let clock = SystemClock::default();
    store.add_authenticator(enrolment.new, "test", clock.now()).await.unwrap();
    let authenticators = store.authenticators(user).await.unwrap();
    let added = authenticators.iter().find(|one| one.id == id).unwrap();
    let before = clock.now().secs() - 600;
    let code = Passcode::parse(&token.code_at(u64::try_from(before).unwrap())).unwrap();
    let then = vestibule_engine::Timestamp::from_secs(before);
    let Confirmation::Right(spend) = totp.confirm(added, &code, then).unwrap() else { panic!("own code is wrong") };
    assert!(matches!(spend, Spend::Step { .. }));
    assert!(store.confirm_authenticator(id, &spend, clock.now()).await.unwrap());
    token
}

/// The user of that name, from whatever source.
pub(crate) async fn find(store: &Handle, name: &str) -> Option<User> {
    store.users(Some(name), 0, 10).await.unwrap().into_iter().find(|user| user.subject.name == name)
}
