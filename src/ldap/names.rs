//! The names of people and entries: what somebody typed, what that becomes in a filter, and distinguished names.

pub(crate) mod distinguished;
pub(crate) mod escape;
pub(crate) mod spelling;
pub(crate) mod template;
