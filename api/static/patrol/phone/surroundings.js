// What this browser can and cannot do, and the ways out: installing, in-app browsers, memory.
import { button, h, notice, say } from "./dom.js";
import { t } from "./words.js";

const INSIDE_APPS = /MicroMessenger|DingTalk|AlipayClient|Lark|Feishu|QQ\/|Weibo|wxwork|BytedanceWebview|aweme/i;
const LITTLE_LEFT = 60 * 1024 * 1024;

export const isInsideApp = () => INSIDE_APPS.test(navigator.userAgent);
export const keepsPages = () => "serviceWorker" in navigator && "indexedDB" in window && isSecureContext;
const isInstalled = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

let offered = null;
addEventListener("beforeinstallprompt", (event) => { event.preventDefault(); offered = event; });

// What is to be said before somebody relies on this browser; null when there is nothing.
export function warning() {
  if (!isInsideApp() && keepsPages()) return null;
  const why = isInsideApp()
    ? t("You are inside another app. It may lose this page and what you recorded when there is no network.")
    : t("This browser cannot keep this page without a network.");
  const how = isInsideApp()
    ? t("Tap the three dots at the top right, then “Open in browser”. Or copy the address and open it there.")
    : t("Open it in an up-to-date Chrome, Edge, Safari or the phone maker's own browser, and not in a private window.");
  const said = h("p", { class: "small", role: "status" });
  const copy = button(t("Copy the address"), async () => {
    try {
      await navigator.clipboard.writeText(`${location.origin}/patrol/`);
      said.textContent = t("Copied.");
    } catch {
      said.textContent = `${location.origin}/patrol/`;
    }
  }, "button second");
  return notice("bad", h("p", null, h("b", null, why)), h("p", null, how), copy, said);
}

export function installing() {
  if (isInstalled() || isInsideApp()) return null;
  if (offered) return button(t("Install on this phone"), async () => { await offered.prompt(); offered = null; }, "button second");
  const isApple = /iPhone|iPad/.test(navigator.userAgent);
  return h("p", { class: "small quiet" }, isApple
    ? t("To install: tap Share, then “Add to Home Screen”.")
    : t("To install: open the browser's menu, then “Add to Home screen” or “Install app”."));
}

export async function keepForGood() {
  if (navigator.storage?.persist && !(await navigator.storage.persisted())) await navigator.storage.persist();
}

export async function memory() {
  if (!navigator.storage?.estimate) return null;
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return { quota, usage, isTight: quota - usage < LITTLE_LEFT, isKept: (await navigator.storage.persisted?.()) ?? false };
}

export async function memoryWarning() {
  const found = await memory();
  return found?.isTight
    ? notice("warn", h("p", null, t("The phone's memory is nearly full. Upload what waits, or make room, before you take more photos.")))
    : null;
}

// A new version waits until somebody says so: nothing that is being written is torn away.
export async function keepOffline(offer) {
  if (!keepsPages()) return;
  let hadOne = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (hadOne) location.reload();
    hadOne = true;
  });
  try {
    const registered = await navigator.serviceWorker.register("/patrol/sw.js", { scope: "/patrol/", updateViaCache: "none" });
    const look = () => {
      const waiting = registered.waiting;
      if (waiting && navigator.serviceWorker.controller) offer(() => waiting.postMessage("take over"));
    };
    look();
    registered.addEventListener("updatefound", () => registered.installing?.addEventListener("statechange", look));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && navigator.onLine && registered.update().catch(() => {}));
  } catch (error) {
    say(t("This page cannot be kept for use without a network."));
    console.warn(error);
  }
}
