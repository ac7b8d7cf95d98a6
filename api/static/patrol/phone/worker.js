// The service worker: keeps the app itself. It never touches what is recorded, nor what is sent.
// The server puts `SHELL = {version, page, files}` in front of this file.
const CACHE = `fireline-patrol-${SHELL.version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([SHELL.page, ...SHELL.files].map((url) => new Request(url, { cache: "reload", credentials: "omit" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("fireline-patrol-") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => event.data === "take over" && self.skipWaiting());

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/patrol/") event.respondWith(kept(SHELL.page, request));
  else if (SHELL.files.includes(url.pathname)) event.respondWith(kept(url.pathname, request));
});

const kept = async (path, request) => (await caches.open(CACHE).then((cache) => cache.match(path))) ?? fetch(request);
