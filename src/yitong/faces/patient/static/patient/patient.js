// What the patient's pages gain when scripts run; every flow stands without it. Loaded only by pages that use it.
(() => {
  "use strict";

  // <button data-share="…" data-title="…" hidden>: shown where the phone itself can share.
  const canShare = (root) => {
    if (navigator.share) root.querySelectorAll("[data-share]").forEach((button) => (button.hidden = false));
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-share]");
    if (button) navigator.share({ title: button.dataset.title, text: button.dataset.share }).catch(() => {});
  });

  // <input data-complete="6">: when so many digits are there, the form goes by itself; its hint says so beforehand.
  document.addEventListener("input", (event) => {
    const { complete } = event.target.dataset;
    if (complete && event.target.value.replace(/\D/g, "").length === Number(complete)) event.target.form.requestSubmit();
  });

  // <form data-go>: what the person has pressed for already goes on by itself, once what it waited for has come.
  const go = (root) => {
    const form = root.matches?.("[data-go]") ? root : root.querySelector?.("[data-go]");
    if (form) form.requestSubmit();
  };

  document.addEventListener("htmx:load", (event) => go(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    canShare(document);
    go(document);
  });
})();
