{% load static %}// Answers when the network does not: the offline page, with the one booking that this phone keeps. Nothing else personal is
// ever stored; every page comes from the network. What it needs comes from the addresses below, so a release changes this file.
"use strict";
const SHELL = "yitong-shell";
const VISIT = "yitong-visit"; // written by offline.js
const CARD = "/offline/card/";
const PAGE = "/offline/";
const FILES = [
  "{% static 'yitong/tokens.css' %}",
  "{% static 'yitong/base.css' %}",
  "{% static 'yitong/components.css' %}",
  "{% static 'yitong/icons.svg' %}",
  "{% static 'yitong/yitong.js' %}",
  "{% static 'yitong/favicon.svg' %}",
];
const NOT_OURS = /^\/(desk|office|api|fhir)\//;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.delete(SHELL).then(() => caches.open(SHELL)).then((shell) => shell.addAll([PAGE, ...FILES])));
});

addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([clients.claim(), registration.navigationPreload?.enable()]));
});

// The card, unless the day of the visit is over: then it goes.
const cardOf = async () => {
  const visit = await caches.open(VISIT);
  const card = await visit.match(CARD);
  if (!card || Date.now() < Date.parse(card.headers.get("X-Keep-Until"))) return card;
  await visit.delete(CARD);
};

const offline = async () => {
  const page = (await (await caches.open(VISIT)).match(PAGE)) || (await caches.match(PAGE));
  const card = await cardOf();
  let html = await page.text();
  if (card) html = html.replace(/<!--nothing-->[^]*<!--\/nothing-->/, await card.text());
  return new Response(html, { headers: page.headers });
};

const navigate = async (event) => {
  try {
    return (await event.preloadResponse) || (await fetch(event.request));
  } catch {
    return offline();
  }
};

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || NOT_OURS.test(pathname)) return;
  // Who signs out wants nothing to stay, also when the network fails just then.
  if (request.method === "POST" && pathname === "{% url 'patient:sign_out' %}") return event.waitUntil(caches.delete(VISIT));
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.waitUntil(cardOf());
    event.respondWith(navigate(event));
  } else if (FILES.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(pathname)));
  }
});
