// The form of the booking window: sent by script it stays where it is while the service is away, and asks again with
// the same key, so that nothing is booked twice. Without scripts the same form is answered by a page.
(() => {
  "use strict";
  const MOST = 12; // tries: about a minute and a half
  const LONGEST_MS = 8000;
  const ANSWER_MS = 15000;

  const pause = (ms) =>
    new Promise((go) => {
      const on = () => (clearTimeout(timer), removeEventListener("online", on), setTimeout(go, 1000 * Math.random()));
      const timer = setTimeout(() => (removeEventListener("online", on), go()), ms);
      addEventListener("online", on); // back in the net: no need to wait longer
    });

  const fieldsOf = (form) => {
    const fields = Object.fromEntries(new FormData(form));
    for (const name of ["is_first_visit", "by_name"]) fields[name] = fields[name] === "true";
    return JSON.stringify(fields);
  };

  const ask = (form) =>
    fetch(form.action, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-language": document.documentElement.lang },
      body: fieldsOf(form),
      signal: AbortSignal.timeout(ANSWER_MS),
    });

  // The answer, or null when there was none for too long. 500 is one: of a bug, which asking again does not mend.
  const untilAnswered = async (form, say) => {
    for (let n = 0; n < MOST; n += 1) {
      try {
        const answer = await ask(form);
        if (answer.status <= 500) return answer;
        say(form.dataset.busy);
      } catch {
        say(form.dataset.lost);
      }
      await pause(Math.min(LONGEST_MS, 500 * 2 ** n) * (0.5 + Math.random()));
    }
    return null;
  };

  // The page with what was refused, as the server writes it: its sentence, its next step and what is near take their place here.
  const told = async (form, problem) => {
    const asked = new URL(form.dataset.back, location.href);
    const patient = new FormData(form).get("patient_id");
    for (const [name, value] of Object.entries({ ...problem.params, refused: problem.code, patient })) asked.searchParams.set(name, value);
    const page = new DOMParser().parseFromString(await (await fetch(asked)).text(), "text/html");
    const [place, fresh, pass] = [document.getElementById("told"), page.getElementById("told"), page.querySelector("[data-window] [name=pass]")];
    if (fresh && "gone" in fresh.dataset) return place.replaceWith(fresh), form.remove(), fresh.focus(); // nothing is left to press here
    if (!fresh || !pass) return location.assign(asked); // signed out, or the slot is no more: the page itself says it
    form.elements.pass.value = pass.value;
    place.replaceWith(fresh);
    fresh.scrollIntoView({ block: "nearest" });
  };

  const send = async (form) => {
    const place = form.querySelector("[data-said]");
    const say = (text) => place.textContent === text || (place.textContent = text);
    const button = form.querySelector("[type=submit]");
    const free = () => ((form.sent = false), button.removeAttribute("aria-busy"));
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await untilAnswered(form, say);
      if (!answer) return say(form.dataset.tired), free();
      say("");
      const body = await answer.json();
      if (answer.ok) return location.replace(`/bookings/${body.hospital_id}/${body.booking_id}/?new=1`);
      await told(form, body);
      free();
      if (body.code === "PASS_INVALID" && !form.renewed) {
        form.renewed = true; // the page stood for too long: it has a new pass now, and what was pressed goes on
        document.getElementById("told").textContent = "";
        return await send(form);
      }
    } catch {
      say(form.dataset.tired); // answered by something that is not the window
      free();
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-window]") || event.defaultPrevented) return; // pressed twice: it is under way
    event.preventDefault();
    send(event.target);
  });
})();
