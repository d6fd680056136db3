"""The check of the slow path: by questions, or by a code to the account's phone (R-017, R-224)."""

import secrets
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import command
from yitong.core.errors import Refusal, Unidentified
from yitong.domains.fairness import errors, models
from yitong.domains.fairness.contracts import AnswerCheck, CheckPassed, CheckWasPassed, Question
from yitong.domains.fairness.rules import questions
from yitong.domains.people.commands import phones, quotas, slowing
from yitong.domains.people.contracts.accounts import Client, CodeAsked


@command()
def ask_questions(*, actor: Actor, now: datetime) -> list[Question]:
    """What the account is asked: the same as before until it was answered. Refuses: Unidentified, CheckNotNeeded."""
    return questions.questions(_check_of(_slow_account(actor), now).seed)


def answer_check(cmd: AnswerCheck, *, actor: Actor, now: datetime) -> CheckPassed:
    """Answer the questions. Right: booking is open for as long as the city says. Wrong: there are new ones.

    Locks: Quota, Check. Emits: CheckWasPassed. Refuses: Unidentified, CheckNotNeeded, CheckWrong, Throttled.
    """
    return _told(_answer_check(cmd, actor=actor, now=now))


@command()
def _answer_check(cmd: AnswerCheck, *, actor: Actor, now: datetime) -> CheckPassed | Refusal:
    account_id = _slow_account(actor)
    quotas.take("check", str(account_id), now)
    row = _check_of(account_id, now)
    is_right = questions.is_right(row.seed, cmd.picked)
    models.Check.objects.filter(account_id=account_id).delete()
    return _passed(account_id, "question", actor, now) if is_right else errors.CheckWrong()


@command()
def ask_check_code(client: Client, *, language: str, actor: Actor, now: datetime) -> CodeAsked:
    """Send a code to the account's own phone. Refuses: Unidentified, CheckNotNeeded, AccountMissing, Throttled."""
    account_id = _slow_account(actor)
    return phones.send_check_code(account_id, device=client.device, address=client.address, language=language, now=now)


def give_check_code(code: str, *, actor: Actor, now: datetime) -> CheckPassed:
    """Answer with the code. Emits: CheckWasPassed. Refuses: Unidentified, CheckNotNeeded, CodeWrong, CodeOver."""
    return _told(_give_check_code(code, actor=actor, now=now))


@command()
def _give_check_code(code: str, *, actor: Actor, now: datetime) -> CheckPassed | Refusal:
    account_id = _slow_account(actor)
    wrong = phones.try_check_code(account_id, code, now=now)
    return wrong if wrong is not None else _passed(account_id, "code", actor, now)


def _passed(account_id: UUID, how: str, actor: Actor, now: datetime) -> CheckPassed | Refusal:
    until = now + policies.at(None, now).minutes("fairness.check_minutes")
    if not slowing.note_check_passed(account_id, until=until):
        return errors.CheckNotNeeded()  # the slow path ended a moment ago
    events.append(CheckWasPassed(subject_id=account_id, how=how), actor, at=now, shard=f"account:{account_id}")
    return CheckPassed(account_id, until)


def _check_of(account_id: UUID, now: datetime) -> models.Check:
    """The account's open check, locked; a new one where it has none."""
    models.Check.objects.bulk_create(
        [models.Check(account_id=account_id, seed=secrets.randbits(62), asked_at=now)], ignore_conflicts=True
    )
    return models.Check.objects.select_for_update(of=("self",)).get(account_id=account_id)


def _slow_account(actor: Actor) -> UUID:
    """The actor's account, where it is on the slow path. Refuses: Unidentified, CheckNotNeeded."""
    if actor.account_id is None:
        raise Unidentified()
    if not models.Score.objects.filter(account_id=actor.account_id, level="slow").exists():
        raise errors.CheckNotNeeded()
    return actor.account_id


def _told(answer: CheckPassed | Refusal) -> CheckPassed:
    """Raise the refusal of a command that had to leave a trace."""
    if isinstance(answer, Refusal):
        raise answer
    return answer
