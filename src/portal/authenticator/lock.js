// The lock: a PIN, and the platform's biometrics where they can open the same box.
//
// Secrets of codes are sealed with a box key. Without a PIN the box key is one that the browser will not hand out; with
// a PIN it exists only wrapped by what the PIN gives, and in memory while the app is open. The key that signs answers
// cannot be wrapped, because nobody can read it; for it the PIN closes the screens.

import { fromBase64, octetsOf, records, toBase64 } from "./shared.js";

const ROUNDS = 600000;
export const PIN_DIGITS_MIN = 6;
export const PIN_DIGITS_MAX = 12;
// The third wrong PIN in a row costs half a minute, each further one twice as much, an hour at most.
const FREE_TRIES = 2;
const FIRST_WAIT_MS = 30000;
const LONGEST_WAIT_MS = 3600000;

let box = null;

export const isOpen = () => box !== null;
export const lockRecord = () => records.setting("lock");
const aes = (key, usages) => crypto.subtle.importKey("raw", key, "AES-GCM", false, usages);

async function sealWith(key, octets) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, octets) };
}

const openWith = async (key, { iv, data }) =>
    new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data));

async function pinKey(pin, salt) {
    const raw = await crypto.subtle.importKey("raw", octetsOf(pin), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
    return crypto.subtle.deriveKey(how, raw, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** At the start: open without a word where there is no PIN. */
export async function openUnlocked() {
    if (await lockRecord()) return false;
    box = (await records.setting("box")) ?? null;
    if (box === null) {
        box = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
        await records.set("box", box);
    }
    return true;
}

export const close = () => { box = null; };
export const seal = (octets) => sealWith(box, octets);
export const unseal = (sealed) => openWith(box, sealed);

/** Put every secret from this box into another one, together with what tells how that one opens. */
async function moveSecrets(to, settings) {
    const holders = (await records.accounts()).filter((account) => account.code);
    const moved = await Promise.all(holders.map(async (account) => {
        const secret = await sealWith(to, await unseal(account.code.secret));
        return { ...account, code: { ...account.code, secret } };
    }));
    await records.commit(moved, settings);
    box = to;
}

export async function setPin(pin) {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const wrapped = await sealWith(await pinKey(pin, salt), raw);
    const lock = { salt, wrapped, wrong: 0, notBefore: 0, biometric: null };
    await moveSecrets(await aes(raw, ["encrypt", "decrypt"]), { lock, box: undefined });
}

export async function removePin() {
    const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await moveSecrets(fresh, { lock: undefined, box: fresh });
}

/** How long until the next try, in ms. */
export const mustWait = (lock) => Math.max(0, lock.notBefore - Date.now());

/** Open with the PIN: true, or false and the wait grows. The count outlives a reload. */
export async function openWithPin(pin) {
    const lock = await lockRecord();
    if (mustWait(lock) > 0) return false;
    // Counted before it is tried, so that closing the app in the middle of a try does not make it free.
    const wrong = lock.wrong + 1;
    const wait = wrong > FREE_TRIES ? Math.min(FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES - 1), LONGEST_WAIT_MS) : 0;
    await records.set("lock", { ...lock, wrong, notBefore: Date.now() + wait });
    try {
        box = await aes(await openWith(await pinKey(pin, lock.salt), lock.wrapped), ["encrypt", "decrypt"]);
    } catch {
        return false;
    }
    await records.set("lock", { ...lock, wrong: 0, notBefore: 0 });
    return true;
}

/** Let a secret of the platform's authenticator (PRF) open the same box. The PIN is asked once more for it. */
export async function addBiometric(pin, credential, salt, secret) {
    const lock = await lockRecord();
    const raw = await openWith(await pinKey(pin, lock.salt), lock.wrapped).catch(() => null);
    if (raw === null) return false;
    const wrapped = await sealWith(await aes(secret, ["encrypt"]), raw);
    await records.set("lock", { ...lock, biometric: { credential, salt: toBase64(salt), wrapped } });
    return true;
}

export async function openWithSecret(secret) {
    const lock = await lockRecord();
    try {
        const key = await aes(secret, ["decrypt"]);
        box = await aes(await openWith(key, lock.biometric.wrapped), ["encrypt", "decrypt"]);
        await records.set("lock", { ...lock, wrong: 0, notBefore: 0 });
        return true;
    } catch {
        return false;
    }
}

/** The box opens with the PIN alone again. */
export async function dropBiometric() {
    const lock = await lockRecord();
    if (lock?.biometric) await records.set("lock", { ...lock, biometric: null });
}

export const biometricSalt = (lock) => fromBase64(lock.biometric.salt);
