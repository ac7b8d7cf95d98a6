// Who is signed in, language, size and colours, the last contact, memory, signing out.
import { ask, button, h, notice } from "./dom.js";
import { signOut } from "./server.js";
import { counts, forget, get } from "./store.js";
import { run } from "./sync.js";
import { installing, memory, warning } from "./surroundings.js";
import { known } from "./work.js";
import { cookie, isChinese, keepCookie, t, whole } from "./words.js";

const MEGABYTE = 1024 * 1024;
const THEMES = ["auto", "light", "dark"];

export const isLarge = () => cookie("size") === "large";
export const theme = () => localStorage.getItem("patrol-theme") ?? "auto";

export function applyLooks() {
  document.documentElement.classList.toggle("large", isLarge());
  document.documentElement.dataset.theme = theme();
}

export function switchLanguage() {
  keepCookie("lang", isChinese ? "en" : "zh_CN");
  location.reload();
}

export function switchSize() {
  keepCookie("size", isLarge() ? "normal" : "large");
  applyLooks();
}

export async function more({ redraw }) {
  const all = await known();
  const delivered = await get("meta", "delivered");
  const space = await memory();
  const pick = (name, words) => h("button", { type: "button", class: "choice", "aria-pressed": String(theme() === name), onclick: () => {
    localStorage.setItem("patrol-theme", name);
    applyLooks();
    redraw();
  } }, words);
  const names = { auto: t("As the phone"), light: t("Light"), dark: t("Dark") };
  return {
    title: t("More"),
    body: [
      h("h1", { tabindex: "-1" }, t("More")),
      warning(),
      h("section", { class: "card" }, h("h2", null, all ? all.person.name : t("Nobody is signed in")),
        h("p", { class: "small quiet" }, delivered ? t("Last contact with the server: %(time)s", { time: whole(delivered) }) : t("No contact with the server yet.")),
        space && h("p", { class: "small quiet" }, t("On this phone: %(used)s MB used, %(left)s MB free", { used: Math.ceil(space.usage / MEGABYTE), left: Math.floor((space.quota - space.usage) / MEGABYTE) }),
          " · ", space.isKept ? t("kept for good") : t("the browser may clear it when memory is short")),
        installing()),
      h("section", { class: "card" }, h("h2", null, t("Reading")),
        h("div", { class: "stack" },
          button(isChinese ? "English" : "中文", switchLanguage, "button second", { lang: isChinese ? "en" : "zh-CN" }),
          button(isLarge() ? t("Normal text") : t("Large text"), () => { switchSize(); redraw(); }, "button second")),
        h("div", { class: "choices", role: "group", "aria-label": t("Colours") }, THEMES.map((name) => pick(name, names[name])))),
      h("section", { class: "stack" },
        h("a", { class: "button second", href: "/tasks" }, t("To the office pages")),
        all ? button(t("Sign out …"), () => leave(all.person.id), "button second danger") : h("a", { class: "button", href: "/login?next=/patrol/" }, t("Sign in"))),
    ],
  };
}

async function leave(who) {
  const found = await counts(who);
  const waiting = found.draft + found.pending + found.failed;
  const choices = waiting
    ? [{ words: t("Upload first"), value: "upload", kind: "button" }, { words: t("Sign out and keep them here"), value: "keep" }, { words: t("Sign out and delete them"), value: "delete", kind: "button second danger" }]
    : [{ words: t("Sign out"), value: "delete", kind: "button" }];
  const text = waiting
    ? t("%(count)s records have not been uploaded. Kept here, they wait until you sign in on this phone again; deleted, they are lost.", { count: waiting })
    : t("Your patrols are removed from this phone.");
  const chosen = await ask(t("Sign out?"), text, [...choices, { words: t("Stay"), value: null }]);
  if (chosen === null) return;
  if (chosen === "upload") { run({ now: true }); location.hash = "#/records/pending"; return; }
  try {
    await signOut();
  } catch {
    await ask(t("There is no network"), t("Signing out needs the network once, so that nobody else can go on under your name."), [{ words: t("Understood"), value: null, kind: "button" }]);
    return;
  }
  if (chosen === "delete") await forget(who);
  location.assign("/login");
}

export const noticeOfUpdate = (take) => notice("plain", h("p", null, t("A new version is ready. What you recorded stays.")), button(t("Change over now"), take, "button second"));
