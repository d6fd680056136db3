"""Joiners, leavers and their roles at one hospital."""

from datetime import time, timedelta
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import at_shanghai
from yitong.domains.access.contracts import CITY_ROLES, AddStaff, EndRole, GiveRole, ImportStaff, RoleName
from yitong.faces.common.texts import Text
from yitong.faces.desk import words
from yitong.faces.desk.forms import Day, Key

HOSPITAL_ROLES = [(role.value, words.ROLES[role]) for role in RoleName if role not in CITY_ROLES]
MOST_BYTES = 1_000_000


class Add(Key):
    login = Text(
        label=_("工号"),
        max_length=80,
        help_text=_("小写字母、数字、点和连字符；离职后也不会再给别人用"),
        error_messages={"required": _("请填工号")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    name = Text(
        label=_("姓名"),
        max_length=80,
        error_messages={"required": _("请填姓名")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    roles = forms.MultipleChoiceField(
        label=_("岗位"),
        choices=HOSPITAL_ROLES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选一个岗位")},
    )

    def to_command(self, hospital_id: UUID) -> AddStaff:
        data = self.cleaned_data
        roles = tuple(RoleName(role) for role in data["roles"])
        return AddStaff(data["login"], data["name"], hospital_id, roles, self.text())


class Role(forms.Form):
    role = forms.ChoiceField(label=_("岗位"), choices=HOSPITAL_ROLES)
    until = Day(label=_("到哪天止"), required=False, help_text=_("临时岗位才填"))

    def to_command(self, staff_id: UUID, hospital_id: UUID) -> GiveRole:
        day = self.cleaned_data["until"]
        until_at = at_shanghai(day + timedelta(days=1), time(0)) if day else None
        return GiveRole(staff_id, RoleName(self.cleaned_data["role"]), hospital_id, until_at)


class OneRole(forms.Form):
    role = forms.ChoiceField(choices=HOSPITAL_ROLES)

    def to_command(self, staff_id: UUID, hospital_id: UUID) -> EndRole:
        return EndRole(staff_id, RoleName(self.cleaned_data["role"]), hospital_id)


class File(forms.Form):
    file = forms.FileField(
        label=_("CSV 文件"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"empty": _("文件是空的")},
    )
    text = Text(
        label=_("或粘贴内容"),
        required=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        file = data.get("file")
        if isinstance(file, UploadedFile):
            if (file.size or 0) > MOST_BYTES:
                self.add_error("file", _("文件太大了，请分几次导入"))
                return data
            try:
                data["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("文件要存成 UTF-8 编码的 CSV"))
        if not self.errors and not str(data.get("text") or "").strip():
            self.add_error("file", _("请选文件，或粘贴内容"))
        return data

    def to_command(self, hospital_id: UUID) -> ImportStaff:
        return ImportStaff(hospital_id, self.cleaned_data["text"])
