// What this device is called and how an app gets onto its home screen. Guesses only: they fill a field or choose a hint.

import { say } from "./words.js";

const agent = navigator.userAgent;

function system() {
    if (/iPhone/.test(agent)) return "iPhone";
    // An iPad says that it is a Mac; only one of them is touched.
    if (/iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return "iPad";
    if (/Android/.test(agent)) return "Android";
    if (/Windows/.test(agent)) return "Windows";
    if (/Macintosh/.test(agent)) return "Mac";
    return /CrOS/.test(agent) ? "ChromeOS" : "Linux";
}

function browser() {
    if (/Firefox|FxiOS/.test(agent)) return "Firefox";
    if (/Edg/.test(agent)) return "Edge";
    return /Chrom|CriOS/.test(agent) ? "Chrome" : "Safari";
}

export const isApple = () => ["iPhone", "iPad"].includes(system());
export const isInstalled = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

/** Only iPhone and iPad withhold push from an app that is not on the home screen. */
export const mustInstall = () => isApple() && !isInstalled();

export async function label() {
    const told = await navigator.userAgentData?.getHighEntropyValues?.(["model"]).catch(() => null);
    if (told?.model) return told.model.slice(0, 60);
    if (isApple()) return system();
    return say("device.label", { browser: browser(), system: system() });
}

/** For the gateway's list of devices. */
export const platform = () => `web/${system().toLowerCase()}`;

let offer = null;

window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event;
});

export const canOffer = () => offer !== null && !isInstalled();

export async function install() {
    await offer?.prompt();
    offer = null;
}
