// Department and session pages: what is left, told by the booking window while the page is looked at (docs/counter.md).
// Without scripts the same page says when it was read and when more comes, and a reload asks again.
(() => {
  "use strict";
  const EVERY_MS = 10000; // between two looks; a third of it right after a release, three times as much long before one
  const AFTER_MS = 60000; // how long "right after" lasts
  const FAR_MS = 600000;
  const SPREAD_MS = 1500; // over which those who wait for a release ask
  const LONGEST_MS = 30000; // between two tries while it is lost
  const ANSWER_MS = 8000;
  const NO_SLOT = "00000000-0000-0000-0000-000000000000"; // stands in the page's address where a slot's id belongs

  const begin = (root) => {
    const words = root.dataset;
    const badge = root.querySelector(".live");
    const said = root.querySelector("[role=status]");
    let ahead = Number.NEGATIVE_INFINITY; // the server's clock less ours: what we know of it is late, never early
    let fails = 0;
    let releases = [];
    let wasOpen = null;
    let timer;

    const now = () => ahead + performance.now();
    // Said aloud; what nothing else on the page shows is seen, too.
    const say = (text, isSeen) => {
      said.classList.toggle("visually-hidden", !isSeen);
      said.textContent = text;
    };
    const write = (node, text) => node.textContent === text || (node.textContent = text);

    // A link while it leads somewhere, else the same thing as text.
    const lead = (node, href) => {
      const isLink = node.matches("a");
      if (isLink === Boolean(href)) return isLink && node.getAttribute("href") !== href && (node.href = href);
      const other = document.createElement(href ? "a" : node.matches(".offer") ? "div" : "span");
      for (const { name, value } of node.attributes) if (name !== "href") other.setAttribute(name, value);
      if (href) other.href = href;
      const hadFocus = node === document.activeElement;
      other.append(...node.childNodes);
      node.replaceWith(other);
      if (!hadFocus) return;
      if (!href) other.tabIndex = -1;
      other.focus();
    };

    const isToCome = (session) => Date.parse(session.opens_at) > now();
    const left = (sessions) => sessions.reduce((sum, one) => sum + one.left, 0);
    const told = (sessions) => {
      if (left(sessions)) return words.left.replace("{n}", left(sessions));
      if (sessions.every((one) => one.is_stopped)) return words.stopped;
      return sessions.some(isToCome) ? words.toCome : words.full;
    };

    const showDay = (tile, sessions) => {
      write(tile.querySelector(".day-left"), told(sessions));
      tile.classList.toggle("day-none", !left(sessions));
    };
    const showOffer = (card, sessions) => {
      const tag = card.querySelector("[data-left-here]");
      write(tag, told(sessions));
      tag.classList.toggle("tag-brand", left(sessions) > 0);
      const isWaiting = sessions.some((one) => !one.is_stopped && isToCome(one));
      if (left(sessions)) card.querySelector("[data-note]")?.remove();
      card.classList.toggle("offer-none", !left(sessions) && !isWaiting);
      lead(card, left(sessions) || isWaiting ? card.dataset.way : "");
    };
    const showWindow = (tile, found, session) => {
      const n = found ? found.left : 0;
      write(tile.querySelector(".window-left"), n ? words.left.replace("{n}", n) : told([{ ...session, left: 0 }]));
      tile.classList.toggle("window-none", !n);
      lead(tile, n ? words.slot.replace(NO_SLOT, found.slot_id) : "");
    };

    // Whether what was chosen (a day, or a session) has something left.
    const show = (found) => {
      const isDepartment = Boolean(found.days);
      const sessions = isDepartment ? found.days.flatMap((day) => day.sessions) : [found];
      releases = sessions.filter((one) => !one.is_stopped).map((one) => Date.parse(one.opens_at));
      const byId = Object.fromEntries(sessions.map((one) => [one.session_id, one]));
      for (const day of found.days || []) {
        const tile = document.querySelector(`[data-day="${day.date}"]`);
        if (tile) showDay(tile, day.sessions);
      }
      for (const card of document.querySelectorAll("[data-sessions]")) {
        const own = card.dataset.sessions.split(" ").flatMap((id) => byId[id] || []);
        if (own.length) showOffer(card, own);
      }
      const windows = Object.fromEntries((found.windows || []).map((one) => [Date.parse(one.starts_at) / 1000, one]));
      if (!isDepartment) document.querySelectorAll("[data-starts]").forEach((tile) => showWindow(tile, windows[tile.dataset.starts], found));
      for (const part of document.querySelectorAll("[data-sitting]")) {
        const own = [...part.querySelectorAll("[data-starts]")].flatMap((tile) => windows[tile.dataset.starts] || []);
        const tag = part.querySelector(".tag");
        if (own.length) write(tag, told([{ ...found, left: left(own) }]));
        if (own.length) tag.classList.toggle("tag-brand", left(own) > 0);
      }
      return left(isDepartment ? (found.days.find((day) => day.date === words.chosen) || { sessions: [] }).sessions : sessions) > 0;
    };

    const turn = (isOpen) => {
      if (wasOpen !== null && wasOpen !== isOpen) say(isOpen ? words.opened : words.gone);
      wasOpen = isOpen;
      const isWaiting = !isOpen && releases.some((at) => at > now());
      document.querySelectorAll("[data-when-gone]").forEach((part) => (part.hidden = isOpen || (isWaiting && part.dataset.whenGone === "new")));
      document.querySelectorAll("[data-when-waiting]").forEach((part) => (part.hidden = isOpen));
    };

    const look = async () => {
      try {
        const answer = await fetch(words.live, { cache: "no-cache", signal: AbortSignal.timeout(ANSWER_MS) });
        if (answer.status === 404) return (badge.dataset.state = "off"); // past, or not known to the window
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        ahead = Math.max(ahead, Date.parse(found.as_of) - performance.now());
        document.dispatchEvent(new CustomEvent("yitong:clock", { detail: ahead }));
        turn(show(found));
        document.querySelectorAll("[data-as-of]").forEach((node) => write(node, clock(now())));
        if (fails > 1) say(words.back);
        fails = 0;
        badge.dataset.state = "on";
      } catch {
        fails += 1;
        badge.dataset.state = "late";
        if (fails === 2) say(words.lost, true); // the first one may be a tunnel
      }
      plan();
    };

    const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { timeZone: "Asia/Shanghai" });

    const pause = () => {
      const luck = Math.random();
      if (fails) return Math.min(LONGEST_MS, 1000 * 2 ** fails) * (0.5 + luck);
      const past = releases.some((at) => at <= now() && now() - at < AFTER_MS);
      const until = Math.min(...releases.map((at) => at - now()).filter((ms) => ms > 0), Number.POSITIVE_INFINITY);
      const far = !wasOpen && until > FAR_MS ? 3 : 1;
      const usual = (EVERY_MS * far * (0.75 + luck / 2)) / (past ? 3 : 1);
      return until < usual ? until + SPREAD_MS * luck : usual;
    };
    const plan = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(look, pause());
    };

    document.addEventListener("visibilitychange", () => {
      ahead = Number.NEGATIVE_INFINITY; // a phone that slept may have stopped its clock
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(look, 500 * Math.random());
    });
    addEventListener("online", () => fails && ((fails = 0), plan()));
    root.querySelector("[data-live-badge]").hidden = false;
    timer = setTimeout(look, 1000 * Math.random());
  };

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.querySelector("[data-live]");
    if (root) begin(root);
  });
})();
