//! What a request asks for: the fields of its address or of its form, of which one name may come many times.

use axum::body::Bytes;

/// Rows that one form selects, and its other fields. What comes beyond is not looked at.
const FIELDS_MAX: usize = 256;

/// The address of a page about these things.
pub(super) fn address<K: AsRef<str>, V: AsRef<str>>(path: &str, fields: impl IntoIterator<Item = (K, V)>) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

pub(super) struct Asked {
    fields: Vec<(String, String)>,
    /// Whether there was more than is looked at.
    is_cut: bool,
}

impl Asked {
    pub(super) fn read(form: &Bytes) -> Self {
        let mut all = url::form_urlencoded::parse(form).into_owned();
        let fields = all.by_ref().take(FIELDS_MAX).collect();
        Self { fields, is_cut: all.next().is_some() }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether these are all the fields there are, each of them once at most.
    pub(super) fn is_nothing_but(&self, names: &[&str]) -> bool {
        let are_known = self.fields.iter().all(|(name, _)| names.contains(&name.as_str()));
        !self.is_cut && are_known && names.iter().all(|name| self.fields(name).count() <= 1)
    }

    /// The first field of that name; nothing where it is empty.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next().filter(|value| !value.is_empty())
    }

    pub(super) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}
