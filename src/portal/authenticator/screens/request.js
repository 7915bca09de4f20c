// A request: who asks, from where, with what, when; then the number, yes and no with equal weight. What is over is never
// shown with buttons: the live state is fetched before they appear (OOB-08).

import { Problem, call, joined, now, origin, seen, sign } from "../shared.js";
import { registered, register as registerBiometrics, verify } from "../biometrics.js";
import { clearNotifications } from "../push.js";
import { back, define, home, replace } from "../screens.js";
import { active, changed, find, state, waitingRequests } from "../state.js";
import { button, field, h, heading, icon, iconButton, notice, tell, waitingLine } from "../view.js";
import { ago, clockTime, foreign, say } from "../words.js";
import { look } from "../watch.js";
import { lastSentence } from "./home.js";

// A screen that has just slid under a finger is not what the finger meant.
const UNMEANT_MS = 400;

const lookup = (attempt) => waitingRequests().find(({ request }) => request.attempt === attempt);

/** The live state of every account, for the notification does not always say whose it is. */
async function fetchLive(leave) {
    const came = await Promise.all(active().map((account) => look(account, leave).then(() => null, (problem) => problem)));
    return came.find((problem) => problem instanceof Problem) ?? null;
}

define("request", ({ attempt, leave }) => {
    state.aside.add(attempt);
    const body = h("div", { class: "request-body" }, heading(say("request.title")), waitingLine(say("request.fetching")));
    const begin = async () => {
        const problem = await fetchLive(leave);
        if (leave.aborted) return;
        const found = lookup(attempt);
        if (!found) {
            body.replaceChildren(...nothing(problem && problem.code !== "device" ? "request.unreachable" : "request.over"));
            return;
        }
        const account = find(found.id);
        seen(account, attempt, "opened").catch(() => {});
        body.replaceChildren(...ask(account, found.request, leave));
        body.querySelector("h1").focus({ preventScroll: true });
    };
    begin();
    return [h("div", { class: "bar" }, iconButton("back", say("back"), back)), body];
});

const EMBLEMS = { "request.over": "time", "request.unreachable": "offline" };

const nothing = (words) => [h("div", { class: "emblem" }, icon(EMBLEMS[words] ?? "alert")), heading(say(words)), h("p", {}, say(`${words}.next`)),
    button(say("done"), home, "primary")];

const row = (name, label, ...words) => h("div", { class: "fact" }, icon(name), h("dt", { class: "unseen" }, label), h("dd", {}, ...words));

function facts(account, { service, where = {}, asked }) {
    const place = foreign(where.place) || foreign(where.address) || say("request.no.place");
    const device = foreign(where.client) || foreign(where.station) || say("request.no.device");
    const when = h("span", {}, ago(asked, now()));
    return { when, list: h("dl", { class: "facts" },
        row("app", say("request.app"), h("strong", {}, foreign(service?.name))),
        row("place", say("request.place"), place, where.known === false ? h("span", { class: "new" }, ` · ${say("request.new")}`) : null,
            where.place && where.address ? h("small", {}, foreign(where.address)) : null),
        row("device", say("request.device"), device),
        row("time", say("request.time"), when, ` · ${clockTime(asked)}`),
        row("person", say("request.account"), `${account.account} · ${account.name}`)) };
}

function numberField({ number }) {
    if (!number) return null;
    const { digits } = number;
    const said = field(say("request.number", { digits }), {
        inputmode: "numeric", pattern: "[0-9]*", maxlength: digits, class: "number", enterkeyhint: "done",
        name: "number-shown-at-sign-in",
    });
    said.input.addEventListener("input", () => { said.input.value = said.input.value.replaceAll(/\D/g, "").slice(0, digits); });
    return { ...said, right: () => said.input.value.length === digits };
}

function ask(account, request, leave) {
    const number = numberField(request);
    const { when, list } = facts(account, request);
    const trouble = h("p", { class: "wrong", role: "alert" });
    const left = h("p", { class: "muted left" });
    const since = performance.now();
    const meant = (act) => () => (performance.now() - since < UNMEANT_MS ? undefined : act());
    const send = (decision, reason = null) => answer({ account, request, number, trouble, buttons, decision, reason });
    const approve = () => {
        if (number && !number.right()) return number.complain(say("request.number.missing", { digits: request.number.digits }));
        return send("approve");
    };
    const buttons = h("div", { class: "pair" },
        h("button", { type: "button", class: "choice yes", click: meant(approve), keydown: notByEnter }, icon("yes"), say("approve")),
        h("button", { type: "button", class: "choice no", click: meant(() => send("deny")) }, icon("no"), say("deny")));
    number?.input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    const more = h("div", { class: "more" });
    more.append(button(say("not.me"), () => askWhy(more, send), "quiet danger"));
    countDown({ account, request, when, left, leave });
    return [heading(say(request.test ? "request.test" : "request.title")), list, number?.whole ?? null, trouble, buttons, more, left].filter(Boolean);
}

/** Enter never approves: it is what a hurried hand presses. The space bar does, and a click. */
function notByEnter(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    tell(say("request.space"));
}

/** "This wasn't me" asks once what happened. */
function askWhy(more, send) {
    more.replaceChildren(h("fieldset", {}, h("legend", {}, say("why.title")),
        h("p", { class: "muted" }, say("why.effect")),
        button(say("why.not.me"), () => send("report", "not_me"), "choice"),
        button(say("why.mistake"), () => send("deny", "mistake"), "choice")));
    more.querySelector("button").focus();
    more.scrollIntoView({ block: "nearest" });
}

function countDown({ account, request, when, left, leave }) {
    const tick = () => {
        const seconds = Math.ceil((request.until - now()) / 1000);
        when.textContent = ago(request.asked, now());
        left.textContent = say("request.left", { seconds });
        // Where the gateway cannot be asked, nobody has said that it is over.
        if (seconds <= 0 || (!lookup(request.attempt) && !state.missed.has(account.id))) over();
    };
    const timer = setInterval(tick, 1000);
    const over = () => {
        if (leave.aborted || left.closest(".answering")) return;
        clearInterval(timer);
        const body = left.closest(".request-body");
        body?.replaceChildren(...nothing("request.over"));
        body?.querySelector("h1").focus();
    };
    leave.addEventListener("abort", () => clearInterval(timer));
    left.textContent = say("request.left", { seconds: Math.ceil((request.until - now()) / 1000) });
}

/** The signed answer; the text is the protocol's, and the person's verification is bound to it. */
async function signedBody(account, request, decision, reason, number) {
    const time = now();
    const text = joined(["vestibule-answer-1", origin, request.attempt, request.nonce, account.device, decision, number,
        reason, request.context, time]);
    const signature = await sign(account.key, text);
    const asked = decision === "approve" && request.verification === "required";
    // The credential is the app's, but each account has to know it.
    const platform = asked ? await registered() : null;
    if (asked && (!platform || account.verifies !== platform.id)) await registerBiometrics(account);
    const verification = asked ? await verify(text) : null;
    return { nonce: request.nonce, decision, number, reason, context: request.context, time,
        signature, verification };
}

const SAID = { over: "request.over", number: "answer.number", offline: "offline.try", locked: "answer.locked",
    verification: "verify.failed", trouble: "trouble.try" };
const ENDS = ["over", "number", "locked"];

async function answer({ account, request, number, trouble, buttons, decision, reason }) {
    const body = buttons.closest(".request-body");
    body.classList.add("answering");
    const pressed = document.activeElement;
    const controls = [...body.querySelectorAll("button, input")];
    for (const control of controls) control.disabled = true;
    trouble.textContent = "";
    try {
        const typed = decision === "approve" && number ? number.input.value : null;
        const signed = await signedBody(account, request, decision, reason, typed);
        const told = await call(account, "POST", `/device/v1/requests/${request.attempt}/answer`, signed);
        settle(account, request);
        state.last = { decision: told.result, service: foreign(request.service?.name), at: Date.now() };
        await replace("result", { ...state.last, code: told.code });
    } catch (problem) {
        const code = problem instanceof Problem ? problem.code : "verification";
        if (ENDS.includes(code)) settle(account, request);
        if (ENDS.includes(code)) return replace("ended", { words: SAID[code] });
        for (const control of controls) control.disabled = false;
        pressed?.focus({ preventScroll: true });
        body.classList.remove("answering");
        trouble.textContent = say(SAID[code] ?? "trouble.try");
    }
    return undefined;
}

/** It is over here, whatever the next look brings. */
function settle(account, { attempt }) {
    const rest = (state.requests.get(account.id) ?? []).filter((request) => request.attempt !== attempt);
    state.requests.set(account.id, rest);
    changed();
    clearNotifications().catch(() => {});
}

define("ended", ({ words }) => nothing(words));

const LOOKS = { approved: ["good", "yes"], denied: ["", "no"], reported: ["bad", "alert"] };

define("result", ({ decision, service, at, code, leave }) => {
    const [kind, drawing] = LOOKS[decision] ?? ["", "yes"];
    if (!code) {
        const timer = setTimeout(home, 4000);
        leave.addEventListener("abort", () => clearTimeout(timer));
    }
    return [h("div", { class: `emblem ${kind}` }, icon(drawing)), heading(lastSentence({ decision, service, at })),
        code ? [h("p", {}, say("result.code")), h("p", { class: "hero", role: "img", "aria-label": [...code].join(" ") }, code)] : null,
        decision === "reported" ? notice("", "alert", say("result.reported.next")) : null,
        button(say("done"), home, "primary")].flat();
});
