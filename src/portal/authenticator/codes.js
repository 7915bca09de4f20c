// Codes by time (RFC 6238), offline, and the text of an otpauth:// link.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HASHES = { SHA1: "SHA-1", SHA256: "SHA-256", SHA512: "SHA-512" };
// Under 80 bits a secret can be guessed from a few codes; over 128 octets it is no secret but a file.
const SECRET_OCTETS_MIN = 10;
const SECRET_OCTETS_MAX = 128;
const NAME_CHARACTERS_MAX = 100;

/** Base32 as people type it: spaces, hyphens and small letters are fine. Null where it is none. */
export function fromBase32(text) {
    const letters = text.toUpperCase().replaceAll(/[\s-]|=+$/g, "");
    const octets = [];
    let bits = 0;
    let value = 0;
    for (const letter of letters) {
        const digit = ALPHABET.indexOf(letter);
        if (digit < 0) return null;
        value = ((value << 5) | digit) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            octets.push((value >> bits) & 0xff);
        }
    }
    const fits = octets.length >= SECRET_OCTETS_MIN && octets.length <= SECRET_OCTETS_MAX;
    return fits ? Uint8Array.from(octets) : null;
}

/** An otpauth:// link by time, or null: what we do not understand makes wrong codes. */
export function parseOtpauth(text) {
    // Not every browser takes an unknown scheme apart in the same way; https is taken apart alike everywhere.
    if (!/^otpauth:\/\/totp\//i.test(text)) return null;
    try {
        const url = new URL(text.replace(/^otpauth:\/\/totp/i, "https://totp.invalid"));
        const asked = url.searchParams;
        const [first, ...rest] = decodeURIComponent(url.pathname.slice(1)).split(":");
        const account = (rest.length > 0 ? rest.join(":") : first).trim().slice(0, NAME_CHARACTERS_MAX);
        const issuer = (asked.get("issuer") ?? (rest.length > 0 ? first : "")).trim().slice(0, NAME_CHARACTERS_MAX);
        return checked({
            issuer, account,
            secret: fromBase32(asked.get("secret") ?? ""),
            algorithm: (asked.get("algorithm") ?? "SHA1").toUpperCase().replace("-", ""),
            digits: Number(asked.get("digits") ?? 6),
            period: Number(asked.get("period") ?? 30),
        });
    } catch {
        return null;
    }
}

export function checked(code) {
    const digits = Number.isInteger(code.digits) && code.digits >= 6 && code.digits <= 8;
    const period = Number.isInteger(code.period) && code.period >= 10 && code.period <= 300;
    return code.secret && Object.hasOwn(HASHES, code.algorithm) && digits && period ? code : null;
}

export async function codeAt({ secret, algorithm, digits, period }, time) {
    const counter = new DataView(new ArrayBuffer(8));
    counter.setBigUint64(0, BigInt(Math.floor(time / 1000 / period)));
    const hash = { name: "HMAC", hash: HASHES[algorithm] };
    const key = await crypto.subtle.importKey("raw", secret, hash, false, ["sign"]);
    const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
    const at = mac.getUint8(mac.byteLength - 1) & 0xf;
    return String((mac.getUint32(at) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

/** In groups that are easy to carry over: 123 456, 1234 5678. */
export const grouped = (code) => `${code.slice(0, Math.ceil(code.length / 2))} ${code.slice(Math.ceil(code.length / 2))}`;
