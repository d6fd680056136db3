"""Staff of the city: joining, and their roles."""

from collections.abc import Mapping
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import day_bounds
from yitong.domains.access.contracts import CITY_ROLES, AddStaff, GiveRole, RoleName
from yitong.faces.common.texts import Text
from yitong.faces.office import words
from yitong.faces.office.forms import NO_MEMORY, Day, Key

CITY = [role for role in RoleName if role in CITY_ROLES]
CHOICES = [(role.value, words.ROLES[role]) for role in CITY]


class Person(Key):
    login = Text(
        label=_("登录名"),
        max_length=64,
        help_text=_("小写字母、数字、点和短横线；离开以后也不会给别人"),
        error_messages={"required": _("请填登录名"), "max_length": _("登录名太长了")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "none"}),
    )
    name = Text(
        label=_("姓名"),
        max_length=80,
        error_messages={"required": _("请填姓名"), "max_length": _("姓名太长了")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )


class Add(Person):
    roles = forms.MultipleChoiceField(
        label=_("角色"),
        choices=CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("安全管理、审计和业务角色由不同的人担任"),
        error_messages={"required": _("至少选一项")},
    )

    def to_command(self) -> AddStaff:
        data = self.cleaned_data
        return AddStaff(data["login"], data["name"], None, tuple(map(RoleName, data["roles"])), self.text())


class AddAdministrator(Person):
    """The first administrator of a hospital, who lets in all others; or one more where the first is gone."""

    hospital = forms.ChoiceField(label=_("医院"), error_messages={"required": _("请选医院")})
    field_order = ["hospital", "login", "name"]

    def __init__(self, *given: object, hospitals: Mapping[UUID, str], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        named = [(str(hospital_id), name) for hospital_id, name in hospitals.items()]
        self.fields["hospital"].choices = [("", _("请选择")), *named]  # type: ignore[attr-defined]

    def to_command(self) -> AddStaff:
        data = self.cleaned_data
        return AddStaff(data["login"], data["name"], UUID(data["hospital"]), (RoleName.HOSPITAL_ADMIN,), self.text())


class Give(forms.Form):
    role = forms.ChoiceField(label=_("角色"), choices=CHOICES)
    until = Day(label=_("到哪天为止"), required=False, help_text=_("那天结束时自动收回；不填就一直有"))

    def to_command(self, staff_id: UUID) -> GiveRole:
        data = self.cleaned_data
        until = day_bounds(data["until"])[1] if data["until"] else None
        return GiveRole(staff_id, RoleName(data["role"]), None, until)


class End(forms.Form):
    role = forms.ChoiceField(choices=CHOICES)
