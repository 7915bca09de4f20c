// What a scanned or opened text is. Decided by its content alone; whatever is not ours is refused, never followed. QRL-07.

import { parseOtpauth } from "./codes.js";
import { UUID, origin } from "./shared.js";

// As long as a QR code that a phone can still read.
const TEXT_CHARACTERS_MAX = 2048;
const TOKEN = /^[A-Za-z0-9_.~-]{16,256}$/;

function readOurs(url) {
    const [, name, value = ""] = /^#([a-z]+)=(.*)$/.exec(url.hash) ?? [];
    if (name === "pair" && TOKEN.test(value)) return { kind: "pair", token: value };
    if (name === "request" && UUID.test(value)) return { kind: "request", attempt: value };
    return url.hash === "" || url.hash === "#" ? { kind: "nothing" } : { kind: "unknown" };
}

/** The kinds: pair, request, code, otherHost, nothing (our page without a wish), unknown. */
export function readLink(text) {
    const plain = text.trim().slice(0, TEXT_CHARACTERS_MAX);
    if (/^otpauth:/i.test(plain)) {
        const code = parseOtpauth(plain);
        return code ? { kind: "code", code } : { kind: "badCode" };
    }
    let url;
    try {
        url = new URL(plain);
    } catch {
        return { kind: "unknown" };
    }
    if (url.protocol !== "https:" && url.protocol !== "http:") return { kind: "unknown" };
    if (url.origin !== origin) return { kind: "otherHost", host: url.host };
    if (!["/authenticator/", "/authenticator"].includes(url.pathname)) return { kind: "unknown" };
    return readOurs(url);
}
