//! Requests, written out by hand (RFC 4511 §4). What goes into a message is an operation: tag, length and content.

pub(crate) const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
pub(crate) const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";
pub(crate) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
pub(crate) const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";

pub(crate) const BASE: u8 = 0;
pub(crate) const SUBTREE: u8 = 2;

/// An element with the shortest length that says it.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => octets.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let significant: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
            octets.push(0x80 | u8::try_from(significant.len()).unwrap());
            octets.extend(significant);
        }
    }
    octets.extend_from_slice(content);
    octets
}

pub(crate) fn constructed(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

pub(crate) fn string(value: impl AsRef<[u8]>) -> Vec<u8> {
    element(0x04, value.as_ref())
}

pub(crate) fn boolean(value: bool) -> Vec<u8> {
    element(0x01, &[if value { 0xFF } else { 0x00 }])
}

/// The content of a number, in as few octets as say it.
pub(crate) fn number(value: i64) -> Vec<u8> {
    let octets = value.to_be_bytes();
    let is_filler = |pair: &[u8]| (pair[0] == 0 && pair[1] < 0x80) || (pair[0] == 0xFF && pair[1] >= 0x80);
    let fillers = octets.windows(2).take_while(|pair| is_filler(pair)).count();
    octets[fillers..].to_vec()
}

/// A whole message.
pub(crate) fn message(id: i64, operation: &[u8], controls: &[Vec<u8>]) -> Vec<u8> {
    let mut content = element(0x02, &number(id));
    content.extend_from_slice(operation);
    if !controls.is_empty() {
        content.extend(constructed(0xA0, controls));
    }
    element(0x30, &content)
}

pub(crate) fn control(name: &str, is_critical: bool, value: Option<&[u8]>) -> Vec<u8> {
    let mut parts = vec![string(name)];
    if is_critical {
        parts.push(boolean(true));
    }
    parts.extend(value.map(string));
    constructed(0x30, &parts)
}

pub(crate) fn bind(name: &str, password: &str) -> Vec<u8> {
    bind_as(3, name, &element(0x80, password.as_bytes()))
}

/// A bind of any version in any way.
pub(crate) fn bind_as(version: i64, name: &str, authentication: &[u8]) -> Vec<u8> {
    constructed(0x60, &[element(0x02, &number(version)), string(name), authentication.to_vec()])
}

pub(crate) fn sasl(mechanism: &str, credentials: Option<&[u8]>) -> Vec<u8> {
    let mut parts = vec![string(mechanism)];
    parts.extend(credentials.map(string));
    bind_as(3, "", &constructed(0xA3, &parts))
}

pub(crate) fn unbind() -> Vec<u8> {
    element(0x42, b"")
}

pub(crate) fn abandon(id: i64) -> Vec<u8> {
    element(0x50, &number(id))
}

pub(crate) fn delete(dn: &str) -> Vec<u8> {
    element(0x4A, dn.as_bytes())
}

pub(crate) fn compare(dn: &str, attribute: &str, value: &str) -> Vec<u8> {
    constructed(0x6E, &[string(dn), pair(0x30, attribute, value)])
}

/// A change for each attribute: 0 adds, 1 deletes, 2 replaces, 3 increments.
pub(crate) fn modify(dn: &str, changes: &[(u8, &str, &[&str])]) -> Vec<u8> {
    let change = |(kind, attribute, values): &(u8, &str, &[&str])| {
        constructed(0x30, &[element(0x0A, &[*kind]), attribute_of(attribute, values)])
    };
    let changes: Vec<Vec<u8>> = changes.iter().map(change).collect();
    constructed(0x66, &[string(dn), constructed(0x30, &changes)])
}

pub(crate) fn add(dn: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let attributes: Vec<Vec<u8>> = attributes.iter().map(|(name, values)| attribute_of(name, values)).collect();
    constructed(0x68, &[string(dn), constructed(0x30, &attributes)])
}

fn attribute_of(name: &str, values: &[&str]) -> Vec<u8> {
    let values: Vec<Vec<u8>> = values.iter().map(string).collect();
    constructed(0x30, &[string(name), constructed(0x31, &values)])
}

pub(crate) fn rename(dn: &str, to: &str, drops_old: bool, below: Option<&str>) -> Vec<u8> {
    let mut parts = vec![string(dn), string(to), boolean(drops_old)];
    parts.extend(below.map(|below| element(0x80, below.as_bytes())));
    constructed(0x6C, &parts)
}

pub(crate) fn extended(name: &str, value: Option<&[u8]>) -> Vec<u8> {
    let mut parts = vec![element(0x80, name.as_bytes())];
    parts.extend(value.map(|value| element(0x81, value)));
    constructed(0x77, &parts)
}

pub(crate) fn whoami() -> Vec<u8> {
    extended(WHO_AM_I, None)
}

/// RFC 3062: of `user`, or of whoever asks.
pub(crate) fn password_modify(user: Option<&str>, old: Option<&str>, new: Option<&str>) -> Vec<u8> {
    let parts = [(0x80, user), (0x81, old), (0x82, new)];
    let parts: Vec<Vec<u8>> = parts.iter().filter_map(|(tag, part)| Some(element(*tag, (*part)?.as_bytes()))).collect();
    extended(PASSWORD_MODIFY, Some(&constructed(0x30, &parts)))
}

/// A search, with what most of them leave as it is.
#[derive(Debug, Clone)]
pub(crate) struct Search<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: u8,
    pub(crate) aliases: u8,
    pub(crate) size: i64,
    pub(crate) time: i64,
    pub(crate) names_only: bool,
    pub(crate) filter: Vec<u8>,
    pub(crate) attributes: &'a [&'a str],
}

impl<'a> Search<'a> {
    pub(crate) fn new(base: &'a str, scope: u8, filter: Vec<u8>) -> Self {
        Self { base, scope, aliases: 0, size: 0, time: 0, names_only: false, filter, attributes: &[] }
    }

    pub(crate) fn operation(&self) -> Vec<u8> {
        let attributes: Vec<Vec<u8>> = self.attributes.iter().map(string).collect();
        let parts = [
            string(self.base),
            element(0x0A, &[self.scope]),
            element(0x0A, &[self.aliases]),
            element(0x02, &number(self.size)),
            element(0x02, &number(self.time)),
            boolean(self.names_only),
            self.filter.clone(),
            constructed(0x30, &attributes),
        ];
        constructed(0x63, &parts)
    }
}

/// The search for one person.
pub(crate) fn find(base: &str, uid: &str) -> Vec<u8> {
    Search::new(base, SUBTREE, equals("uid", uid)).operation()
}

/// What the server says of itself.
pub(crate) fn root_dse(attributes: &[&str]) -> Vec<u8> {
    Search { attributes, ..Search::new("", BASE, present("objectClass")) }.operation()
}

pub(crate) fn present(attribute: &str) -> Vec<u8> {
    element(0x87, attribute.as_bytes())
}

pub(crate) fn equals(attribute: &str, value: &str) -> Vec<u8> {
    pair(0xA3, attribute, value)
}

pub(crate) fn pair(tag: u8, attribute: &str, value: &str) -> Vec<u8> {
    constructed(tag, &[string(attribute), string(value)])
}
