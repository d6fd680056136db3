// Keeps the next booking for when there is no network, on this device alone: see docs/decisions/offline-page.md.
(() => {
  "use strict";
  if (!("serviceWorker" in navigator && "caches" in window)) return;
  const VISIT = "yitong-visit"; // read by the service worker, which also ends it
  const CARD = "/offline/card/";
  const PAGE = "/offline/";
  const root = document.documentElement;

  const keep = async (node) => {
    if (!node.dataset.keep) return caches.delete(VISIT);
    const tag = encodeURIComponent([node.dataset.tag, root.lang, root.dataset.size].join("|"));
    const visit = await caches.open(VISIT);
    const kept = await visit.match(CARD);
    if (kept?.headers.get("X-Tag") === tag) return;
    const answer = await fetch(node.dataset.keep);
    const until = answer.headers.get("X-Keep-Until");
    if (answer.status !== 200 || !until) return caches.delete(VISIT);
    const headers = { "Content-Type": "text/html; charset=utf-8", "X-Keep-Until": until, "X-Tag": tag };
    await visit.put(CARD, new Response(await answer.text(), { headers }));
    await visit.add(PAGE); // in the language and the size that are read now
  };

  addEventListener("load", () => {
    document.querySelectorAll("[data-needs-worker]").forEach((node) => (node.hidden = false));
    const node = document.querySelector("[data-keep]");
    if (!node) return;
    navigator.serviceWorker.register(node.dataset.worker).catch(() => {}); // without it there is merely no offline page
    keep(node).catch(() => {}); // no network: what is kept stays
  });
})();
