//! The cookies of a browser: few, each for one thing, none of them readable by a script.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};

use crate::secrets::Secret;
use crate::words::Language;

/// A browser that sends more is not talking to us.
const PAIRS_MAX: usize = 64;

/// The cookies we know, by name. `__Host-` keeps other hosts and plain HTTP from setting them (RFC 6265bis §4.1.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Somebody is signed in.
    Session,
    /// Somebody is on the way in: opens the challenge and nothing else (OOB-13).
    SigningIn,
    /// A browser that was shown a form.
    Visit,
    Language,
}

impl Cookie {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Session => "__Host-vestibule",
            Self::SigningIn => "__Host-vestibule-signing-in",
            Self::Visit => "__Host-vestibule-visit",
            Self::Language => "__Host-vestibule-language",
        }
    }

    /// Lax where people come back from a link in a mail and should still be signed in; Strict for the rest.
    fn same_site(self) -> &'static str {
        match self {
            Self::Session | Self::Language => "Lax",
            Self::SigningIn | Self::Visit => "Strict",
        }
    }
}

/// What a browser brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cookies {
    pub(crate) session: Option<Secret>,
    pub(crate) signing_in: Option<Secret>,
    pub(crate) visit: Option<Secret>,
    pub(crate) language: Option<Language>,
}

impl Cookies {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut cookies = Self::default();
        let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        for (name, value) in
            lines.flat_map(|line| line.split(';')).take(PAIRS_MAX).filter_map(|pair| pair.split_once('='))
        {
            let (name, value) = (name.trim(), value.trim());
            if name == Cookie::Session.name() {
                cookies.session = Secret::parse(value);
            } else if name == Cookie::SigningIn.name() {
                cookies.signing_in = Secret::parse(value);
            } else if name == Cookie::Visit.name() {
                cookies.visit = Secret::parse(value);
            } else if name == Cookie::Language.name() {
                cookies.language = Language::parse(value);
            }
        }
        cookies
    }

    /// What this browser's forms are bound to: the most that is known of it.
    pub(crate) fn form_secret(&self) -> Option<&Secret> {
        self.session.as_ref().or(self.signing_in.as_ref()).or(self.visit.as_ref())
    }
}

/// `seconds`: how long the browser keeps it; without, until it is closed.
pub(crate) fn set(headers: &mut HeaderMap, cookie: Cookie, value: &str, seconds: Option<u64>) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let (name, same_site) = (cookie.name(), cookie.same_site());
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}{age}");
    if let Ok(line) = HeaderValue::try_from(line) {
        headers.append(SET_COOKIE, line);
    }
}

pub(crate) fn clear(headers: &mut HeaderMap, cookie: Cookie) {
    set(headers, cookie, "", Some(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SES-01, HTP-17
    fn cookies_are_for_this_host_over_tls_and_not_for_scripts() {
        let mut headers = HeaderMap::new();
        set(&mut headers, Cookie::Session, "value", None);
        let line = headers[SET_COOKIE].to_str().unwrap();
        assert_eq!(line, "__Host-vestibule=value; Path=/; Secure; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn only_what_can_be_ours_is_read() {
        let mut headers = HeaderMap::new();
        let secret = "s".repeat(43);
        let line = format!(
            "other=1; __Host-vestibule={secret}; __Host-vestibule-signing-in=short; __Host-vestibule-language=de-AT"
        );
        headers.insert(COOKIE, line.parse().unwrap());
        let cookies = Cookies::read(&headers);
        assert_eq!(cookies.session.unwrap().expose(), secret);
        assert!(cookies.signing_in.is_none() && cookies.visit.is_none());
        assert_eq!(cookies.language, Some(Language::German));
    }
}
