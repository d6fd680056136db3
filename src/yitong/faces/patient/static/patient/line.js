// The line before a release: joined, left and followed without leaving the page. Who waits is answered by the booking
// window from memory; it says when to ask again. Without scripts the same form is answered by this page.
(() => {
  "use strict";
  const LONGEST_MS = 30000; // between two tries while the window is lost
  const ANSWER_MS = 8000;

  const begin = (form) => {
    const words = form.dataset;
    const said = form.querySelector("[data-said]");
    const join = form.querySelector("[data-join]");
    const quit = form.querySelector("[data-quit]");
    const enter = form.querySelector("[data-enter]");
    const boxes = [...form.querySelectorAll("[name=patient]")];
    let timer;
    let fails = 0;
    let wasAdmitted = false;

    const write = (node, text) => node.textContent === text || (node.textContent = text);
    const hour = (instant) =>
      new Date(instant).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
    const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);

    const sentence = (place) => {
      if (place.standing === "admitted") return words.admitted.replace("{time}", hour(place.until));
      if (place.standing !== "waiting") return words[place.standing];
      if (!place.ahead) return words.next;
      const wait = place.wait_s ? ` · ${words.wait.replace("{m}", Math.max(1, Math.round(place.wait_s / 60)))}` : "";
      return words.waiting.replace("{n}", place.ahead) + wait;
    };

    const show = (found) => {
      for (const place of found.places) {
        const note = form.querySelector(`[data-of="${place.patient_id}"]`);
        if (note) write(note, sentence(place));
      }
      const of = (...standings) => found.places.filter((place) => standings.includes(place.standing));
      const admitted = of("admitted");
      const waiting = of("waiting").sort((one, other) => one.ahead - other.ahead);
      enter.hidden = !admitted.length;
      const isIn = of("gathering", "waiting", "admitted");
      join.hidden = Boolean(admitted.length) || isIn.length === found.places.length;
      quit.hidden = !isIn.length;
      const first = admitted[0] || waiting[0] || of("gathering")[0] || of("missed")[0];
      write(said, first ? sentence(first) : "");
      write(form.querySelector("[data-slots]"), found.left ? words.slots.replace("{n}", found.left) : words.none);
      if (admitted.length && !wasAdmitted) {
        enter.focus();
        if (navigator.vibrate) navigator.vibrate(200);
      }
      wasAdmitted = Boolean(admitted.length);
    };

    // A pass is believed for a quarter of an hour: this page has a new one.
    const renew = async () => {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      const fresh = page.querySelector("[data-line] [name=pass]");
      if (!fresh) return location.reload(); // signed out, or the line is over
      form.elements.pass.value = fresh.value;
      return ask([], form.action);
    };

    const ask = async (patients, where) => {
      clearTimeout(timer);
      let againMs;
      try {
        const answer = await fetch(where, {
          method: "POST",
          headers: { "content-type": "application/json", "accept-language": document.documentElement.lang },
          body: JSON.stringify({ pass: form.elements.pass.value, patients }),
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        const body = await answer.json();
        fails = 0;
        if (answer.ok) {
          show(body);
          againMs = 1000 * body.ask_again_s;
        } else if (body.code === "PASS_INVALID") {
          return await renew();
        } else if (body.code === "LINE_NOT_OPEN") {
          write(said, words.over);
          enter.hidden = false;
          join.hidden = quit.hidden = true;
          return undefined;
        } else {
          write(said, `${body.message} ${body.next_step || ""}`);
          againMs = 1000 * (body.params?.wait_s || 5);
        }
      } catch {
        fails += 1;
        write(said, words.lost);
        againMs = Math.min(LONGEST_MS, 1000 * 2 ** fails) * (0.5 + Math.random());
      }
      timer = setTimeout(look, againMs);
      return undefined;
    };
    const look = () => {
      if (document.hidden) return; // the place is kept; it is asked when somebody looks
      ask([], form.action);
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = event.submitter;
      ask(chosen(), button === quit ? words.leave : form.action).finally(() => button.removeAttribute("aria-busy"));
    });
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    look();
  };

  document.querySelectorAll("[data-line]").forEach(begin);
})();
