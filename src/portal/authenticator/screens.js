// Which screen is shown. Screens are functions that return an element; `leave` is aborted when another one follows.
// The browser's own back button works: every screen that was opened from another one is an entry of its history.

import { h } from "./view.js";

const known = new Map();
let leaving = new AbortController();
let shown = null;
let isClosed = () => false;

export const define = (name, draw) => known.set(name, draw);
export const current = () => shown?.name;

/** While `closed` says so, every way leads to the locked door: links, the back button, notifications. */
export const guardBy = (closed) => { isClosed = closed; };

async function draw(wanted, given) {
    const name = isClosed() ? "unlock" : wanted;
    leaving.abort();
    leaving = new AbortController();
    const leave = leaving.signal;
    shown = { name, given };
    const content = await known.get(name)({ ...given, leave });
    if (leave.aborted) return;
    const main = document.getElementById("screen");
    main.replaceChildren(h("section", { class: `screen at-${name}` }, content));
    document.body.dataset.screen = name;
    main.scrollTop = 0;
    window.scrollTo(0, 0);
    const title = main.querySelector("h1");
    document.title = title && name !== "home" ? `${title.textContent} · Vestibule` : "Vestibule";
    title?.focus({ preventScroll: true });
}

/** Open a screen on top of this one. What it is given must be plain data, for the history keeps it. */
export function open(name, given = {}) {
    history.pushState({ name, given }, "");
    return draw(name, given);
}

/** Go on to a screen from which there is no way back to this one. */
export function replace(name, given = {}) {
    history.replaceState({ name, given }, "");
    return draw(name, given);
}

export const redraw = () => draw(shown.name, shown.given);
export const back = () => (history.state?.first ? replace("home") : history.back());

/** Home is where every way ends. */
export function home() {
    return replace("home");
}

/** The screen behind every other one, without an address of its own: what the link carried is used once. */
export function begin(name, given = {}) {
    history.replaceState({ name: "home", given: {}, first: true }, "", "./");
    if (name === "home") return draw(name, given);
    return open(name, given);
}

window.addEventListener("popstate", (event) => {
    const { name = "home", given = {} } = event.state ?? {};
    draw(known.has(name) ? name : "home", given);
});
