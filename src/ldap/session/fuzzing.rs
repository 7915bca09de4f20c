//! The readers of octets, opened for the fuzz target and for nothing else: what a client sends, what a directory answers.

use super::root_dse;
use super::state::{State, Terms};
use crate::settings::Anonymous;
use crate::wire::{self, BindResponse, Message, Operation, Search, SearchAnswer};

/// What is known of a request that was taken for one.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub id: i32,
    /// A search that compares a password.
    pub asks_for_a_password: bool,
    pub is_of_root_dse: bool,
    /// How many controls there are.
    pub controls: usize,
}

/// The octets of a message's head, and of all of it; `None` if more are needed to tell, an error if it is none.
pub fn measure(octets: &[u8], content_max: usize) -> Result<Option<(usize, usize)>, String> {
    let measured = wire::measure(octets, content_max).map_err(|malformed| malformed.to_string())?;
    Ok(measured.map(|measured| (measured.head, measured.total)))
}

/// The content of a message, as a request.
pub fn request(content: &[u8]) -> Option<Request> {
    let message = Message::read(content).ok()?;
    let search = match &message.operation {
        Operation::Search(search) => Some(search),
        _ => None,
    };
    Some(Request {
        id: message.id,
        asks_for_a_password: search.is_some_and(|search| search.asks_for_a_password),
        is_of_root_dse: search.is_some_and(Search::is_of_root_dse),
        controls: message.controls.each().count(),
    })
}

/// The id and the operation at the start of a response's content; `None` if more is needed, an error if it is none.
pub fn response_head(content: &[u8], is_whole: bool) -> Result<Option<(i32, u8)>, String> {
    let first = content.get(..wire::RESPONSE_HEAD_MAX).unwrap_or(content);
    wire::response_head(first, is_whole).map_err(|malformed| malformed.to_string())
}

/// The code of the answer to a bind, and what is said again of it.
pub fn bind_response(content: &[u8], id: i32) -> Option<(u32, &[u8])> {
    BindResponse::read(content, id).map(|response| (response.outcome.code, response.after_id))
}

/// An entry that was found: its name, and its attributes with their values.
pub type FoundEntry<'a> = (&'a [u8], Vec<(&'a [u8], Vec<&'a [u8]>)>);

/// Which search an answer is to, and what it found.
pub fn found_entry(content: &[u8]) -> Option<(i32, FoundEntry<'_>)> {
    let (id, SearchAnswer::Entry(found)) = SearchAnswer::read(content)? else { return None };
    let attributes = wire::attributes(found.attributes).map(|(name, values)| (name, values.collect())).collect();
    Some((id, (found.dn, attributes)))
}

/// The octets of a filter that somebody wrote; `None` if it is none.
pub fn filter(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    wire::put_filter(&mut octets, text).ok()?;
    Some(octets)
}

/// What a directory says of itself, as a stranger is told it over TLS.
pub fn root_dse(content: &[u8], id: i32) -> Option<Vec<u8>> {
    let terms = Terms {
        anonymous: Anonymous::RootDse,
        allow_plaintext: false,
        offers_start_tls: false,
        knows_fast_bind: false,
        outstanding_max: 1,
        outstanding_max_bound: 1,
    };
    root_dse::rewrite(content, id, &State::new(terms, true))
}
