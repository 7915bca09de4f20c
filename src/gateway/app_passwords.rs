//! App passwords, for the door that takes them: from the person a directory knows to the user that the store knows.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{Clock, Door, Password, PortError, Random, Store, StoreError, Subject, UserId};
use vestibule_factors::AppPasswords;
use vestibule_ldap::AppPassword;

pub(super) struct AppPasswordDesk {
    store: Arc<dyn Store>,
    app_passwords: AppPasswords,
}

impl AppPasswordDesk {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { app_passwords: AppPasswords::new(Arc::clone(&store), clock, random), store }
    }
}

#[async_trait]
impl vestibule_ldap::AppPasswords for AppPasswordDesk {
    fn is_one(&self, password: &Password) -> bool {
        AppPasswords::is_one(password)
    }

    async fn check(
        &self,
        password: &Password,
        person: &Subject,
        application: &str,
    ) -> Result<Option<AppPassword>, PortError> {
        let Some(user) = self.store.user_of(person).await.map_err(unread)? else { return Ok(None) };
        let service = format!("{}/{application}", Door::Ldap);
        let found = self.app_passwords.check(password, user.id, &service).await.map_err(unread)?;
        Ok(found.map(|one| AppPassword { label: one.label.into(), id: one.id.to_string().into() }))
    }

    async fn is_held(&self, user: UserId, id: &str) -> Result<bool, PortError> {
        let Ok(id) = id.parse() else { return Ok(false) };
        self.app_passwords.is_held(user, id).await.map_err(unread)
    }
}

fn unread(error: StoreError) -> PortError {
    PortError::unreachable("read an app password", error)
}
