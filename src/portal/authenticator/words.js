// Sentences: one file a language, whole sentences, fetched when needed. Times in the reader's own format.

export const LANGUAGES = { en: "English", de: "Deutsch", it: "Italiano", fr: "Français", es: "Español" };

let sentences = {};
let language = "en";

export const spoken = () => language;

/** The first of the reader's languages that we speak. */
export function preferred() {
    const wanted = navigator.languages.map((name) => name.slice(0, 2).toLowerCase());
    return wanted.find((name) => Object.hasOwn(LANGUAGES, name)) ?? "en";
}

export async function speak(name) {
    language = Object.hasOwn(LANGUAGES, name) ? name : "en";
    const response = await fetch(`words/${language}.json`);
    sentences = await response.json();
    document.documentElement.lang = language;
}

/** The sentence for `key`, with `{name}` filled in. */
export function say(key, values = {}) {
    const sentence = sentences[key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 minutes ago", and after a day the date. */
export function ago(then, now) {
    const seconds = Math.max(0, Math.round((now - then) / 1000));
    if (seconds >= DAY) return new Date(then).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
    const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    if (seconds < MINUTE) return words.format(-seconds, "second");
    if (seconds < HOUR) return words.format(-Math.floor(seconds / MINUTE), "minute");
    return words.format(-Math.floor(seconds / HOUR), "hour");
}

export const clockTime = (then) => new Date(then).toLocaleTimeString(language, { hour: "numeric", minute: "2-digit" });

// Marks that turn, hide or break text: what strangers wrote is shown without them.
const TRICKS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu;
const FOREIGN_CHARACTERS_MAX = 80;

/** Text that somebody else chose (a name, a place, a browser), fit to stand beside ours. */
export function foreign(text) {
    const plain = String(text ?? "").replace(TRICKS, "").trim();
    const characters = [...plain];
    return characters.length > FOREIGN_CHARACTERS_MAX ? `${characters.slice(0, FOREIGN_CHARACTERS_MAX).join("")}…` : plain;
}
