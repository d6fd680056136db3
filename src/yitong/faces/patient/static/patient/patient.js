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

  // <p data-where hidden>: a button that asks the phone where it is, only when pressed, and opens the nearest of the links
  // with data-latitude and data-longitude. Nothing but that link's own district leaves the phone.
  const nearest = ({ latitude, longitude }) => {
    const far = (link) =>
      Math.hypot(link.dataset.latitude - latitude, (link.dataset.longitude - longitude) * Math.cos((latitude * Math.PI) / 180));
    return [...document.querySelectorAll("[data-latitude]")].sort((one, other) => far(one) - far(other))[0];
  };
  const where = (root) => {
    const part = root.querySelector("[data-where]");
    if (!part || !navigator.geolocation) return;
    part.hidden = false;
    part.querySelector("button").addEventListener("click", (event) => {
      const button = event.currentTarget;
      button.setAttribute("aria-busy", "true");
      navigator.geolocation.getCurrentPosition(
        (found) => nearest(found.coords)?.click(),
        () => button.removeAttribute("aria-busy"), // not allowed, or not known: the districts stand beside it
        { maximumAge: 600000, timeout: 10000 },
      );
    });
  };

  // <form data-go>: what the person has pressed for already goes on by itself, once what it waited for has come.
  const go = (root) => {
    const form = root.matches?.("[data-go]") ? root : root.querySelector?.("[data-go]");
    if (form) form.requestSubmit();
  };

  document.addEventListener("htmx:load", (event) => go(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    canShare(document);
    where(document);
    go(document);
  });
})();
