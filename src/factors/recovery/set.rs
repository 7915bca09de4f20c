//! A set of recovery codes as it is stored: one salt, and a hash for each code.

use argon2::Argon2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use vestibule_engine::{PortError, Random, SecretBytes};
use zeroize::Zeroizing;

use super::code::Code;
use crate::HashCost;

const HASH_OCTETS: usize = 32;
/// More hashes than this in a record is damage.
const CODES_MAX: usize = 64;

pub(crate) type CodeHash = [u8; HASH_OCTETS];

/// The salt is shared: the codes are random and long, and one salt makes a guess cost one hash instead of ten.
pub(crate) struct CodeSet {
    cost: HashCost,
    salt: Vec<u8>,
    hashes: Vec<CodeHash>,
}

/// As it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeSetRecord {
    m: u32,
    t: u32,
    p: u32,
    salt: String,
    codes: Vec<String>,
}

impl CodeSet {
    pub(crate) fn empty(cost: HashCost, random: &dyn Random) -> Result<Self, PortError> {
        let mut salt = vec![0; 16];
        random.fill(&mut salt)?;
        Ok(Self { cost, salt, hashes: Vec::new() })
    }

    pub(crate) fn cost(&self) -> HashCost {
        self.cost
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(crate) fn push(&mut self, hash: CodeHash) {
        self.hashes.push(hash);
    }

    /// The work of hashing a code with this set's salt, to be done elsewhere.
    pub(crate) fn hashing(&self, code: &Code) -> impl FnOnce() -> Result<CodeHash, PortError> + Send + use<> {
        let (cost, salt, code) = (self.cost, self.salt.clone(), Zeroizing::new(code.octets().to_vec()));
        move || hash(&cost.argon2()?, &code, &salt)
    }

    /// Which code has this hash, counted from 1. Looks at all of them, in the same time wherever it lies.
    pub(crate) fn number_of(&self, hash: &CodeHash) -> Option<usize> {
        let mut found = None;
        for (number, one) in (1..).zip(&self.hashes) {
            if bool::from(one.ct_eq(hash)) {
                found = Some(number);
            }
        }
        found
    }

    pub(crate) fn to_record(&self) -> CodeSetRecord {
        CodeSetRecord {
            m: self.cost.memory_kib,
            t: self.cost.passes,
            p: self.cost.lanes,
            salt: BASE64.encode(&self.salt),
            codes: self.hashes.iter().map(|hash| BASE64.encode(hash)).collect(),
        }
    }

    pub(crate) fn to_secret(&self) -> Result<SecretBytes, PortError> {
        serde_json::to_vec(&self.to_record()).map(SecretBytes::new).map_err(|cause| PortError::Unusable {
            doing: "write down a set of recovery codes".into(),
            cause: Some(Box::new(cause)),
        })
    }

    pub(crate) fn from_secret(secret: &SecretBytes) -> Result<Self, PortError> {
        // Whatever the parser would say of a damaged record may quote it.
        let record = serde_json::from_slice(secret.expose()).map_err(|_| damaged())?;
        Self::from_record(&record)
    }

    pub(crate) fn from_record(record: &CodeSetRecord) -> Result<Self, PortError> {
        let salt = BASE64.decode(&record.salt).map_err(|_| damaged())?;
        let hashes = record.codes.iter().take(CODES_MAX + 1).map(|text| {
            let octets = BASE64.decode(text).map_err(|_| damaged())?;
            CodeHash::try_from(octets).map_err(|_| damaged())
        });
        let hashes = hashes.collect::<Result<Vec<_>, _>>()?;
        if hashes.is_empty() || hashes.len() > CODES_MAX {
            return Err(damaged());
        }
        Ok(Self { cost: HashCost { memory_kib: record.m, passes: record.t, lanes: record.p }, salt, hashes })
    }
}

fn damaged() -> PortError {
    PortError::unusable("read a set of recovery codes: the record is damaged")
}

fn hash(argon2: &Argon2<'_>, code: &[u8], salt: &[u8]) -> Result<CodeHash, PortError> {
    let mut hash = [0; HASH_OCTETS];
    argon2
        .hash_password_into(code, salt, &mut hash)
        .map_err(|cause| PortError::Unusable { doing: "hash a recovery code".into(), cause: Some(Box::new(cause)) })?;
    Ok(hash)
}
