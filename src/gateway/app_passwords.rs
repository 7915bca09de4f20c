//! App passwords, for the door that takes them: from the person a directory knows to the user that the store knows.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{Clock, Door, Password, PortError, Random, Store, Subject};
use vestibule_factors::AppPasswords;

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
    ) -> Result<Option<Arc<str>>, PortError> {
        let doing = || "read an app password".to_owned();
        let user = self.store.user_of(person).await.map_err(|error| PortError::unreachable(doing(), error))?;
        let Some(user) = user else { return Ok(None) };
        let service = format!("{}/{application}", Door::Ldap);
        let label = self.app_passwords.check(password, user.id, &service).await;
        Ok(label.map_err(|error| PortError::unreachable(doing(), error))?.map(Arc::from))
    }
}
