// Keys, sheets and rows of the desk. Every flow stands without it; words come from the server, nothing is stored.
(() => {
  "use strict";
  const TEXT = "input:not([type=checkbox]):not([type=radio]):not([type=submit]):not([type=button]), textarea, select, [contenteditable]";
  const isOff = () => /(^|; )yitong_desk_keys=off/.test(document.cookie);
  const isTyping = (node) => Boolean(node?.closest?.(TEXT));

  // A page of the desk shown above the one at hand: <a data-sheet href>. Its heading is the link's name.
  let sheet;
  const make = () => {
    const made = document.createElement("dialog");
    made.className = "sheet sheet-wide";
    made.id = "sheet";
    made.setAttribute("aria-labelledby", "sheet-name");
    made.innerHTML = '<div class="sheet-in"><div class="sheet-head"><h2 id="sheet-name" tabindex="-1"></h2><button class="button button-plain button-small" type="button" data-close><kbd>Esc</kbd></button></div><div class="sheet-body" id="sheet-body"></div></div>';
    document.body.append(made);
    return made;
  };
  // htmx, which a page fetches by itself only where it has a use for it.
  let fetched;
  const fetchHtmx = () => new Promise((done) => {
    const { htmx: src } = document.body.dataset;
    const script = document.querySelector(`script[src="${src}"]`) || document.head.appendChild(Object.assign(document.createElement("script"), { src }));
    script.addEventListener("load", done);
  });
  const open = async (href, name) => {
    await (window.htmx || (fetched ??= fetchHtmx()));
    sheet ??= make();
    sheet.querySelector("#sheet-name").textContent = name;
    await htmx.ajax("GET", href, { target: "#sheet-body", swap: "innerHTML" });
    if (!sheet.open) sheet.showModal();
    (sheet.querySelector("#sheet-body [autofocus]") || sheet.querySelector("#sheet-name")).focus();
  };
  const openLink = (link) => open(link.href, link.dataset.sheet || link.querySelector("span")?.textContent || link.textContent);
  window.desk = { open, isTyping };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    openLink(link);
  });

  // Rows: [data-rows] holds them, [data-row] is what takes the focus in each, [data-row-key] what a key does there.
  const rowsOf = (box) => [...box.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  const step = (from, by) => {
    const box = from?.closest("[data-rows]") || (sheet?.open ? sheet : document).querySelector("[data-rows]");
    if (!box) return false;
    const rows = rowsOf(box);
    const here = rows.findIndex((row) => row === from || row.closest("tr, li")?.contains(from));
    const next = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + by, 0), rows.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return Boolean(next);
  };
  const inRow = (key, node) => node.closest?.("[data-rows] tr, [data-rows] li")?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);

  const arrows = { ArrowDown: 1, ArrowUp: -1 };
  const act = (node) => (node.matches(TEXT) ? (node.focus(), node.select?.()) : node.click());
  let after = 0; // until when a letter belongs to the `g` before it
  const letter = (event) => {
    const { key, target } = event;
    if (performance.now() < after) {
      after = 0;
      return document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    }
    const scope = sheet?.open ? sheet : document;
    return inRow(key, target) || scope.querySelector(`[data-key="${CSS.escape(key)}"]`);
  };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && key.toLowerCase() === "k") {
      const jump = document.querySelector('[data-key="/"][data-sheet]');
      if (jump) event.preventDefault(), openLink(jump);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key in arrows && !target.closest?.("[data-sittings]")) {
      const list = key === "ArrowDown" && target.closest?.("[data-list]");
      const from = list ? null : target.closest?.("[data-rows] [data-row], [data-rows] a, [data-rows] button");
      if ((list && step(null, 1)) || (from && step(from, arrows[key]))) event.preventDefault();
      return;
    }
    if (isTyping(target) || isOff() || key.length !== 1 || key === " ") return;
    if (key === "g" && performance.now() >= after && !sheet?.open) {
      after = performance.now() + 1500;
      return;
    }
    if (key === "j" || key === "k") {
      after = 0;
      if (step(target.closest?.("[data-rows] *") ? target : null, key === "j" ? 1 : -1)) event.preventDefault();
      return;
    }
    const found = letter(event);
    if (found) event.preventDefault(), act(found);
  });

  // <input data-filter="id of a table's wrap">: rows without these letters step back; a heading goes with its rows.
  const filter = (box) => {
    const wanted = box.value.trim().toLowerCase();
    document.querySelectorAll(`#${CSS.escape(box.dataset.filter)} tbody`).forEach((body) => {
      const head = body.querySelector("tr.group");
      const isNamed = head && head.textContent.toLowerCase().includes(wanted);
      let left = 0;
      body.querySelectorAll("tr:not(.group)").forEach((row) => {
        row.hidden = !(isNamed || row.textContent.toLowerCase().includes(wanted));
        left += row.hidden ? 0 : 1;
      });
      if (head) head.hidden = !left;
    });
  };
  const filterAll = () => document.querySelectorAll("[data-filter]").forEach(filter);
  document.addEventListener("input", (event) => event.target.matches("[data-filter]") && filter(event.target));
  document.addEventListener("htmx:afterSwap", filterAll);
})();
