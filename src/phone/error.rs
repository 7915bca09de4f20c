//! What can go wrong for a phone, by what its holder can do about it.

/// No answer was given, or the gateway did not take it.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Ask the portal for another link.
    #[error("{0}")]
    Link(LinkRefused),
    /// Look at the network, or try again later.
    #[error("{doing}")]
    Unreachable {
        doing: String,
        #[source]
        cause: reqwest::Error,
    },
    /// Try again later: it knows that something is wrong on its side.
    #[error("the gateway is in trouble and cannot answer now")]
    Trouble,
    /// Remove the account here, and pair again if that is wanted.
    #[error("the gateway knows this device no more")]
    Unpaired,
    /// Nothing to do: it was answered elsewhere, withdrawn, or came too late.
    #[error("the request is over")]
    Over,
    /// Read the number at the login, and give it.
    #[error("this request takes the number of {digits} digits that stands at the login")]
    NumberNeeded { digits: usize },
    /// Begin the login anew.
    #[error("that is not the number at the login; the request is over")]
    WrongNumber,
    /// Wait, or ask an administrator to unlock.
    #[error("too much went wrong with this account; it is locked for a while")]
    Locked,
    /// Approve with a device that can do that.
    #[error("this request has to be approved with a fingerprint, a face or a PIN, which is not possible here")]
    VerificationNeeded,
    /// Answer nothing: this did not come from the gateway that was paired, or not for this device.
    #[error("what came is not to be trusted: {0}")]
    Untrusted(&'static str),
    /// Nothing its holder can do: the two do not understand each other.
    #[error("the gateway refused with {status} {code}: {title}")]
    Refused { status: u16, code: String, title: String },
    /// Pair again: the account's key or the certificate kept with it cannot be used.
    #[error("{0} cannot be used")]
    Unusable(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkRefused {
    #[error("this is no pairing link: it does not begin with https:// and a host name")]
    NoOrigin,
    #[error("this is no pairing link: it has no #pair=... at its end")]
    NoToken,
    #[error("the link was used before, is too old, or was never given out")]
    Over,
}

impl PhoneError {
    /// The same may work later, without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Trouble)
    }
}

impl From<LinkRefused> for PhoneError {
    fn from(refused: LinkRefused) -> Self {
        Self::Link(refused)
    }
}
