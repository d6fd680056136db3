"""Taking a hospital into the city."""

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.hospitals.contracts.writes import AddHospital, HospitalFacts
from yitong.faces.common.texts import Text
from yitong.faces.office.forms import Key

TOO_LONG = _("太长了")


class Add(Key):
    code = Text(
        label=_("医院代码"),
        max_length=32,
        help_text=_("大写字母、数字和短横线；定了就不能改，各家接口用它认医院"),
        error_messages={
            "required": _("请填医院代码"),
            "max_length": TOO_LONG,
            "refused": _("代码只用字母、数字、点、横线，以字母或数字开头"),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )
    name = Text(
        label=_("中文名称"), max_length=120, error_messages={"required": _("请填医院名称"), "max_length": TOO_LONG}
    )
    name_en = Text(
        label=_("英文名称"), max_length=200, error_messages={"required": _("请填英文名称"), "max_length": TOO_LONG}
    )
    short_name = Text(
        label=_("简称"), max_length=40, error_messages={"required": _("请填简称"), "max_length": TOO_LONG}
    )
    short_name_en = Text(label=_("英文简称"), max_length=80, required=False)
    level = Text(label=_("等级"), max_length=32, error_messages={"required": _("请填等级"), "max_length": TOO_LONG})
    kind = Text(label=_("类别"), max_length=32, error_messages={"required": _("请填类别"), "max_length": TOO_LONG})
    district = Text(
        label=_("所在区"), max_length=40, error_messages={"required": _("请填所在区"), "max_length": TOO_LONG}
    )
    phone = Text(label=_("总机"), max_length=40, required=False)

    def to_command(self) -> AddHospital:
        data = self.cleaned_data
        return AddHospital(
            data["code"].strip(),
            HospitalFacts(
                name=data["name"],
                name_en=data["name_en"],
                short_name=data["short_name"],
                short_name_en=data["short_name_en"],
                level=data["level"],
                kind=data["kind"],
                district=data["district"],
                phone=data["phone"],
            ),
            self.text(),
        )
