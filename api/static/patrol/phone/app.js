// The phone of patrols: shows the page the address asks for, the state of the upload, and keeps itself for use offline.
import { boxes, record } from "./boxes.js";
import { onChange } from "./bus.js";
import { card } from "./card.js";
import { load as loadClock } from "./clock.js";
import { h, notice, say } from "./dom.js";
import { applyLooks, more, noticeOfUpdate, switchLanguage, switchSize } from "./more.js";
import { point } from "./point.js";
import { stop as stopPosition } from "./position.js";
import { finish } from "./sign.js";
import { counts } from "./store.js";
import { keepForGood, keepOffline, memoryWarning, warning } from "./surroundings.js";
import { onState, start, state } from "./sync.js";
import { task } from "./task.js";
import { today } from "./today.js";
import { person } from "./work.js";
import { isChinese, t } from "./words.js";

const ROUTES = [
  [/^#\/task\/([^/]+)\/end$/, finish],
  [/^#\/task\/([^/]+)\/(\d+)\/([^/]+)$/, card],
  [/^#\/task\/([^/]+)\/(\d+)$/, point],
  [/^#\/task\/([^/]+)$/, task],
  [/^#\/records(?:\/(draft|pending|failed|sent))?$/, boxes],
  [/^#\/record\/([0-9a-f-]+)$/, record],
  [/^#\/more$/, more],
];
const EVERY_MINUTE = 60000;

const main = document.getElementById("main");
const thumb = document.getElementById("thumb");
const tabs = document.getElementById("tabs");
const bar = document.getElementById("bar");
const warnings = document.getElementById("warnings");
const back = document.getElementById("back");
let shown = { hash: null, live: false };
let leaving = () => {};
let drawing = Promise.resolve();

function go(hash, { replace = false } = {}) {
  if (hash === location.hash) return draw();
  if (!replace) location.hash = hash;
  else {
    history.replaceState(null, "", hash);
    draw();
  }
  return undefined;
}

// One at a time; a page that takes long to read from the disk never overwrites a later one.
function draw() {
  drawing = drawing.then(drawNow).catch((error) => {
    console.error(error);
    main.replaceChildren(h("h1", { tabindex: "-1" }, t("This page could not be shown")), h("p", null, t("What you recorded is on this phone. Load the page again.")), h("a", { class: "button", href: "/patrol/" }, t("Load again")));
  });
  return drawing;
}

async function drawNow() {
  const { hash } = location;
  await leaving();
  leaving = () => {};
  const [, view, found] = match(hash);
  // What a page does late must not carry off somebody who has gone elsewhere meanwhile.
  const context = { go: (...way) => location.hash === hash && go(...way), redraw: draw, leave: (work) => (leaving = work) };
  const page = await view(context, ...found);
  if (page.redirect) {
    history.replaceState(null, "", page.redirect);
    return drawNow();
  }
  const isNew = shown.hash !== hash;
  const focused = isNew ? null : pathOf(document.activeElement);
  main.replaceChildren(...page.body.flat(Infinity).filter(Boolean));
  const held = [page.bar].flat().filter(Boolean);
  thumb.replaceChildren(...held);
  thumb.hidden = !held.length;
  tabs.hidden = held.length > 0;
  back.hidden = !page.back;
  if (page.back) back.setAttribute("href", page.back);
  document.title = `${page.title} · ${t("Patrols")}`;
  shown = { hash, live: Boolean(page.live) };
  const here = `#/${hash.split("/")[1] ?? ""}`;
  for (const tab of tabs.querySelectorAll("a")) {
    if (tab.getAttribute("href") === here) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (isNew) {
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  } else refocus(focused);
  if (!hash.startsWith("#/task/")) stopPosition();
  await drawState();
  return undefined;
}

function match(hash) {
  for (const [pattern, view] of ROUTES) {
    const found = pattern.exec(hash);
    if (found) return [hash, view, found.slice(1)];
  }
  return [hash, today, []];
}

// Drawn anew, the same control keeps the focus.
function pathOf(element) {
  if (!element || !main.contains(element)) return null;
  const same = [...main.querySelectorAll("a, button, input, summary, textarea")];
  return same.indexOf(element);
}

function refocus(index) {
  if (index !== null && index >= 0) [...main.querySelectorAll("a, button, input, summary, textarea")][index]?.focus({ preventScroll: true });
}

let announced = "";
async function drawState() {
  const who = await person();
  const found = who ? await counts(who) : { pending: 0, failed: 0, draft: 0 };
  const { words, kind, sign, waiting: besides } = stateWords(found, who);
  bar.className = `bar ${kind}`;
  const inner = [h("span", { "aria-hidden": "true" }, sign), " ", h("span", null, words), " ", besides && h("span", { class: "besides" }, besides)];
  bar.replaceChildren(state.kind === "signed-out" ? h("a", { href: "/login?next=/patrol/" }, inner) : h("a", { href: found.failed ? "#/records/failed" : "#/records/pending" }, inner));
  const spoken = found.failed ? `failed ${found.failed}` : `${kind} ${state.kind}`;
  if (announced && spoken !== announced) say([words, besides].filter(Boolean).join(" "));
  announced = spoken;
  const badge = document.getElementById("badge");
  const waiting = found.pending + found.failed + found.draft;
  badge.hidden = !waiting;
  badge.textContent = waiting;
}

function stateWords(found, who) {
  const waiting = found.pending ? t("%(count)s to upload", { count: found.pending }) : "";
  if (state.kind === "signed-out") {
    return { kind: "warn", sign: "!", words: who ? t("Your sign-in has ended. Sign in to upload; nothing is lost.") : t("Sign in to see your patrols."), waiting: who && waiting };
  }
  if (found.failed) return { kind: "bad", sign: "▲", words: t("%(count)s could not be uploaded. See why.", { count: found.failed }) };
  if (state.kind === "away" || !navigator.onLine) return { kind: "warn", sign: "○", words: t("Offline: go on, it is uploaded later."), waiting };
  if (state.kind === "busy") return { kind: "plain", sign: "↑", words: t("Uploading, %(count)s left", { count: found.pending }) };
  if (found.pending) return { kind: "plain", sign: "…", words: waiting };
  if (state.kind === "new") return { kind: "plain", sign: "…", words: t("Connecting …") };
  return { kind: "good", sign: "●", words: t("Everything is uploaded") };
}

function frame() {
  const language = document.getElementById("language");
  language.textContent = isChinese ? "English" : "中文";
  language.lang = isChinese ? "en" : "zh-CN";
  language.addEventListener("click", switchLanguage);
  const size = document.getElementById("size");
  size.replaceChildren(t("Aa"), h("span", { class: "off-screen" }, ` ${t("Text size")}`));
  size.addEventListener("click", switchSize);
  back.setAttribute("aria-label", t("Back"));
  document.getElementById("brand").textContent = t("Patrols");
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  tabs.setAttribute("aria-label", t("Main menu"));
  warnings.setAttribute("aria-label", t("Notices"));
  tabs.replaceChildren(...[["#/", "☰", t("Today")], ["#/records", "⇅", t("Records")], ["#/more", "⋯", t("More")]].map(([href, sign, words]) =>
    h("a", { href }, h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", null, words),
      href === "#/records" && h("span", { id: "badge", class: "badge", hidden: true }))));
  document.querySelector(".skip").textContent = t("Skip to the content");
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
}

async function begin() {
  applyLooks();
  frame();
  const wrong = warning();
  if (wrong) warnings.append(wrong);
  await loadClock();
  addEventListener("hashchange", draw);
  addEventListener("pagehide", () => leaving());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leaving());
  onChange(() => (shown.live ? draw() : drawState()));
  onState(() => drawState());
  setInterval(() => shown.live && document.visibilityState === "visible" && draw(), EVERY_MINUTE);
  await draw();
  keepOffline((take) => warnings.append(noticeOfUpdate(take)));
  keepForGood();
  const full = await memoryWarning();
  if (full) warnings.append(full);
  await start();
  if (shown.live) await draw(); // whoever is writing an answer already is not disturbed
}

begin().catch((error) => {
  console.error(error);
  main.replaceChildren(notice("bad", h("p", null, t("This phone cannot keep records: its browser gives no access to its memory. Leave the private window, or use another browser."))));
});
