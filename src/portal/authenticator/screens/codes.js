// Adding an account of codes by typing its secret, as sites offer it beside their QR code.

import { checked, fromBase32 } from "../codes.js";
import { seal } from "../lock.js";
import { back, define, replace } from "../screens.js";
import { keep } from "../state.js";
import { backBar, field, form, h, heading, submit } from "../view.js";
import { foreign, say } from "../words.js";

/** Keep a code's secret, sealed; gives the id of its account. */
export async function keepCode({ issuer, account, secret, ...rest }) {
    const id = crypto.randomUUID();
    const name = foreign(issuer) || foreign(account) || say("code.unnamed");
    await keep({ id, added: Date.now(), name, issuer: foreign(issuer), account: foreign(account),
        code: { ...rest, secret: await seal(secret) } });
    return id;
}

function choice(label, options, chosen) {
    const id = `choice-${options[0]}`;
    const select = h("select", { id }, options.map((value) => h("option", { value, selected: value === chosen }, String(value))));
    return { whole: h("div", { class: "field" }, h("label", { for: id }, label), select), select };
}

define("type", () => {
    const name = field(say("code.name"), { maxlength: 60 });
    const secret = field(say("code.secret"), { class: "secret", autocomplete: "off" }, say("code.secret.hint"));
    const algorithm = choice(say("code.algorithm"), ["SHA1", "SHA256", "SHA512"], "SHA1");
    const digits = choice(say("code.digits"), [6, 7, 8], 6);
    const period = choice(say("code.period"), [30, 60], 30);
    const act = async () => {
        if (!name.input.value.trim()) return name.complain(say("code.name.missing"));
        const code = checked({
            issuer: name.input.value.trim(), account: "", secret: fromBase32(secret.input.value),
            algorithm: algorithm.select.value, digits: Number(digits.select.value), period: Number(period.select.value),
        });
        if (!code) return secret.complain(say("code.secret.wrong"));
        return replace("account", { id: await keepCode(code), fresh: true });
    };
    return [
        backBar("", back), heading(say("code.type")),
        form(act, name.whole, secret.whole,
            h("details", {}, h("summary", {}, say("code.more")), algorithm.whole, digits.whole, period.whole),
            submit(say("code.add"))),
    ];
});
