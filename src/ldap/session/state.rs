//! Who a client is, what it has asked and not heard of yet, and what becomes of each message: the rules, without a socket.
//!
//! ```text
//!            bind asked                       accepted, with a grant
//!  anyone ──────────────▶ anonymous, exclusive ─────────────────────▶ person | account | app password
//!                              │ anything else
//!                              ▼
//!                          anonymous
//! ```
//!
//! A client is somebody only after a bind that ended well, and nobody from the moment the next one arrives (RFC 4513 §4). A
//! response reaches the client only if it answers something asked since then.

use std::collections::HashMap;
use std::sync::Arc;

use crate::settings::{Anonymous, Operations};
use crate::wire::{Answer, Controls, Extended, Message, Operation, Search, code, ending, extended, oid, respond};

/// Who the client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Anonymous,
    /// Somebody who gave what policy asks for. What they may do is the directory's to say.
    Person,
    /// The account of a program, for these operations.
    Account(Operations),
    /// A person's program, by a password of its own: it may look things up, with nobody's rights. Holds the person's DN.
    AppPassword(String),
}

/// What does not change while a connection lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) anonymous: Anonymous,
    pub(crate) allow_plaintext: bool,
    pub(crate) offers_start_tls: bool,
    pub(crate) knows_fast_bind: bool,
    /// Requests without an end, before and after a bind (LDP-02).
    pub(crate) outstanding_max: usize,
    pub(crate) outstanding_max_bound: usize,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) terms: Terms,
    standing: Standing,
    pub(crate) is_protected: bool,
    /// Binds check passwords and make nobody anybody (Active Directory's fast bind).
    fast_bind: bool,
    /// A SASL exchange goes on.
    pub(crate) sasl: bool,
    /// SASL mechanisms that the directory checks.
    pub(crate) mechanisms: Arc<[String]>,
    outstanding: HashMap<i32, Kind>,
    /// Something was given up on this line, and may be answered late.
    has_abandoned: bool,
}

/// What was asked, and by which response it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Search,
    /// What the server says of itself: answered with what this door allows.
    RootDse,
    Modify,
    Add,
    Delete,
    Rename,
    Compare,
    Extended,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It goes to the directory as it came.
    Relay,
    /// We answer it.
    Answer(Vec<u8>),
    /// Nobody waits for an answer.
    Nothing,
    Bind,
    StartTls,
    Unbind,
    /// The connection ends, and this is said first.
    End(Answer),
}

/// What becomes of a response of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    Pass,
    /// It belongs to nothing that is asked: late, or given up.
    Drop,
    /// It says what the server can do, which here is less.
    Rewrite,
    /// No directory says this.
    Broken,
}

const ENTRY: u8 = 0x64;
const REFERENCE: u8 = 0x73;
const INTERMEDIATE: u8 = 0x79;

impl Kind {
    pub(crate) fn ending(self) -> u8 {
        match self {
            Self::Search | Self::RootDse => ending::SEARCH,
            Self::Modify => ending::MODIFY,
            Self::Add => ending::ADD,
            Self::Delete => ending::DELETE,
            Self::Rename => ending::RENAME,
            Self::Compare => ending::COMPARE,
            Self::Extended => ending::EXTENDED,
        }
    }
}

impl State {
    pub(crate) fn new(terms: Terms, is_protected: bool) -> Self {
        let standing = Standing::Anonymous;
        Self {
            terms,
            standing,
            is_protected,
            fast_bind: false,
            sasl: false,
            mechanisms: Arc::new([]),
            outstanding: HashMap::new(),
            has_abandoned: false,
        }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.standing == Standing::Anonymous
    }

    /// Whether the directory knows the client as nobody, so that any line is as good as another.
    pub(crate) fn is_nobody_there(&self) -> bool {
        matches!(self.standing, Standing::Anonymous | Standing::AppPassword(_))
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.outstanding.is_empty()
    }

    pub(crate) fn is_fast_bind(&self) -> bool {
        self.fast_bind
    }

    /// A bind has arrived: whatever the client was, it is nobody now (LDP-06).
    pub(crate) fn begin_bind(&mut self) {
        self.standing = Standing::Anonymous;
        self.sasl = false;
    }

    /// The bind ended well. Nobody is anybody in a connection for checking passwords.
    pub(crate) fn become_somebody(&mut self, standing: Standing) {
        if !self.fast_bind {
            self.standing = standing;
        }
    }

    /// What is not answered will not be: its line is gone. Says whether a late answer could come on it.
    pub(crate) fn give_up_outstanding(&mut self) -> bool {
        let has_any = !self.outstanding.is_empty();
        self.outstanding.clear();
        std::mem::take(&mut self.has_abandoned) || has_any
    }

    /// The most octets a message may have.
    pub(crate) fn request_max(&self, before: usize, after: usize) -> usize {
        if self.is_anonymous() { before } else { after }
    }

    pub(crate) fn judge(&mut self, message: &Message<'_>) -> Judgement {
        if self.outstanding.contains_key(&message.id) {
            return Judgement::End(Answer::new(code::PROTOCOL_ERROR, "a message id is in use"));
        }
        let kind = match &message.operation {
            Operation::Bind(_) => return Judgement::Bind,
            Operation::Unbind => return Judgement::Unbind,
            Operation::Abandon(id) => {
                let was_asked = self.outstanding.remove(id).is_some();
                self.has_abandoned |= was_asked;
                return if was_asked { Judgement::Relay } else { Judgement::Nothing };
            }
            Operation::Search(search) if search.is_of_root_dse() => Kind::RootDse,
            Operation::Search(_) => Kind::Search,
            Operation::Modify => Kind::Modify,
            Operation::Add => Kind::Add,
            Operation::Delete => Kind::Delete,
            Operation::Rename => Kind::Rename,
            Operation::Compare(_) => Kind::Compare,
            Operation::Extended(request) => match self.own_extended(message.id, request, message.controls) {
                Some(judgement) => return judgement,
                None => Kind::Extended,
            },
        };
        if let Some(refusal) = self.refusal(message, kind) {
            return Judgement::Answer(respond(message.id, kind.ending(), refusal));
        }
        let most = if self.is_anonymous() { self.terms.outstanding_max } else { self.terms.outstanding_max_bound };
        if self.outstanding.len() >= most {
            return Judgement::End(Answer::new(code::ADMIN_LIMIT_EXCEEDED, "too many requests at once"));
        }
        self.outstanding.insert(message.id, kind);
        Judgement::Relay
    }

    /// Extended operations that are ours to answer.
    fn own_extended(&mut self, id: i32, request: &Extended<'_>, controls: Controls<'_>) -> Option<Judgement> {
        if controls.has_critical() && self.is_own(request) {
            let refusal = Answer::new(code::UNAVAILABLE_CRITICAL_EXTENSION, "this control is not known here");
            let name = (request.name == oid::START_TLS).then_some(oid::START_TLS);
            return Some(Judgement::Answer(extended(id, refusal, name, None)));
        }
        let answer = |result, value: Option<&[u8]>| Some(Judgement::Answer(extended(id, result, None, value)));
        let success = Answer::new(code::SUCCESS, "");
        match request.name {
            oid::START_TLS => Some(self.start_tls(id)),
            oid::WHO_AM_I => match &self.standing {
                // RFC 4532 §2.2: an empty name is nobody (LDP-17).
                Standing::Anonymous => answer(success, Some(b"")),
                Standing::AppPassword(dn) => answer(success, Some(format!("dn:{dn}").as_bytes())),
                Standing::Person | Standing::Account(_) => None,
            },
            oid::FAST_BIND if self.terms.knows_fast_bind && self.is_anonymous() => {
                self.fast_bind = true;
                answer(success, None)
            }
            oid::TURN | oid::VERIFY_CREDENTIALS | oid::FAST_BIND => {
                answer(Answer::new(code::UNWILLING_TO_PERFORM, "not offered here"), None)
            }
            _ => None,
        }
    }

    fn is_own(&self, request: &Extended<'_>) -> bool {
        match request.name {
            oid::WHO_AM_I => matches!(self.standing, Standing::Anonymous | Standing::AppPassword(_)),
            name => [oid::START_TLS, oid::FAST_BIND, oid::TURN, oid::VERIFY_CREDENTIALS].contains(&name),
        }
    }

    /// RFC 4511 §4.14.2 (LDP-09).
    fn start_tls(&self, id: i32) -> Judgement {
        let refuse =
            |result, text| Judgement::Answer(extended(id, Answer::new(result, text), Some(oid::START_TLS), None));
        if self.is_protected {
            return refuse(code::OPERATIONS_ERROR, "TLS is on already");
        }
        if !self.terms.offers_start_tls {
            return refuse(code::PROTOCOL_ERROR, "StartTLS is not offered here");
        }
        if !self.outstanding.is_empty() || self.sasl {
            return refuse(code::OPERATIONS_ERROR, "other requests are not finished");
        }
        Judgement::StartTls
    }

    /// Why it is not for this client, if so.
    fn refusal(&self, message: &Message<'_>, kind: Kind) -> Option<Answer> {
        let Message { operation, controls, .. } = message;
        self.refused_control(*controls).or_else(|| self.refused_operation(operation, *controls, kind))
    }

    /// Why no bind with these controls is decided, if so: it would be one for somebody else, or we, who answer it, do not
    /// know what must be obeyed.
    pub(crate) fn refused_bind(controls: Controls<'_>, is_ours: bool) -> Option<Answer> {
        if controls.each().any(|(name, _)| oid::PROXIED_AUTHORIZATION.contains(&name)) {
            return Some(Answer::new(code::AUTHORIZATION_DENIED, "nobody acts for others here"));
        }
        let refusal = Answer::new(code::UNAVAILABLE_CRITICAL_EXTENSION, "this control is not known here");
        (is_ours && controls.has_critical()).then_some(refusal)
    }

    /// To act as somebody else would be to act without their second step (LDP-16).
    fn refused_control(&self, controls: Controls<'_>) -> Option<Answer> {
        let may = matches!(&self.standing, Standing::Account(operations) if operations.proxied_authorization);
        let is_critical = controls.each().find(|(name, _)| oid::PROXIED_AUTHORIZATION.contains(name))?.1;
        match (is_critical, may) {
            (false, _) => Some(Answer::new(code::PROTOCOL_ERROR, "proxied authorization must be critical")),
            (true, true) => None,
            (true, false) => Some(Answer::new(code::AUTHORIZATION_DENIED, "proxied authorization is not for you")),
        }
    }

    fn refused_operation(&self, operation: &Operation<'_>, controls: Controls<'_>, kind: Kind) -> Option<Answer> {
        // Trying a password on an entry is a sign-in without its second step (LDP-36).
        if let Operation::Compare(compare) = operation
            && compare.asks_for_a_password()
        {
            return Some(Answer::new(code::UNWILLING_TO_PERFORM, "passwords are checked by bind only"));
        }
        if matches!(operation, Operation::Search(Search { asks_for_a_password: true, .. }))
            || controls.ask_for_a_password()
        {
            return Some(Answer::new(code::UNWILLING_TO_PERFORM, "passwords are checked by bind only"));
        }
        let is = |wanted: &[u8]| matches!(operation, Operation::Extended(Extended { name }) if *name == wanted);
        // LDP-18
        if is(oid::PASSWORD_MODIFY) && !self.takes_passwords() {
            return Some(Answer::new(code::CONFIDENTIALITY_REQUIRED, "use TLS"));
        }
        let may = match &self.standing {
            Standing::Person => true,
            Standing::Anonymous => match self.terms.anonymous {
                Anonymous::Refuse => false,
                Anonymous::RootDse => kind == Kind::RootDse,
                Anonymous::Read => matches!(kind, Kind::RootDse | Kind::Search | Kind::Compare),
            },
            // Who it is, it may always ask (LDP-17).
            Standing::Account(operations) => is(oid::WHO_AM_I) || operations.allow(kind),
            Standing::AppPassword(_) => matches!(kind, Kind::RootDse | Kind::Search | Kind::Compare),
        };
        match (may, &self.standing) {
            (true, _) => None,
            (false, Standing::Anonymous) => Some(Answer::new(code::STRONGER_AUTH_REQUIRED, "sign in first")),
            (false, _) => Some(Answer::new(code::INSUFFICIENT_ACCESS_RIGHTS, "not for this sign-in")),
        }
    }

    /// Whether passwords are taken on this connection (LDP-11).
    pub(crate) fn takes_passwords(&self) -> bool {
        self.is_protected || self.terms.allow_plaintext
    }

    /// It was to go to the directory, and cannot: the answer in its place.
    pub(crate) fn forsake(&mut self, id: i32, why: Answer) -> Option<Vec<u8>> {
        let kind = self.outstanding.remove(&id)?;
        Some(respond(id, kind.ending(), why))
    }

    /// Whether this is the answer to what the server says of itself.
    pub(crate) fn is_root_dse(&self, id: i32) -> bool {
        self.outstanding.get(&id) == Some(&Kind::RootDse)
    }

    /// Whether this client may use proxied authorization, for what the server says of itself.
    pub(crate) fn may_act_for_others(&self) -> bool {
        matches!(&self.standing, Standing::Account(operations) if operations.proxied_authorization)
    }

    /// What becomes of a response with this id and operation.
    pub(crate) fn answered(&mut self, id: i32, tag: u8) -> Passing {
        if id == 0 {
            // Unsolicited: a notice that the server hangs up, or that a transaction was given up.
            return if tag == ending::EXTENDED { Passing::Pass } else { Passing::Broken };
        }
        let Some(kind) = self.outstanding.get(&id).copied() else { return Passing::Drop };
        match tag {
            INTERMEDIATE => Passing::Pass,
            ENTRY if kind == Kind::RootDse => Passing::Rewrite,
            ENTRY | REFERENCE if matches!(kind, Kind::Search | Kind::RootDse) => Passing::Pass,
            tag if tag == kind.ending() => {
                self.outstanding.remove(&id);
                Passing::Pass
            }
            _ => Passing::Broken,
        }
    }
}

/// What an account may do, by what it asks.
impl Operations {
    fn allow(&self, kind: Kind) -> bool {
        match kind {
            Kind::RootDse => true,
            Kind::Search => self.search,
            Kind::Compare => self.compare,
            Kind::Modify => self.modify,
            Kind::Add => self.add,
            Kind::Delete => self.delete,
            Kind::Rename => self.rename,
            Kind::Extended => self.extended,
        }
    }
}

#[cfg(test)]
mod tests;
