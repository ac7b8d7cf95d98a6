// A case by keyboard: one key urges; the same switch as in the queue turns single keys off (WCAG 2.1.4).
const help = document.getElementById("keys");
const off = document.getElementById("keys-off");
const KEY = "fireline.keys-off";
off.checked = localStorage.getItem(KEY) === "yes";
off.addEventListener("change", () => localStorage.setItem(KEY, off.checked ? "yes" : "no"));
document.getElementById("show-keys").hidden = false;
document.getElementById("show-keys").addEventListener("click", () => help.showModal());

const KEYS = {
  r: () => document.getElementById("urge")?.requestSubmit(),
  "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || help.open || (off.checked && event.key !== "?")) return;
  if (event.target.closest("input, select, textarea")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
