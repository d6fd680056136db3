// The week grid by mouse and by keys: both only choose where to; the form of the move, opened as a sheet, does it.
(() => {
  "use strict";
  const say = (text) => {
    const place = document.getElementById("week-say");
    if (place) place.textContent = text;
  };
  const grid = () => document.querySelector("[data-sittings]");
  const cellsOf = (week) => [...week.tBodies[0].rows].map((row) => [...row.cells].filter((cell) => cell.dataset.weekday));
  const nameOf = (sitting) => sitting.querySelector("strong").textContent;
  let held = null; // {sitting, from, cell, isCopy}: what is picked up, by key or by pointer

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const show = (cell) => {
    held.cell?.classList.remove("drop");
    held.cell = cell;
    cell.classList.add("drop");
    const { moving, copying } = grid().dataset;
    say(fill(held.isCopy ? copying : moving, { where: cell.dataset.name }));
  };
  const letGo = () => {
    held?.cell?.classList.remove("drop");
    held?.sitting.classList.remove("held");
    held?.ghost?.remove();
    held = null;
  };
  const back = () => {
    const { sitting } = held;
    letGo();
    say(fill(grid().dataset.back, { what: nameOf(sitting) }));
    sitting.focus();
  };
  const drop = () => {
    const { sitting, cell, from, isCopy } = held;
    letGo();
    if (cell === from && !isCopy) return sitting.focus();
    const wish = new URLSearchParams({ weekday: cell.dataset.weekday, half_day: cell.dataset.half, copy: isCopy ? "1" : "0" });
    desk.open(`${sitting.dataset.move}?${wish}`, grid().dataset.sheetName);
  };
  const pick = (sitting) => {
    held = { sitting, from: sitting.closest("td"), isCopy: false };
    sitting.classList.add("held");
  };

  // Keys
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const beside = (cell, [down, right]) => {
    const cells = cellsOf(grid());
    const row = cells.findIndex((each) => each.includes(cell));
    return cells[row + down]?.[cells[row].indexOf(cell) + right];
  };
  const within = (node, by) => {
    const stops = [...node.closest("td").querySelectorAll(".sitting, .add")];
    return stops[stops.indexOf(node) + by];
  };
  const walk = (node, [down, right]) => {
    const next = (down && within(node, down)) || null;
    if (next) return next.focus();
    const cell = beside(node.closest("td"), [down, right]);
    const stops = cell ? [...cell.querySelectorAll(".sitting, .add")] : [];
    (down < 0 ? stops.at(-1) : stops[0])?.focus();
  };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (held) {
      if (key === "Tab") return back();
      const next = steps[key] && beside(held.cell || held.from, steps[key]);
      if (next) show(next);
      else if (key === "Escape") back();
      else if (key === " " || key === "Enter") drop();
      else if (key === "c") (held.isCopy = !held.isCopy), show(held.cell || held.from);
      else if (!steps[key]) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const stop = target.closest?.("[data-sittings] .sitting, [data-sittings] .add");
    if (!stop) return;
    if (key === " " && stop.dataset.move) {
      pick(stop);
      held.cell = held.from;
      say(fill(grid().dataset.picked, { what: nameOf(stop) }));
      event.preventDefault();
    } else if (steps[key]) {
      walk(stop, steps[key]);
      event.preventDefault();
    }
  }, true);

  // Mouse and pen; a finger scrolls the table and takes the button of the sitting instead.
  let start = null;
  let isDragged = false;
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-sittings] td[data-weekday]");
  document.addEventListener("pointerdown", (event) => {
    const sitting = event.target.closest?.("[data-sittings] .sitting[data-move]");
    isDragged = false;
    if (sitting && event.button === 0 && event.pointerType !== "touch") start = { sitting, x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointermove", (event) => {
    if (!start) return;
    if (!isDragged) {
      if (Math.hypot(event.clientX - start.x, event.clientY - start.y) < 6) return;
      isDragged = true;
      pick(start.sitting);
      held.ghost = start.sitting.cloneNode(true);
      held.ghost.classList.add("ghost");
      held.ghost.removeAttribute("href");
      held.ghost.setAttribute("aria-hidden", "true");
      document.body.append(held.ghost);
    }
    if (!held) return;
    held.isCopy = event.ctrlKey || event.altKey;
    held.ghost.style.translate = `${event.clientX + 8}px ${event.clientY + 8}px`;
    const cell = under(event);
    if (cell && cell !== held.cell) show(cell);
    if (!cell) held.cell?.classList.remove("drop"), (held.cell = null);
  });
  document.addEventListener("pointerup", () => {
    start = null;
    if (!held?.ghost) return;
    if (held.cell) drop();
    else back();
  });
  document.addEventListener("pointercancel", () => {
    start = null;
    if (held?.ghost) back();
  });
  document.addEventListener("click", (event) => {
    if (!isDragged) return;
    isDragged = false;
    if (event.target.closest?.("[data-sittings] .sitting")) event.preventDefault();
  }, true);
})();
