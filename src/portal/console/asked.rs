//! What a request asks for: the fields of its address or of its form, of which one name may come many times.

use axum::body::Bytes;

/// Rows that one form selects, and its other fields. What comes beyond is not looked at.
const FIELDS_MAX: usize = 256;

/// The address of a page about these things.
pub(super) fn address<K: AsRef<str>, V: AsRef<str>>(path: &str, fields: impl IntoIterator<Item = (K, V)>) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

pub(super) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(super) fn read(form: &Bytes) -> Self {
        Self(url::form_urlencoded::parse(form).into_owned().take(FIELDS_MAX).collect())
    }

    /// The first field of that name; nothing where it is empty.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next().filter(|value| !value.is_empty())
    }

    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}
