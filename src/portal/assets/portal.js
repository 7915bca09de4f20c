// What pages do by themselves where scripts run. Every page works without it.

const root = document.documentElement;
root.classList.add("scripted");

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

// Waiting for the phone: news of the delivery are shown, and the page moves on when somebody answered.
async function wait(place) {
  let failures = 0;
  for (;;) {
    if (document.hidden) await new Promise((resume) => document.addEventListener("visibilitychange", resume, { once: true }));
    try {
      const answer = await fetch("/sign-in/look", {
        method: "POST",
        headers: { accept: "application/json" },
        body: new URLSearchParams({ form: place.dataset.form, seen: place.dataset.seen }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      if (news.to) return location.replace(news.to);
      if (news.evidence !== place.dataset.seen) {
        place.dataset.seen = news.evidence;
        place.textContent = news.text;
      }
      failures = 0;
    } catch {
      failures += 1;
      if (failures > 20) return root.classList.remove("scripted");
      await pause(Math.min(1000 * failures, 10000));
    }
  }
}

// A page whose state changes elsewhere is loaded again when it does.
async function watch(place) {
  for (;;) {
    await pause(2000);
    if (document.hidden) continue;
    try {
      const answer = await fetch(place.dataset.watch, { headers: { accept: "application/json" } });
      if (answer.redirected || !answer.ok) return location.reload();
      if ((await answer.json()).state !== place.dataset.is) return location.reload();
    } catch {
      await pause(4000);
    }
  }
}

// A code that is whole is sent without a click. Some have seven or eight digits, and a recovery code may begin with six:
// whoever goes on typing is not interrupted.
const MORE_MAY_COME_MS = 900;

function submitAt(form) {
  const field = form.querySelector("input.code");
  let due;
  let before = 0;
  field.addEventListener("input", () => {
    clearTimeout(due);
    const digits = field.value.replace(/[\s-]/g, "");
    const isPasted = digits.length - before > 1;
    before = digits.length;
    const least = Number(form.dataset.submitAt);
    if (!/^\d+$/.test(digits) || digits.length < least || digits.length > 8) return;
    if (isPasted) form.requestSubmit();
    else due = setTimeout(() => form.requestSubmit(), MORE_MAY_COME_MS);
  });
}

// What is shown once goes to where it is needed. A browser that does not allow it gets the text selected instead.
async function copy(button) {
  const text = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(text.textContent);
    document.querySelector("[data-copy-told]").textContent = button.dataset.copied;
  } catch {
    getSelection().selectAllChildren(text);
  }
}

// One click is one request.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
  event.target.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
}));

for (const place of document.querySelectorAll("[data-look]")) wait(place);
for (const place of document.querySelectorAll("[data-watch]")) watch(place);
for (const form of document.querySelectorAll("[data-submit-at]")) submitAt(form);
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
for (const form of document.querySelectorAll("[data-enable-after]")) {
  const seconds = Number(form.dataset.enableAfter);
  if (!seconds) continue;
  form.querySelector("button").disabled = true;
  setTimeout(() => (form.querySelector("button").disabled = false), seconds * 1000);
}
for (const hint of document.querySelectorAll("[data-hide-after]")) setTimeout(() => (hint.hidden = true), Number(hint.dataset.hideAfter) * 1000);

// Days in the reader's own form and time zone; what is less than a day ago is told in words by the page.
const date = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = date.format(at);
  const isToCome = time.textContent.endsWith(" UTC");
  if (isToCome || (/^\d/.test(time.textContent) && Math.abs(Date.now() - at) > 86400000)) time.textContent = date.format(at);
}

// A menu closes when its reader turns elsewhere.
const menu = document.querySelector(".menu");
document.addEventListener("click", (event) => { if (menu?.open && !menu.contains(event.target)) menu.open = false; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && menu?.open) { menu.open = false; menu.querySelector("summary").focus(); } });
