// The service worker. It keeps one page, which says that the desk is not running, and never a text or an answer: whatever
// is no navigation it does not touch at all. `KEPT` is put before this by the server and changes with that page.
/* global KEPT */
const AWAY = "/desk/away.html";

self.addEventListener("install", (event) => {
  const keep = caches.open(KEPT).then((cache) => cache.addAll([AWAY, "/desk/icon.svg"]));
  event.waitUntil(keep.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name.startsWith("away-") && name !== KEPT));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => away()));
  else if (new URL(request.url).pathname === "/desk/icon.svg")
    event.respondWith(fetch(request).catch(() => caches.match("/desk/icon.svg")));
});

async function away() {
  const page = await caches.match(AWAY);
  return new Response(page.body, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
