// Watching the gateway while the app is visible: one held call for each pairing. Needs no push at all.

import { Problem, call, waiting } from "./shared.js";
import { active, amend, changed, paired, state } from "./state.js";

// Browsers hold six calls to one host at once; beyond a few pairings we ask in turns instead of holding.
const HELD_MAX = 3;
const HOLD_SECONDS = 25;
const TURN_MS = 5000;
const RETRY_MS = [1000, 2000, 5000, 10000, 30000];

let stop = null;

const pause = (ms, signal) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

function took(account, live) {
    state.requests.set(account.id, live.requests);
    if (live.refused > 0) state.unsigned.add(account.id);
    else state.unsigned.delete(account.id);
    state.missed.delete(account.id);
    state.reachable = true;
    changed();
}

/** No answer: nothing of it is shown as waiting until the gateway says so again. */
function missed(account, { code }) {
    state.requests.delete(account.id);
    state.missed.add(account.id);
    if (code !== "device") state.reachable = false;
    changed();
}

/** Once, at once: the live state of one account. */
export async function look(account, signal) {
    try {
        const live = await waiting(account, "wait=0", { signal });
        took(account, live);
        return live.requests;
    } catch (problem) {
        if (problem.code !== "left") missed(account, problem);
        throw problem;
    }
}

async function watch(account, signal) {
    const hold = active().length <= HELD_MAX ? HOLD_SECONDS : 0;
    let after = null;
    let failures = 0;
    while (!signal.aborted) {
        try {
            const wait = after === null ? 0 : hold;
            const query = after === null ? "wait=0" : `wait=${wait}&after=${encodeURIComponent(after)}`;
            const live = await waiting(account, query, { signal, wait });
            took(account, live);
            after = live.revision;
            failures = 0;
            if (hold === 0) await pause(TURN_MS, signal);
        } catch (problem) {
            if (!(problem instanceof Problem) || problem.code === "left") return;
            missed(account, problem);
            if (problem.code === "device") return void (await amend(account.id, { status: "gone" }));
            await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], signal);
            failures += 1;
            after = null;
        }
    }
}

/** Begin anew: after a ring, after the network came back, after a pairing. */
export function rewatch() {
    stop?.abort();
    stop = null;
    if (document.visibilityState !== "visible") return;
    stop = new AbortController();
    for (const account of active()) watch(account, stop.signal);
}

/** What the gateway says of each pairing; a pairing it no longer knows is marked. */
export async function refresh() {
    await Promise.all(paired().map(async (account) => {
        if (account.status === "gone") return;
        try {
            const told = await call(account, "GET", "/device/v1/account");
            const { status, issuer } = told;
            if (status !== account.status || issuer !== account.issuer) await amend(account.id, { status, issuer });
        } catch (problem) {
            if (problem.code === "device") {
                state.requests.delete(account.id);
                await amend(account.id, { status: "gone" });
            }
            if (problem.code === "offline") state.reachable = false;
        }
    }));
    changed();
}

document.addEventListener("visibilitychange", rewatch);
window.addEventListener("online", rewatch);
window.addEventListener("offline", () => { state.reachable = false; changed(); });
