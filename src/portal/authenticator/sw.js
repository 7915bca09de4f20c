// The service worker: keeps the app's files for offline use, and rings.
//
// It shows a notification for every push, whatever the push says: browsers withdraw the right to ring from those who do
// not. It never decides anything; a request is answered in the app only. `RELEASE` is put in front by the server.
"use strict";

importScripts("core.js");

const { UUID, call, gateway, fromBase64, pushBody, records, seen, waiting } = globalThis.vestibule;
const CACHE = `vestibule-${RELEASE.version}`;
const TAG = "vestibule-request";

// --- files ---------------------------------------------------------------------------------------------------------

self.addEventListener("install", (event) => {
    const fetched = RELEASE.files.map((file) => new Request(file, { cache: "no-cache", credentials: "omit" }));
    event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fetched)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
    event.waitUntil((async () => {
        const names = await caches.keys();
        const old = names.filter((name) => name.startsWith("vestibule-") && name !== CACHE);
        await Promise.all(old.map((name) => caches.delete(name)));
        await self.clients.claim();
    })());
});

self.addEventListener("fetch", (event) => {
    const { request } = event;
    if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
    event.respondWith((async () => {
        const cache = await caches.open(CACHE);
        const kept = await cache.match(request.mode === "navigate" ? "./" : request, { ignoreSearch: true });
        return kept ?? fetch(request);
    })());
});

// --- ringing -------------------------------------------------------------------------------------------------------

async function words() {
    const language = (await records.setting("language").catch(() => null)) ?? "en";
    const file = `words/${language}.json`;
    const kept = await caches.match(file).catch(() => null);
    const response = kept ?? (await fetch(file));
    return response.json();
}

const ENGLISH = {
    "ring.title": "Sign-in request",
    "ring.body": "Open to see who is asking.",
    "ring.over.title": "Request is over",
    "ring.over.body": "Nothing to do.",
};

async function show(state, about) {
    const said = await words().catch(() => ENGLISH);
    const over = state === "over" ? ".over" : "";
    await self.registration.showNotification(said[`ring${over}.title`], {
        body: said[`ring${over}.body`],
        tag: TAG,
        renotify: !over,
        silent: Boolean(over),
        icon: "icons/192.png",
        badge: "icons/badge.png",
        data: about,
    });
}

/** What the push says, as far as it can be understood. A notification is due in any case. */
function understood(event) {
    try {
        const about = event.data.json().vestibule;
        return UUID.test(about.attempt) && UUID.test(about.device) ? about : {};
    } catch {
        return {};
    }
}

async function ring(about) {
    const state = about.state === "over" || about.until < Date.now() - 300000 ? "over" : "asked";
    await show(state, about);
    const windows = await self.clients.matchAll({ type: "window" });
    for (const window of windows) window.postMessage({ ring: true });
    const account = (await records.accounts()).find(({ device }) => device && device === about.device);
    if (!account) return;
    if (state === "asked") await seen(account, about.attempt, "shown").catch(() => {});
    // A notification that comes late says so: only the live state tells whether anybody still waits.
    const live = await waiting(account, "wait=0").catch(() => null);
    if (!live || live.requests.some(({ attempt }) => attempt === about.attempt)) return;
    // All requests share one notification: one that is over must not say "nothing to do" over one that still waits.
    const [other] = live.requests;
    if (other) await show("asked", { attempt: other.attempt, device: account.device });
    else if (state === "asked") await show("over", about);
}

self.addEventListener("push", (event) => event.waitUntil(ring(understood(event))));

self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    const attempt = event.notification.data?.attempt;
    event.waitUntil((async () => {
        const windows = await self.clients.matchAll({ type: "window" });
        const open = windows.find((window) => window.url.startsWith(self.registration.scope));
        if (!open) return self.clients.openWindow(attempt ? `./#request=${attempt}` : "./");
        open.postMessage({ open: attempt ?? null });
        return open.focus();
    })());
});

self.addEventListener("pushsubscriptionchange", (event) => {
    event.waitUntil((async () => {
        const { vapid_key: key } = await gateway();
        if (!key) return;
        const options = { userVisibleOnly: true, applicationServerKey: fromBase64(key) };
        const subscription = event.newSubscription ?? (await self.registration.pushManager.subscribe(options));
        for (const account of (await records.accounts()).filter(({ status }) => status === "active")) {
            // One account that the gateway no longer knows must not silence the others.
            const told = call(account, "PUT", "/device/v1/push", pushBody(subscription));
            await told.then(() => records.amend(account.id, { pushed: subscription.endpoint })).catch(() => {});
        }
    })());
});
