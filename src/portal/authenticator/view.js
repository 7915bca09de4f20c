// Building pages: elements, icons, screens. It must not know accounts or the gateway.

import { say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

// Strokes on a field of 24 by 24.
const ICONS = {
    mark: "M3 22V2h18v20M8 22V8h8v14",
    gear: "M4 7h10m4 0h2M4 17h2m4 0h10M14 4v6h4V4zM6 14v6h4v-6z",
    back: "M15 4l-8 8 8 8",
    scan: "M4 8V4h4m8 0h4v4m0 8v4h-4m-8 0H4v-4M4 12h16",
    yes: "M4 12.5l5.5 5.5L20 6.5",
    no: "M5 5l14 14M19 5L5 19",
    alert: "M12 3.5L22 20.5H2zM12 10v4.5M12 17v.6",
    bell: "M6 17v-6a6 6 0 0112 0v6l1.5 2h-15zM10 21.5h4",
    offline: "M2 8.5c6-5.3 14-5.3 20 0M5.5 12.5c4-3.4 9-3.4 13 0M9 16.5c2-1.6 4-1.6 6 0M12 20v.1M3 3l18 18",
    copy: "M8 8V4h12v12h-4M4 8h12v12H4z",
    plus: "M12 4v16M4 12h16",
    lock: "M5 11h14v10H5zM8 11V7a4 4 0 018 0v4",
    picture: "M3 5h18v14H3zM3 16l5-5 5 5 3-3 5 4M15.5 9.5v.1",
    person: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c1-8 15-8 16 0",
    app: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
    place: "M12 21s7-6.5 7-12a7 7 0 00-14 0c0 5.5 7 12 7 12zM12 11.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5z",
    device: "M7 2.5h10v19H7zM11 18.5h2",
    time: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5.5l3.5 2",
};

/** An element: `h("p", { class: "muted" }, "words", child)`. A function among the attributes is a listener. */
export function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (typeof value === "function") element.addEventListener(name, value);
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

export function icon(name, label = null) {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", "0 0 24 24");
    drawing.setAttribute("class", `icon icon-${name}`);
    drawing.setAttribute(label ? "aria-label" : "aria-hidden", label ?? "true");
    if (label) drawing.setAttribute("role", "img");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", ICONS[name]);
    drawing.append(path);
    return drawing;
}

/** A ring that empties; the time it shows is also said by `label`. */
export function ring() {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", "0 0 24 24");
    drawing.setAttribute("class", "ring");
    drawing.setAttribute("aria-hidden", "true");
    for (const part of ["ring-all", "ring-left"]) {
        const circle = document.createElementNS(SVG, "circle");
        for (const [name, value] of [["cx", 12], ["cy", 12], ["r", 9], ["pathLength", 1], ["class", part]]) {
            circle.setAttribute(name, value);
        }
        drawing.append(circle);
    }
    const left = drawing.lastChild;
    return { drawing, show: (share) => left.setAttribute("stroke-dasharray", `${Math.max(0, share)} 1`) };
}

export const button = (words, act, kind = "plain", attributes = {}) =>
    h("button", { type: "button", class: kind, click: act, ...attributes }, words);

export const iconButton = (name, label, act) =>
    h("button", { type: "button", class: "bare", "aria-label": label, title: label, click: act }, icon(name));

let fields = 0;

/** An input with its label, a hint and a place for what is wrong with it. */
export function field(label, attributes = {}, hint = null) {
    fields += 1;
    const id = `field-${fields}`;
    const input = h("input", { id, autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...attributes });
    const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
    input.setAttribute("aria-describedby", hint ? `${id}-hint ${id}-wrong` : `${id}-wrong`);
    const whole = h("div", { class: "field" }, h("label", { for: id }, label), input,
        hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null, wrong);
    const complain = (words) => {
        wrong.textContent = words ?? "";
        input.toggleAttribute("aria-invalid", Boolean(words));
        if (words) {
            input.setAttribute("aria-invalid", "true");
            input.focus();
        }
    };
    input.addEventListener("input", () => complain(null));
    return { whole, input, complain };
}

/** A form: Enter in a field does what the button does. Never used where something is approved. */
export const form = (act, ...children) =>
    h("form", { novalidate: true, submit: (event) => { event.preventDefault(); act(); } }, ...children);

export const submit = (words, kind = "primary") => h("button", { type: "submit", class: kind }, words);

/** Tell a listener what eyes see anyway. */
export function tell(words) {
    const told = document.getElementById("told");
    told.textContent = "";
    setTimeout(() => { told.textContent = words; }, 50);
}

export const waitingLine = (words) => h("p", { class: "busy", role: "status" }, h("span", { class: "dot" }), words);

export const heading = (words, attributes = {}) => h("h1", { tabindex: "-1", ...attributes }, words);

export const notice = (kind, name, ...words) => h("p", { class: `notice ${kind}` }, icon(name), h("span", {}, ...words));

export const backBar = (title, back) =>
    h("div", { class: "bar" }, iconButton("back", say("back"), back), h("span", { class: "bar-title" }, title));
