//! What became of an act, as the next page says it: a closed set of words, because everybody can write an address.

use super::asked::Asked;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Forgotten,
    /// Some of it was over before.
    PartlyOver,
    /// Somebody else was first, or its time was up.
    Over,
    NothingSelected,
    Revoked,
    Ended,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::Forgotten, Self::PartlyOver, Self::Over, Self::NothingSelected, Self::Revoked, Self::Ended];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Forgotten => "forgotten",
            Self::PartlyOver => "partly-over",
            Self::Over => "over",
            Self::NothingSelected => "nothing",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
        }
    }

    pub(super) fn told_in(asked: &Asked) -> Option<Self> {
        let word = asked.field("done")?;
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Forgotten => "done-forgotten",
            Self::PartlyOver => "done-partly-over",
            Self::Over => "done-over",
            Self::NothingSelected => "done-nothing",
            Self::Revoked => "done-revoked",
            Self::Ended => "done-ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_only_what_we_say() {
        let told = |query: &'static str| Outcome::told_in(&Asked::read(&query.into()));
        assert_eq!(told("done=forgotten"), Some(Outcome::Forgotten));
        for odd in ["done=Call+0800", "done=", "", "done=FORGOTTEN", "done=forgotten%20all"] {
            assert_eq!(told(odd), None, "{odd}");
        }
    }
}
