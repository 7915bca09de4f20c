//! Who is in the test directory: many ordinary people, and one of every special kind.
//!
//! | uid | what about them |
//! |---|---|
//! | `user0001`... | ordinary; mail `user0001@example.org`; `vpn` has the first ten, `everyone` has all |
//! | `expired` | the password ran out |
//! | `locked` | locked by the password policy |
//! | `mustchange` | the password was reset and must be changed first |
//! | `jürgen` | letters beyond ASCII, in every name |
//! | `jsmith` | a comma, a plus and a space at the start in the DN |
//! | `twin1`, `twin2` | share the mail address `twins@example.org` |
//! | `nopassword` | has none |
//!
//! Passwords are `pw-` and the uid, stored in clear: the cheapest scheme, so that a load test measures the protocol.
//! Groups: `vpn` is in `staff`, `staff` is in `all staff, worldwide`. `expired`, `locked` and `mustchange` are under the
//! policy `strict`; the others are under none, so that a bind writes nothing.

use std::fmt::Write;

use super::{GROUPS, PEOPLE, READER_DN, READER_PASSWORD, SUFFIX, user_dn, user_name};

/// How many of the ordinary people are in `vpn`.
const VPN_MEMBERS: u32 = 10;

pub(super) fn ldif(users: u32) -> String {
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
         dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: {GROUPS}\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: ou=policies,{SUFFIX}\nobjectClass: organizationalUnit\nou: policies\n\n\
         dn: {READER_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n\
         userPassword: {READER_PASSWORD}\n\n"
    );
    text.push_str(&policy());
    for number in 1..=users {
        text.push_str(&ordinary(number));
    }
    text.push_str(&special());
    text.push_str(&groups(users));
    text
}

fn policy() -> String {
    format!(
        "dn: {}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: strict\npwdAttribute: userPassword\n\
         pwdMaxAge: 86400\npwdLockout: TRUE\npwdMaxFailure: 3\npwdMustChange: TRUE\npwdGraceAuthNLimit: 0\n\n",
        strict()
    )
}

fn strict() -> String {
    format!("cn=strict,ou=policies,{SUFFIX}")
}

fn ordinary(number: u32) -> String {
    let uid = user_name(number);
    let mut text = person(&user_dn(number), &uid, &format!("User {number}"));
    writeln!(text, "mail: {uid}@example.org\nuserPassword: pw-{uid}\nmemberOf: cn=everyone,{GROUPS}").ok();
    if number <= VPN_MEMBERS {
        writeln!(text, "memberOf: cn=vpn,{GROUPS}").ok();
    }
    text.push('\n');
    text
}

fn special() -> String {
    let policied = format!("pwdPolicySubentry: {}\n", strict());
    // A DN's comma and plus are escaped; so is a space at the start of a value.
    let smith = format!("cn=\\20Smith\\, John \\+ Sons,{PEOPLE}");
    let twin = |number: u32| {
        let uid = format!("twin{number}");
        person(&format!("uid={uid},{PEOPLE}"), &uid, "Twin")
            + &format!("mail: twins@example.org\nuserPassword: pw-{uid}\n\n")
    };
    let plain = |uid: &str, name: &str, rest: &str| {
        person(&format!("uid={uid},{PEOPLE}"), uid, name) + &format!("mail: {uid}@example.org\n{rest}\n")
    };
    [
        plain("expired", "Expired", &format!("userPassword: pw-expired\n{policied}pwdChangedTime: 20200101000000Z\n")),
        // The year 0 means: until an administrator unlocks it.
        plain("locked", "Locked", &format!("userPassword: pw-locked\n{policied}pwdAccountLockedTime: 000001010000Z\n")),
        plain("mustchange", "Must Change", &format!("userPassword: pw-mustchange\n{policied}pwdReset: TRUE\n")),
        plain("nopassword", "No Password", ""),
        format!(
            "{}mail: juergen@example.org\nuserPassword: pw-j\u{fc}rgen\n\n",
            person(&format!("uid=j\u{fc}rgen,{PEOPLE}"), "j\u{fc}rgen", "J\u{fc}rgen M\u{fc}ller")
        ),
        format!(
            "dn: {smith}\nobjectClass: inetOrgPerson\ncn:: {SMITH_CN}\nsn: Smith\nuid: jsmith\n\
                 mail: jsmith@example.org\nuserPassword: pw-jsmith\nmemberOf: cn=vpn,{GROUPS}\n\n"
        ),
        twin(1),
        twin(2),
    ]
    .concat()
}

/// ` Smith, John + Sons` in base64, because LDIF drops a space at the start of a value.
const SMITH_CN: &str = "IFNtaXRoLCBKb2huICsgU29ucw==";

fn person(dn: &str, uid: &str, name: &str) -> String {
    // LDIF is ASCII, and anything else is in base64; slapadd takes UTF-8 as it is.
    format!("dn: {dn}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {name}\nsn: {name}\n")
}

fn groups(users: u32) -> String {
    let smith = format!("cn=\\20Smith\\, John \\+ Sons,{PEOPLE}");
    let vpn: Vec<String> = (1..=users.min(VPN_MEMBERS)).map(user_dn).chain([smith.clone()]).collect();
    let everyone: Vec<String> = (1..=users).map(user_dn).chain([smith]).collect();
    let worldwide = format!("cn=all staff\\, worldwide,{GROUPS}");
    [
        group(&format!("cn=vpn,{GROUPS}"), "vpn", &vpn, Some(&format!("cn=staff,{GROUPS}"))),
        group(&format!("cn=staff,{GROUPS}"), "staff", &[format!("cn=vpn,{GROUPS}")], Some(&worldwide)),
        group(&worldwide, "all staff, worldwide", &[format!("cn=staff,{GROUPS}")], None),
        group(&format!("cn=everyone,{GROUPS}"), "everyone", &everyone, None),
    ]
    .concat()
}

fn group(dn: &str, name: &str, members: &[String], of: Option<&str>) -> String {
    let mut text = format!("dn: {dn}\nobjectClass: groupOfNames\ncn: {name}\n");
    for member in members {
        writeln!(text, "member: {member}").ok();
    }
    if let Some(of) = of {
        writeln!(text, "memberOf: {of}").ok();
    }
    text.push('\n');
    text
}
