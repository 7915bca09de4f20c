// The platform's own authenticator (fingerprint, face, screen lock): verifies the person for each approval where the
// site asks for it, and opens the lock where it can keep a secret (PRF).

import { call, fromBase64, records, sha256, toBase64 } from "./shared.js";
import { active, amend } from "./state.js";

const ES256 = -7;
const PATIENCE_MS = 60000;

export const registered = () => records.setting("platform");

export async function available() {
    return globalThis.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.().catch(() => false) ?? false;
}

/** Make a credential of this app on this device; the same one serves every account of the gateway. */
async function create(name) {
    const credential = await navigator.credentials.create({
        publicKey: {
            rp: { name: "Vestibule" },
            user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
            challenge: crypto.getRandomValues(new Uint8Array(32)),
            pubKeyCredParams: [{ type: "public-key", alg: ES256 }],
            authenticatorSelection: {
                authenticatorAttachment: "platform", userVerification: "required", residentKey: "discouraged",
            },
            attestation: "none",
            extensions: { prf: {} },
            timeout: PATIENCE_MS,
        },
    });
    // The key in SubjectPublicKeyInfo of P-256 ends with the point.
    const point = new Uint8Array(credential.response.getPublicKey()).slice(-65);
    const prf = Boolean(credential.getClientExtensionResults().prf?.enabled);
    const platform = { id: toBase64(credential.rawId), publicKey: toBase64(point), prf };
    await records.set("platform", platform);
    return platform;
}

/** Make it where there is none, and tell the gateway about it for this account. */
export async function register(account) {
    const platform = (await registered()) ?? (await create(account.name));
    const body = { credential_id: platform.id, public_key: platform.publicKey };
    // Where the site asks for it, the gateway keeps the key that it has and refuses another one.
    await call(account, "PUT", "/device/v1/verification", body).catch((problem) => {
        if (problem.code !== "verification") throw problem;
    });
    await amend(account.id, { verifies: platform.id });
    return platform;
}

export async function registerEverywhere() {
    let platform = null;
    for (const account of active()) platform = await register(account);
    return platform;
}

/**
 * Forget the credential at the gateway, and only then here: while a gateway keeps it, an approval needs it.
 * The platform's own list keeps a useless entry, as it does for all.
 */
export async function remove() {
    for (const account of active()) {
        await call(account, "DELETE", "/device/v1/verification").catch((problem) => {
            if (problem.code !== "device") throw problem;
        });
        await amend(account.id, { verifies: null });
    }
    await records.unset("platform");
}

async function get(challenge, extensions = {}) {
    const platform = await registered();
    return navigator.credentials.get({
        publicKey: {
            challenge,
            allowCredentials: [{ type: "public-key", id: fromBase64(platform.id), transports: ["internal"] }],
            userVerification: "required",
            extensions,
            timeout: PATIENCE_MS,
        },
    });
}

/** The person is verified for exactly this answer: the challenge is the digest of what the device signs. */
export async function verify(signedText) {
    const { response } = await get(await sha256(signedText));
    return {
        authenticator_data: toBase64(response.authenticatorData),
        client_data: toBase64(response.clientDataJSON),
        signature: toBase64(response.signature),
    };
}

/** The secret that the platform gives to a verified person for this salt, or null where it keeps none. */
export async function secretFor(salt) {
    const challenge = crypto.getRandomValues(new Uint8Array(32));
    const credential = await get(challenge, { prf: { eval: { first: salt } } });
    const secret = credential.getClientExtensionResults().prf?.results?.first;
    return secret ? new Uint8Array(secret) : null;
}
