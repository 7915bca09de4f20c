//! A login in the making. Each stage holds exactly what is known there, in the form in which the store keeps it while
//! the attempt waits, so that any node can go on with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AttemptId, AuthenticatorId, Carried, Challenge, Channel, CoalesceKey, Denial, Exempt, FirstFactor, Grant, Identity,
    Insist, LoginRequest, Method, Origin, PortError, PromptKind, SecretBytes, Service, StoreError, Subject, Timestamp,
    Turn, Verdict,
};

/// What is known of a login from its first moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) id: AttemptId,
    pub(crate) began: Timestamp,
    pub(crate) typed: String,
    pub(crate) canonical: String,
    pub(crate) service: Service,
    pub(crate) origin: Origin,
    pub(crate) channel: Channel,
    pub(crate) insist: Insist,
    /// Unless the door insists on a factor.
    #[serde(default)]
    pub(crate) exempt: Option<Exempt>,
    /// What a program repeats, once it is known whom it is about.
    #[serde(default)]
    pub(crate) repeats: Option<Repeats>,
}

/// One sign-in that a program repeats.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Repeats {
    /// Keyed digest of whom it is about, where from, to what, and all that was typed; in hexadecimal.
    pub(crate) typed: String,
    /// For how long a factor counts for it.
    pub(crate) window: Duration,
}

impl Login {
    pub(crate) fn new(id: AttemptId, began: Timestamp, request: &LoginRequest) -> Self {
        Self {
            id,
            began,
            typed: request.user.as_typed().to_owned(),
            canonical: request.user.canonical(),
            service: request.service.clone(),
            origin: request.origin.clone(),
            channel: request.channel,
            insist: request.insist,
            exempt: request.terms.exempt.clone().filter(|_| request.insist == Insist::Policy),
            repeats: None,
        }
    }

    /// An answer belongs to this login only if it comes through the same service and speaks for the same name
    /// (RAD-20): a handle that was seen elsewhere opens nothing.
    pub(crate) fn is_of(&self, request: &LoginRequest) -> bool {
        let (began, now) = (&self.origin, &request.origin);
        // A person's own address may change on the way; the system that asks for them, and where they sit, may not.
        let is_there = began.direct || (began.address == now.address && began.station == now.station);
        is_there && self.service == request.service && self.canonical == request.user.canonical()
    }

    pub(crate) fn is_by_app_password(&self) -> bool {
        matches!(self.exempt, Some(Exempt::AppPassword(_)))
    }

    /// The service as audit and trust entries name it.
    pub(crate) fn service_name(&self) -> String {
        self.service.to_string()
    }
}

/// What policy made of a person: they owe a second factor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Owed {
    pub(crate) identity: Identity,
    pub(crate) carried: Carried,
    pub(crate) rule: String,
    pub(crate) allowed: Vec<Method>,
    pub(crate) remember: Option<Duration>,
    /// Where the login comes from, if the person was let in from there not long ago.
    #[serde(default)]
    pub(crate) known: Option<String>,
    /// Accepted, unless the factor comes first: then it is still to be asked for.
    #[serde(default = "accepted")]
    pub(crate) first_factor: FirstFactor,
    /// Which password it was, if the primary tells.
    #[serde(default)]
    pub(crate) version: Option<String>,
}

fn accepted() -> FirstFactor {
    FirstFactor::Accepted
}

/// What a waiting attempt waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are the large one")]
pub(crate) enum Stage {
    /// An answer to the primary's own question.
    Relayed { subject: Subject, text: String, state: Carried },
    /// A second factor.
    Factor {
        owed: Owed,
        kind: PromptKind,
        /// Wrong answers so far.
        tries: u32,
        /// What the phone was asked, while the answer is expected from there.
        challenge: Option<Challenge>,
        /// Given elsewhere, and waiting for the client to come back for it.
        approved: Option<Approval>,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Approval {
    pub(crate) method: Method,
    pub(crate) authenticator: AuthenticatorId,
}

impl Stage {
    pub(crate) fn kind(&self) -> PromptKind {
        match self {
            Self::Relayed { text, .. } => PromptKind::Relayed { text: text.clone() },
            Self::Factor { kind, .. } => kind.clone(),
        }
    }

    /// What a phone is asked right now.
    pub(crate) fn rings(&self) -> Option<&Challenge> {
        match self {
            Self::Factor { challenge: Some(challenge), approved: None, .. } => Some(challenge),
            _ => None,
        }
    }

    /// A phone was asked, whether it has approved by now or not.
    pub(crate) fn asks_a_phone(&self) -> bool {
        matches!(self, Self::Factor { challenge: Some(_), .. })
    }

    pub(crate) fn tries(&self) -> u32 {
        match self {
            Self::Relayed { .. } => 0,
            Self::Factor { tries, .. } => *tries,
        }
    }

    pub(crate) fn owed(&self) -> Option<&Owed> {
        match self {
            Self::Relayed { .. } => None,
            Self::Factor { owed, .. } => Some(owed),
        }
    }
}

/// A waiting attempt, as the store keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) login: Login,
    pub(crate) stage: Stage,
}

/// A waiting attempt in its place: what a compare-and-set needs beside it.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) attempt: Attempt,
    pub(crate) version: u32,
    pub(crate) turn: Turn,
    pub(crate) expires: Timestamp,
    pub(crate) coalesce: Option<CoalesceKey>,
}

/// How an attempt ended, for those who wait for it on other nodes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EndRecord {
    Allowed {
        service: Service,
        identity: Identity,
        methods: Vec<Method>,
        remembered: bool,
        carried: Carried,
    },
    Denied {
        denial: Denial,
        /// The question that was open then: who asked it may be told why nobody can answer it any more.
        asked: Option<Box<Asked>>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) login: Login,
    pub(crate) turn: Turn,
}

impl EndRecord {
    pub(crate) fn of(verdict: &Verdict, from: Option<&Waiting>) -> Self {
        match verdict {
            Verdict::Deny(denial) => Self::Denied {
                denial: denial.clone(),
                asked: from.map(|from| Box::new(Asked { login: from.attempt.login.clone(), turn: from.turn })),
            },
            Verdict::Allow(grant) => Self::Allowed {
                service: grant.service.clone(),
                identity: grant.identity.clone(),
                methods: grant.methods.clone(),
                remembered: grant.remembered,
                carried: grant.carried.clone(),
            },
        }
    }

    pub(crate) fn into_verdict(self, attempt: AttemptId) -> Verdict {
        match self {
            Self::Denied { denial, .. } => Verdict::Deny(denial),
            Self::Allowed { service, identity, methods, remembered, carried } => {
                Verdict::Allow(Grant { attempt, service, identity, methods, remembered, carried })
            }
        }
    }
}

/// Write one of the records above for the store.
pub(crate) fn write<T: Serialize>(record: &T) -> Result<SecretBytes, StoreError> {
    serde_json::to_vec(record)
        .map(SecretBytes::new)
        .map_err(|error| StoreError::Damaged { doing: "write down a login".into(), cause: Some(Box::new(error)) })
}

/// Read one back. What we cannot read we do not guess at.
pub(crate) fn read<T: serde::de::DeserializeOwned>(octets: &SecretBytes) -> Result<T, StoreError> {
    serde_json::from_slice(octets.expose()).map_err(|error| StoreError::Damaged {
        doing: "read what was written down of a login".into(),
        cause: Some(Box::new(error)),
    })
}

/// What audit says of a login that ends here.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) first_factor: FirstFactor,
    pub(crate) identity: Option<Identity>,
    pub(crate) rule: Option<String>,
}

impl Reached {
    pub(crate) const NOTHING: Self = Self { first_factor: FirstFactor::NotAsked, identity: None, rule: None };

    pub(crate) const REFUSED: Self = Self { first_factor: FirstFactor::Refused, identity: None, rule: None };

    pub(crate) fn identity(identity: &Identity, first_factor: FirstFactor) -> Self {
        Self { first_factor, identity: Some(identity.clone()), rule: None }
    }

    pub(crate) fn owed(owed: &Owed) -> Self {
        Self { rule: Some(owed.rule.clone()), ..Self::identity(&owed.identity, owed.first_factor) }
    }

    pub(crate) fn stage(stage: &Stage) -> Self {
        stage.owed().map_or(Self::NOTHING, Self::owed)
    }
}

/// Draw octets, or say that we cannot.
pub(crate) fn draw<const N: usize>(random: &dyn crate::Random) -> Result<[u8; N], PortError> {
    let mut octets = [0; N];
    random.fill(&mut octets)?;
    Ok(octets)
}
