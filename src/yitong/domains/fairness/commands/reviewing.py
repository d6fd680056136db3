"""A person looks at a score and decides (R-199)."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.errors import Unidentified
from yitong.core.ids import new_id
from yitong.domains.fairness import errors, models, permissions
from yitong.domains.fairness.commands import scoring
from yitong.domains.fairness.contracts import AskReview, DecideReview, Level, ReviewAsked, ReviewDecided
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people.commands.abuse import LONGEST_APPEAL
from yitong.domains.people.contracts.accounts import Done
from yitong.domains.people.contracts.words import Decision
from yitong.domains.people.errors import AppealEmpty, AppealWaiting


@command(refusals={"review_one_waiting": AppealWaiting})
def ask_review(cmd: AskReview, *, actor: Actor, now: datetime) -> Done:
    """The holder of an account on the slow path asks a person to look at it; again after a person kept it.

    Locks: Score. Emits: ReviewAsked. Refuses: Unidentified, CheckNotNeeded, AppealEmpty, AppealWaiting.
    """
    if actor.account_id is None:
        raise Unidentified()
    score = _held(actor.account_id)
    if score is None or score.level != Level.SLOW.value:
        raise errors.CheckNotNeeded()
    words = _words(cmd.words)
    if models.Review.objects.filter(account_id=actor.account_id, decision=None).exists():
        raise AppealWaiting()
    row = models.Review.objects.create(
        id=new_id(), account_id=actor.account_id, points=score.points, asked_at=now, words=words
    )
    asked = ReviewAsked(subject_id=row.account_id, review_id=row.id)
    events.append(asked, actor, at=now, shard=f"account:{row.account_id}")
    return Done(row.account_id)


@command()
def decide_review(cmd: DecideReview, *, actor: Actor, now: datetime) -> Done:
    """A person of the city clears the account, so that nothing until now counts any more, or keeps it on the slow path,
    and says why. The account is told.

    Locks: Score, Review. Emits: ReviewDecided, LevelChanged. Refuses: Forbidden, ReviewMissing, AppealEmpty.
    """
    permissions.check_can_review(actor)
    account_id = _account_of(cmd.review_id)
    score = _held(account_id)
    rows = models.Review.objects.select_for_update(of=("self",)).filter(id=cmd.review_id, decision=None)
    row = rows.order_by("pk").first()
    if row is None or score is None:
        raise errors.ReviewMissing()
    row.decision, row.decided_at, row.decided_by = cmd.decision.value, now, actor.key
    row.decided_why = _words(cmd.reason)
    row.save(update_fields=["decision", "decided_at", "decided_by", "decided_why"])
    is_cleared = cmd.decision is Decision.LIFTED
    if is_cleared:
        score.cleared_at = now
        score.save(update_fields=["cleared_at"])
        scoring.score_all([score], now)
    decided = ReviewDecided(subject_id=account_id, review_id=row.id, decision=row.decision)
    events.append(decided, actor, at=now, shard=f"account:{account_id}")
    template = TemplateName.SLOW_PATH_REVIEWED if is_cleared else TemplateName.SLOW_PATH_KEPT
    notify.tell(Tell(f"review:{row.id}", account_id, template.value), now)
    return Done(account_id)


def _held(account_id: UUID) -> models.Score | None:
    rows = models.Score.objects.select_for_update(of=("self",)).filter(account_id=account_id)
    return rows.order_by("account_id").first()


def _account_of(review_id: UUID) -> UUID:
    found = models.Review.objects.filter(id=review_id).values_list("account_id", flat=True).order_by("id").first()
    if found is None:
        raise errors.ReviewMissing()
    return found


def _words(given: str) -> str:
    words = given.strip()
    if not words or len(words) > LONGEST_APPEAL:
        raise AppealEmpty(most=LONGEST_APPEAL)
    return words
