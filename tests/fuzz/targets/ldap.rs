//! LDAP of any content, from a client and from a directory: reading it ends, and what is taken for a message is one by
//! another reading of the rules, which is written here a second time and simply.

use vestibule_ldap::fuzzing::{bind_response, filter, found_entry, measure, request, response_head, root_dse};

const CONTENT_MAX: usize = 4096;
const DEPTH_MAX: usize = 64;
/// What the door never announces to a stranger over TLS.
const UNANNOUNCED: [&[u8]; 5] = [
    b"1.3.6.1.4.1.1466.20037",
    b"1.3.6.1.1.19",
    b"1.3.6.1.4.1.4203.666.6.5",
    b"2.16.840.1.113730.3.4.18",
    b"2.16.840.1.113730.3.4.12",
];

/// The input is what comes on a connection. What follows its head is read as the content of a message too, whatever the
/// head says of its length.
pub(crate) fn run(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        on_filter(text);
    }
    let measured = measure(input, CONTENT_MAX);
    assert_eq!(measured.clone().ok(), head(input), "the head is read otherwise");
    for short in 0..input.len().min(8) {
        let early = measure(&input[..short], CONTENT_MAX);
        assert!(early == Ok(None) || early == measured, "the head is another with less of it");
    }
    let after_head = match input {
        [_, length @ 0x81..=0x84, ..] => input.get(2 + usize::from(length & 0x7F)..).unwrap_or_default(),
        _ => input.get(2..).unwrap_or_default(),
    };
    on_content(after_head);
    if let Ok(Some((head, total))) = measured
        && let Some(content) = input.get(head..total)
    {
        on_content(content);
    }
}

fn on_content(content: &[u8]) {
    on_request(content);
    on_response(content);
    on_entry(content);
}

/// The input is what an administrator writes, with what somebody typed in it.
fn on_filter(text: &str) {
    let Some(octets) = filter(text) else { return };
    let elements = elements(&octets, DEPTH_MAX).expect("a filter that is no LDAP");
    let [filter] = &elements[..] else { panic!("not one filter") };
    check_filter(filter);
}

fn check_filter(filter: &Element<'_>) {
    match (filter.tag, &filter.inner[..]) {
        (0xA0 | 0xA1, filters) => filters.iter().for_each(check_filter),
        (0xA2, [filter]) => check_filter(filter),
        (0xA3 | 0xA5 | 0xA6 | 0xA8, [kind, value]) => assert!(kind.tag == 0x04 && value.tag == 0x04),
        (0xA4, [kind, parts]) => {
            let tags: Vec<u8> = parts.inner.iter().map(|part| part.tag).collect();
            let inner = tags.strip_prefix(&[0x80]).unwrap_or(&tags);
            let inner = inner.strip_suffix(&[0x82]).unwrap_or(inner);
            assert!(kind.tag == 0x04 && parts.tag == 0x30 && !tags.is_empty() && inner.iter().all(|tag| *tag == 0x81));
        }
        (0x87, []) => assert!(!filter.content.is_empty()),
        (0xA9, parts) => {
            let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
            assert!(tags.is_sorted() && tags.contains(&0x83) && (tags[0] == 0x81 || tags[0] == 0x82));
        }
        (tag, _) => panic!("no filter: {tag:#x}"),
    }
}

/// Whom a directory found is who a simple reading finds: nothing is left out and nothing is somebody else's.
fn on_entry(content: &[u8]) {
    let Some((id, (dn, attributes))) = found_entry(content) else { return };
    let elements = elements(content, DEPTH_MAX).expect("taken for an entry without being LDAP");
    assert_eq!(number(elements[0].content), Some(id.into()));
    let [name, list] = &elements[1].inner[..] else { panic!("no entry") };
    assert!(elements[1].tag == 0x64 && name.content == dn && list.inner.len() == attributes.len());
    for (there, (kind, values)) in list.inner.iter().zip(attributes) {
        let [name, set] = &there.inner[..] else { panic!("no attribute") };
        assert!(name.content == kind && set.inner.iter().map(|value| value.content).eq(values));
    }
}

fn on_request(content: &[u8]) {
    let Some(request) = request(content) else { return };
    let elements = elements(content, DEPTH_MAX).expect("taken for a request without being LDAP");
    let (Some(id), true) = (elements.first(), (2..=3).contains(&elements.len())) else { panic!("no request") };
    assert!(id.tag == 0x02 && number(id.content) == Some(request.id.into()) && request.id > 0, "another id");
    let operation = &elements[1];
    assert!([0x60, 0x42, 0x63, 0x66, 0x68, 0x4A, 0x6C, 0x6E, 0x50, 0x77].contains(&operation.tag), "no operation");
    let controls = elements.get(2).map_or(0, |controls| {
        assert_eq!(controls.tag, 0xA0, "something other than controls");
        controls.inner.len()
    });
    assert_eq!(request.controls, controls, "a control that is not seen");
    if operation.tag == 0x63 {
        let tries = tries_a_password(&operation.inner[6]);
        assert!(request.asks_for_a_password || !tries, "a password that is tried unseen");
        let is_of_root_dse =
            operation.inner[0].content.is_empty() && operation.inner[1].content.iter().all(|octet| *octet == 0);
        assert_eq!(request.is_of_root_dse, is_of_root_dse);
    }
}

/// Whether some part of a filter compares `userPassword`.
fn tries_a_password(filter: &Element<'_>) -> bool {
    let is = |element: Option<&Element<'_>>| {
        element.is_some_and(|element| element.content.eq_ignore_ascii_case(b"userPassword"))
    };
    match filter.tag {
        0xA0..=0xA2 => filter.inner.iter().any(tries_a_password),
        // Of two attributes, a directory may take either.
        0xA9 => filter.inner.iter().filter(|part| part.tag == 0x82).any(|part| is(Some(part))),
        0x87 => false,
        _ => is(filter.inner.first()),
    }
}

fn on_response(content: &[u8]) {
    let whole = response_head(content, true);
    for short in 0..content.len().min(16) {
        let early = response_head(&content[..short], false);
        assert!(early == Ok(None) || early == whole, "the head of a response is another with less of it");
    }
    if let Ok(Some((id, tag))) = whole {
        assert!(id >= 0 && content.contains(&tag));
        if let Some((code, again)) = bind_response(content, id) {
            assert!(content.ends_with(again) && again.first() == Some(&0x61) && u64::from(code) <= u64::from(u32::MAX));
            assert!(elements(content, DEPTH_MAX).is_some(), "said again without being LDAP");
        }
        assert!(bind_response(content, id.wrapping_add(1)).is_none(), "taken for the answer to another bind");
    }
    if let Some(said) = root_dse(content, 7) {
        let Ok(Some((head, total))) = measure(&said, usize::MAX) else { panic!("what we say is no LDAP") };
        assert_eq!(total, said.len());
        let content = &said[head..];
        assert_eq!(response_head(content, true), Ok(Some((7, 0x64))));
        let elements = elements(content, DEPTH_MAX).expect("what we say is no LDAP");
        for attribute in &elements[1].inner[1].inner {
            check_announced(attribute);
        }
        assert_eq!(root_dse(content, 7).as_deref(), Some(&said[..]), "less is said the second time");
    }
}

fn check_announced(attribute: &Element<'_>) {
    let values: Vec<&[u8]> = attribute.inner[1].inner.iter().map(|value| value.content).collect();
    let is = |name: &[u8]| attribute.inner[0].content.eq_ignore_ascii_case(name);
    if is(b"supportedSASLMechanisms") {
        assert!(values.is_empty() || values == [b"PLAIN"], "a way to sign in that is none here");
    }
    if is(b"supportedExtension") || is(b"supportedControl") {
        assert!(!UNANNOUNCED[..3].iter().any(|one| is(b"supportedExtension") && values.contains(one)));
        assert!(!UNANNOUNCED[3..].iter().any(|one| is(b"supportedControl") && values.contains(one)));
    }
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// What lies inside, where the tag says that something does.
    inner: Vec<Self>,
}

/// Elements that fill `octets` exactly, in the form that LDAP allows.
fn elements(mut octets: &[u8], depth: usize) -> Option<Vec<Element<'_>>> {
    let mut list = Vec::new();
    while !octets.is_empty() {
        let (head, length) = length(octets.get(1..)?)?;
        let (tag, content) = (octets[0], octets.get(1 + head..)?.get(..length)?);
        octets = &octets[1 + head + length..];
        let is_universal = tag & 0xC0 == 0;
        if tag & 0x1F == 0x1F || (tag == 0x01 && !matches!(content, [0x00 | 0xFF])) {
            return None;
        }
        if is_universal && tag & 0x20 != 0 && ![0x30, 0x31].contains(&tag) {
            return None;
        }
        let inner = if tag & 0x20 == 0 { Vec::new() } else { elements(content, depth.checked_sub(1)?)? };
        list.push(Element { tag, content, inner });
    }
    Some(list)
}

/// The extent of a message by its head alone, `Some(None)` where more is needed.
fn head(octets: &[u8]) -> Option<Option<(usize, usize)>> {
    if octets.first().is_some_and(|tag| *tag != 0x30) {
        return None;
    }
    let Some(first) = octets.get(1) else { return Some(None) };
    if *first == 0x80 || *first > 0x84 {
        return None;
    }
    let Some((head, content)) = length(&octets[1..]) else { return Some(None) };
    (content <= CONTENT_MAX).then_some(Some((1 + head, 1 + head + content)))
}

/// How many octets a length takes, and what it says.
fn length(octets: &[u8]) -> Option<(usize, usize)> {
    let first = *octets.first()?;
    match first {
        0..=0x7F => Some((1, usize::from(first))),
        0x81..=0x84 => {
            let count = usize::from(first - 0x80);
            let length = octets.get(1..=count)?;
            Some((1 + count, length.iter().fold(0, |length, octet| length * 256 + usize::from(*octet))))
        }
        _ => None,
    }
}

fn number(content: &[u8]) -> Option<i64> {
    let is_small = (1..=4).contains(&content.len()) && content[0] < 0x80;
    is_small.then(|| content.iter().fold(0, |number, octet| number * 256 + i64::from(*octet)))
}
