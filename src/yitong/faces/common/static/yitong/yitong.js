// What pages gain when scripts run; every flow stands without it. No eval, no inline handlers, no storage.
(() => {
  "use strict";
  document.documentElement.dataset.scripts = "";
  const begun = new WeakMap(); // what has been started, so that a part that comes again starts once
  const each = (root, selector, act) => {
    const once = (node) => {
      const acts = begun.get(node) || begun.set(node, new Set()).get(node);
      if (!acts.has(act)) act(node), acts.add(act);
    };
    if (root.matches?.(selector)) once(root);
    root.querySelectorAll(selector).forEach(once);
  };

  // -- toast: what is only said goes after 8 s; what can be undone stays until it is closed (R-223)
  const toast = () => document.getElementById("toast");
  const say = (text) => {
    const place = toast();
    if (!place) return;
    place.textContent = "";
    place.append(Object.assign(document.createElement("p"), { textContent: text }));
    clearTimeout(place.timer);
    place.timer = setTimeout(() => place.querySelector("form") || (place.textContent = ""), 8000);
  };

  // -- <time data-countdown="2026-11-22T15:00:00+08:00" data-days="天" …>: the server's clock counts, as <html data-now="…"> said it
  // when its first bytes came: what we know of that clock is late by the way here, and never early
  const came = performance.getEntriesByType("navigation")[0]?.responseStart;
  let madeAt = Date.parse(document.documentElement.dataset.now) - (came || performance.now());
  const until = (node) => Date.parse(node.dataset.countdown) - madeAt - performance.now();
  document.addEventListener("yitong:clock", (event) => (madeAt = Math.max(madeAt, event.detail))); // a part that asks again
  const tick = (node) => {
    const left = Math.max(0, Math.ceil(until(node) / 1000));
    const pad = (n) => String(n).padStart(2, "0");
    const days = Math.floor(left / 86400);
    const hours = Math.floor(left / 3600) % 24;
    const rest = `${days || hours ? `${pad(hours)}:` : ""}${pad(Math.floor(left / 60) % 60)}:${pad(left % 60)}`;
    const lead = node.dataset.lead ? `${node.dataset.lead} ` : "";
    node.textContent = lead + (days ? `${days} ${node.dataset.days} ${rest}` : rest);
    if (left <= 120 && left > 0 && node.dataset.soon) say(node.dataset.soon), delete node.dataset.soon;
    if (left === 0) {
      node.textContent = node.dataset.over;
      if (node.dataset.reload !== undefined) setTimeout(() => location.reload(), 500 + Math.random() * 2500);
    }
  };
  const countdown = (node) => {
    tick(node);
    if (until(node) > 0) setTimeout(() => node.isConnected && countdown(node), until(node) % 1000 || 1000); // as the second turns
  };

  // -- <div data-when="kind" data-among="a b">: shown while the form's field has one of these values (data-unless: none of them)
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

  // -- sheet: a link to a dialog opens it; Esc, its close and a press beside it close it, and focus goes back
  const sheetOf = (link) => {
    const found = link && link.hash.length > 1 && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    return found && found.matches("dialog.sheet") ? found : null;
  };
  const pressed = (event) => {
    const sheet = sheetOf(event.target.closest('a[href^="#"]'));
    const close = event.target.closest("[data-close]");
    if (sheet && !sheet.open) {
      event.preventDefault();
      sheet.showModal();
    } else if (close) {
      event.preventDefault();
      close.closest("dialog").close();
    } else if (event.target.matches("dialog.sheet")) event.target.close(); // its ground; what lies in it covers the rest
  };

  // -- search: an ARIA 1.2 combobox over the list of links that the server answers
  const combobox = (input) => {
    const list = document.getElementById(input.getAttribute("aria-controls"));
    const search = input.closest(".search");
    const status = search.querySelector("[role=status]");
    const options = () => [...list.querySelectorAll("[role=option]")];
    let asked, timer, asking;
    const choose = (option) => {
      options().forEach((one) => one.setAttribute("aria-selected", String(one === option)));
      if (option) option.scrollIntoView({ block: "nearest" });
      option ? input.setAttribute("aria-activedescendant", option.id) : input.removeAttribute("aria-activedescendant");
    };
    const show = (html) => {
      list.innerHTML = html;
      const box = list.querySelector("ul");
      box?.setAttribute("role", "listbox");
      box?.setAttribute("aria-label", input.placeholder);
      box?.querySelectorAll("a").forEach((link, n) => {
        link.closest("li").setAttribute("role", "none");
        Object.assign(link, { role: "option", id: `suggestion-${n}`, tabIndex: -1 });
        link.setAttribute("aria-selected", "false");
      });
      input.setAttribute("aria-expanded", String(Boolean(box)));
      input.removeAttribute("aria-activedescendant");
      status.textContent = box ? `${options().length} ${input.dataset.found}` : list.textContent.trim();
    };
    const ask = async () => {
      const query = input.value.trim();
      if (query === asked) return;
      asked = query;
      asking?.abort();
      if (!query) return show("");
      asking = new AbortController();
      search.dataset.state = "wait";
      try {
        const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(query)}`, { signal: asking.signal });
        if (answer.ok) show(await answer.text());
      } catch {
        if (query === asked) asked = null; // the button still searches; the next letter asks again
      }
      if (query === asked || asked === null) delete search.dataset.state;
    };
    const step = (by) => {
      const all = options();
      const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true") + by;
      choose(all[at < -1 ? all.length - 1 : at] || null); // past either end: back in the field
    };
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 200);
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // the keys belong to the pinyin that is being typed
      const chosen = list.querySelector("[aria-selected=true]");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (!options().length) return;
        event.preventDefault();
        step(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && chosen) {
        event.preventDefault();
        chosen.click();
      } else if (event.key === "Escape" && list.firstChild) {
        event.preventDefault();
        asking?.abort();
        asked = null;
        show("");
      }
    });
  };

  const start = (root) => {
    each(root, "[data-when]", follow);
    each(root, "[data-countdown]", countdown);
    each(root, "[data-suggest]", combobox);
    each(root, "[data-needs-script]", (node) => (node.hidden = false));
    each(root, "[data-without-script]", (node) => (node.hidden = true));
  };

  document.addEventListener("click", (event) => {
    pressed(event);
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say(copy.dataset.copied));
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-dismiss]")) toast().textContent = "";
    if (event.target.closest("[data-today]")) document.querySelector("[data-day-now]")?.scrollIntoView({ inline: "center" });
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (menu) (menu.open = false), menu.querySelector("summary").focus();
  });
  // A list chosen from by hand goes by itself; by keys each arrow is a choice, so the button beside it says go (WCAG 3.2.2)
  let isByKeys = false;
  addEventListener("keydown", () => (isByKeys = true), true);
  addEventListener("pointerdown", () => (isByKeys = false), true);
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-autosubmit]") && !isByKeys) event.target.form.requestSubmit();
  });

  // -- A second press of the same button sends nothing; the key in the form makes a repeat harmless in any case.
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

  // -- htmx: fetched when the page is there, and only by a page that has a use for it
  const live = (event, state) => event.target.querySelectorAll?.(".live").forEach((one) => (one.dataset.state = state));
  document.addEventListener("htmx:afterRequest", (event) => event.target.closest && event.target.closest("form") && free(event.target.closest("form")));
  document.addEventListener("htmx:load", (event) => start(event.target));
  document.addEventListener("htmx:sendError", (event) => {
    live(event, "late");
    if (!event.target.querySelector?.(".live")) say(document.body.dataset.offline);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => live(event, "on"));
  const fetchHtmx = () => {
    if (!document.querySelector("[hx-get], [hx-post], [hx-boost]")) return;
    document.head.append(Object.assign(document.createElement("script"), { src: document.body.dataset.htmx }));
  };
  addEventListener("load", () => (window.requestIdleCallback || setTimeout)(fetchHtmx, { timeout: 2000 })); // a busy phone gets it too

  document.addEventListener("DOMContentLoaded", () => {
    start(document);
    sheetOf(location)?.showModal();
    const now = document.querySelector(".strip [aria-current]");
    if (now) now.parentElement.parentElement.scrollLeft = now.offsetLeft - 96;
  });
})();
