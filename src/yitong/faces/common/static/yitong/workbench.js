// What the desk and the office gain when scripts run: a week walked by arrow keys.
(() => {
  "use strict";
  // <table data-week>: one cell is in the order of Tab (ARIA grid, roving tabindex), and what stands in it; arrows, Home, End and
  // their Ctrl forms walk; Enter opens what stands alone in a cell or enters it; Escape leaves. A walk tells "week:cell".
  const INSIDE = "a[href], button, input, select";
  const rowsOf = (table) => [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => [...row.querySelectorAll("td[data-cell]")]).filter((cells) => cells.length);
  const placeOf = (rows, cell) => {
    const row = rows.findIndex((cells) => cells.includes(cell));
    return [row, row < 0 ? -1 : rows[row].indexOf(cell)];
  };
  const stand = (cell, is_current) => {
    cell.tabIndex = is_current ? 0 : -1;
    cell.querySelectorAll(INSIDE).forEach((one) => (one.tabIndex = is_current ? 0 : -1));
  };
  const go = (table, cell) => {
    table.querySelectorAll('td[data-cell][tabindex="0"]').forEach((one) => one !== cell && stand(one, false));
    stand(cell, true);
    if (!cell.contains(document.activeElement)) cell.focus();
    cell.dispatchEvent(new CustomEvent("week:cell", { bubbles: true, detail: { cell: cell.dataset.cell } }));
  };
  const target = (rows, row, column, event) => {
    const width = rows[row].length;
    switch (event.key) {
      case "ArrowRight": return rows[row][column + 1];
      case "ArrowLeft": return rows[row][column - 1];
      case "ArrowDown": return rows[row + 1]?.[column];
      case "ArrowUp": return rows[row - 1]?.[column];
      case "Home": return rows[event.ctrlKey ? 0 : row][0];
      case "End": return (event.ctrlKey ? rows.at(-1) : rows[row])[width - 1];
    }
  };
  const walk = (event) => {
    const table = event.currentTarget;
    const cell = event.target.closest("td[data-cell]");
    if (!cell || event.altKey || event.metaKey || event.defaultPrevented) return;
    const rows = rowsOf(table);
    const next = target(rows, ...placeOf(rows, cell), event);
    const inside = cell.querySelectorAll(INSIDE);
    if (next) {
      event.preventDefault();
      next.focus();
      go(table, next);
    } else if (event.key === "Enter" && event.target === cell && inside.length) {
      event.preventDefault();
      inside.length === 1 ? inside[0].click() : inside[0].focus();
    } else if (event.key === "Escape" && event.target !== cell) {
      event.preventDefault();
      cell.focus();
    }
  };
  const week = (table) => {
    if (table.getAttribute("role") === "grid") return;
    const cells = rowsOf(table).flat();
    if (!cells.length) return;
    table.setAttribute("role", "grid");
    cells.forEach((cell) => stand(cell, false));
    stand(table.querySelector("td.week-today[data-cell]") || cells[0], true);
    table.addEventListener("keydown", walk);
    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest("td[data-cell]");
      if (cell && cell.tabIndex !== 0) go(table, cell);
    });
  };
  const start = (root) => {
    if (root.matches?.("[data-week]")) week(root);
    root.querySelectorAll("[data-week]").forEach(week);
  };
  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:load", (event) => start(event.target));
})();
