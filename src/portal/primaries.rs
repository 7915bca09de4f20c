//! The primary logins of the portal, asked in their order; the first that knows the name decides. What it accepted is
//! remembered, so that a phone that nobody answered can be rung again without the password.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_engine::{
    Carried, Continuation, Identified, Passcode, Password, Person, PortError, PrimaryAuthenticator, PrimaryOutcome,
    PrimarySource, Subject, UserName,
};

/// One login's way through the sources.
pub(crate) struct InOrder {
    sources: Vec<Arc<dyn PrimarySource>>,
    /// The source that knows the name, and its part of this login.
    chosen: Option<(u8, Box<dyn PrimaryAuthenticator>)>,
    accepted: Option<Person>,
}

impl InOrder {
    pub(crate) fn new(sources: &[Arc<dyn PrimarySource>]) -> Self {
        Self { sources: sources.to_vec(), chosen: None, accepted: None }
    }

    /// Whom a source let in just now.
    pub(crate) fn accepted(&self) -> Option<&Person> {
        self.accepted.as_ref()
    }

    fn chosen(&mut self) -> Result<(u8, &mut dyn PrimaryAuthenticator), PortError> {
        match &mut self.chosen {
            Some((number, with)) => Ok((*number, with.as_mut())),
            None => Err(PortError::unusable("check a password before anybody was asked whose it is")),
        }
    }

    /// Note who was accepted, and which source goes on with its question.
    fn noted(&mut self, number: u8, outcome: PrimaryOutcome) -> PrimaryOutcome {
        match outcome {
            PrimaryOutcome::Accepted(person) => {
                self.accepted = Some(person.clone());
                PrimaryOutcome::Accepted(person)
            }
            PrimaryOutcome::Continue(Continuation { text, state }) => {
                let state = Carried(std::iter::once(number).chain(state.0).collect());
                PrimaryOutcome::Continue(Continuation { text, state })
            }
            refused @ PrimaryOutcome::Refused(_) => refused,
        }
    }
}

#[async_trait]
impl PrimaryAuthenticator for InOrder {
    async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
        let mut provisional = None;
        for (number, source) in (0_u8..).zip(&self.sources) {
            let mut with = source.authenticator();
            match with.identify(user).await? {
                Identified::Known(subject) => {
                    self.chosen = Some((number, with));
                    return Ok(Identified::Known(subject));
                }
                Identified::Provisional(subject) => {
                    provisional.get_or_insert((number, with, subject));
                }
                Identified::Unknown => {
                    // The first one spends the time that a wrong password would have taken.
                    self.chosen.get_or_insert((number, with));
                }
            }
        }
        Ok(match provisional {
            Some((number, with, subject)) => {
                self.chosen = Some((number, with));
                Identified::Provisional(subject)
            }
            None => Identified::Unknown,
        })
    }

    async fn authenticate(
        &mut self,
        user: &UserName,
        subject: &Subject,
        password: &Password,
    ) -> Result<PrimaryOutcome, PortError> {
        let (number, with) = self.chosen()?;
        let outcome = with.authenticate(user, subject, password).await?;
        Ok(self.noted(number, outcome))
    }

    async fn resume(
        &mut self,
        user: &UserName,
        state: &Carried,
        answer: &Passcode,
    ) -> Result<PrimaryOutcome, PortError> {
        let lost = || PortError::unusable("go on with a primary login whose source is gone");
        let (number, rest) = state.0.split_first().ok_or_else(lost)?;
        let source = self.sources.get(usize::from(*number)).ok_or_else(lost)?;
        let outcome = source.authenticator().resume(user, &Carried(rest.to_vec()), answer).await?;
        Ok(self.noted(*number, outcome))
    }

    fn is_bound(&self) -> bool {
        self.chosen.as_ref().is_some_and(|(_, with)| with.is_bound())
    }

    async fn pretend(&mut self, password: &Password) {
        if let Some((_, with)) = &mut self.chosen {
            with.pretend(password).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one name, and takes any password but "wrong"; "more" asks a question first.
    struct Knows(&'static str);

    impl PrimarySource for Knows {
        fn name(&self) -> &str {
            self.0
        }

        fn authenticator(&self) -> Box<dyn PrimaryAuthenticator> {
            Box::new(Self(self.0))
        }
    }

    fn subject(name: &str) -> Subject {
        Subject { source: name.to_owned(), id: name.to_owned(), name: name.to_owned() }
    }

    fn person(name: &str) -> Person {
        Person {
            subject: subject(name),
            groups: Vec::new(),
            display_name: None,
            mail: None,
            carried: Carried::default(),
        }
    }

    #[async_trait]
    impl PrimaryAuthenticator for Knows {
        async fn identify(&mut self, user: &UserName) -> Result<Identified, PortError> {
            let is_known = user.as_typed() == self.0;
            Ok(if is_known { Identified::Known(subject(self.0)) } else { Identified::Unknown })
        }

        async fn authenticate(
            &mut self,
            _: &UserName,
            _: &Subject,
            password: &Password,
        ) -> Result<PrimaryOutcome, PortError> {
            let state = Carried(self.0.as_bytes().to_vec());
            Ok(match password.as_text() {
                Some("more") => PrimaryOutcome::Continue(Continuation { text: "More".into(), state }),
                _ => PrimaryOutcome::Accepted(person(self.0)),
            })
        }

        async fn resume(&mut self, _: &UserName, state: &Carried, _: &Passcode) -> Result<PrimaryOutcome, PortError> {
            assert_eq!(state.0, self.0.as_bytes());
            Ok(PrimaryOutcome::Accepted(person(self.0)))
        }
    }

    fn both() -> InOrder {
        InOrder::new(&[Arc::new(Knows("ada")), Arc::new(Knows("bob"))])
    }

    #[tokio::test]
    async fn the_first_source_that_knows_the_name_decides_and_its_word_is_remembered() {
        let mut with = both();
        let user = UserName::parse("bob").unwrap();
        let Identified::Known(subject) = with.identify(&user).await.unwrap() else { panic!("bob is known") };
        with.authenticate(&user, &subject, &Password::new("right")).await.unwrap();
        assert_eq!(with.accepted().unwrap().subject.source, "bob");
    }

    #[tokio::test]
    async fn a_name_nobody_knows_is_unknown_and_nobody_is_asked_for_its_password() {
        let mut with = both();
        let user = UserName::parse("eve").unwrap();
        assert!(matches!(with.identify(&user).await.unwrap(), Identified::Unknown));
        with.pretend(&Password::new("guess")).await;
        assert!(with.accepted().is_none());
    }

    #[tokio::test]
    async fn a_question_goes_back_to_the_source_that_asked_it() {
        let mut with = both();
        let user = UserName::parse("bob").unwrap();
        let Identified::Known(subject) = with.identify(&user).await.unwrap() else { panic!("bob is known") };
        let outcome = with.authenticate(&user, &subject, &Password::new("more")).await.unwrap();
        let PrimaryOutcome::Continue(question) = outcome else { panic!("a question") };
        let mut later = both();
        later.resume(&user, &question.state, &Passcode::parse("1").unwrap()).await.unwrap();
        assert_eq!(later.accepted().unwrap().subject.source, "bob");
        assert!(later.resume(&user, &Carried(vec![9]), &Passcode::parse("1").unwrap()).await.is_err());
    }
}
