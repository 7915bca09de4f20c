// What the app knows while it is open: the accounts, what waits, whether the gateway can be reached. Screens listen.

import { now, records } from "./shared.js";

const changes = new EventTarget();

export const state = {
    accounts: [],
    /** Requests by account id. */
    requests: new Map(),
    /** Accounts whose requests carried no right signature. */
    unsigned: new Set(),
    reachable: true,
    /** Accounts whose last look had no answer: nobody knows what waits for them. */
    missed: new Set(),
    /** What was answered last: { decision, service, at }. */
    last: null,
    /** Requests that the person put aside: they do not open by themselves again. */
    aside: new Set(),
};

export const changed = () => changes.dispatchEvent(new Event("change"));
export const whenChanged = (act, leave) => changes.addEventListener("change", act, { signal: leave });

export async function load() {
    const accounts = await records.accounts();
    state.accounts = accounts.sort((one, other) => one.added - other.added);
    changed();
}

export async function keep(account) {
    await records.keep(account);
    await load();
}

/** Change some fields of an account as it is kept now, not as a screen remembers it. */
export async function amend(id, fields) {
    await records.amend(id, fields);
    await load();
}

export async function forget(id) {
    await records.forget(id);
    state.requests.delete(id);
    state.unsigned.delete(id);
    state.missed.delete(id);
    await load();
}

export const find = (id) => state.accounts.find((account) => account.id === id);
export const paired = () => state.accounts.filter((account) => account.device);
export const active = () => paired().filter((account) => account.status === "active");

/** Everything that waits, oldest first. What is over is not in it. */
export function waitingRequests() {
    const all = [...state.requests].flatMap(([id, requests]) => requests.map((request) => ({ id, request })));
    return all.filter(({ request }) => request.until > now()).sort((one, other) => one.request.asked - other.request.asked);
}
