"""Draws as JSON."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StrictBool

from yitong.domains.draws.contracts import MOST_CHOICES, MOST_PATIENTS, BeaconState, DrawState, EntryState, VoidReason
from yitong.faces.api.fields import Id, In, Instant, Out

EXAMPLE_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EXAMPLE_TICKET = "5b1d0c9a4f10e2a7b3c4d5e6f7081929"
EXAMPLE_LINE = (
    f'{{"choices":["01900000-0000-7000-8000-000000000001"],"kind":"entry","places":1,"reasons":["base"],'
    f'"ticket":"{EXAMPLE_TICKET}","weight":2}}'
)


def _digits(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


Digits = Annotated[str, BeforeValidator(_digits), Field(examples=[EXAMPLE_HASH], description="Hexadecimal digits")]
Ticket = Annotated[
    str,
    BeforeValidator(_digits),
    Field(
        examples=[EXAMPLE_TICKET], description="By which the entry is found in the file; known to its applicant alone"
    ),
]
Choices = Annotated[
    list[Id],
    Field(min_length=1, max_length=MOST_CHOICES, description="Of this draw; the one wanted most comes first"),
]


class ApplyToDraw(In):
    patient_ids: list[Id] = Field(
        min_length=1, max_length=MOST_PATIENTS, description="All of them in one session, or none"
    )
    session_ids: Choices
    is_first_visit: StrictBool = Field(True, examples=[True])


class ChangeDrawEntry(In):
    session_ids: Choices


class DrawEntryChanged(Out):
    hospital_id: Id
    entry_id: Id
    state: EntryState = Field(examples=["applied"])


class SessionInDraw(Out):
    session_id: Id
    places: int = Field(examples=[12], description="Given by lot, as they were when the draw opened")
    what: str = Field(examples=["2026-03-09 上午 李医生"], description="As it stands in the file")


class OfBothParties(Out):
    """A value of the operator's and one of the hospital's. Null: not there yet, or not open yet."""

    operator: Digits | None
    hospital: Digits | None


class Draw(Out):
    hospital_id: Id
    draw_id: Id
    department_id: Id
    state: DrawState = Field(examples=["opened"])
    release_at: Instant = Field(description="When what is left is everybody's")
    opens_at: Instant
    closes_at: Instant
    reveal_by: Instant = Field(description="Drawn by then, or void")
    weights: dict[str, int] = Field(examples=[{"base": 2, "lost": 1, "older": 1}], description="Reason → lots")
    sessions: list[SessionInDraw]
    promises: OfBothParties = Field(description="The hashes of the two secrets")
    beacon_state: BeaconState = Field(examples=["awaited"])
    beacon_chain: str = Field(examples=["8990e7a9aaed2ffed73dbd7092123d6f"], description="Empty: no beacon is named")
    beacon_round: int | None = Field(examples=[4242])
    beacon_at: Instant | None
    beacon_deadline: Instant | None
    beacon_randomness: Digits | None
    secrets: OfBothParties
    count: int | None = Field(examples=[371], description="Entries, once they are committed")
    root: Digits | None = Field(description="Over the terms and every entry, as it was published at closing")
    signer: str = Field(examples=["5b1d0c9a4f10e2a7"], description="The key that signed the root")
    seed: Digits | None
    void_reason: VoidReason | None = Field(examples=[None])


class CountOfWeight(Out):
    weight: int = Field(examples=[2], description="Lots of an entry")
    entries: int | None = Field(examples=[180], description="Null: too few to be told (R-213)")
    won: int | None = Field(examples=[40], description="Null: too few to be told (R-213)")


class DrawWithCounts(Draw):
    has_file: bool = Field(examples=[True], description="Whether the public file is there")
    counts: list[CountOfWeight] = Field(description="Once the entries are committed")


class RefusedChoice(Out):
    session_id: Id
    code: str = Field(examples=["TIME_CLASH"], description="The rule that spoke against it when it was its turn")


class DrawEntry(Out):
    hospital_id: Id
    entry_id: Id
    draw_id: Id
    state: EntryState = Field(examples=["won"])
    ticket: Ticket
    patient_ids: list[Id]
    session_ids: list[Id] = Field(description="The one wanted most comes first")
    is_first_visit: bool = Field(examples=[True])
    applied_at: Instant
    reasons: list[str] = Field(examples=[["base", "lost"]], description="Why it has its lots")
    weight: int | None = Field(examples=[3], description="Its lots, once it is weighed")
    rank: int | None = Field(examples=[17], description="Once it is drawn")
    given: Id | None = Field(description="The session that it won")
    bookings: list[Id] = Field(description="Made by this, in the order of the patients")
    refusals: list[RefusedChoice]


class DrawEntries(Out):
    items: list[DrawEntry]


class DrawProof(Out):
    """RFC 6962 with SHA-256: `line` is leaf `index` of `leaves` under `root`, `path` the hashes on the way up."""

    draw_id: Id
    ticket: Ticket
    line: str = Field(examples=[EXAMPLE_LINE], description="The entry as it stands in the file, without its line feed")
    index: int = Field(examples=[18], description="The terms are 0")
    leaves: int = Field(examples=[372], description="The entries and the terms")
    path: list[Digits]
    root: Digits
