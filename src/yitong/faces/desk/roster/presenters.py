"""The week grid: half-days down, weekdays across."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.booking.contracts import LIVE, State
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.schedule.contracts import Generated, HalfDay, RosterLine, Session
from yitong.faces.common import terms, words
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class Sitting:
    href: str
    move_href: str
    doctor: str
    clinic: str
    time: str
    slots: str
    dates: str


@dataclass(frozen=True, slots=True)
class Cell:
    weekday: int
    half: str
    label: str
    sittings: list[Sitting]
    add_href: str


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    cells: list[Cell]


def weekdays(reader: Reader) -> list[str]:
    return list(words.WEEKDAYS_EN if reader.is_english else words.WEEKDAYS_ZH)


def grid(
    lines: Iterable[RosterLine],
    doctors: Mapping[UUID, Practitioner],
    department_id: UUID,
    department: str,
    reader: Reader,
) -> list[Row]:
    every = list(lines)
    names = weekdays(reader)
    return [
        Row(
            terms.term(terms.HALF_DAYS, half),
            [
                Cell(
                    weekday,
                    half.value,
                    f"{names[weekday]} {terms.term(terms.HALF_DAYS, half)}",
                    [
                        sitting(one, doctors, department, reader)
                        for one in every
                        if one.weekday == weekday and one.half_day is half
                    ],
                    f"{reverse('desk:roster_add')}?department={department_id}&weekday={weekday}&half_day={half.value}",
                )
                for weekday in range(7)
            ],
        )
        for half in HalfDay
    ]


def sitting(line: RosterLine, doctors: Mapping[UUID, Practitioner], department: str, reader: Reader) -> Sitting:
    doctor = doctors.get(line.practitioner_id) if line.practitioner_id else None
    dates = []
    if line.from_date > reader.today:
        dates.append(_("%(day)s起") % {"day": words.month_day(line.from_date, reader.language)})
    if line.until_date is not None:
        dates.append(_("到%(day)s") % {"day": words.month_day(line.until_date, reader.language)})
    return Sitting(
        href=reverse("desk:roster_end", args=[line.roster_line_id]),
        move_href=reverse("desk:roster_move", args=[line.roster_line_id]),
        doctor=f"{reader.name(doctor)} {terms.term(terms.TITLES, doctor.title)}" if doctor else department,
        clinic=terms.term(terms.CLINICS, line.clinic_kind),
        time=" · ".join(part for part in (words.window(line.starts, line.ends), reader.room(line.room)) if part),
        slots=_("每 %(minutes)s 分钟 %(n)s 个号") % {"minutes": line.slot_minutes, "n": line.per_window},
        dates=" ".join(dates),
    )


@dataclass(frozen=True, slots=True)
class Left:
    """What a move leaves behind: a session made before, and how many are booked for it."""

    href: str
    when: str
    booked: int


def unpriced(made: Generated) -> str:
    """What has no price, as the page of prices calls it, and for how many sittings: `专家门诊 主任医师 4`."""
    named = (
        (terms.term(terms.CLINICS, kind), terms.term(terms.TITLES, title), str(n)) for kind, title, n in made.unpriced
    )
    return _("、").join(" ".join(filter(None, parts)) for parts in named)


def left(sessions: Iterable[Session], counts: Mapping[UUID, Mapping[State, int]], reader: Reader) -> list[Left]:
    return [
        Left(
            href=reverse("desk:session", args=[one.session_id]),
            when=reader.visit(one.starts_at, one.ends_at),
            booked=sum(counts.get(one.session_id, {}).get(state, 0) for state in LIVE),
        )
        for one in sessions
    ]
