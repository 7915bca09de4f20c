// The closed door: PIN, or fingerprint and face. Wrong PINs cost time that grows.

import { secretFor } from "../biometrics.js";
import { biometricSalt, lockRecord, mustWait, openWithPin, openWithSecret } from "../lock.js";
import { define } from "../screens.js";
import { button, form, h, heading, icon, submit } from "../view.js";
import { say } from "../words.js";
import { pinField } from "./settings.js";

const unlocked = () => document.dispatchEvent(new Event("unlocked"));

define("unlock", async ({ leave }) => {
    const lock = await lockRecord();
    const pin = pinField(say("unlock.pin"));
    const go = submit(say("unlock.go"));
    const wait = async () => {
        const ms = mustWait(await lockRecord());
        go.disabled = ms > 0;
        pin.input.disabled = ms > 0;
        if (ms <= 0) return pin.complain(null);
        pin.complain(say("unlock.wait", { seconds: Math.ceil(ms / 1000) }));
        setTimeout(() => !leave.aborted && wait(), 1000);
        return undefined;
    };
    const act = async () => {
        go.disabled = true;
        const opened = await openWithPin(pin.input.value);
        go.disabled = false;
        if (opened) return unlocked();
        pin.input.value = "";
        if (mustWait(await lockRecord()) > 0) return wait();
        return pin.complain(say("unlock.wrong"));
    };
    const touch = async () => {
        const secret = await secretFor(biometricSalt(lock)).catch(() => null);
        if (secret && (await openWithSecret(secret))) unlocked();
        else pin.complain(say("verify.failed"));
    };
    if (mustWait(lock) > 0) wait();
    return [
        h("div", { class: "emblem" }, icon("lock")), heading(say("unlock.title")), form(act, pin.whole, go),
        lock.biometric ? button(say("unlock.touch"), touch) : null,
        h("p", { class: "muted" }, say("unlock.forgotten")),
    ];
});
