// Scanning: camera or a picture. What was read decides what happens; a scan alone never signs anybody in.

import { readLink } from "../links.js";
import { read, readFile } from "../decode.js";
import { back, define, open, replace } from "../screens.js";
import { backBar, button, h, heading, icon } from "../view.js";
import { say } from "../words.js";
import { keepCode } from "./codes.js";

const LOOK_EVERY_MS = 120;

/** Where a text leads. */
export async function take(text) {
    const link = readLink(text);
    if (link.kind === "pair") return replace("pair", { token: link.token });
    if (link.kind === "request") return replace("request", { attempt: link.attempt });
    if (link.kind === "code") return replace("account", { id: await keepCode(link.code), fresh: true });
    if (link.kind === "otherHost") return replace("refused", { reason: "host", host: link.host });
    return replace("refused", { reason: link.kind === "badCode" ? "code" : "link" });
}

async function camera(video, leave) {
    const stream = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    const stop = () => stream.getTracks().forEach((track) => track.stop());
    if (leave.aborted) return stop();
    leave.addEventListener("abort", stop);
    video.srcObject = stream;
    return video.play();
}

async function watch(video, leave) {
    while (!leave.aborted) {
        const text = await read(video, video.videoWidth, video.videoHeight);
        if (text && !leave.aborted) return take(text);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return undefined;
}

const SAID = { NotAllowedError: "scan.denied", NotFoundError: "scan.no.camera", NotReadableError: "scan.busy" };

define("scan", ({ leave }) => {
    const video = h("video", { playsinline: true, muted: true, "aria-label": say("scan.camera") });
    video.muted = true;
    const trouble = h("p", { class: "wrong", role: "alert" });
    const frame = h("div", { class: "finder" }, video, h("span", { class: "corners" }));
    const picture = h("input", { type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    picture.addEventListener("change", async () => {
        const text = picture.files[0] ? await readFile(picture.files[0]) : null;
        picture.value = "";
        if (text) return take(text);
        trouble.textContent = say("scan.nothing");
        return undefined;
    });
    const start = () => camera(video, leave).then(() => watch(video, leave)).catch((error) => {
        frame.hidden = true;
        trouble.textContent = say(SAID[error.name] ?? "scan.no.camera");
    });
    if (navigator.mediaDevices) start();
    else trouble.textContent = say("scan.no.camera");
    return [
        backBar("", back), heading(say("scan.title")), h("p", { class: "muted" }, say("scan.how")), frame, trouble, picture,
        h("button", { type: "button", class: "plain", click: () => picture.click() }, icon("picture"), say("scan.picture")),
        button(say("code.type"), () => open("type"), "quiet"),
    ];
});
