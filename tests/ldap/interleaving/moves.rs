//! What a client may do next.

use std::fmt;

use vestibule_peers::slapd::{user_dn, user_password};

use crate::harness::chance::Chance;
use crate::harness::ldap_wire::request::{
    BASE, Search, abandon, bind, bind_as, delete, element, message, present, sasl, whoami,
};
use crate::ldap::keeper::{KEEPER, PLAIN, SHED};

pub(super) struct Move {
    pub(super) id: i64,
    pub(super) what: What,
    pub(super) octets: Vec<u8>,
    /// How many responses the client had read when it began to send this.
    pub(super) known: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Bind(Bind),
    Whoami,
    /// A search for the keeper's own entry, which nobody else may see.
    Look,
    /// Of an entry of its own, so that it is known who did it.
    Delete {
        name: String,
        dn: String,
    },
    /// Of a message, perhaps of one that was never sent.
    Abandon(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bind {
    Keeper,
    Plain,
    Anonymous,
    WrongPassword,
    WrongCode,
    NoFactor,
    EmptyPassword,
    External,
    OldVersion,
}

impl Bind {
    pub(super) const ALL: [Self; 9] = [
        Self::Keeper,
        Self::Plain,
        Self::Anonymous,
        Self::WrongPassword,
        Self::WrongCode,
        Self::NoFactor,
        Self::EmptyPassword,
        Self::External,
        Self::OldVersion,
    ];

    /// The result, and whom it makes of the client.
    pub(super) fn result(self) -> (u32, Option<u32>) {
        match self {
            Self::Keeper => (0, Some(KEEPER)),
            Self::Plain => (0, Some(PLAIN)),
            Self::Anonymous => (0, None),
            Self::WrongPassword | Self::WrongCode | Self::NoFactor => (49, None),
            Self::EmptyPassword => (53, None),
            Self::External => (7, None),
            Self::OldVersion => (2, None),
        }
    }
}

impl Move {
    pub(super) fn deletes(&self) -> Option<&str> {
        match &self.what {
            What::Delete { dn, .. } => Some(dn),
            _ => None,
        }
    }
}

/// Makes moves.
pub(super) struct Player {
    seed: u64,
    wrong_code: String,
    id: i64,
}

impl Player {
    pub(super) fn new(seed: u64, wrong_code: String) -> Self {
        Self { seed, wrong_code, id: 0 }
    }

    /// Some moves, and a last one that waits for all the others: a bind as nobody.
    pub(super) fn game(&mut self, moves: usize, chance: &mut Chance) -> Vec<Move> {
        let mut game: Vec<Move> = Vec::new();
        for _ in 0..moves {
            let what = self.what(&game, chance);
            game.push(self.make(what));
        }
        game.push(self.make(What::Bind(Bind::Anonymous)));
        game
    }

    fn what(&self, game: &[Move], chance: &mut Chance) -> What {
        match chance.below(12) {
            // Those who are let in more often than those who are not, or there would be little to see.
            0 | 1 => What::Bind([Bind::Keeper, Bind::Plain][chance.below(2)]),
            2 | 3 => What::Bind(Bind::ALL[chance.below(Bind::ALL.len())]),
            4..=6 => What::Whoami,
            7 | 8 => What::Look,
            9 | 10 => {
                let name = format!("kept-{}-{}", self.seed, self.id + 1);
                What::Delete { dn: format!("cn={name},{SHED}"), name }
            }
            _ => {
                // One of the last few, as long as it is known what becomes of it: a delete may be done or not.
                let near = game.len().checked_sub(1 + chance.below(2)).and_then(|at| game.get(at));
                let target = near.filter(|one| one.deletes().is_none()).map_or(1_000_000, |one| one.id);
                What::Abandon(target)
            }
        }
    }

    pub(super) fn make(&mut self, what: What) -> Move {
        self.id += 1;
        let operation = match &what {
            What::Bind(bind) => self.bind(*bind),
            What::Whoami => whoami(),
            What::Look => Search::new(&user_dn(KEEPER), BASE, present("objectClass")).operation(),
            What::Delete { dn, .. } => delete(dn),
            What::Abandon(id) => abandon(*id),
        };
        Move { id: self.id, what, octets: message(self.id, &operation, &[]), known: 0 }
    }

    fn bind(&self, what: Bind) -> Vec<u8> {
        let right = |number| bind(&user_dn(number), &user_password(number));
        match what {
            Bind::Keeper => right(KEEPER),
            Bind::Plain => right(PLAIN),
            Bind::Anonymous => bind("", ""),
            Bind::WrongPassword => bind(&user_dn(3), "guess"),
            Bind::WrongCode => bind(&user_dn(2), &format!("{},{}", user_password(2), self.wrong_code)),
            Bind::NoFactor => right(4),
            Bind::EmptyPassword => bind(&user_dn(KEEPER), ""),
            Bind::External => sasl("EXTERNAL", None),
            Bind::OldVersion => bind_as(2, &user_dn(KEEPER), &element(0x80, user_password(KEEPER).as_bytes())),
        }
    }
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}, with {} heard", self.id, self.what, self.known)
    }
}
