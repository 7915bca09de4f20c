// What the page and the service worker share: octets, the records kept on this device, signed calls to the gateway,
// and the check of what the gateway signed. A classic script on purpose: service workers of some browsers load no
// modules. It must not know a screen or a sentence.
"use strict";

(() => {
    const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
    const SHA256 = { name: "ECDSA", hash: "SHA-256" };
    const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    // A signed request holds some names and a place; what is longer is not from our gateway.
    const CHALLENGE_CHARACTERS_MAX = 8192;
    // A call that has no answer by then has none; a held call (`wait`) is given its time on top.
    const PATIENCE_MS = 15000;

    const origin = globalThis.location.origin;
    const encoder = new TextEncoder();
    const clock = { offset: 0 };

    /** What a call came to when it was not what we asked for. `code` is a word of the protocol, or `offline`. */
    class Problem extends Error {
        constructor(code, status, serverTime) {
            super(`${code} (${status})`);
            this.code = code;
            this.serverTime = serverTime;
        }
    }

    const octetsOf = (text) => encoder.encode(text);
    const joined = (lines) => octetsOf(lines.map((line) => (line === null || line === undefined ? "-" : String(line))).join("\n"));
    const now = () => Math.round(Date.now() + clock.offset);

    function toBase64(buffer) {
        const octets = new Uint8Array(buffer);
        let text = "";
        for (let at = 0; at < octets.length; at += 1) text += String.fromCharCode(octets[at]);
        return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    }

    function fromBase64(text) {
        const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
        return Uint8Array.from(plain, (character) => character.charCodeAt(0));
    }

    const sha256 = (octets) => crypto.subtle.digest("SHA-256", octets);
    const sign = async (key, octets) => toBase64(await crypto.subtle.sign(SHA256, key, octets));

    /** The signing key never leaves the device: the browser itself refuses to hand it out. */
    async function newKey() {
        const pair = await crypto.subtle.generateKey(ECDSA, false, ["sign"]);
        const point = await crypto.subtle.exportKey("raw", pair.publicKey);
        return { key: pair.privateKey, publicKey: toBase64(point) };
    }

    // --- records -----------------------------------------------------------------------------------------------

    let opening = null;

    function database() {
        opening ??= new Promise((resolve, reject) => {
            const request = indexedDB.open("vestibule", 1);
            request.onupgradeneeded = () => {
                request.result.createObjectStore("accounts", { keyPath: "id" });
                request.result.createObjectStore("settings");
            };
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
        return opening;
    }

    async function within(store, mode, work) {
        const transaction = (await database()).transaction(store, mode);
        const request = work(transaction.objectStore(store));
        return new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve(request.result);
            transaction.onabort = () => reject(transaction.error);
        });
    }

    /** All of it or nothing: accounts to keep, settings to set (undefined removes one). */
    async function commit(accounts, settings) {
        const transaction = (await database()).transaction(["accounts", "settings"], "readwrite");
        for (const account of accounts) transaction.objectStore("accounts").put(account);
        for (const [name, value] of Object.entries(settings)) {
            if (value === undefined) transaction.objectStore("settings").delete(name);
            else transaction.objectStore("settings").put(value, name);
        }
        return new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(transaction.error);
        });
    }

    /** Change fields of an account that is still there: what was removed meanwhile does not come back. */
    async function amend(id, fields) {
        const transaction = (await database()).transaction("accounts", "readwrite");
        const store = transaction.objectStore("accounts");
        const found = store.get(id);
        found.onsuccess = () => found.result && store.put({ ...found.result, ...fields });
        return new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(transaction.error);
        });
    }

    const records = Object.freeze({
        amend, commit,
        accounts: () => within("accounts", "readonly", (store) => store.getAll()),
        keep: (account) => within("accounts", "readwrite", (store) => store.put(account)),
        forget: (id) => within("accounts", "readwrite", (store) => store.delete(id)),
        setting: (name) => within("settings", "readonly", (store) => store.get(name)),
        set: (name, value) => within("settings", "readwrite", (store) => store.put(value, name)),
        unset: (name) => within("settings", "readwrite", (store) => store.delete(name)),
    });

    // --- calls -------------------------------------------------------------------------------------------------

    async function exchange(method, path, headers, octets, { signal, wait = 0 } = {}) {
        const ended = new AbortController();
        const patience = setTimeout(() => ended.abort(), PATIENCE_MS + wait * 1000);
        const leave = () => ended.abort();
        if (signal?.aborted) leave();
        signal?.addEventListener("abort", leave);
        let response;
        let body;
        try {
            response = await fetch(path, {
                method,
                headers: octets ? { ...headers, "Content-Type": "application/json" } : headers,
                body: octets,
                cache: "no-store",
                credentials: "omit",
                redirect: "error",
                signal: ended.signal,
            });
            body = response.status === 204 ? null : await response.json().catch(() => null);
        } catch {
            throw new Problem(signal?.aborted ? "left" : "offline", 0);
        } finally {
            clearTimeout(patience);
            signal?.removeEventListener("abort", leave);
        }
        const serverTime = body?.server_time;
        if (Number.isFinite(serverTime)) clock.offset = serverTime - Date.now();
        // An answer that is none (a page of some proxy in between) is no word of the gateway.
        if (response.ok && (body !== null || response.status === 204)) return body;
        throw new Problem(body?.code ?? "trouble", response.status, serverTime);
    }

    /** A clock that is wrong is told by the gateway; the call is then made once more with the right time. */
    async function withRightTime(attempt) {
        try {
            return await attempt();
        } catch (problem) {
            if (problem.code !== "clock" || !Number.isFinite(problem.serverTime)) throw problem;
            return attempt();
        }
    }

    /** A call that the account's key signs. */
    function call(account, method, path, body, options) {
        const octets = body === undefined ? undefined : octetsOf(JSON.stringify(body));
        return withRightTime(async () => {
            const time = String(now());
            const digest = toBase64(await sha256(octets ?? new Uint8Array()));
            const text = joined(["vestibule-request-1", origin, method, path, account.device, time, digest]);
            const signature = await sign(account.key, text);
            const Authorization = `Vestibule device="${account.device}", time="${time}", signature="${signature}"`;
            return exchange(method, path, { Authorization }, octets, options);
        });
    }

    const gateway = (options) => exchange("GET", "/device/v1/gateway", {}, undefined, options);

    // --- what the gateway signed -------------------------------------------------------------------------------

    /** The request, or null where it is not the gateway's word to this device. Nothing of it is shown before. */
    async function openChallenge(account, sealed) {
        const text = sealed?.challenge;
        if (typeof text !== "string" || text.length > CHALLENGE_CHARACTERS_MAX) return null;
        try {
            const octets = octetsOf(text);
            const key = await crypto.subtle.importKey("raw", fromBase64(account.gatewayKey), ECDSA, false, ["verify"]);
            if (!(await crypto.subtle.verify(SHA256, key, fromBase64(sealed.signature), octets))) return null;
            const request = JSON.parse(text);
            const ours = request.v === 1 && request.origin === origin && request.device === account.device;
            const whole = UUID.test(request.attempt) && typeof request.nonce === "string" && Number.isFinite(request.until);
            return ours && whole ? { ...request, context: toBase64(await sha256(octets)) } : null;
        } catch {
            return null;
        }
    }

    /** The live state: what waits for this account now, and how many were refused because of a wrong signature. */
    async function waiting(account, query, options) {
        const answer = await call(account, "GET", `/device/v1/requests?${query}`, undefined, options);
        const opened = await Promise.all(answer.requests.map((sealed) => openChallenge(account, sealed)));
        const requests = opened.filter((request) => request !== null && request.until > now());
        return { revision: answer.revision, requests, refused: opened.filter((request) => request === null).length };
    }

    const seen = (account, attempt, state) => call(account, "POST", `/device/v1/requests/${attempt}/seen`, { state });

    function pushBody(subscription) {
        const { endpoint, keys } = subscription.toJSON();
        return { web_push: { endpoint, p256dh: keys.p256dh, auth: keys.auth } };
    }

    globalThis.vestibule = Object.freeze({
        Problem, UUID, call, clock, exchange, fromBase64, gateway, joined, newKey, now, octetsOf, origin, pushBody,
        records, seen, sha256, sign, toBase64, waiting, withRightTime,
    });
})();
