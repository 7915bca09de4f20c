// One account: its label, what it is, and how it is removed.

import { call } from "../shared.js";
import { back, define, home, open } from "../screens.js";
import { amend, find, forget } from "../state.js";
import { backBar, button, field, form, h, heading, notice, submit, tell } from "../view.js";
import { say } from "../words.js";
import { rewatch } from "../watch.js";

define("account", ({ id, fresh }) => {
    const account = find(id);
    if (!account) return [backBar("", back), heading(say("account.none"))];
    const name = field(say("account.label"), { value: account.name, maxlength: 60 });
    const act = async () => {
        if (!name.input.value.trim()) return name.complain(say("code.name.missing"));
        await amend(id, { name: name.input.value.trim() });
        tell(say("account.kept"));
        return home();
    };
    return [
        backBar("", back), heading(fresh ? say("account.added") : account.name),
        account.status === "gone" ? notice("warning", "alert", say("account.gone")) : null,
        form(act, name.whole, submit(say("account.keep"))),
        h("dl", { class: "about" }, about(account)),
        account.status === "active" ? button(say("bell.check"), () => open("notifications")) : null,
        button(say("account.remove"), () => open("remove", { id }), "quiet danger"),
    ];
});

const pair = (label, value) => (value ? [h("dt", {}, label), h("dd", {}, value)] : []);

const about = (account) => [
    pair(say("account.issuer"), account.issuer), pair(say("request.account"), account.account),
    pair(say("account.device"), account.label),
    pair(say("account.code"), account.code ? say("account.code.kind", account.code) : null),
].flat();

define("remove", ({ id }) => {
    const account = find(id);
    if (!account) return [backBar("", back), heading(say("account.none"))];
    const act = async () => {
        await forget(id);
        rewatch();
        // Offline it is removed here all the same; the portal lists it until somebody removes it there.
        if (account.device) await call(account, "DELETE", "/device/v1/account").catch(() => {});
        home();
    };
    return [
        backBar("", back), heading(say("remove.title", { name: account.name })),
        h("p", {}, say(account.device ? "remove.paired" : "remove.code")),
        h("div", { class: "pair" }, button(say("remove.go"), act, "choice"), button(say("cancel"), back, "choice")),
    ];
});
