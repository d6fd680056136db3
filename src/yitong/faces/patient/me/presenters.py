"""The account in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.people.contracts.accounts import Device, Lock
from yitong.domains.people.contracts.words import LockReason
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class DeviceLine:
    name: str
    note: str
    is_current: bool
    revoke_href: str


@dataclass(frozen=True, slots=True)
class LockNote:
    id: str
    text: str
    note: str
    can_appeal: bool


def device_lines(found: Iterable[Device], reader: Reader) -> list[DeviceLine]:
    return [
        DeviceLine(
            name=device.label or _("未知设备"),
            note=_("最近使用：%(time)s") % {"time": reader.moment(device.last_seen_at)},
            is_current=device.is_current,
            revoke_href=reverse("patient:device_revoke", args=[device.device_id]),
        )
        for device in found
    ]


def use_note() -> LockNote:
    """Of an account that has booked as often as it may: nothing is locked, and yet a person can be asked (R-010)."""
    text = _("三个月内预约次数已满，暂时不能再约")
    return LockNote("", text, _("提交后由人工复核，复核期间账号不能预约"), can_appeal=True)


def lock_note(lock: Lock | None, reader: Reader) -> LockNote | None:
    """Why the account can't book for now, and what its holder can do (R-010, R-199)."""
    if lock is None:
        return None
    reasons = {
        LockReason.BOOKINGS: _("三个月内预约次数过多"),
        LockReason.CANCELS: _("一个月内取消次数过多"),
        LockReason.IDENTITY: _("证件信息多次无效"),
    }
    is_waiting = lock.appealed_at is not None and lock.decision is None
    note = _("申诉已提交，正在人工复核") if is_waiting else _("可以查看和取消已有预约；有异议可以申诉")
    text = _("因%(reason)s，暂时不能预约") % {"reason": reasons[lock.reason]}
    return LockNote(str(lock.lock_id), text, note, not is_waiting)
