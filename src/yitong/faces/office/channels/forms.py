"""A channel's terms."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.access.contracts import AddChannel, ChangeChannel, Channel, ChannelFacts, ChannelKind, Scope
from yitong.faces.common.texts import Text
from yitong.faces.office import words
from yitong.faces.office.forms import NO_MEMORY, Day


class Terms(forms.Form):
    name = Text(
        label=_("名称"), max_length=80, error_messages={"required": _("请填名称"), "max_length": _("名称太长了")}
    )
    kind = forms.ChoiceField(label=_("类别"), choices=[(kind.value, words.CHANNEL_KINDS[kind]) for kind in ChannelKind])
    purpose = Text(
        label=_("用途"),
        max_length=200,
        help_text=_("合同里写明的用途；不接受匿名、转售的渠道"),
        error_messages={"required": _("请写用途"), "max_length": _("用途太长了，最多 200 字")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    hospital = forms.ChoiceField(label=_("属于哪家医院"), required=False, help_text=_("类别是“医院”时要选"))
    contract_until = Day(label=_("合同到哪天"), required=False, help_text=_("合作方必须填；过了这天，密钥不能再用"))
    per_minute = forms.IntegerField(
        label=_("每分钟最多请求"),
        min_value=1,
        max_value=100_000,
        error_messages={
            "required": _("请填整数"),
            "invalid": _("请填整数"),
            "min_value": _("至少 1 次"),
            "max_value": _("最多 100000 次"),
        },
    )
    scopes = forms.MultipleChoiceField(
        label=_("可以做什么"),
        choices=[(scope.value, words.SCOPES[scope]) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("至少选一项")},
    )

    def __init__(self, *args: Any, hospitals: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["hospital"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("不属于医院")), *hospitals]

    def facts(self) -> ChannelFacts:
        data = self.cleaned_data
        return ChannelFacts(
            name=data["name"],
            kind=ChannelKind(data["kind"]),
            purpose=data["purpose"],
            scopes=frozenset(Scope(scope) for scope in data["scopes"]),
            per_minute=data["per_minute"],
            contract_until=data["contract_until"],
            hospital_id=UUID(data["hospital"]) if data["hospital"] else None,
        )

    def to_change(self, channel_id: UUID) -> ChangeChannel:
        return ChangeChannel(channel_id, self.facts())


class Add(Terms):
    code = Text(
        label=_("渠道代码"),
        max_length=32,
        help_text=_("小写字母、数字和短横线；每条预约都记着它，定了就不能改"),
        error_messages={"required": _("请填渠道代码"), "max_length": _("代码太长了")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "none"}),
    )
    field_order = ["code", "name"]

    def to_command(self) -> AddChannel:
        return AddChannel(self.cleaned_data["code"].strip(), self.facts())


def initial(channel: Channel) -> dict[str, object]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "purpose": channel.purpose,
        "hospital": str(channel.hospital_id or ""),
        "contract_until": channel.contract_until,
        "per_minute": channel.per_minute,
        "scopes": sorted(channel.scopes),
    }
