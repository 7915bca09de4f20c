// Why does it not ring? One step after the other, each with what was found and what to do.

import { call, gateway } from "../shared.js";
import { mustInstall } from "../platform.js";
import { ask, permission, startOver, subscription, supported } from "../push.js";
import { back, define, redraw } from "../screens.js";
import { active } from "../state.js";
import { backBar, button, h, heading, icon, notice, waitingLine } from "../view.js";
import { ago, foreign, say } from "../words.js";
import { appleSteps } from "./pair.js";

const TROUBLE = { unsupported: "diagnose.unsupported", permission: "diagnose.blocked", gateway: "diagnose.gateway.off",
    service: "diagnose.service", address: "diagnose.address", offline: "offline.try" };

function step(good, title, ...more) {
    const kind = good === null ? "unknown" : good ? "good" : "bad";
    const name = good === null ? "time" : good ? "yes" : "no";
    return h("li", { class: `step ${kind}` }, icon(name, say(`diagnose.${kind}`)), h("div", {}, h("strong", {}, title),
        ...more.filter(Boolean)));
}

define("notifications", ({ leave }) => {
    const list = h("div", {}, waitingLine(say("diagnose.looking")));
    const draw = async () => {
        const steps = await diagnose();
        if (!leave.aborted) list.replaceChildren(steps);
    };
    draw();
    return [backBar("", back), heading(say("diagnose.title")), h("p", { class: "muted" }, say("diagnose.without")), list];
});

async function diagnose() {
    const trouble = h("p", { class: "wrong", role: "alert" });
    const attempt = (act) => async (event) => {
        event.target.disabled = true;
        const came = await act();
        if (came === null) return redraw();
        event.target.disabled = false;
        trouble.textContent = say(TROUBLE[came] ?? "trouble.try");
        return undefined;
    };
    const [held, told] = await Promise.all([subscription(), gateway().catch(() => null)]);
    const steps = [step(supported(), say(supported() ? "diagnose.can" : "diagnose.cannot"), mustInstall() ? appleSteps() : null)];
    // Without a key of the gateway nothing on this device could help.
    const sends = !told || Boolean(told.vapid_key);
    if (!sends) steps.push(step(false, say("diagnose.gateway.off")));
    else if (supported()) steps.push(allowed(attempt));
    if (sends && permission() === "granted") {
        const again = button(say("diagnose.again"), attempt(startOver));
        steps.push(step(Boolean(held), say(held ? "diagnose.subscribed" : "diagnose.not.subscribed"), again));
    }
    if (sends) for (const account of active()) steps.push(await known(account, held));
    const test = sends ? notice("", "bell", say("diagnose.test")) : null;
    return h("div", {}, h("ol", { class: "diagnosis" }, steps), trouble, test ?? "");
}

function allowed(attempt) {
    const told = permission();
    if (told === "granted") return step(true, say("diagnose.allowed"));
    if (told === "denied") return step(false, say("diagnose.blocked"), h("p", {}, say("diagnose.blocked.how")));
    return step(false, say("diagnose.not.asked"), button(say("bell.go"), attempt(ask), "primary"));
}

/** What the gateway knows of this device, and when a notification was last shown and answered. */
async function known(account, held) {
    const told = await call(account, "GET", "/device/v1/account").catch(() => null);
    if (!told) return step(null, say("diagnose.unreachable", { name: account.name }));
    const same = held !== null && told.push.kind === "web_push" && account.pushed === held.endpoint;
    const when = (time) => (time ? ago(time, told.server_time) : say("diagnose.never"));
    return step(same && !told.push.trouble, say(same ? "diagnose.known" : "diagnose.not.known", { name: account.name }),
        told.push.trouble ? h("p", {}, say("diagnose.trouble", { trouble: foreign(told.push.trouble) })) : null,
        h("p", { class: "muted" }, say("diagnose.shown", { time: when(told.last_shown) })),
        h("p", { class: "muted" }, say("diagnose.answered", { time: when(told.last_answered) })));
}
