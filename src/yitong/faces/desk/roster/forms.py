"""The weekly roster: a line, its end, and the sessions that come of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.hospitals.contracts.things import ClinicKind, Department, Practitioner
from yitong.domains.schedule.contracts import AddRosterLine, EndRosterLine, GenerateSessions, HalfDay, MoveRosterLine
from yitong.faces.common import terms
from yitong.faces.common.texts import Text
from yitong.faces.desk.forms import Day, Key

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TIME = {"required": _("请填时间"), "invalid": _("时间要像 08:00 这样")}


def _time(label: "StrOrPromise") -> forms.TimeField:
    return forms.TimeField(
        label=label,
        input_formats=["%H:%M"],
        error_messages=TIME,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )


class AddLine(Key):
    practitioner = forms.ChoiceField(label=_("医师"), required=False)
    clinic_kind = forms.ChoiceField(label=_("类别"), choices=[(kind.value, terms.CLINICS[kind]) for kind in ClinicKind])
    weekday = forms.TypedChoiceField(label=_("星期"), coerce=int)
    half_day = forms.ChoiceField(
        label=_("上午或下午"), choices=[(half.value, terms.HALF_DAYS[half]) for half in HalfDay]
    )
    starts = _time(_("开始"))
    ends = _time(_("结束"))
    slot_minutes = forms.IntegerField(
        label=_("每个时段几分钟"), min_value=1, max_value=240, error_messages={"required": _("请填分钟数")}
    )
    per_window = forms.IntegerField(
        label=_("每个时段几个号"), min_value=1, max_value=200, error_messages={"required": _("请填号数")}
    )
    from_date = Day(label=_("从哪天起"))
    until_date = Day(label=_("到哪天止"), required=False, help_text=_("不填就一直排下去"))
    room = Text(label=_("诊室"), max_length=20, required=False, help_text=_("门上的号码，例如 3 或 B203"))
    open_on_holidays = forms.BooleanField(label=_("节假日也出诊"), required=False)
    is_first_visit_named = forms.BooleanField(label=_("首诊可以点名约"), required=False)

    def __init__(
        self, *given: object, doctors: Iterable[Practitioner], weekdays: Iterable[str], **more: object
    ) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["weekday"].choices = list(enumerate(weekdays))  # type: ignore[attr-defined]
        named = [(str(one.practitioner_id), f"{one.name} {terms.term(terms.TITLES, one.title)}") for one in doctors]
        self.fields["practitioner"].choices = [("", _("不定医师（科室出诊）")), *named]  # type: ignore[attr-defined]

    def to_command(self, hospital_id: UUID, department: Department) -> AddRosterLine:
        data = self.cleaned_data
        return AddRosterLine(
            key=self.text(),
            hospital_id=hospital_id,
            campus_id=department.campus_id,
            department_id=department.department_id,
            practitioner_id=UUID(data["practitioner"]) if data["practitioner"] else None,
            clinic_kind=data["clinic_kind"],
            weekday=data["weekday"],
            half_day=HalfDay(data["half_day"]),
            starts=data["starts"],
            ends=data["ends"],
            slot_minutes=data["slot_minutes"],
            per_window=data["per_window"],
            from_date=data["from_date"],
            until_date=data["until_date"],
            open_on_holidays=data["open_on_holidays"],
            is_first_visit_named=data["is_first_visit_named"],
            room=data["room"],
        )


class MoveLine(Key):
    mode = forms.ChoiceField(
        label=_("怎么排"), choices=[("move", _("移到那里")), ("copy", _("那里再排一个"))], widget=forms.RadioSelect
    )
    weekday = forms.TypedChoiceField(label=_("星期"), coerce=int)
    half_day = forms.ChoiceField(
        label=_("上午或下午"), choices=[(half.value, terms.HALF_DAYS[half]) for half in HalfDay]
    )
    starts = _time(_("开始"))
    ends = _time(_("结束"))
    from_date = Day(label=_("从哪天起"))

    def __init__(self, *given: object, weekdays: Iterable[str], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["weekday"].choices = list(enumerate(weekdays))  # type: ignore[attr-defined]

    def to_command(self, hospital_id: UUID, line_id: UUID) -> MoveRosterLine:
        data = self.cleaned_data
        return MoveRosterLine(
            key=self.text(),
            hospital_id=hospital_id,
            roster_line_id=line_id,
            weekday=data["weekday"],
            half_day=HalfDay(data["half_day"]),
            starts=data["starts"],
            ends=data["ends"],
            from_date=data["from_date"],
            is_copy=data["mode"] == "copy",
        )


class EndLine(Key):
    until_date = Day(label=_("最后一天"), help_text=_("这天以后不再按它排；已生成的出诊要另外停诊"))

    def to_command(self, hospital_id: UUID, line_id: UUID) -> EndRosterLine:
        return EndRosterLine(self.text(), hospital_id, line_id, self.cleaned_data["until_date"])


class Generate(Key):
    from_date = Day(label=_("从哪天"))
    until_date = Day(label=_("到哪天"))

    def to_command(self, hospital_id: UUID) -> GenerateSessions:
        data = self.cleaned_data
        return GenerateSessions(self.text(), hospital_id, data["from_date"], data["until_date"])
