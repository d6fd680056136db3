"""Two months in the life of accounts, drawn from a seed: honest ones that book much, and those that trade in slots.

Each gives a `History` as `commands.scoring` would gather it. Nobody books more than R-010 lets one account: 15 times in
three months.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tests.make import NOW

from yitong.core.clock import SHANGHAI
from yitong.domains.fairness.contracts import ActKind
from yitong.domains.fairness.rules.signals import Act, History

DAYS = 60
START = NOW - timedelta(days=DAYS)
RELEASE_HOUR = 15


@dataclass
class Month:
    """One account's doings as they are made up; `chance` is the seed's."""

    seed: int
    account: UUID = UUID(int=1)
    acts: list[Act] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def patient(self, n: int) -> UUID:
        return UUID(int=1000 + n)

    def session(self) -> UUID:
        return UUID(int=self.chance.getrandbits(100))

    def release(self, day: int) -> datetime:
        local = (START + timedelta(days=day)).astimezone(SHANGHAI)
        return local.replace(hour=RELEASE_HOUR, minute=0, second=0, microsecond=0)

    def book(
        self, patient: UUID, at: datetime, *, after: timedelta, session: UUID | None = None, by: UUID | None = None
    ) -> Act:
        session_id = session or self.session()
        after_ms = after // timedelta(milliseconds=1)
        made = Act(by or self.account, ActKind.BOOKED, at, session_id, patient, after_ms)
        self.acts.append(made)
        return made

    def free(self, booked: Act, at: datetime, kind: ActKind = ActKind.CANCELLED) -> Act:
        after_ms = (at - booked.at) // timedelta(milliseconds=1)
        made = Act(booked.account_id, kind, at, booked.session_id, booked.patient_id, after_ms)
        self.acts.append(made)
        return made

    def human_moment(self, day: int) -> tuple[datetime, timedelta]:
        """Some time after a release, by hand: from 1.5 seconds (one sits there and waits) to the next noon."""
        after = timedelta(seconds=min(1.5 * (1 / (1 - self.chance.random())) ** 2, 21 * 3600))
        at = self.release(day) + after
        if at.astimezone(SHANGHAI).hour < 5:
            at, after = at + timedelta(hours=5), after + timedelta(hours=5)
        return at, after

    def history(self, linked: set[UUID], *, met: int = 0, within: int = DAYS) -> History:
        """`met` other accounts on its devices, the first of them `within` so many days."""
        own = sorted((a for a in self.acts if a.account_id == self.account), key=lambda a: a.at)
        mates = [a for a in self.acts if a.account_id != self.account]
        return History(own, mates, linked, [NOW - timedelta(days=n % within) for n in range(met)])


def mother(seed: int) -> History:
    """Three children: when they fall ill she books them one after the other, in half a minute each; now and then one is
    well again and she cancels, sometimes at once, sometimes for the sister."""
    month = Month(seed)
    children = [month.patient(n) for n in range(3)]
    for _ in range(month.chance.randint(3, 7)):
        at, after = month.human_moment(month.chance.randrange(DAYS - 1))
        session = month.session()
        for n, child in enumerate(month.chance.sample(children, month.chance.randint(1, 3))):
            pause = timedelta(seconds=n * month.chance.uniform(20, 90))
            booked = month.book(child, at + pause, after=after + pause, session=session)
            if month.chance.random() < 0.2:
                cancelled = month.free(booked, at + pause + timedelta(minutes=month.chance.uniform(2, 3000)))
                if month.chance.random() < 0.3:
                    sister = next(one for one in children if one != child)
                    again = cancelled.at + timedelta(minutes=month.chance.uniform(10, 60))
                    month.book(sister, again, after=again - month.release(0), session=session)
    return month.history(set(children))


def helper(seed: int) -> History:
    """A village clinic's helper: fifteen villagers a quarter through one account, three of them linked at a time, each
    with consent and taken off when he was seen; the clinic's computer serves a dozen villagers' own accounts as well,
    and she may book for two in one sitting. Few cancel, and one of those slots she gives to the next villager."""
    month = Month(seed)
    for n in range(month.chance.randint(8, 13)):
        at, after = month.human_moment(month.chance.randrange(DAYS - 1))
        booked = month.book(month.patient(n), at, after=after)
        if month.chance.random() < 0.15:
            freed = month.free(booked, at + timedelta(hours=month.chance.uniform(0.2, 40)))
            if month.chance.random() < 0.5:
                again = freed.at + timedelta(minutes=month.chance.uniform(15, 90))
                month.book(month.patient(n + 30), again, after=again - month.release(0), session=booked.session_id)
    for n in range(12):
        at, after = month.human_moment(month.chance.randrange(DAYS - 1))
        month.book(month.patient(100 + n), at, after=after, by=UUID(int=50 + n))
    served = {act.patient_id for act in month.acts if act.account_id == month.account}
    return month.history(set(sorted(served)[-3:]), met=12)


def night_nurse(seed: int) -> History:
    """Books for her parents after the late shift, always at night, and cancels when the roster changes."""
    month = Month(seed)
    for _ in range(month.chance.randint(5, 10)):
        day = month.chance.randrange(DAYS - 1)
        at = month.release(day) + timedelta(hours=month.chance.uniform(9, 13))
        booked = month.book(month.patient(day % 2), at, after=at - month.release(day))
        if month.chance.random() < 0.4:
            month.free(booked, at + timedelta(days=1))
    return month.history({month.patient(0), month.patient(1)})


def nimble(seed: int) -> History:
    """Two people on one sofa who are quick with their thumbs: always within the first two seconds, never for others."""
    month = Month(seed)
    for n in range(10):
        after = timedelta(milliseconds=month.chance.uniform(350, 2000))
        month.book(month.patient(0), month.release(n * 5) + after, after=after)
        pause = timedelta(seconds=month.chance.uniform(6, 30))
        month.book(month.patient(1), month.release(n * 5) + after + pause, after=after + pause, by=UUID(int=2))
    return month.history({month.patient(0)}, met=1)


def hand_over(seed: int) -> History:
    """Holds slots under one name and lets go of each when a buyer is found, whose name then takes it: the seats of the
    account change with the buyers."""
    month = Month(seed)
    for n in range(5):
        at, after = month.human_moment(55 - n * 3)
        held = month.book(month.patient(0), at, after=after)
        freed = month.free(held, at + timedelta(minutes=month.chance.uniform(5, 50)))
        again = freed.at + timedelta(minutes=month.chance.uniform(10, 60))
        month.book(month.patient(n + 1), again, after=again - month.release(55 - n * 3), session=held.session_id)
    return month.history({month.patient(0)})


def script(seed: int) -> History:
    """A program at the instant of the release, for whoever pays, over many accounts on one machine."""
    month = Month(seed)
    for n in range(5):
        day = 57 - n
        for who in range(4):
            after = timedelta(milliseconds=month.chance.uniform(20, 250))
            account = month.account if who == 0 else UUID(int=10 + who)
            month.book(month.patient(n * 10 + who), month.release(day) + after, after=after, by=account)
    return month.history({month.patient(40)}, met=20, within=10)


def let_go(seed: int) -> History:
    """Holds without paying, from one machine with many names, and lets go by running out."""
    month = Month(seed)
    for n in range(6):
        at, after = month.human_moment(57 - n)
        held = month.book(month.patient(n % 2), at, after=after)
        freed = month.free(held, at + timedelta(minutes=15), ActKind.EXPIRED)
        again = freed.at + timedelta(minutes=month.chance.uniform(10, 60))
        other = UUID(int=20 + n)
        month.book(month.patient(50 + n), again, after=again - month.release(57 - n), session=held.session_id, by=other)
    return month.history({month.patient(0), month.patient(1)}, met=8)


HONEST: list[Callable[[int], History]] = [mother, helper, night_nurse, nimble]
TRADERS: list[Callable[[int], History]] = [hand_over, script, let_go]
