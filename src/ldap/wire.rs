//! LDAP on the wire (RFC 4511 §4, §5), as far as a gateway reads it: where a message ends, which it is, and the few that
//! are for us. Everything else goes on as it came, octet for octet.

pub(crate) mod ber;
pub(crate) mod filter;
mod filter_text;
mod frame;
mod request;
mod response;
mod search;
mod write;

pub(crate) use filter_text::{is_filter, put_filter};
pub(crate) use frame::{Malformed, Measured, RESPONSE_HEAD_MAX, measure, response_head};
pub(crate) use request::{Authentication, BindRequest, Controls, Extended, Message, Operation, Search};
pub(crate) use response::{BindResponse, Entry, Outcome, entry_of, named};
pub(crate) use search::{ANSWER_MAX, FoundEntry, Scope, SearchAnswer, SearchRequest, Values, attributes};
pub(crate) use write::{
    Result as Answer, again, bind_request, bind_result, code, ending, extended, notice_of_disconnection, oid, put,
    put_abandon, put_message, respond, who_am_i,
};
