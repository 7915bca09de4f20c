//! What is kept of an invitation. Its end is part of what is sealed, so that nobody can prolong it.

use serde::{Deserialize, Serialize};
use vestibule_engine::{PortError, SecretBytes, Timestamp};

use super::{InvitationKind, Standing};
use crate::recovery::{CodeSet, CodeSetRecord};

pub(super) struct Record {
    pub(super) expires: Timestamp,
    pub(super) kept: Kept,
}

pub(super) enum Kept {
    Code(CodeSet),
    Window,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    expires: Timestamp,
    kept: WrittenKind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenKind {
    Code(CodeSetRecord),
    Window,
}

impl Record {
    pub(super) fn standing(&self) -> Standing {
        let kind = match self.kept {
            Kept::Code(_) => InvitationKind::Code,
            Kept::Window => InvitationKind::Window,
        };
        Standing { kind, expires: self.expires }
    }

    pub(super) fn to_secret(&self) -> Result<SecretBytes, PortError> {
        let kept = match &self.kept {
            Kept::Code(set) => WrittenKind::Code(set.to_record()),
            Kept::Window => WrittenKind::Window,
        };
        serde_json::to_vec(&Written { expires: self.expires, kept }).map(SecretBytes::new).map_err(|cause| {
            PortError::Unusable { doing: "write down an invitation".into(), cause: Some(Box::new(cause)) }
        })
    }

    pub(super) fn of(secret: &SecretBytes) -> Result<Self, PortError> {
        // Whatever the parser would say of a damaged record may quote it.
        let Written { expires, kept } = serde_json::from_slice(secret.expose())
            .map_err(|_| PortError::unusable("read an invitation: the record is damaged"))?;
        let kept = match kept {
            WrittenKind::Code(record) => Kept::Code(CodeSet::from_record(&record)?),
            WrittenKind::Window => Kept::Window,
        };
        Ok(Self { expires, kept })
    }
}
