"""Appeals, as the person who decides reads them."""

from dataclasses import dataclass
from uuid import UUID

from yitong.domains.people.contracts import Appeal
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.office import words


@dataclass(frozen=True, slots=True)
class Line:
    lock_id: UUID
    account: str
    reason: str
    locked: str
    appealed: str
    words: str
    booked: int
    cancelled: int


def line(one: Appeal, reader: Reader) -> Line:
    return Line(
        one.lock.lock_id,
        str(one.lock.account_id)[-6:],
        terms.term(words.LOCKS, one.lock.reason),
        reader.moment(one.lock.locked_at),
        reader.moment(one.lock.appealed_at) if one.lock.appealed_at else "",
        one.words,
        one.booked_m3,
        one.cancels_m1,
    )
