"""How an account stands, in words that its holder can argue with."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from yitong.core.clock import shanghai_date
from yitong.domains.fairness.contracts import Level, Reason, ReviewAnswer, RulesInForce, Standing
from yitong.domains.people.contracts.words import Decision
from yitong.faces.common import words
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class ReasonLine:
    text: str
    points: str
    days: str


@dataclass(frozen=True, slots=True)
class Shown:
    """`is_slow`: a check comes before booking; `open_until`: it was passed, and booking is open."""

    is_slow: bool
    open_until: str
    points: int
    slow_at: int
    since: str
    reasons: list[ReasonLine]
    review: str
    can_ask: bool


def shown(standing: Standing, review: ReviewAnswer | None, reader: Reader) -> Shown:
    is_slow = standing.level is Level.SLOW
    until = standing.checked_until
    is_waiting = review is not None and review.decision is None
    return Shown(
        is_slow=is_slow,
        open_until=reader.moment(until) if until is not None and until > reader.now else "",
        points=standing.points,
        slow_at=standing.slow_at,
        since=reader.moment(standing.since) if standing.since else "",
        reasons=[_reason(one, reader) for one in standing.reasons],
        review=_review(review, reader) if review and (is_slow or review.decision is not Decision.KEPT) else "",
        can_ask=is_slow and not is_waiting,
    )


def _reason(one: Reason, reader: Reader) -> ReasonLine:
    points = _("%(n)s 分") % {"n": one.points}
    return ReasonLine(one.en if reader.is_english else one.zh, points, _days(one.first_at, one.last_at, reader))


def _days(first: datetime, last: datetime, reader: Reader) -> str:
    begin, end = (words.month_day(shanghai_date(at), reader.language) for at in (first, last))
    return begin if begin == end else _("%(begin)s到%(end)s") % {"begin": begin, "end": end}


def _review(review: ReviewAnswer, reader: Reader) -> str:
    asked = {"time": reader.moment(review.asked_at)}
    if review.decision is None:
        return _("%(time)s 提交的复核申请，正在等人看") % asked
    decided = {"time": reader.moment(review.decided_at)} if review.decided_at else asked
    if review.decision is Decision.LIFTED:
        return _("%(time)s 已由人工复核：之前的记录不再计分") % decided
    return _("%(time)s 已由人工复核：暂时保留确认，您可以补充说明再申请") % decided


@dataclass(frozen=True, slots=True)
class RuleLine:
    text: str
    note: str
    points: str


@dataclass(frozen=True, slots=True)
class Rules:
    lines: list[RuleLine]
    slow_at: int
    single_most: int


def rules(found: RulesInForce, reader: Reader) -> Rules:
    lines = [
        RuleLine(
            one.en if reader.is_english else one.zh,
            _("看最近 %(days)s 天，%(free)s 次以内不算") % {"days": one.days, "free": one.free},
            _("每次 %(n)s 分") % {"n": one.points},
        )
        for one in found.rules
    ]
    return Rules(lines, found.slow_at, found.single_most)
