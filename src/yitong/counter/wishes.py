"""A wish for a slot on its way through the booking window: who wishes what.

Ids are text here, as they come and as they go: nothing is gained by making objects of them in between.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from yitong.core.errors import Refusal
from yitong.counter.picture import Board, Key, Known
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import HoldSlot, Near
from yitong.domains.schedule.contracts import Pool

Answer = Known | Refusal
Tell = Callable[[Answer], None]


class Member(msgspec.Struct, frozen=True, gc=False):
    """A patient of a pass: `contracts.PassPatient`, its id as text."""

    patient_id: str
    name: bytes  # sealed
    band: str = ""  # how old, as figures tell it


class Holder(msgspec.Struct, frozen=True, gc=False):
    """Who shows a pass: `contracts.Pass`, its ids as text. In a release each is read once, so nothing is made of it."""

    account_id: str
    session_id: str  # the account's, not the clinic's
    channel: str
    patients: tuple[Member, ...]
    expires_at: datetime
    key_id: UUID | None = None  # of the channel that asked for the pass

    @property
    def actor(self) -> str:
        return f"account:{self.account_id}"

    @property
    def pools(self) -> tuple[Pool, ...]:
        """Which its channel draws from (R-012)."""
        return rules.pools_open_to(self.channel, None)

    def member(self, patient_id: str) -> Member | None:
        for one in self.patients:
            if one.patient_id == patient_id:
                return one
        return None


class Wish(msgspec.Struct, eq=False):
    """`n` is the slot that the picture proposes, by its place on the board. `tellers`: one for each request that waits
    under the same key, so that a client who hangs up takes nobody else's answer away."""

    key: Key
    digest: str
    holder: Holder
    member: Member
    board: Board
    slot: str  # the one that was named
    near: Near
    is_first_visit: bool
    by_name: bool
    tellers: list[Tell] = []  # a list of its own for each, as msgspec makes it
    n: int = -1
    is_told: bool = False

    def command(self) -> HoldSlot:
        """The same, as desk and pages claim it."""
        hospital, _, key = self.key
        ids = UUID(hospital), UUID(self.slot), UUID(self.member.patient_id)
        return HoldSlot(key, *ids, self.is_first_visit, self.by_name, near=self.near)


def digest_of_hold(hospital: str, slot: str, patient: str, near: Near, *, is_first_visit: bool, by_name: bool) -> str:
    """What `core.digests.digest_of` says of such a HoldSlot without an entitlement, in hexadecimal and in a
    twentieth of its time."""
    content = (
        f'{{"by_name": {"true" if by_name else "false"}, "entitlement_id": null, "hospital_id": "{hospital}",'
        f' "is_first_visit": {"true" if is_first_visit else "false"}, "near": "{near.value}",'
        f' "patient_id": "{patient}", "slot_id": "{slot}"}}'
    )
    return hashlib.sha256(content.encode()).hexdigest()
