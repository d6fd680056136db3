"""Sessions, slots, rosters; what is asked of them, and the answers."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID


class Pool(StrEnum):
    """号源池: the shares of a session's slots (R-012, R-013)."""

    ONLINE = "online"
    PHONE = "phone"
    REFERRAL = "referral"
    REVISIT = "revisit"
    ONSITE = "onsite"
    DRAW = "draw"  # 摇号: online ones of a session whose places are given by lot; no channel draws from it


# Channel → pool is a table; what a channel may draw from, besides pools by entitlement.
POOLS_OF_CHANNEL: dict[str, tuple[Pool, ...]] = {
    "web": (Pool.ONLINE,),
    "app": (Pool.ONLINE,),
    "kiosk": (Pool.ONLINE,),
    "api": (Pool.ONLINE,),
    "114": (Pool.PHONE,),
    "desk": (Pool.ONSITE,),
}


class HalfDay(StrEnum):
    AM = "am"
    PM = "pm"
    NIGHT = "night"


class SessionState(StrEnum):
    """`released` is what the release job writes down; bookable is what `release_at` says (see README)."""

    PLANNED = "planned"
    RELEASED = "released"
    STOPPED = "stopped"


class StopReason(StrEnum):
    """停诊原因: words that reach patients; never a diagnosis of the doctor."""

    LEAVE = "leave"  # 请假
    MEETING = "meeting"  # 会议、教学
    EMERGENCY_DUTY = "emergency_duty"  # 急诊、抢救任务
    EQUIPMENT = "equipment"  # 设备故障
    HOSPITAL = "hospital"  # 医院安排


class ExtraReason(StrEnum):
    """加号原因 (R-014): a coded reason, so that no diagnosis lies in the schedule."""

    URGENT = "urgent"  # 病情需要尽快就诊
    FOLLOW_UP = "follow_up"  # 复诊到期
    FROM_AFAR = "from_afar"  # 外地患者
    RESULT = "result"  # 取结果、看报告
    HOSPITAL_CAUSE = "hospital_cause"  # 医院原因未能就诊


@dataclass(frozen=True, slots=True)
class Session:
    """出诊单元: a doctor or a department, a date, a half-day, a kind. Fees in fen."""

    hospital_id: UUID
    session_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    substituted_id: UUID | None  # the practitioner who was to sit here, where another one stands in
    clinic_kind: str
    title: str | None
    date: date
    half_day: HalfDay
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    state: SessionState
    release_at: datetime
    is_first_visit_named: bool
    stop_reason: str | None
    slots: int
    extra_slots: int = 0  # of them, added by the doctor in person
    room: str = ""  # 诊室, as the number on its door: `3`, `B203`; empty where the hospital doesn't say
    stops_at: datetime | None = None  # a stop was decided: nothing is booked any more, and at this instant it is done


@dataclass(frozen=True, slots=True)
class ReleasedSession:
    """What the city's figures ask of a session: since when it sells, and how many slots are online ones now."""

    hospital_id: UUID
    session_id: UUID
    release_at: datetime
    referral_returned: bool  # its referral slots are online ones by now
    online_slots: int


@dataclass(frozen=True, slots=True)
class Slot:
    hospital_id: UUID
    slot_id: UUID
    session_id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    pool: Pool
    is_extra: bool
    reopens_at: datetime | None
    is_special: bool = False  # of the on-site pool, kept for the old and other special groups
    extra_for_id: UUID | None = None  # the one patient whom an extra slot is for


@dataclass(frozen=True, slots=True)
class BookableSlot:
    """A slot with its session, as a claim sees it: the session is locked FOR SHARE until the claim ends."""

    slot: Slot
    session: Session


@dataclass(frozen=True, slots=True)
class NewSession:
    """One session to import, with its windows. `windows` are (starts_at, ends_at, pool), in order."""

    session_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    clinic_kind: str
    title: str | None
    date: date
    half_day: HalfDay
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    release_at: datetime
    windows: tuple[tuple[datetime, datetime, Pool], ...]
    is_first_visit_named: bool = False
    room: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote; sessions that were there before are `known` and left as they are."""

    hospital_id: UUID
    sessions: int
    slots: int
    known: int


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One line of a weekly roster: from it sessions are made."""

    hospital_id: UUID
    roster_line_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    clinic_kind: str
    weekday: int  # 0 Monday … 6 Sunday
    half_day: HalfDay
    starts: time
    ends: time
    slot_minutes: int
    per_window: int
    from_date: date
    until_date: date | None  # the last day; None: until further notice
    open_on_holidays: bool = False
    is_first_visit_named: bool = False
    room: str = ""


@dataclass(frozen=True, slots=True)
class AddRosterLine:
    """A weekly sitting. `slot_minutes` windows, `per_window` slots in each."""

    key: str
    hospital_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    clinic_kind: str
    weekday: int
    half_day: HalfDay
    starts: time
    ends: time
    slot_minutes: int
    per_window: int
    from_date: date
    until_date: date | None = None
    open_on_holidays: bool = False
    is_first_visit_named: bool = False
    room: str = ""


@dataclass(frozen=True, slots=True)
class EndRosterLine:
    """The line's last day. Sessions that were made from it stay; each is stopped by a person, who tells the booked."""

    key: str
    hospital_id: UUID
    roster_line_id: UUID
    until_date: date


@dataclass(frozen=True, slots=True)
class MoveRosterLine:
    """A weekly sitting goes to another weekday or half-day from a day on, or one like it is added there. Sessions that
    were made from it stay where they are: who is booked for a Monday can't be moved to a Tuesday."""

    key: str
    hospital_id: UUID
    roster_line_id: UUID
    weekday: int
    half_day: HalfDay
    starts: time
    ends: time
    from_date: date
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class RosterLineChanged:
    hospital_id: UUID
    roster_line_id: UUID


@dataclass(frozen=True, slots=True)
class RosterLinesImported:
    """What an import of a roster wrote; lines that were there before are `known` and left as they are."""

    hospital_id: UUID
    lines: int
    known: int


@dataclass(frozen=True, slots=True)
class GenerateSessions:
    """Sessions of the days [from_date, until_date], both included, from the roster.

    `worked_as` says by which weekday's roster a worked weekend runs, where the hospital decides it otherwise than
    `rules.roster_weekday`: ((date, weekday), …).
    """

    key: str
    hospital_id: UUID
    from_date: date
    until_date: date
    worked_as: tuple[tuple[date, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """`clashed`: left out, because the practitioner sits elsewhere at that time, or left. `unpriced`: left out, because
    no price is in force on their day (R-162): how many of each clinic kind and title ("" for none)."""

    hospital_id: UUID
    sessions: int
    slots: int
    known: int
    clashed: int
    unpriced: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StopSession:
    """停诊 (R-016)."""

    key: str
    hospital_id: UUID
    session_id: UUID
    reason: StopReason


@dataclass(frozen=True, slots=True)
class PlanStoppage:
    """停诊 of one session or many on one word: a leave, a department's day, a typhoon (R-016). Nothing is booked from
    here on; the stop itself is done after the undo window, unless it is taken back."""

    key: str
    hospital_id: UUID
    session_ids: tuple[UUID, ...]
    reason: StopReason


@dataclass(frozen=True, slots=True)
class StoppagePlanned:
    hospital_id: UUID
    stoppage_id: UUID
    sessions: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class UndoStoppage:
    """Takes a whole stoppage back while it has not taken effect."""

    key: str
    hospital_id: UUID
    stoppage_id: UUID


@dataclass(frozen=True, slots=True)
class StoppageUndone:
    hospital_id: UUID
    stoppage_id: UUID
    sessions: int


@dataclass(frozen=True, slots=True)
class Stoppage:
    """One word to stop sessions, and how far it has come: `waiting` and `stopped` are of `sessions`."""

    hospital_id: UUID
    stoppage_id: UUID
    reason: StopReason
    sessions: int
    planned_by: str
    planned_at: datetime
    due_at: datetime
    undone_at: datetime | None
    waiting: int
    stopped: int


@dataclass(frozen=True, slots=True)
class SubstituteSession:
    """替诊: another doctor of the same department, of the same or a higher grade, sits in (R-016)."""

    key: str
    hospital_id: UUID
    session_id: UUID
    practitioner_id: UUID


@dataclass(frozen=True, slots=True)
class ChangeRoom:
    """Another consulting room for one session; empty: none is named."""

    key: str
    hospital_id: UUID
    session_id: UUID
    room: str


@dataclass(frozen=True, slots=True)
class MoveSlots:
    """Slots of one session from one pool to another (S-08). The caller names free ones: a booked slot stays booked."""

    key: str
    hospital_id: UUID
    session_id: UUID
    slot_ids: tuple[UUID, ...]
    from_pool: Pool
    to_pool: Pool


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The answer to stop, substitute, move and another room."""

    hospital_id: UUID
    session_id: UUID
    state: SessionState


@dataclass(frozen=True, slots=True)
class Substitute:
    """One who could sit in; `same_grade` ones come first (R-016)."""

    practitioner_id: UUID
    name: str
    title: str
    same_grade: bool


@dataclass(frozen=True, slots=True)
class DepartmentDay:
    """One day of a department: its sessions that are not stopped, and their slots of the pools asked for."""

    date: date
    sessions: int
    stopped: int
    slots: int
    release_at: datetime | None  # the earliest of its sessions


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A bounded page of sessions in order; `next_cursor` where there are more."""

    sessions: tuple[Session, ...]
    next_cursor: str | None
