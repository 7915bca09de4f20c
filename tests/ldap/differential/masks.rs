//! What differs between two directories with the same people in them, and nothing else: the ids and times that each gave to
//! its entries, and the salts of hashed passwords. All have a fixed length, so what is around them still has to be the same,
//! and each is only taken for what it is in its own form:
//!
//! | what | its form |
//! |---|---|
//! | `entryUUID` | `8-4-4-4-12` hexadecimal digits; in a sync control, sixteen octets |
//! | `entryCSN`, `contextCSN`, cookies of a sync | `YYYYmmddHHMMSS.ffffffZ#...#...#...` |
//! | `createTimestamp`, `modifyTimestamp` | `YYYYmmddHHMMSSZ` |
//! | a hashed `userPassword` | `{SSHA}` and 32 characters of base64 |

use crate::harness::ldap_wire::Response;

/// `h`: a hexadecimal digit, `d`: a digit, `b`: base64; anything else is itself.
const FORMS: [&str; 4] = [
    "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh",
    "dddddddddddddd.ddddddZ#hhhhhh#hhh#hhhhhh",
    "ddddddddddddddZ",
    "{SSHA}bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
];
const SYNC_STATE: &[u8] = b"1.3.6.1.4.1.4203.1.9.1.2";

/// The octets of a response, with these made the same.
pub(super) fn mask(response: &Response) -> Vec<u8> {
    let mut octets = response.octets.clone();
    for form in FORMS.map(str::as_bytes) {
        let mut at = 0;
        while at + form.len() <= octets.len() {
            if octets[at..at + form.len()].iter().zip(form).all(|(octet, form)| fits(*octet, *form)) {
                octets[at..at + form.len()].fill(b'#');
                at += form.len();
            } else {
                at += 1;
            }
        }
    }
    let sync = octets.windows(SYNC_STATE.len()).position(|octets| octets == SYNC_STATE);
    if let Some(after) = sync.map(|at| at + SYNC_STATE.len())
        && let Some(id) = octets[after..].windows(2).position(|pair| pair == [0x04, 0x10]).map(|at| after + at + 2)
    {
        octets[id..id + 16].fill(b'#');
    }
    octets
}

fn fits(octet: u8, form: u8) -> bool {
    match form {
        b'h' => octet.is_ascii_hexdigit(),
        b'd' => octet.is_ascii_digit(),
        b'b' => octet.is_ascii_alphanumeric() || b"+/=".contains(&octet),
        itself => octet == itself,
    }
}
