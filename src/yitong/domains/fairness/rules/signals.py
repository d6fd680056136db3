"""What is looked for, as a table of named rules: what an account did → findings, each with its instant.

Pure, and nothing else decides: no weight is learned, no list of names is kept, and each rule has a sentence that the
person himself reads.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yitong.core.clock import SHANGHAI
from yitong.core.policy.values import Policies
from yitong.domains.fairness.contracts import RUSH_ATTEMPTS, ActKind, Signal

NIGHT_HOURS = range(5)  # Shanghai; no release is at night
LONGEST_DAYS = 90  # what any signal can look back: the bound of the policies


@dataclass(frozen=True, slots=True)
class Act:
    """As `models.Act`: `after_ms` counts from the release for a booking, from the booking for what undid it."""

    account_id: UUID
    kind: ActKind
    at: datetime
    session_id: UUID
    patient_id: UUID
    after_ms: int

    @property
    def frees(self) -> bool:
        return self.kind is not ActKind.BOOKED


@dataclass(frozen=True, slots=True)
class History:
    """All that a score is made of: the account's acts, what the accounts on the same devices did, whom it has as
    patients now (records merged into theirs included), and since when it meets others on a device or at an address."""

    acts: Sequence[Act]
    mates_acts: Sequence[Act] = ()
    linked: Collection[UUID] = ()
    met_on_device: Sequence[datetime] = ()
    met_at_address: Sequence[datetime] = ()
    rushes: Sequence[datetime] = ()  # minutes in which the window refused it again and again


@dataclass(frozen=True, slots=True)
class Rule:
    """One signal: what finds it; the policy of the bound that it goes by, where it has one; what it is in general, and
    what was seen of it, each in (Chinese, English)."""

    find: Callable[[History, int], Iterable[datetime]]
    bound: str
    what: tuple[str, str]
    zh: str
    en: str


def _unlinked(history: History, _bound: int) -> Iterable[datetime]:
    """Once for each patient who was booked for and is none of the account's any more: when he was booked last."""
    last: dict[UUID, datetime] = {}
    for act in history.acts:
        if act.kind is ActKind.BOOKED and act.patient_id not in history.linked:
            last[act.patient_id] = max(act.at, last.get(act.patient_id, act.at))
    return last.values()


def _undone(history: History, minutes: int) -> Iterable[datetime]:
    undone = (ActKind.CANCELLED, ActKind.EXPIRED)
    return [act.at for act in history.acts if act.kind in undone and act.after_ms < minutes * 60_000]


def _handed_over(history: History, minutes: int) -> Iterable[datetime]:
    """A slot was freed, and soon after somebody else was booked at the same session, by this account or by another on
    the same device. Each booking and each freed slot counts once; who freed and who booked both bear it."""
    own = {act.account_id for act in history.acts}
    sessions = {act.session_id for act in history.acts}
    whole = [act for act in (*history.acts, *history.mates_acts) if act.session_id in sessions]
    freed = sorted((act for act in whole if act.frees), key=lambda act: act.at)
    for booked in sorted((act for act in whole if not act.frees), key=lambda act: act.at):
        for act in freed:
            is_soon = act.at <= booked.at <= act.at + timedelta(minutes=minutes)
            is_another = act.patient_id != booked.patient_id and act.session_id == booked.session_id
            if is_soon and is_another and (act.account_id in own or booked.account_id in own):
                freed.remove(act)
                yield booked.at
                break


def _fast(history: History, milliseconds: int) -> Iterable[datetime]:
    booked = (act for act in history.acts if act.kind is ActKind.BOOKED)
    return [act.at for act in booked if 0 <= act.after_ms < milliseconds]


def _burst(history: History, seconds: int) -> Iterable[datetime]:
    """Each booking that came within seconds after one for somebody else, by this account or on the same device."""
    whole = [act for act in (*history.acts, *history.mates_acts) if act.kind is ActKind.BOOKED]
    for act in history.acts:
        since = act.at - timedelta(seconds=seconds)
        if act.kind is ActKind.BOOKED and any(
            since <= other.at <= act.at and other.patient_id != act.patient_id for other in whole
        ):
            yield act.at


def _night(history: History, _bound: int) -> Iterable[datetime]:
    """What the person did: a hold that ran out in the night is nobody's act."""
    own = (act for act in history.acts if act.kind is not ActKind.EXPIRED)
    return [act.at for act in own if act.at.astimezone(SHANGHAI).hour in NIGHT_HOURS]


RULES: Mapping[Signal, Rule] = {
    Signal.UNLINKED: Rule(
        _unlinked,
        "",
        ("为一位就诊人约过号，后来又把他移除", "A patient was booked for, and removed from the account afterwards"),
        "最近{days}天里，这个账号为{count}位就诊人约过号，后来又把他们移除了",
        "Patients whom this account booked for and removed afterwards: {count} in the last {days} days",
    ),
    Signal.UNDONE: Rule(
        _undone,
        "early_minutes",
        ("约好后{bound}分钟内就取消，或到时间没有支付", "A booking was cancelled, or not paid, within {bound} minutes"),
        "最近{days}天里，有{count}次约好后{bound}分钟内就取消，或到时间没有支付",
        "Bookings that were cancelled, or not paid, within {bound} minutes: {count} in the last {days} days",
    ),
    Signal.HANDED_OVER: Rule(
        _handed_over,
        "hand_over_minutes",
        (
            "放掉一个号后，{bound}分钟内在同一场次为另一个人约上（同一台设备上的账号一起算）",
            "A slot let go, and within {bound} minutes another person booked there (accounts on one device together)",
        ),
        "最近{days}天里，有{count}次放掉一个号后，{bound}分钟内在同一场次为另一个人约上",
        "A slot was let go, and within {bound} minutes somebody else was booked at the same session: {count} in the "
        "last {days} days",
    ),
    Signal.FAST: Rule(
        _fast,
        "fast_ms",
        ("在放号后{bound}毫秒内约上", "A booking came within {bound} milliseconds after the release"),
        "最近{days}天里，有{count}次在放号后{bound}毫秒内约上，人的手很难这么快",
        "Bookings within {bound} milliseconds after the release, which hands hardly can: {count} in the last {days} "
        "days",
    ),
    Signal.BURST: Rule(
        _burst,
        "burst_seconds",
        (
            "在{bound}秒之内接连为不同的人约上（同一台设备上的账号一起算）",
            "A booking within {bound} seconds after one for another person (accounts on one device together)",
        ),
        "最近{days}天里，有{count}次在{bound}秒之内接连为不同的人约上",
        "Bookings within {bound} seconds after one for another person: {count} in the last {days} days",
    ),
    Signal.NIGHT: Rule(
        _night,
        "",
        ("在半夜0点到5点预约或取消", "A booking or cancellation between midnight and 5:00"),
        "最近{days}天里，有{count}次在半夜0点到5点预约或取消",
        "Bookings and cancellations between midnight and 5:00: {count} in the last {days} days",
    ),
    Signal.DEVICES: Rule(
        lambda history, _: history.met_on_device,
        "",
        ("同一台设备上还有另外一个账号在预约", "Another account books on the same device"),
        "最近{days}天里，您的设备上还有另外{count}个账号在预约",
        "Other accounts that booked on your devices: {count} in the last {days} days",
    ),
    Signal.ADDRESS: Rule(
        lambda history, _: history.met_at_address,
        "",
        ("同一个网络地址上还有另外一个账号在预约", "Another account books from the same network address"),
        "最近{days}天里，从您登录的网络地址还有另外{count}个账号在预约",
        "Other accounts that booked from the network address of your sign-ins: {count} in the last {days} days",
    ),
    Signal.RUSH: Rule(
        lambda history, _: history.rushes,
        "",
        (
            f"一分钟里有{RUSH_ATTEMPTS}次以上没约上还在不停请求",
            f"A minute with {RUSH_ATTEMPTS} claims or more that were refused",
        ),
        f"最近{{days}}天里，有{{count}}个一分钟没约上还在不停请求，每分钟{RUSH_ATTEMPTS}次以上",
        f"Minutes with {RUSH_ATTEMPTS} claims or more that were refused: {{count}} in the last {{days}} days",
    ),
}
EXCUSED = ("；其中{free}次不计分", "; of these, not counted: {free}")


def find(history: History, policies: Policies) -> dict[Signal, list[datetime]]:
    """The findings of each signal, in the order of time."""
    return {signal: sorted(rule.find(history, bound_of(signal, policies))) for signal, rule in RULES.items()}


def bound_of(signal: Signal, policies: Policies) -> int:
    name = RULES[signal].bound
    return policies.int(f"fairness.{name}") if name else 0


def said(signal: Signal, policies: Policies) -> tuple[str, str]:
    """(zh, en): what the signal is, with the bound in force."""
    zh, en = RULES[signal].what
    bound = bound_of(signal, policies)
    return zh.format(bound=bound), en.format(bound=bound)


def sentences(signal: Signal, *, count: int, free: int, days: int, bound: int) -> tuple[str, str]:
    """(zh, en), as the person reads it."""
    rule, values = RULES[signal], {"count": count, "days": days, "bound": bound, "free": free}
    zh, en = rule.zh.format(**values), rule.en.format(**values)
    if free:
        zh, en = zh + EXCUSED[0].format(**values), en + EXCUSED[1].format(**values)
    return zh, en
