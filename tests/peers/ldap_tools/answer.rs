//! What a tool printed, and the entries in it.

use std::process::Output;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a tool ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The LDAP result code, or what [`super::code::NO_SERVER`] says.
    pub code: i32,
    /// Standard output: entries in LDIF, or a name.
    pub printed: String,
    /// Standard error: the result in words, with the server's diagnostic message.
    pub complained: String,
}

/// An entry of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub dn: String,
    /// In the order they came, the description as the server wrote it (`member;range=0-1499`).
    pub attributes: Vec<(String, String)>,
}

impl Answer {
    pub(super) fn read(output: &Output) -> anyhow::Result<Self> {
        let [printed, complained] =
            [&output.stdout, &output.stderr].map(|octets| String::from_utf8_lossy(octets).into_owned());
        let code = output.status.code().with_context(|| format!("the tool was killed: {complained}"))?;
        Ok(Self { code, printed, complained })
    }

    /// The server's diagnostic message, where it sent one: what AD puts `data 52e` into.
    pub fn diagnostic(&self) -> Option<&str> {
        // ldapcompare writes a result to standard output.
        self.complained.lines().chain(self.printed.lines()).find_map(|line| {
            let line = line.trim_start();
            // ldapsearch says "Additional information", the others "additional info".
            ["additional info: ", "Additional information: "].iter().find_map(|said| line.strip_prefix(said))
        })
    }

    /// The entries of a search. A value in base64 is decoded; what is not UTF-8 then, replaced.
    pub fn entries(&self) -> Vec<Entry> {
        self.printed.split("\n\n").filter_map(read_entry).collect()
    }
}

impl Entry {
    /// All values of an attribute, whatever case the server writes its name in.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let same = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.attributes.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }
}

/// One block of LDIF; one without a DN is a referral or a comment.
pub(super) fn read_entry(block: &str) -> Option<Entry> {
    let mut attributes = block.lines().filter_map(read_line);
    let (_, dn) = attributes.by_ref().find(|(name, _)| name == "dn")?;
    Some(Entry { dn, attributes: attributes.collect() })
}

fn read_line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':').filter(|(name, _)| !name.starts_with('#'))?;
    let value = match value.strip_prefix(':') {
        Some(encoded) => String::from_utf8_lossy(&STANDARD.decode(encoded.trim()).ok()?).into_owned(),
        None => value.strip_prefix(' ').unwrap_or(value).to_owned(),
    };
    Some((name.to_owned(), value))
}
