// Pairing: name this device, make its key, compare the code, allow notifications. Opening the link alone does nothing.

import { Problem, call, exchange, joined, newKey, now, origin, records, sha256, sign, withRightTime } from "../shared.js";
import { parseOtpauth } from "../codes.js";
import { seal } from "../lock.js";
import { available, register as registerBiometrics } from "../biometrics.js";
import { canOffer, install, label, mustInstall, platform } from "../platform.js";
import { ask, permission, renew, supported } from "../push.js";
import { back, define, home, replace } from "../screens.js";
import { amend, find, forget, keep } from "../state.js";
import { backBar, button, field, form, h, heading, icon, notice, submit, waitingLine } from "../view.js";
import { foreign, say } from "../words.js";
import { rewatch } from "../watch.js";

const LOOK_EVERY_MS = 1500;

/** Both sides compute it; a stranger between them would have another one. */
async function confirmationCode(token, device, publicKey, gatewayKey) {
    const digest = await sha256(joined(["vestibule-confirm-1", token, device, publicKey, gatewayKey]));
    const code = new DataView(digest).getBigUint64(0) % 1000000n;
    return String(code).padStart(6, "0");
}

async function register(token, name) {
    const { key, publicKey } = await newKey();
    const answer = await withRightTime(async () => {
        const time = now();
        const signature = await sign(key, joined(["vestibule-register-1", origin, token, publicKey, time]));
        const body = { token, public_key: publicKey, label: name, platform: platform(), time, signature };
        return exchange("POST", "/device/v1/register", {}, new TextEncoder().encode(JSON.stringify(body)));
    });
    const account = {
        id: answer.device, device: answer.device, added: Date.now(), key, publicKey, status: answer.status,
        gatewayKey: answer.gateway_key, issuer: answer.issuer, account: answer.account, label: name, name: answer.issuer,
        confirm: await confirmationCode(token, answer.device, publicKey, answer.gateway_key),
    };
    const code = answer.totp ? parseOtpauth(answer.totp) : null;
    if (code) account.code = { ...code, secret: await seal(code.secret) };
    await keep(account);
    return account;
}

const SAID = { token: "pair.used", offline: "offline.try", key: "pair.failed", signature: "pair.failed", clock: "pair.clock" };

define("pair", async ({ token }) => {
    if (mustInstall() && !(await records.setting("here"))) return installFirst(token);
    const name = field(say("pair.label"), { value: await label(), maxlength: 60, required: true }, say("pair.label.hint"));
    const go = submit(say("pair.go"));
    const act = async () => {
        const wanted = name.input.value.trim();
        if (!wanted) return name.complain(say("pair.label.missing"));
        go.disabled = true;
        try {
            const account = await register(token, wanted);
            return await replace("confirm", { id: account.id });
        } catch (problem) {
            if (!(problem instanceof Problem)) throw problem;
            go.disabled = false;
            return name.complain(say(SAID[problem.code] ?? "trouble.try"));
        }
    };
    return [
        heading(say("pair.title")), h("p", {}, say("pair.why")),
        form(act, name.whole, go), button(say("cancel"), back, "quiet"),
    ];
});

/** On iPhone and iPad, what Safari keeps and what the home screen app keeps are two things: install first. */
function installFirst(token) {
    const anyway = async () => { await records.set("here", true); replace("pair", { token }); };
    return [heading(say("install.first")), appleSteps(), h("p", {}, say("install.then.scan")),
        button(say("install.anyway"), anyway, "quiet")];
}

export const appleSteps = () => h("ol", { class: "steps" },
    h("li", {}, say("install.apple.1")), h("li", {}, say("install.apple.2")), h("li", {}, say("install.apple.3")));

define("confirm", ({ id, leave }) => {
    const account = find(id);
    if (!account) return [heading(say("pair.refused")), button(say("done"), home, "primary")];
    const { confirm } = account;
    const wait = async () => {
        while (!leave.aborted) {
            const told = await call(account, "GET", "/device/v1/account", undefined, { signal: leave }).catch((problem) => problem);
            if (leave.aborted) return undefined;
            if (told.code === "device") return void (await forget(id), replace("refused", { reason: "pair" }));
            if (told.status === "active") return paired(id, told);
            await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
        }
        return undefined;
    };
    const cancel = async () => {
        await forget(id);
        await call(account, "DELETE", "/device/v1/account").catch(() => {});
        home();
    };
    wait();
    return [
        heading(say("confirm.title")),
        h("p", { class: "muted" }, `${foreign(account.account)} · ${foreign(account.issuer)}`),
        h("p", { class: "hero", role: "img", "aria-label": [...confirm].join(" ") }, `${confirm.slice(0, 3)} ${confirm.slice(3)}`),
        h("p", {}, say("confirm.how")), waitingLine(say("confirm.waiting")), button(say("confirm.cancel"), cancel),
    ];
});

async function paired(id, { issuer, account, label: name, verification }) {
    await amend(id, { status: "active", issuer, account, label: name ?? find(id).label, confirm: null });
    rewatch();
    const verify = verification?.policy === "required" && !verification.registered && (await available());
    if (verify) return replace("verification", { id });
    return afterPairing();
}

function afterPairing() {
    if (supported() && permission() === "default") return replace("bell");
    renew().catch(() => {});
    return replace("paired");
}

/** Where the site asks for fingerprint or face at each approval. */
define("verification", ({ id }) => {
    const trouble = h("p", { class: "wrong", role: "alert" });
    const act = async () => {
        try {
            await registerBiometrics(find(id));
            await afterPairing();
        } catch {
            trouble.textContent = say("verify.failed");
        }
    };
    return [h("div", { class: "emblem" }, icon("lock")), heading(say("verify.title")), h("p", {}, say("verify.why")),
        button(say("verify.go"), act, "primary"), trouble, button(say("later"), afterPairing, "quiet")];
});

define("bell", () => {
    const line = h("p", { class: "busy", role: "status" });
    const act = async (event) => {
        event.target.disabled = true;
        line.textContent = say("bell.asking");
        const trouble = await ask();
        replace("paired", { trouble });
    };
    return [h("div", { class: "emblem" }, icon("bell")), heading(say("bell.title")), h("p", {}, say("bell.why")),
        button(say("bell.go"), act, "primary"), button(say("bell.later"), () => replace("paired"), "quiet"), line];
});

define("paired", ({ trouble }) => [
    h("div", { class: "emblem good" }, icon("yes")), heading(say("paired.title")), h("p", {}, say("paired.next")),
    trouble ? notice("warning", "bell", say("paired.no.push")) : null,
    canOffer() ? button(say("install.offer"), install) : null,
    button(say("done"), home, "primary"),
]);

const REFUSED = { pair: "pair.refused", link: "link.unknown", host: "link.host", code: "link.code" };

define("refused", ({ reason, host }) => [
    backBar("", back), h("div", { class: "emblem bad" }, icon("alert")), heading(say("refused.title")),
    h("p", {}, say(REFUSED[reason] ?? "link.unknown", { host: foreign(host) })),
    button(say("scan.again"), () => replace("scan"), "primary"), button(say("done"), home, "quiet"),
]);
