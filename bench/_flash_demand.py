"""Who asks for what, in which order, as the bytes that go over the wire."""

import json
import random
from datetime import datetime
from itertools import accumulate
from pathlib import Path

from bench._flash_passes import pass_of
from bench._flash_people import Person
from bench._flash_shapes import Ask, Crowd, Session, Shape, keep, write_requests

SEED = 2026
NEARS, NEAR_WEIGHTS = ("slot", "window", "session"), (10, 20, 70)
GREEDY_ASKS = 5  # two more than anybody may have in seven days; below the six requests a minute of R-017
EARLY_S, EARLY_UNTIL_S = 2.0, 0.2  # early birds ask from so long before the release until so long before it
READS = 2_000
SESSION_READS = 3  # of four reads


def write(
    folder: Path, run: str, shape: Shape, sessions: list[Session], people: list[Person], *, now: datetime
) -> None:
    """Draws the crowd and writes it with the bytes of all requests, and of those of readers."""
    chance = random.Random(SEED)
    crowd, owners = draw(shape, sessions, people, chance)
    keep(folder / f"{run}.crowd", crowd)
    passes = {one.number: pass_of(one, now=now) for one in people}
    ready = [_claim(ask, passes[owner.number], owner.address) for ask, owner in zip(crowd.asks, owners, strict=True)]
    write_requests(folder / f"{run}.requests", (ready[n] for n in crowd.order))
    reads = (_read(one, chance) for one in chance.choices(sessions, k=READS))
    write_requests(folder / f"{run}.reads", reads)


def draw(
    shape: Shape, sessions: list[Session], people: list[Person], chance: random.Random
) -> tuple[Crowd, list[Person]]:
    """The crowd, and who stands behind each of its asks."""
    distinct = shape.requests - int(shape.requests * shape.repeated) - shape.early
    owners = _owners(shape, people, distinct, chance)
    ranked = chance.sample(sessions, len(sessions))  # popularity has nothing to do with the order of making
    weights = list(accumulate((rank + 1) ** -shape.skew for rank in range(len(ranked))))
    crowd = Crowd()
    for number, owner in enumerate(owners):
        session = chance.choices(ranked, cum_weights=weights)[0]
        crowd.asks.append(
            Ask(
                key=f"flash-{number:08d}",
                actor=f"account:{owner.account_id}",
                patient_id=str(owner.patient_id),
                hospital_id=session.hospital_id,
                session_id=session.session_id,
                slot_id=chance.choice(session.slots)[0],
                near="slot" if shape.named else chance.choices(NEARS, NEAR_WEIGHTS)[0],
            )
        )
    _order(crowd, shape, owners, chance)
    return crowd, owners


def _owners(shape: Shape, people: list[Person], asks: int, chance: random.Random) -> list[Person]:
    """Who asks, in random order: the greedy five times each, everybody else as evenly as it divides."""
    greedy = people[: int(len(people) * shape.greedy)]
    others = people[len(greedy) :]
    rest = asks - GREEDY_ASKS * len(greedy)
    often, more = divmod(rest, len(others))
    owners = greedy * GREEDY_ASKS + others * often + others[:more]
    chance.shuffle(owners)
    return owners


def _order(crowd: Crowd, shape: Shape, owners: list[Person], chance: random.Random) -> None:
    """Early birds, then everybody's ask, with repeats of some keys anywhere after the first.

    Early birds and repeats are asks of people who ask rarely: nobody is refused for asking too often.
    """
    asked: dict[int, int] = {}
    for owner in owners:
        asked[owner.number] = asked.get(owner.number, 0) + 1
    rare = [number for number, owner in enumerate(owners) if asked[owner.number] < GREEDY_ASKS - 1]
    chosen = chance.sample(rare, min(len(rare), shape.early + int(shape.requests * shape.repeated)))
    early, repeated = chosen[: shape.early], chosen[shape.early :]
    for place, number in enumerate(early):
        crowd.add(number, -EARLY_S + (EARLY_S - EARLY_UNTIL_S) * place / len(early))
    places = [(float(number), number) for number in range(len(owners))]
    places += [(chance.uniform(number + 0.5, len(owners)), number) for number in repeated]
    for _, number in sorted(places):
        crowd.add(number)


def _claim(ask: Ask, token: str, address: str) -> bytes:
    body = json.dumps(
        {
            "pass": token,
            "key": ask.key,
            "hospital_id": ask.hospital_id,
            "slot_id": ask.slot_id,
            "patient_id": ask.patient_id,
            "is_first_visit": True,
            "by_name": False,
            "near": ask.near,
        },
        separators=(",", ":"),
    ).encode()
    return (
        b"POST /counter/claims HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"X-Forwarded-For: %b\r\nContent-Length: %d\r\n\r\n%b" % (address.encode(), len(body), body)
    )


def _read(session: Session, chance: random.Random) -> bytes:
    """What a page asks: mostly one session, sometimes a department's days."""
    if chance.randrange(SESSION_READS + 1):
        path = f"/counter/sessions/{session.hospital_id}/{session.session_id}"
    else:
        path = f"/counter/departments/{session.hospital_id}/{session.department_id}"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode()
