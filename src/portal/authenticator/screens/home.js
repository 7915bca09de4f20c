// Home: what waits on top, then the accounts with their codes, and the way to scan.

import { codeAt, grouped } from "../codes.js";
import { unseal } from "../lock.js";
import { canOffer, install, mustInstall } from "../platform.js";
import { now } from "../shared.js";
import { current, define, open } from "../screens.js";
import { state, waitingRequests, whenChanged } from "../state.js";
import { button, h, heading, icon, notice, ring, tell } from "../view.js";
import { ago, clockTime, foreign, say } from "../words.js";
import { appleSteps } from "./pair.js";

const TICK_MS = 1000;

define("home", ({ leave }) => {
    const whole = h("div", { class: "home-parts" });
    let cards = [];
    let drawn = null;
    const draw = () => {
        // Only what is new is drawn anew: a finger, a focus or a reader may be on the rest.
        const content = JSON.stringify(contents());
        if (content === drawn) return;
        drawn = content;
        cards = [];
        const held = document.activeElement?.dataset.hold;
        whole.replaceChildren(...(state.accounts.length === 0 ? welcome() : parts(cards)));
        if (held) whole.querySelector(`[data-hold="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
        refreshCodes(cards);
    };
    const announced = new Set();
    const change = () => {
        draw();
        const waiting = waitingRequests();
        for (const { request } of waiting.filter(({ request: { attempt } }) => !announced.has(attempt))) {
            announced.add(request.attempt);
            tell(say("home.announced", { service: foreign(request.service?.name) }));
        }
        openOnly(waiting);
    };
    whenChanged(change, leave);
    const timer = setInterval(() => {
        draw();
        refreshCodes(cards);
        for (const row of whole.querySelectorAll("[data-asked]")) row.textContent = ago(Number(row.dataset.asked), now());
    }, TICK_MS);
    leave.addEventListener("abort", () => clearInterval(timer));
    draw();
    // After the screen is there, so that a request may take its place.
    setTimeout(() => !leave.aborted && openOnly(waitingRequests()), 0);
    return [heading(say("home.title"), { class: "unseen" }), whole];
});

/** What the screen depends on. */
const contents = () => [
    state.accounts.map(({ id, name, account, status, code }) => [id, name, account, status, Boolean(code)]),
    waitingRequests().map(({ request }) => request.attempt),
    state.reachable, navigator.onLine, state.unsigned.size, state.last, canOffer(), mustInstall(),
];

/** One request, not put aside before: it takes the screen. With several, the person chooses. */
function openOnly(waiting) {
    const [only] = waiting;
    if (waiting.length !== 1 || current() !== "home" || state.aside.has(only.request.attempt)) return;
    state.aside.add(only.request.attempt);
    open("request", { attempt: only.request.attempt });
}

function welcome() {
    return [
        h("div", { class: "emblem" }, icon("mark")), h("h2", { class: "title" }, say("welcome.title")),
        h("p", {}, say("welcome.why")),
        mustInstall() ? h("div", { class: "card" }, h("h3", {}, say("install.first")), appleSteps()) : null,
        mustInstall() ? null : h("ol", { class: "steps" }, h("li", {}, say("welcome.1")), h("li", {}, say("welcome.2"))),
        scanButton(),
        button(say("code.type"), () => open("type"), "quiet"),
        canOffer() ? button(say("install.offer"), install, "quiet") : null,
    ].filter(Boolean);
}

const scanButton = () => h("button", { type: "button", class: "primary scan-button", "data-hold": "scan", click: () => open("scan") },
    icon("scan"), h("span", {}, say("scan")));

function parts(cards) {
    return [
        state.reachable ? null : notice("warning", "offline", say(navigator.onLine ? "home.unreachable" : "home.offline")),
        state.unsigned.size > 0 ? notice("danger", "alert", say("home.unsigned")) : null,
        waitingList(),
        lastLine(),
        h("ul", { class: "accounts", "aria-label": say("home.accounts") }, state.accounts.map((account) => card(account, cards))),
        h("div", { class: "dock" }, scanButton()),
    ].filter(Boolean);
}

function waitingList() {
    const waiting = waitingRequests();
    if (waiting.length === 0) return null;
    const rows = waiting.map(({ request }) => h("li", {}, h("button", {
        type: "button", class: "request-row", "data-hold": request.attempt, click: () => open("request", { attempt: request.attempt }),
    }, icon("alert"), h("span", { class: "grow" }, h("strong", {}, foreign(request.service?.name)),
        h("span", { class: "muted", "data-asked": request.asked }, ago(request.asked, now()))), h("span", { class: "go" }, say("home.look")))));
    return h("section", { class: "waiting" }, h("h2", {}, say("home.waiting")), h("ul", {}, rows));
}

export function lastSentence({ decision, service, at }) {
    return say(`result.${decision}`, { service, time: clockTime(at) });
}

const lastLine = () => (state.last ? h("p", { class: "muted last" }, lastSentence(state.last)) : null);

const STATUS = { pending: "home.pending", gone: "home.gone" };

function card(account, cards) {
    const act = () => open(account.status === "pending" ? "confirm" : "account", { id: account.id });
    const status = STATUS[account.status];
    return h("li", { class: "card account-card" },
        h("button", { type: "button", class: "card-head", "data-hold": account.id, click: act },
            h("strong", {}, account.name || account.account),
            h("span", { class: "muted" }, status ? say(status) : account.account)),
        account.code ? codeRow(account, cards) : null);
}

function codeRow(account, cards) {
    const left = ring();
    const shown = h("span", { class: "digits" }, "··· ···");
    const row = h("button", { type: "button", class: "code-row", "data-hold": `${account.id}-code` }, shown, left.drawing, icon("copy"));
    const entry = { account, shown, left, row, code: "" };
    row.addEventListener("click", () => copy(entry.code));
    cards.push(entry);
    return row;
}

async function copy(code) {
    try {
        await navigator.clipboard.writeText(code);
        tell(say("code.copied"));
    } catch {
        tell(say("code.not.copied"));
    }
}

async function refreshCodes(cards) {
    for (const entry of cards) {
        const { code } = entry.account;
        const time = now();
        const step = Math.floor(time / 1000 / code.period);
        entry.left.show(1 - (time / 1000 / code.period - step));
        if (entry.step === step) continue;
        entry.step = step;
        entry.secret ??= await unseal(code.secret).catch(() => null);
        if (!entry.secret) continue;
        entry.code = await codeAt({ ...code, secret: entry.secret }, time);
        entry.shown.textContent = grouped(entry.code);
        entry.row.setAttribute("aria-label", say("code.label", { name: entry.account.name, code: [...entry.code].join(" ") }));
    }
}
