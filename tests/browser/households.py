"""Who uses the pages: account holders made by the commands, each with his own phone, signed in by his cookies.

The pages of signing in and of adding people have tests of their own; all others begin where those end.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from tests import make
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.fairness import models as fairness
from yitong.domains.fairness.commands import reviewing, scoring
from yitong.domains.fairness.contracts import AskReview, DecideReview
from yitong.domains.people import queries
from yitong.domains.people.commands import abuse, phones
from yitong.domains.people.contracts.accounts import Client, DecideAppeal
from yitong.domains.people.contracts.patients import AddPatient, IdentityGiven
from yitong.domains.people.contracts.words import Decision, IdentityKind, LockReason, Relation, Verdict
from yitong.faces.common.actors import ACCOUNT_COOKIE
from yitong.faces.patient.devices import DEVICE_COOKIE


@dataclass
class Household:
    """An account with its patients; `numbers` are their documents."""

    phone: str
    actor: Actor
    device: str
    token: str
    patients: list[UUID] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    def enter(self, someone: Visitor) -> Visitor:
        """Gives the window the cookies of a device that is known."""
        cookies = {ACCOUNT_COOKIE: self.token, DEVICE_COOKIE: self.device}
        someone.page.context.add_cookies([{"name": n, "value": v, "url": someone.url} for n, v in cookies.items()])
        return someone

    def add(
        self,
        name: str,
        number: str,
        *,
        relation: Relation = Relation.SELF,
        verdict: Verdict | None = Verdict.MATCH,
        consent: str = "",
    ) -> UUID:
        """A patient of whom the authority said this; None: it has not answered."""
        assert self.actor.account_id is not None
        identity = IdentityGiven(name=name, kind=IdentityKind.RESIDENT_ID, number=number)
        cmd = AddPatient(f"add{make.number()}", self.actor.account_id, identity, relation, consent)
        # A moment ahead where it says no: else the worker may ask it before, and hear yes.
        at = clock.now() + timedelta(seconds=2 * (verdict is Verdict.NO_MATCH))
        added = make.people_commands.add_patient(cmd, actor=self.actor, now=at)
        if verdict is not None:
            make.judge(added, verdict, now=clock.now())
        self.patients.append(added.patient_id)
        self.numbers.append(number)
        return added.patient_id

    def lock(self, reason: LockReason) -> None:
        """As when its holder had booked or cancelled too often (R-010)."""
        with transaction.atomic():
            account = phones.account_of(self.actor)
            abuse.lock(account.id, reason, Actor.system("people.note_account_use"), clock.now())

    def slow_down(self) -> None:
        """As after weeks of slots that were handed over (R-017): the acts stand there, the score is the job's own."""
        assert self.actor.account_id is not None
        now = clock.now()
        acts = []
        for n in range(6):
            at, session_id = now - timedelta(days=n + 1), new_id()
            for kind, minutes in (("booked", 0), ("cancelled", 20), ("booked", 50)):
                when, patient_id = at + timedelta(minutes=minutes), UUID(int=minutes // 30)
                act = fairness.Act(account_id=self.actor.account_id, kind=kind, at=when, session_id=session_id)
                act.event_id, act.patient_id, act.after_ms = new_id(), patient_id, 20 * 60_000
                acts.append(act)
        fairness.Act.objects.bulk_create(acts)
        fairness.Score.objects.create(account_id=self.actor.account_id)
        scoring.score_stale(now=now)

    def ask_review(self, words: str) -> UUID:
        """The holder asks a person to look at the score (R-199)."""
        reviewing.ask_review(AskReview(words), actor=self.actor, now=clock.now())
        return fairness.Review.objects.get(account_id=self.actor.account_id, decision=None).id

    def decide_review(self, decision: Decision) -> None:
        """A person of the city looked at the score and its reasons (R-199)."""
        review = fairness.Review.objects.get(account_id=self.actor.account_id, decision=None)
        cmd = DecideReview(review.id, decision, "核对过")
        reviewing.decide_review(cmd, actor=make.staff_actor("city_operator"), now=clock.now())

    def decide(self, decision: Decision) -> None:
        """A person of the city looked at the appeal (R-199)."""
        assert self.actor.account_id is not None
        lock = queries.get_account(self.actor.account_id, self.actor).lock
        assert lock is not None
        cmd = DecideAppeal(lock.lock_id, decision, "核对过")
        abuse.decide_appeal(cmd, actor=make.staff_actor("security_admin", "city_operator"), now=clock.now())


def open_household(phone: str) -> Household:
    """An account with nobody in it, signed in on a device of its own. That was an hour ago: its code is past, and the
    pages may ask for another at once."""
    where = Client(f"browser-test-device-{make.number():08d}", f"10.9.{make.number() % 250}.7", "Linux · Chrome")
    actor, signed = make.account_signed_in(phone, on=where, now=clock.now() - timedelta(hours=1))
    return Household(phone, actor, where.device, signed.token)
