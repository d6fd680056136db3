"""A new value of a city rule: one field fitted to the rule's type, a date of effect, and why."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import SHANGHAI, at_shanghai, shanghai_date
from yitong.core.policy.kinds import JsonValue, PolicyKey
from yitong.domains.hospitals.contracts.writes import SetPolicy
from yitong.faces.common.seen import Seen
from yitong.faces.common.texts import Text
from yitong.faces.office.forms import NO_MEMORY, Clock, Day, Key

STEPS = (1, 2, 3)  # of the no-show ladder
CHOICES = {
    "at_visit": _("就诊时付费"),
    "online": _("网上付费"),
    "off": _("不排队"),
    "release": _("放号时先排队"),
    "random": _("随机延迟"),
    "by_release": _("按时放号"),
    "by_lot": _("摇号"),
    "at_time": _("固定时间"),
}
PERIODS = {"natural_year": _("一个自然年内"), "3_months": _("3 个月内")}
WRONG = {"required": _("请填新的值"), "invalid": _("请填整数")}


class Decide(Key, Seen):
    """`mode` withdraw gives the decision back: the default (or the nation's bound) holds again."""

    mode = forms.ChoiceField(
        label=_("怎么定"),
        choices=[("set", _("定一个新值")), ("withdraw", _("收回全市的规定，回到默认值"))],
        widget=forms.RadioSelect,
    )
    day = Day(label=_("从哪天起"))
    hour = Clock(label=_("几点起"))
    source = Text(
        label=_("依据"),
        max_length=200,
        help_text=_("文件名和文号，或会议决定；写进历史，不能修改"),
        error_messages={"required": _("请写依据"), "max_length": _("依据太长了，最多 200 字")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )
    field_order = ["mode"]

    def __init__(self, policy: PolicyKey, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.policy = policy
        for name, field in value_fields(policy).items():
            self.fields[name] = field
        self.order_fields(["key", "seen", "mode", *value_fields(policy), "day", "hour", "source"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("mode") == "withdraw":
            for name in value_fields(self.policy):
                self.errors.pop(name, None)
        elif self.policy.kind == "ladder":
            self._check_ladder(data)
        return data

    def _check_ladder(self, data: dict[str, Any]) -> None:
        for n in STEPS:
            given = [data.get(f"count_{n}"), data.get(f"lock_days_{n}")]
            if any(one is not None for one in given) and None in given:
                self.add_error(f"count_{n}", _("次数和天数要一起填"))
        if not any(data.get(f"count_{n}") for n in STEPS):
            self.add_error("count_1", _("至少填一档"))

    def value(self) -> JsonValue | None:
        data = self.cleaned_data
        if data["mode"] == "withdraw":
            return None
        match self.policy.kind:
            case "bool":
                return bool(data["value"] == "yes")
            case "time":
                return f"{data['value']:%H:%M}"
            case "share":
                return format((Decimal(data["value"]) / 100).normalize(), "f")
            case "ladder":
                return [
                    {
                        "count": data[f"count_{n}"],
                        "period": data[f"period_{n}"],
                        "lock_days": data[f"lock_days_{n}"],
                    }
                    for n in STEPS
                    if data.get(f"count_{n}") is not None
                ]
        value: JsonValue = data["value"]
        return value

    def effective_from(self) -> datetime:
        return at_shanghai(self.cleaned_data["day"], self.cleaned_data["hour"])

    def to_command(self) -> SetPolicy:
        return SetPolicy(
            policy=self.policy.key,
            value=self.value(),
            hospital_id=None,
            department_id=None,
            effective_from=self.effective_from(),
            source=self.cleaned_data["source"],
            key=self.text(),
            seen=self.cleaned_data["seen"],
        )


def value_fields(policy: PolicyKey) -> dict[str, forms.Field]:
    label = _("新的值")
    match policy.kind:
        case "bool":
            choices = [("yes", _("是")), ("no", _("否"))]
            return {
                "value": forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, error_messages=WRONG)
            }
        case "time":
            return {"value": Clock(label=label)}
        case "share":
            share = forms.IntegerField(label=_("新的值（%）"), min_value=0, max_value=100, error_messages=WRONG)
            return {"value": share}
        case "choice":
            choices = [(one, CHOICES[one]) for one in policy.choices]
            return {
                "value": forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, error_messages=WRONG)
            }
        case "ladder":
            return {name: field for n in STEPS for name, field in _step(n).items()}
    return {"value": forms.IntegerField(label=label, error_messages=WRONG)}


def _step(n: int) -> dict[str, forms.Field]:
    """One rung: after so many missed visits within a period, so many days without booking."""
    return {
        f"count_{n}": forms.IntegerField(label=_("爽约次数"), min_value=1, max_value=99, required=False),
        f"period_{n}": forms.ChoiceField(label=_("在多长时间内"), choices=list(PERIODS.items())),
        f"lock_days_{n}": forms.IntegerField(label=_("限制天数"), min_value=1, max_value=999, required=False),
    }


def blank(policy: PolicyKey, value: JsonValue, now: datetime, key: UUID, seen: str) -> Decide:
    """The form as first shown: today's value, from midnight on."""
    initial: dict[str, object] = {
        "key": key,
        "seen": seen,
        "mode": "set",
        "day": shanghai_date(now.astimezone(SHANGHAI)) + timedelta(days=1),
        "hour": "00:00",
    }
    match value:
        case bool():
            initial["value"] = "yes" if value else "no"
        case list():
            for n, step in enumerate(value[: len(STEPS)], start=1):
                initial |= {f"{name}_{n}": part for name, part in step.items()}
        case _:
            initial["value"] = int(Decimal(str(value)) * 100) if policy.kind == "share" else value
    return Decide(policy, initial=initial)
