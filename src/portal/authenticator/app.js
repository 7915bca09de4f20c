// The start: language, records, lock, service worker; then the screen that the link or a notification asks for.

import { UUID, records } from "./shared.js";
import { openUnlocked, isOpen, close, lockRecord } from "./lock.js";
import { renew } from "./push.js";
import { begin, current, guardBy, open, redraw, replace } from "./screens.js";
import { load } from "./state.js";
import { h, icon, iconButton } from "./view.js";
import { preferred, say, speak } from "./words.js";
import { refresh, rewatch } from "./watch.js";
import { readLink } from "./links.js";
import "./screens/home.js";
import "./screens/pair.js";
import "./screens/request.js";
import "./screens/scan.js";
import "./screens/codes.js";
import "./screens/settings.js";
import "./screens/account.js";
import "./screens/notifications.js";
import "./screens/lock.js";

// Away for longer than this, the lock closes.
const AWAY_MS = 60000;

let wanted = {};
let hiddenSince = null;
let inside = false;
// A newer release has taken over, and this page still runs the older one.
let isOld = false;

/** What the address asks for; the fragment is taken out of the address at once, for a token must not stay there. */
function takeFragment() {
    const link = readLink(location.href);
    if (location.hash) history.replaceState(history.state, "", location.pathname);
    return link;
}

function bar() {
    document.getElementById("bar").replaceChildren(
        h("span", { class: "brand" }, icon("mark"), "Vestibule"),
        iconButton("gear", say("settings"), () => current() !== "settings" && isOpen() && open("settings")),
    );
}

async function follow(link) {
    wanted = {};
    if (link.kind === "pair") return open("pair", { token: link.token });
    if (link.kind === "request") return open("request", { attempt: link.attempt });
    if (link.kind === "unknown") return open("refused", { reason: "link" });
    return undefined;
}

/** Everything behind the lock. Called once it is open. */
export async function enter() {
    begin("home");
    inside = true;
    await follow(wanted);
    rewatch();
    await refresh();
    rewatch();
    await renew().catch(() => {});
}

function onFragment() {
    if (!location.hash) return;
    wanted = takeFragment();
    if (inside) follow(wanted);
}

function onMessage({ data }) {
    if (data?.ring) rewatch();
    if (data && "open" in data && inside) {
        rewatch();
        if (UUID.test(data.open ?? "")) open("request", { attempt: data.open });
    }
}

/** An app that is never closed would run its first code for ever: look for a new release, and take it at rest. */
function renewCode() {
    if (isOld && current() === "home") location.reload();
    else navigator.serviceWorker?.getRegistration().then((worker) => worker?.update()).catch(() => {});
}

async function onReturn() {
    if (document.visibilityState === "hidden") {
        hiddenSince = Date.now();
        return;
    }
    const away = hiddenSince === null ? 0 : Date.now() - hiddenSince;
    hiddenSince = null;
    if (away > AWAY_MS) renewCode();
    if (away > AWAY_MS && (await lockRecord())) {
        close();
        inside = false;
        begin("unlock");
    }
}

async function start() {
    wanted = takeFragment();
    guardBy(() => !isOpen());
    window.addEventListener("hashchange", onFragment);
    const language = (await records.setting("language")) ?? preferred();
    await speak(language);
    await records.set("language", language);
    bar();
    if ("serviceWorker" in navigator) {
        const controlled = Boolean(navigator.serviceWorker.controller);
        navigator.serviceWorker.addEventListener("controllerchange", () => { isOld = controlled; });
        navigator.serviceWorker.register("sw.js", { scope: "./", updateViaCache: "none" }).catch(() => {});
        navigator.serviceWorker.addEventListener("message", onMessage);
    }
    navigator.storage?.persist?.().catch(() => {});
    await load();
    document.addEventListener("visibilitychange", onReturn);
    document.addEventListener("unlocked", enter);
    document.addEventListener("spoken", () => { bar(); redraw(); });
    if (await openUnlocked()) await enter();
    else replace("unlock");
}

start().catch(async (error) => {
    // Private windows of some browsers keep nothing: then there can be no key.
    console.error(error);
    // It may have failed before there were any words.
    await speak(preferred()).catch(() => {});
    document.getElementById("screen").replaceChildren(h("p", { class: "notice" }, say("storage.none")));
});

