// What pages gain when scripts run; every flow stands without it. No eval, no inline handlers, no storage.
(() => {
  "use strict";
  const each = (root, selector, act) => {
    if (root.matches?.(selector)) act(root);
    root.querySelectorAll(selector).forEach(act);
  };

  // <time data-countdown="2026-11-22T15:00:00+08:00" data-now="…server time…" data-days="天" …>: the server's clock counts, not the phone's.
  const tick = (node) => {
    const left = Math.max(0, Math.round((node.deadline - (performance.now() - node.began)) / 1000));
    const pad = (n) => String(n).padStart(2, "0");
    const days = Math.floor(left / 86400);
    const hours = Math.floor(left / 3600) % 24;
    const rest = `${days || hours ? `${pad(hours)}:` : ""}${pad(Math.floor(left / 60) % 60)}:${pad(left % 60)}`;
    node.textContent = days ? `${days} ${node.dataset.days} ${rest}` : rest;
    if (left === 0) {
      clearInterval(node.timer);
      node.textContent = node.dataset.over;
      if (node.dataset.reload !== undefined) setTimeout(() => location.reload(), 500 + Math.random() * 2500);
    }
  };
  const countdown = (node) => {
    if (node.timer) return;
    node.deadline = Date.parse(node.dataset.countdown) - Date.parse(node.dataset.now);
    node.began = performance.now();
    node.timer = setInterval(() => (node.isConnected ? tick(node) : clearInterval(node.timer)), 1000);
    tick(node);
  };

  const say = (text) => {
    const toast = document.getElementById("toast");
    if (!toast) return;
    toast.textContent = text;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => (toast.textContent = ""), 8000);
  };

  // <div data-when="kind" data-among="a b">: shown while the form's field has one of these values (data-unless: none of them).
  const follow = (node) => {
    const fields = [...node.closest("form").elements].filter((field) => field.name === node.dataset.when);
    const show = () => {
      const value = (fields.find((field) => field.type !== "radio" || field.checked) || {}).value;
      const { among, unless } = node.dataset;
      node.hidden = among ? !among.split(" ").includes(value) : unless.split(" ").includes(value);
    };
    fields.forEach((field) => field.addEventListener("change", show));
    show();
  };

  const start = (root) => {
    each(root, "[data-when]", follow);
    each(root, "[data-countdown]", countdown);
    each(root, "[data-needs-script]", (node) => (node.hidden = false));
    each(root, "[data-without-script]", (node) => (node.hidden = true));
  };

  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say(copy.dataset.copied));
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-today]")) document.querySelector("[data-day-now]")?.scrollIntoView({ inline: "center" });
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-autosubmit]")) event.target.form.requestSubmit();
  });
  // A second press of the same button sends nothing; the key in the form makes a repeat harmless in any case.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.sent) return event.preventDefault();
    form.sent = true;
    event.submitter?.setAttribute("aria-busy", "true");
  });
  const free = (form) => {
    form.sent = false;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  };
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach(free));
  document.addEventListener("htmx:afterRequest", (event) => event.target.closest && event.target.closest("form") && free(event.target.closest("form")));
  document.addEventListener("htmx:load", (event) => start(event.target));
  document.addEventListener("htmx:sendError", () => say(document.body.dataset.offline));
  document.addEventListener("DOMContentLoaded", () => {
    start(document);
    const now = document.querySelector(".strip [aria-current]");
    if (now) now.parentElement.parentElement.scrollLeft = now.offsetLeft - 96;
  });
})();
