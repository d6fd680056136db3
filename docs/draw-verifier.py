"""Checks a draw's file by itself: python3 draw-verifier.py [ROOT] < FILE. ROOT is what was published at closing."""

import json
import sys
from hashlib import sha256


def root(leaves):  # RFC 6962
    half = 1 << (len(leaves) - 1).bit_length() - 1 if leaves[1:] else 0
    return sha256(b"\x01" + root(leaves[:half]) + root(leaves[half:])).digest() if half else leaves[0]


def wrong(raw, published=None):
    lines = [json.loads(line) for line in raw]
    plain = [json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for line in lines]
    if b"".join(raw) != "".join(plain).encode() or lines[-1].get("lines") != len(lines) - 1:
        yield "the file is cut off, or not written as it should be"
    draw, entries, ranks, taken, refused, right = lines[0], [], [], [], [], []
    for line in lines:
        {"entry": entries, "rank": ranks, "withdrawal": taken, "refusal": refused}.get(line["kind"], []).append(line)
    promise, seed = lines[len(entries) + 1 : len(entries) + 3]
    tickets, places = [e["ticket"] for e in entries], {s["session"]: s["places"] for s in draw["sessions"]}
    if tickets != sorted(set(tickets)) or len(entries) != promise["count"]:
        yield "an entry is missing, too many or out of its place"
    leaves = [sha256(b"\x00" + line[:-1]).digest() for line in raw[: len(entries) + 1]]
    if root(leaves).hex() != promise["root"] or published not in (None, promise["root"]):
        yield "the entries are not those that were promised at closing"
    for e in entries:
        if e["weight"] != sum(draw["weights"].get(r, 0) for r in set(e["reasons"])) or set(e["choices"]) - set(places):
            yield f"{e['ticket']} has a weight or a choice that the terms don't give"
    if seed["kind"] == "void":
        return
    for who, secret in seed["secrets"].items():
        text = f"yitong-draw-secret-1:{who}:{draw['draw']}:{secret}"
        if sha256(text.encode()).hexdigest() != draw["promises"][who]:
            yield f"the secret of the {who} is not the one that was promised"
    beacon, named = seed["beacon"], draw["beacon"] or {}
    said = sha256(bytes.fromhex(beacon["signature"])).hexdigest() if beacon else "none"
    if beacon and (beacon["round"] != named.get("round") or beacon["randomness"] != said):
        yield "the beacon is not the one that was named"
    text = ":".join([draw["draw"], promise["root"], seed["secrets"]["operator"], seed["secrets"]["hospital"], said])
    if seed["seed"] != sha256(f"yitong-draw-seed-1:{text}".encode()).hexdigest():
        yield "the seed is not made of these"
    for e in entries:
        start = bytes.fromhex(seed["seed"] + e["ticket"])
        e["key"] = min(sha256(start + lot.to_bytes(4, "big")).hexdigest() for lot in range(max(1, e["weight"])))
    for rank, e in enumerate(sorted(entries, key=lambda e: e["key"]), start=1):
        for gone in (gone for gone in taken if gone["before_rank"] == rank):
            places[gone["session"]] -= gone["places"]
        no = [refusal["session"] for refusal in refused if refusal["ticket"] == e["ticket"]]
        given = next((s for s in e["choices"] if places.get(s, 0) >= e["places"] and s not in no), None)
        places |= {given: places[given] - e["places"]} if given else {}
        right.append({"kind": "rank", "rank": rank, "ticket": e["ticket"], "key": e["key"], "given": given})
    if ranks != right:
        yield "the ranks, or what was given, are not what seed and weights make them"


if __name__ == "__main__":
    found = list(wrong(sys.stdin.buffer.readlines(), *sys.argv[1:2]))
    sys.exit("\n".join(found) or print("The draw is whole."))
