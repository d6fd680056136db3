"""Appeals, as the person who decides reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.fairness.contracts import Review
from yitong.domains.people.contracts.accounts import Appeal
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.office import words


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the list: an appeal against a lock, or one against the slow path."""

    href: str
    account: str
    reason: str
    appealed_at: datetime
    appealed: str
    words: str


@dataclass(frozen=True, slots=True)
class ReviewShown:
    """A review with the reasons of the score, as the account's holder reads them too."""

    account: str
    appealed: str
    words: str
    points: int
    slow_at: int
    since: str
    reasons: list[tuple[str, str, str]]  # what, points, when


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


def waiting(appeals: Iterable[Appeal], reviews: Iterable[Review], reader: Reader) -> list[Waiting]:
    """Both kinds in one list, who waits longest first."""
    found = []
    for one in appeals:
        assert one.lock.appealed_at is not None
        href = reverse("office:appeal", args=[one.lock.lock_id])
        reason = terms.term(words.LOCKS, one.lock.reason)
        found.append(_waiting(href, one.lock.account_id, reason, one.lock.appealed_at, one.words, reader))
    for review in reviews:
        href = reverse("office:review", args=[review.review_id])
        reason = _("评分 %(n)s，预约前要确认") % {"n": review.standing.points}
        found.append(_waiting(href, review.account_id, reason, review.asked_at, review.words, reader))
    return sorted(found, key=lambda one: one.appealed_at)


def _waiting(href: str, account_id: UUID, reason: str, at: datetime, said: str, reader: Reader) -> Waiting:
    return Waiting(href, _account(account_id), reason, at, reader.moment(at), said)


def review(one: Review, reader: Reader) -> ReviewShown:
    standing = one.standing
    reasons = [
        (
            reason.en if reader.is_english else reason.zh,
            _("%(n)s 分") % {"n": reason.points},
            f"{reader.moment(reason.first_at)} – {reader.moment(reason.last_at)}",
        )
        for reason in standing.reasons
    ]
    since = reader.moment(standing.since) if standing.since else ""
    asked = reader.moment(one.asked_at)
    return ReviewShown(_account(one.account_id), asked, one.words, standing.points, standing.slow_at, since, reasons)


def _account(account_id: UUID) -> str:
    return str(account_id)[-6:]


def line(one: Appeal, reader: Reader) -> Line:
    return Line(
        one.lock.lock_id,
        _account(one.lock.account_id),
        terms.term(words.LOCKS, one.lock.reason),
        reader.moment(one.lock.locked_at),
        reader.moment(one.lock.appealed_at) if one.lock.appealed_at else "",
        one.words,
        one.booked_m3,
        one.cancels_m1,
    )
