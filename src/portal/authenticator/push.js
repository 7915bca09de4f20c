// The doorbell: permission, subscription, and what the gateway knows of it. Nothing here is needed to approve; where push
// does not work, the app is opened by hand.

import { call, fromBase64, gateway, pushBody, records, toBase64 } from "./shared.js";
import { active, amend } from "./state.js";

// Some browsers neither subscribe nor say no where their push service cannot be reached.
const PATIENCE_MS = 5000;

export const permission = () => globalThis.Notification?.permission ?? "unsupported";
export const supported = () =>
    "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

function inTime(promise, ms = PATIENCE_MS) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), ms));
    return Promise.race([promise, late]);
}

export async function subscription() {
    if (!supported()) return null;
    const worker = await inTime(navigator.serviceWorker.ready).catch(() => null);
    return worker ? inTime(worker.pushManager.getSubscription()).catch(() => null) : null;
}

/** A subscription for this gateway's key; one for another key is of no use and goes. */
async function subscribe() {
    const { vapid_key: key } = await gateway();
    if (!key) return { trouble: "gateway" };
    const { pushManager } = await inTime(navigator.serviceWorker.ready);
    let held = await inTime(pushManager.getSubscription());
    const heldKey = held?.options?.applicationServerKey;
    if (heldKey && toBase64(heldKey) !== key) {
        await inTime(held.unsubscribe());
        held = null;
    }
    const options = { userVisibleOnly: true, applicationServerKey: fromBase64(key) };
    return { held: held ?? (await inTime(pushManager.subscribe(options))) };
}

/**
 * Subscribe where that is allowed, and tell the gateway where it does not know. Done at every open.
 * Says what is wrong as a word: null, "unsupported", "permission", "gateway", "service", "address", "offline".
 */
export async function renew() {
    if (!supported()) return "unsupported";
    if (permission() !== "granted") return "permission";
    let held;
    try {
        const came = await subscribe();
        if (came.trouble) return came.trouble;
        held = came.held;
    } catch (problem) {
        return problem.code === "offline" ? "offline" : "service";
    }
    let trouble = null;
    for (const account of active()) trouble = (await tellGateway(account, held)) ?? trouble;
    return trouble;
}

async function tellGateway(account, held) {
    try {
        await call(account, "PUT", "/device/v1/push", pushBody(held));
        await amend(account.id, { pushed: held.endpoint });
        return null;
    } catch (problem) {
        return problem.code === "address" || problem.code === "offline" ? problem.code : "gateway";
    }
}

/** Ask the person; only inside a click. */
export async function ask() {
    if (!supported()) return "unsupported";
    const answer = await Notification.requestPermission();
    await records.set("asked", true);
    return answer === "granted" ? renew() : "permission";
}

/** Give the old subscription up and make a new one. */
export async function startOver() {
    const held = await subscription();
    if (held) await inTime(held.unsubscribe()).catch(() => {});
    return renew();
}

/** Notifications that are on the screen of the phone speak of what is over. */
export async function clearNotifications() {
    if (!supported()) return;
    const worker = await navigator.serviceWorker.getRegistration();
    for (const shown of (await worker?.getNotifications()) ?? []) shown.close();
}
