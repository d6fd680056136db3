"""A rule's new value with its date of effect, by the kind of the rule."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import at_shanghai
from yitong.core.policy.kinds import JsonValue, PolicyKey
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.hospitals.contracts.writes import SetPolicy
from yitong.faces.common.texts import Text
from yitong.faces.desk.forms import Day, Key, Seen
from yitong.faces.desk.rules import presenters

YES_NO = [("yes", _("是")), ("no", _("否"))]
PERIOD_OF = {"year": "natural_year", "3months": "3_months"}


class Set(Key, Seen):
    """`value` takes its shape from the rule; left to the city when `give_back` is ticked."""

    give_back = forms.BooleanField(label=_("不单独规定，跟全市（科室跟本院）"), required=False)
    day = Day(label=_("从哪天起"))
    time = forms.TimeField(
        label=_("几点起"),
        input_formats=["%H:%M"],
        error_messages={"required": _("请填时间"), "invalid": _("时间要像 08:00 这样")},
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    source = Text(
        label=_("依据"),
        max_length=200,
        help_text=_("文件名和日期，或院办公会的决定"),
        error_messages={"required": _("请写依据")},
    )

    def __init__(self, *given: object, policy: PolicyKey, departments: Iterable[Department], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.policy = policy
        self.fields["value"] = _value_field(policy)
        self.fields["value"].required = not (self.is_bound and self.data.get("give_back"))
        self.fields["value"].error_messages["required"] = _("请填新的值")
        if policy.department:
            self.fields["department"] = forms.ChoiceField(
                label=_("范围"),
                required=False,
                choices=[("", _("全院")), *((str(one.department_id), one.name) for one in departments)],
            )
        self.order_fields(["department", "value", "give_back", "day", "time", "source"])

    def clean_value(self) -> JsonValue | None:
        given = self.cleaned_data["value"]
        if given in (None, ""):
            return None
        match self.policy.kind:
            case "bool":
                return bool(given == "yes")
            case "time":
                return f"{given:%H:%M}"
            case "share":
                return presenters.share_of(given)
            case "ladder":
                return _ladder(given)
        return given

    def effective_from(self) -> datetime:
        return at_shanghai(self.cleaned_data["day"], self.cleaned_data["time"])

    def to_command(self, hospital_id: UUID) -> SetPolicy:
        data = self.cleaned_data
        department = data.get("department")
        return SetPolicy(
            policy=self.policy.key,
            value=None if data["give_back"] else data["value"],
            hospital_id=hospital_id,
            department_id=UUID(department) if department else None,
            effective_from=self.effective_from(),
            source=data["source"],
            key=self.text(),
            seen=data["seen"],
        )


def _value_field(policy: PolicyKey) -> forms.Field:
    label = _("新的值")
    match policy.kind:
        case "bool":
            return forms.ChoiceField(label=label, required=False, choices=YES_NO)
        case "choice":
            return forms.ChoiceField(
                label=label, required=False, choices=[(word, presenters.choice(word)) for word in policy.choices]
            )
        case "time":
            return forms.TimeField(
                label=label,
                required=False,
                input_formats=["%H:%M"],
                error_messages={"invalid": _("时间要像 08:00 这样")},
                widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            )
        case "share":
            return forms.DecimalField(
                label=label,
                required=False,
                min_value=0,
                max_value=100,
                decimal_places=2,
                max_digits=5,
                help_text=_("百分数，例如 85"),
                error_messages={"invalid": _("请填 0 到 100 的数")},
            )
        case "ladder":
            return Text(
                label=label,
                required=False,
                max_length=500,
                widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
                help_text=_(
                    "每行一档：次数、周期、锁定天数，用英文逗号隔开；"
                    "周期写 year（自然年）或 3months（3 个月），例如 3,year,90"
                ),
            )
    return forms.IntegerField(label=label, required=False, error_messages={"invalid": _("请填整数")})


def _ladder(text: str) -> JsonValue:
    steps: list[dict[str, int | str]] = []
    for line in filter(str.strip, text.splitlines()):
        cells = [cell.strip() for cell in line.replace("，", ",").split(",")]
        if len(cells) != 3 or not cells[0].isdecimal() or not cells[2].isdecimal() or cells[1] not in PERIOD_OF:
            raise forms.ValidationError(_("有一行看不懂，要像 3,year,90 这样"))
        steps.append({"count": int(cells[0]), "period": PERIOD_OF[cells[1]], "lock_days": int(cells[2])})
    return steps
