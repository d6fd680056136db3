/* Checks a draw's file in the browser, without a network and without anybody's help: docs/draws.md says the rules.
   SHA-256 is our own, as pages opened from a disk have no WebCrypto in some browsers. */
"use strict";

const DrawCheck = (() => {
  const K = new Uint32Array(64), H0 = new Uint32Array(8);
  (() => { // the first bits of the roots of primes (FIPS 180-4, 4.2.2 and 5.3.3)
    const part = (x) => ((x - Math.floor(x)) * 4294967296) >>> 0;
    let found = 0;
    for (let n = 2; found < 64; n += 1) {
      let prime = true;
      for (let d = 2; d * d <= n; d += 1) if (n % d === 0) { prime = false; break; }
      if (!prime) continue;
      if (found < 8) H0[found] = part(Math.sqrt(n));
      K[found] = part(Math.cbrt(n));
      found += 1;
    }
  })();
  const W = new Uint32Array(64);

  function sha256(bytes) {
    const length = bytes.length, whole = ((length + 8 >> 6) + 1) << 6;
    const block = new Uint8Array(whole), view = new DataView(block.buffer), h = Uint32Array.from(H0);
    block.set(bytes);
    block[length] = 0x80;
    view.setUint32(whole - 8, Math.floor(length / 536870912));
    view.setUint32(whole - 4, (length << 3) >>> 0);
    for (let at = 0; at < whole; at += 64) {
      for (let i = 0; i < 16; i += 1) W[i] = view.getUint32(at + 4 * i);
      for (let i = 16; i < 64; i += 1) {
        const a = W[i - 15], b = W[i - 2];
        const s0 = (a >>> 7 | a << 25) ^ (a >>> 18 | a << 14) ^ a >>> 3;
        const s1 = (b >>> 17 | b << 15) ^ (b >>> 19 | b << 13) ^ b >>> 10;
        W[i] = (W[i - 16] + s0 + W[i - 7] + s1) >>> 0;
      }
      let [a, b, c, d, e, f, g, k] = h;
      for (let i = 0; i < 64; i += 1) {
        const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
        const t1 = (k + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) >>> 0;
        const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) >>> 0;
        k = g; g = f; f = e; e = (d + t1) >>> 0; d = c; c = b; b = a; a = (t1 + t2) >>> 0;
      }
      [a, b, c, d, e, f, g, k].forEach((value, i) => { h[i] = (h[i] + value) >>> 0; });
    }
    const out = new Uint8Array(32), outView = new DataView(out.buffer);
    h.forEach((value, i) => outView.setUint32(4 * i, value));
    return out;
  }

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytesOf = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const utf8 = (text) => new TextEncoder().encode(text);
  const hashOf = (text) => hex(sha256(utf8(text)));
  function joined(...parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { all.set(part, at); at += part.length; }
    return all;
  }

  function canonical(value) { // keys sorted by code point, no white space
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }

  function rootOf(leaves) { // RFC 6962
    const peaks = [];
    leaves.forEach((leaf, n) => {
      peaks.push(leaf);
      for (let size = n; size & 1; size >>= 1) {
        const right = peaks.pop(), left = peaks.pop();
        peaks.push(sha256(joined([1], left, right)));
      }
    });
    return hex(peaks.reduceRight((right, left) => sha256(joined([1], left, right))));
  }

  function keyOf(seed, entry) {
    const start = bytesOf(seed + entry.ticket);
    let least = "";
    for (let n = 0; n < Math.max(1, entry.weight); n += 1) {
      const lot = hex(sha256(joined(start, [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255])));
      if (!least || lot < least) least = lot;
    }
    return least;
  }

  /** Codes of all that is wrong, and what the file says; codes as in docs/draws.md. */
  function check(text, published) {
    const wrong = new Set();
    const raw = text.split("\n");
    if (raw.pop() !== "") return { wrong: ["FILE_BROKEN"] };
    let lines;
    try { lines = raw.map((line) => JSON.parse(line)); } catch (_error) { return { wrong: ["FILE_BROKEN"] }; }
    const of = (kind) => lines.filter((line) => line && line.kind === kind);
    const [draw] = of("draw"), [promise] = of("commitment"), [seed] = of("seed"), [nothing] = of("void"), [end] = of("end");
    if (!draw || !promise || !(seed || nothing) || lines[0] !== draw || lines[lines.length - 1] !== end) {
      return { wrong: ["FILE_BROKEN"] };
    }
    if (end.lines !== lines.length - 1 || lines.some((line, n) => canonical(line) !== raw[n])) wrong.add("FILE_BROKEN");
    const entries = of("entry"), places = new Map(draw.sessions.map((one) => [one.session, one.places]));
    entries.forEach((entry, n) => {
      if (n && entries[n - 1].ticket >= entry.ticket) wrong.add("ORDER_OF_ENTRIES");
      const lots = entry.reasons.reduce((sum, reason) => sum + (draw.weights[reason] || 1e9), 0);
      if (lots !== entry.weight || new Set(entry.reasons).size !== entry.reasons.length) wrong.add("WEIGHT_WRONG");
      const known = entry.choices.every((one) => places.has(one)) && new Set(entry.choices).size === entry.choices.length;
      if (!known || entry.places < 1 || entry.places > draw.most_places) wrong.add("ENTRY_WRONG");
    });
    if (promise.count !== entries.length) wrong.add("COUNT_WRONG");
    const leaves = raw.slice(0, entries.length + 1).map((line) => sha256(joined([0], utf8(line))));
    if (rootOf(leaves) !== promise.root) wrong.add("ROOT_WRONG");
    if (published && published.trim().toLowerCase() !== promise.root) wrong.add("ROOT_NOT_PUBLISHED");
    const report = { draw, entries, ranks: of("rank"), root: promise.root, silent: nothing ? nothing.silent : null };
    if (nothing) return { ...report, wrong: [...wrong] };
    for (const [who, secret] of Object.entries(seed.secrets)) {
      if (hashOf(`yitong-draw-secret-1:${who}:${draw.draw}:${secret}`) !== draw.promises[who]) wrong.add("SECRET_WRONG");
    }
    let chance = "none";
    if (seed.beacon) {
      chance = seed.beacon.randomness;
      const named = draw.beacon && draw.beacon.round === seed.beacon.round;
      if (!named || hex(sha256(bytesOf(seed.beacon.signature))) !== chance) wrong.add("BEACON_WRONG");
    }
    const both = `${seed.secrets.operator}:${seed.secrets.hospital}`;
    if (hashOf(`yitong-draw-seed-1:${draw.draw}:${promise.root}:${both}:${chance}`) !== seed.seed) wrong.add("SEED_WRONG");
    ranked(wrong, seed, report, places, of("refusal"), of("withdrawal"));
    return { ...report, withoutBeacon: Boolean(draw.beacon && !seed.beacon), wrong: [...wrong] };
  }

  function ranked(wrong, seed, { entries, ranks }, places, refusals, withdrawals) {
    const refused = new Set(refusals.map((one) => `${one.ticket} ${one.session}`));
    const order = entries.map((entry) => ({ entry, key: keyOf(seed.seed, entry) }));
    order.sort((one, other) => (one.key < other.key ? -1 : 1));
    if (ranks.length !== order.length) wrong.add("RANK_WRONG");
    order.forEach(({ entry, key }, n) => {
      for (const gone of withdrawals) {
        if (gone.before_rank === n + 1) places.set(gone.session, places.get(gone.session) - gone.places);
      }
      const fits = (one) => places.get(one) >= entry.places && !refused.has(`${entry.ticket} ${one}`);
      const given = entry.choices.find(fits) || null;
      if (given) places.set(given, places.get(given) - entry.places);
      const said = ranks[n] || {};
      if (said.rank !== n + 1 || said.ticket !== entry.ticket || said.key !== key) wrong.add("RANK_WRONG");
      if ((said.given || null) !== given) wrong.add("GIVEN_WRONG");
    });
    if ([...places.values()].some((left) => left < 0)) wrong.add("CHANGE_WRONG");
  }

  return { check, sha256, hex, utf8 };
})();

if (typeof document !== "undefined" && document.querySelector("[data-draw-check]")) {
  const form = document.querySelector("[data-draw-check]"), says = form.dataset, out = document.querySelector("[data-said]");
  const words = new Map(Object.entries(JSON.parse(says.words || "{}")));
  let body = out;
  const begin = (look) => {
    body = document.createElement("div");
    body.className = "banner-body";
    out.className = `banner banner-${look}`;
    out.replaceChildren(body);
  };
  const line = (text) => { const made = document.createElement("p"); made.textContent = text; body.append(made); };
  const show = async (file) => {
    delete out.dataset.kind;
    begin("info");
    if (!file) return line(says.choose);
    line(says.busy);
    const found = DrawCheck.check(await file.text(), form.elements.root.value);
    begin(found.wrong.length ? "danger" : "ok");
    out.dataset.kind = found.wrong.length ? "wrong" : "whole";
    if (found.wrong.length) {
      line(says.wrong);
      for (const code of found.wrong) line(says[`code${code.replaceAll("_", "").toLowerCase()}`] || code);
    } else {
      line(found.silent ? says.void : says.whole);
    }
    if (found.withoutBeacon) line(says.beacon);
    if (found.root) line(`${says.root} ${found.root}`);
    const ticket = form.elements.ticket.value.trim().toLowerCase();
    if (ticket && found.ranks) mine(found, ticket);
    return undefined;
  };
  const mine = (found, ticket) => {
    const entry = found.entries.find((one) => one.ticket === ticket);
    if (!entry) return line(says.stranger);
    const rank = found.ranks.find((one) => one.ticket === ticket);
    if (!rank) return line(says.listed);
    const what = found.draw.sessions.find((one) => one.session === rank.given);
    line(says.rank.replace("{rank}", rank.rank).replace("{count}", found.ranks.length));
    return line(what ? says.given.replace("{what}", read(what.what)) : says.nothing);
  };
  const read = (what) => (words.size ? what.split(" ").map((part) => words.get(part) || dayOf(part) || part).join(" ") : what);
  const dayOf = (part) => { // 3月8日: a day of this or the next year, so the file has none; 2000 has the 29th of February
    const [, month, day] = /^(\d{1,2})月(\d{1,2})日$/.exec(part) || [];
    const date = new Date(Date.UTC(2000, month - 1, day));
    return month && date.toLocaleDateString(document.documentElement.lang, { month: "short", day: "numeric", timeZone: "UTC" });
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); show(form.elements.file.files[0]); });
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { form.elements.file.files = event.dataTransfer.files; show(form.elements.file.files[0]); }
  });
}
