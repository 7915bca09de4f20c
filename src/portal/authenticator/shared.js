// The names of core.js for modules.
import "./core.js";

export const {
    Problem, UUID, call, clock, exchange, fromBase64, gateway, joined, newKey, now, octetsOf, origin, pushBody, records,
    seen, sha256, sign, toBase64, waiting, withRightTime,
} = globalThis.vestibule;
