"""The draw's file: lines of canonical JSON, in this order. Nothing in it names a patient.

draw         the terms                                               1
entry        one application, by ticket                              any number
commitment   count, root over all lines above, signature             1
seed         secrets, beacon, seed                                   1, or instead
void         whose silence ended it                                  1
withdrawal   places that the hospital took away before a rank        any number
refusal      a rule spoke against a session for a ticket             any number
rank         rank, ticket, key, what was given                       one an entry
end          whether all winners are booked, how many lines above    1
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from yitong.core.hashlog.canonical import canonical
from yitong.core.lots.commitment import Commitment
from yitong.core.lots.order import Refusal, Withdrawal, allocate, order_of
from yitong.core.lots.seed import Beacon, seed_of
from yitong.core.lots.terms import (
    FORMAT,
    SECRET_BYTES,
    TICKET_BYTES,
    BeaconRound,
    Entry,
    Offer,
    Party,
    Terms,
    as_line,
)

HASH_BYTES = 32
T = TypeVar("T")


class FileBroken(ValueError):
    """What is no draw's file. The text says the line."""


@dataclass(frozen=True, slots=True)
class Seed:
    """What was opened after the entries were fixed. `beacon` is None where it wasn't reached, or none was named."""

    secrets: Mapping[Party, bytes]
    beacon: Beacon | None
    seed: bytes

    def line(self) -> bytes:
        b = self.beacon
        beacon = b and {"round": b.round, "randomness": b.randomness, "signature": b.signature}
        return canonical({"kind": "seed", "secrets": self.secrets, "beacon": beacon, "seed": self.seed})


@dataclass(frozen=True, slots=True)
class Rank:
    rank: int
    ticket: bytes
    key: bytes
    given: str | None

    def line(self) -> bytes:
        ticket, key = self.ticket.hex(), self.key.hex()
        return as_line({"kind": "rank", "rank": self.rank, "ticket": ticket, "key": key, "given": self.given})


@dataclass(slots=True)
class DrawFile:
    """A file as it was read. `lines`: those above the commitment, as they stood there."""

    terms: Terms
    lines: list[bytes]
    entries: list[Entry]
    commitment: Commitment
    seed: Seed | None = None
    silent: tuple[Party, ...] = ()
    withdrawals: list[Withdrawal] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    ranks: list[Rank] = field(default_factory=list)
    is_settled: bool = False


def draw(terms: Terms, commitment: Commitment, secrets: Mapping[Party, bytes], beacon: Beacon | None) -> Seed:
    """The seed of a draw whose parties have all spoken."""
    return Seed(secrets, beacon, seed_of(terms.draw_id, commitment.root, secrets, beacon))


def rank(
    terms: Terms,
    entries: Iterable[Entry],
    seed: bytes,
    refusals: Sequence[Refusal] = (),
    withdrawals: Sequence[Withdrawal] = (),
) -> list[Rank]:
    """All entries in the order of the draw, each with what it is given."""
    order = order_of(seed, entries)
    given = allocate([entry for _, entry in order], terms.places, refusals, withdrawals)
    return [
        Rank(number, entry.ticket, key, session)
        for number, ((key, entry), session) in enumerate(zip(order, given, strict=True), start=1)
    ]


def write(
    terms: Terms,
    entries: Iterable[Entry],
    commitment: Commitment,
    seed: Seed,
    ranks: Iterable[Rank],
    *,
    refusals: Iterable[Refusal] = (),
    withdrawals: Iterable[Withdrawal] = (),
    is_settled: bool = False,
) -> Iterator[bytes]:
    """The lines of a drawn file, each with its line feed."""

    def body() -> Iterator[bytes]:
        yield from _opening(terms, entries, commitment)
        yield seed.line()
        for w in withdrawals:
            yield canonical(
                {"kind": "withdrawal", "before_rank": w.before_rank, "session": w.session, "places": w.places}
            )
        for refusal in refusals:
            yield canonical({"kind": "refusal", "ticket": refusal.ticket, "session": refusal.session})
        for one in ranks:
            yield one.line()

    return _ended(body(), is_settled=is_settled)


def write_void(
    terms: Terms, entries: Iterable[Entry], commitment: Commitment, silent: Iterable[Party]
) -> Iterator[bytes]:
    """The lines of a draw that ended because a party didn't open its secret."""

    def body() -> Iterator[bytes]:
        yield from _opening(terms, entries, commitment)
        yield canonical({"kind": "void", "silent": sorted(silent)})

    return _ended(body(), is_settled=False)


def _opening(terms: Terms, entries: Iterable[Entry], commitment: Commitment) -> Iterator[bytes]:
    yield terms.line()
    for entry in entries:
        yield entry.line()
    yield commitment.line()


def _ended(lines: Iterable[bytes], *, is_settled: bool) -> Iterator[bytes]:
    count = 0
    for line in lines:
        count += 1
        yield line + b"\n"
    yield canonical({"kind": "end", "lines": count, "settled": is_settled}) + b"\n"


# -- reading ---------------------------------------------------------------------------------------------------------

NEXT = {
    "": {"draw"},
    "draw": {"entry", "commitment"},
    "entry": {"entry", "commitment"},
    "commitment": {"seed", "void"},
    "seed": {"withdrawal", "refusal", "rank", "end"},
    "void": {"end"},
    "withdrawal": {"withdrawal", "refusal", "rank", "end"},
    "refusal": {"refusal", "rank", "end"},
    "rank": {"rank", "end"},
    "end": set(),
}
FIELDS = {
    kind: {"kind", *names.split()}
    for kind, names in {
        "draw": "format draw hospital department opens_at closes_at weights most_places sessions promises beacon",
        "entry": "ticket reasons weight places choices",
        "commitment": "draw count root signer signature",
        "seed": "secrets beacon seed",
        "void": "silent",
        "withdrawal": "before_rank session places",
        "refusal": "ticket session",
        "rank": "rank ticket key given",
        "end": "lines settled",
    }.items()
}


def _refuse(text: str) -> object:
    raise ValueError("no whole number")


_DECODER = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)


def read(lines: Iterable[bytes]) -> DrawFile:
    """FileBroken, with the line's number, where it isn't a whole file in this format."""
    reading, number = _Reading(), 0
    try:
        for number, line in enumerate(lines, start=1):
            reading.take(number, line)
    except FileBroken:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FileBroken(f"line {number}: {type(error).__name__}") from None
    if reading.last != "end" or reading.file is None:
        raise FileBroken(f"line {number}: the end is missing")
    return reading.file


class _Reading:
    """One pass over the lines. A line must be written as we write it: else two readers could take it for two things."""

    def __init__(self) -> None:
        self.last = ""
        self.file: DrawFile | None = None
        self._terms: Terms | None = None
        self._lines: list[bytes] = []
        self._entries: list[Entry] = []

    def take(self, number: int, line: bytes) -> None:
        if not line.endswith(b"\n"):
            raise FileBroken(f"line {number}: no line feed")
        content = line[:-1]
        record = _DECODER.raw_decode(content.decode())[0]
        if as_line(record) != content:
            raise FileBroken(f"line {number}: not canonical")
        kind = record["kind"]
        if kind not in NEXT[self.last]:
            raise FileBroken(f"line {number}: not the place for it")
        if record.keys() != FIELDS[kind]:
            raise FileBroken(f"line {number}: other fields")
        if kind in ("draw", "entry"):
            self._lines.append(content)
        if self.file is None:
            self._open(kind, record)
        else:
            self._go_on(self.file, number, kind, record)
        self.last = kind

    def _open(self, kind: str, record: dict[str, Any]) -> None:
        if kind == "draw":
            self._terms = _terms(record)
        elif kind == "entry":
            self._entries.append(_entry(record))
        else:
            assert self._terms is not None
            self.file = DrawFile(self._terms, self._lines, self._entries, _commitment(record))

    def _go_on(self, file: DrawFile, number: int, kind: str, record: dict[str, Any]) -> None:
        if kind == "rank":
            file.ranks.append(_rank(record))
        elif kind == "seed":
            file.seed = _seed(record)
        elif kind == "void":
            file.silent = tuple(Party(party) for party in record["silent"])
            if not file.silent:
                raise ValueError("void by nobody")
        elif kind == "withdrawal":
            before, places = _whole(record["before_rank"]), _whole(record["places"])
            file.withdrawals.append(Withdrawal(before, _is(record["session"], str), places))
        elif kind == "refusal":
            file.refusals.append(Refusal(_ticket(record["ticket"]), _is(record["session"], str)))
        else:
            if record["lines"] != number - 1:
                raise FileBroken(f"line {number}: {number - 1} lines stand above it")
            file.is_settled = _is(record["settled"], bool)


def _terms(record: dict[str, Any]) -> Terms:
    if record["format"] != FORMAT:
        raise ValueError("another format")
    beacon = record["beacon"]
    return Terms(
        draw_id=_id(record["draw"]),
        hospital=_is(record["hospital"], str),
        department=_is(record["department"], str),
        opens_at=datetime.fromisoformat(record["opens_at"]),
        closes_at=datetime.fromisoformat(record["closes_at"]),
        weights={reason: _whole(weight) for reason, weight in record["weights"].items()},
        most_places=_whole(record["most_places"]),
        offers=[Offer(_is(o["session"], str), _whole(o["places"]), _is(o["what"], str)) for o in record["sessions"]],
        promises={party: _bytes(record["promises"][party], HASH_BYTES) for party in Party},
        beacon=beacon
        and BeaconRound(beacon["chain"], _whole(beacon["round"]), datetime.fromisoformat(beacon["deadline"])),
    )


def _entry(record: dict[str, Any]) -> Entry:
    reasons, choices = _texts(record["reasons"]), _texts(record["choices"])
    return Entry(_ticket(record["ticket"]), reasons, _whole(record["weight"]), _whole(record["places"]), choices)


def _commitment(record: dict[str, Any]) -> Commitment:
    root, signature = _bytes(record["root"], HASH_BYTES), _bytes(record["signature"])
    return Commitment(_id(record["draw"]), _whole(record["count"]), root, _is(record["signer"], str), signature)


def _seed(record: dict[str, Any]) -> Seed:
    b = record["beacon"]
    beacon = b and Beacon(_whole(b["round"]), _bytes(b["randomness"], HASH_BYTES), _bytes(b["signature"]))
    secrets = {party: _bytes(record["secrets"][party], SECRET_BYTES) for party in Party}
    return Seed(secrets, beacon, _bytes(record["seed"], HASH_BYTES))


def _rank(record: dict[str, Any]) -> Rank:
    given = record["given"]
    return Rank(
        _whole(record["rank"]),
        _ticket(record["ticket"]),
        _bytes(record["key"], HASH_BYTES),
        None if given is None else _is(given, str),
    )


def _texts(values: object) -> tuple[str, ...]:
    if type(values) is not list or any(type(value) is not str for value in values):
        raise TypeError("no list of texts")
    return tuple(values)


def _ticket(text: str) -> bytes:
    return _bytes(text, TICKET_BYTES)


def _bytes(text: str, length: int | None = None) -> bytes:
    """Written as we write them: in small letters, and of this length where one is known."""
    found = bytes.fromhex(text)
    if found.hex() != text or length not in (None, len(found)):
        raise ValueError("not so many bytes")
    return found


def _id(text: str) -> UUID:
    found = UUID(text)
    if str(found) != text:
        raise ValueError("no id as it is written")
    return found


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no whole number")
    return value


def _is(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError("another type")
    return value
