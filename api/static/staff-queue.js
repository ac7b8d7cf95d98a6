// The queue and the board by keyboard, with single keys that can be switched off (WCAG 2.1.4); and fresh rows that keep what was ticked.
const help = document.getElementById("keys");
const off = document.getElementById("keys-off");
const KEY = "fireline.keys-off";
let here = -1;
let lastTouched = Date.now();
const REFRESH_WHILE_USED = 15 * 60 * 1000; // a forgotten screen must not keep its sign-in alive

const rows = () => [...document.querySelectorAll("#queue tbody tr")];
off.checked = localStorage.getItem(KEY) === "yes";
off.addEventListener("change", () => localStorage.setItem(KEY, off.checked ? "yes" : "no"));
document.getElementById("show-keys").hidden = false;
document.getElementById("show-keys").addEventListener("click", () => help.showModal());

function goTo(place) {
  const all = rows();
  if (!all.length) return;
  here = Math.max(0, Math.min(place, all.length - 1));
  all.forEach((row, index) => row.classList.toggle("here", index === here));
  all[here].querySelector(".number a").focus();
  all[here].scrollIntoView({ block: "nearest" });
}

function urge() {
  const form = document.getElementById("batch");
  const at = rows()[here]?.querySelector(".select");
  if (!form || !(chosen().length || at)) return;
  if (!chosen().length) at.checked = true;
  form.requestSubmit();
}

const KEYS = {
  j: () => goTo(here + 1),
  k: () => goTo(here - 1),
  x: () => rows()[here]?.querySelector(".select")?.click(),
  a: () => {
    const link = rows()[here]?.querySelector(".number a");
    if (link) location.assign(`${link.href}#next`);
  },
  r: urge,
  "/": () => document.querySelector("#q, .filters select")?.focus(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  lastTouched = Date.now();
  if (event.ctrlKey || event.metaKey || event.altKey || help.open || (off.checked && event.key !== "?")) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
document.addEventListener("pointerdown", () => (lastTouched = Date.now()));
document.addEventListener("focusin", (event) => {
  const row = event.target.closest("#queue tbody tr");
  if (row) here = rows().indexOf(row);
});

const chosen = () => document.querySelectorAll("#queue .select:checked");
function count() {
  const said = document.getElementById("chosen");
  if (said) said.textContent = chosen().length ? said.dataset.some.replace("{n}", chosen().length) : "";
}
document.addEventListener("change", (event) => {
  if (event.target.id === "select-all") for (const box of document.querySelectorAll("#queue .select")) box.checked = event.target.checked;
  count();
});
const all = document.getElementById("select-all");
if (all) all.closest("[hidden]")?.removeAttribute("hidden");

document.addEventListener("htmx:before:request", (event) => {
  const polled = event.target.id === "queue";
  if (polled && (document.hidden || help.open || Date.now() - lastTouched > REFRESH_WHILE_USED)) event.preventDefault();
});
document.addEventListener("htmx:before:response", (event) => {
  const answer = event.detail.ctx.response.raw;
  if (answer.redirected && new URL(answer.url).pathname !== document.getElementById("queue").dataset.home) {
    event.preventDefault();
    location.reload();
  }
});
let ticked = new Set();
let focused = null;
document.addEventListener("htmx:before:swap", () => {
  ticked = new Set([...chosen()].map((box) => box.value));
  focused = document.activeElement?.closest("#queue tbody tr")?.dataset.number ?? null;
});
document.addEventListener("htmx:after:swap", () => {
  for (const box of document.querySelectorAll("#queue .select")) box.checked = ticked.has(box.value);
  const row = rows().find((one) => one.dataset.number === focused);
  if (row) goTo(rows().indexOf(row));
  count();
  history.replaceState(null, "", document.getElementById("queue").dataset.hxGet);
});
