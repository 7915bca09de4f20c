// Settings: lock, language, notifications.

import { records } from "../shared.js";
import { available, registered, registerEverywhere, remove, secretFor } from "../biometrics.js";
import { addBiometric, dropBiometric, lockRecord, PIN_DIGITS_MAX, PIN_DIGITS_MIN, removePin, setPin } from "../lock.js";
import { canOffer, install } from "../platform.js";
import { back, define, open } from "../screens.js";
import { active } from "../state.js";
import { backBar, button, field, form, h, heading, submit, tell } from "../view.js";
import { LANGUAGES, say, speak, spoken } from "../words.js";

define("settings", async () => {
    const lock = await lockRecord();
    return [
        backBar("", back), heading(say("settings")),
        section("lock", say("settings.lock"), lock ? lockOn(lock) : [h("p", { class: "muted" }, say("settings.lock.why")),
            button(say("settings.pin.set"), () => open("pin"))]),
        section("verify", say("settings.verify"), await verification()),
        section("bell", say("settings.bell"), [h("p", { class: "muted" }, say("settings.bell.why")),
            button(say("bell.check"), () => open("notifications"))]),
        section("language", say("settings.language"), [languages()]),
        canOffer() ? section("install", say("settings.install"), [button(say("install.offer"), install)]) : null,
    ];
});

const section = (name, title, content) => h("section", { class: "card setting", "aria-labelledby": `set-${name}` },
    h("h2", { id: `set-${name}` }, title), content);

const lockOn = (lock) => [
    h("p", { class: "muted" }, say(lock.biometric ? "settings.lock.both" : "settings.lock.on")),
    button(say("settings.pin.change"), () => open("pin")),
    button(say("settings.pin.remove"), async () => { await removePin(); back(); }, "quiet"),
];

const REFUSED = { verification: "verify.stays", offline: "offline.try", trouble: "trouble.try" };

/** Fingerprint or face: bound to approvals where the site asks for it, and to the lock where it can open it. */
async function verification() {
    const platform = await registered();
    if (!platform && !(await available())) return [h("p", { class: "muted" }, say("settings.verify.none"))];
    const trouble = h("p", { class: "wrong", role: "alert" });
    const guarded = (act) => () => act().catch(({ code }) => { trouble.textContent = say(REFUSED[code] ?? "verify.failed"); });
    if (!platform) {
        const act = guarded(async () => { await registerEverywhere(); await open("settings"); });
        return [h("p", { class: "muted" }, say("verify.why")), active().length > 0 ? button(say("verify.go"), act) : null, trouble].filter(Boolean);
    }
    const lock = await lockRecord();
    const canUnlock = lock && !lock.biometric && platform.prf;
    return [
        h("p", { class: "muted" }, say("settings.verify.on")),
        canUnlock ? button(say("settings.verify.unlock"), () => open("unlock-by-biometrics")) : null,
        button(say("settings.verify.remove"), guarded(async () => { await remove(); await dropBiometric(); await open("settings"); }), "quiet"), trouble,
    ].filter(Boolean);
}

function languages() {
    const select = h("select", { "aria-labelledby": "set-language" }, Object.entries(LANGUAGES).map(([name, own]) =>
        h("option", { value: name, selected: name === spoken(), lang: name }, own)));
    select.addEventListener("change", async () => {
        await records.set("language", select.value);
        await speak(select.value);
        document.dispatchEvent(new Event("spoken"));
    });
    return select;
}

export const pinField = (label, hint) => field(label, {
    type: "password", inputmode: "numeric", autocomplete: "off", maxlength: PIN_DIGITS_MAX, class: "number pin",
}, hint);

const EASY = /^(\d)\1+$|^(?:0123456789|1234567890|123456|234567|345678|456789|654321|987654)$/;

define("pin", () => {
    const pin = pinField(say("pin.new"), say("pin.hint", { digits: PIN_DIGITS_MIN }));
    const again = pinField(say("pin.again"));
    const act = async () => {
        const chosen = pin.input.value;
        if (!/^\d+$/.test(chosen) || chosen.length < PIN_DIGITS_MIN) return pin.complain(say("pin.short", { digits: PIN_DIGITS_MIN }));
        if (EASY.test(chosen)) return pin.complain(say("pin.easy"));
        if (again.input.value !== chosen) return again.complain(say("pin.differs"));
        await setPin(chosen);
        tell(say("pin.done"));
        return back();
    };
    return [backBar("", back), heading(say("pin.title")), h("p", {}, say("pin.why")),
        form(act, pin.whole, again.whole, submit(say("pin.set")))];
});

define("unlock-by-biometrics", () => {
    const pin = pinField(say("pin.current"));
    const act = async () => {
        const salt = crypto.getRandomValues(new Uint8Array(32));
        const platform = await registered();
        const secret = await secretFor(salt).catch(() => null);
        if (!secret) return pin.complain(say("verify.failed"));
        if (!(await addBiometric(pin.input.value, platform.id, salt, secret))) return pin.complain(say("unlock.wrong"));
        tell(say("pin.done"));
        return back();
    };
    return [backBar("", back), heading(say("settings.verify.unlock")), h("p", {}, say("settings.verify.unlock.why")),
        form(act, pin.whole, submit(say("verify.go")))];
});
