"""Family: adding a patient. The form takes what the document says; the command judges it."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.people.contracts.patients import AddPatient, AskVerification, IdentityGiven, RemovePatient
from yitong.domains.people.contracts.words import IdentityKind, Relation, Sex
from yitong.faces.common import terms
from yitong.faces.common.texts import Text

CONSENT_VERSION = "guardian-2026-11"
SAYS_BIRTH = (IdentityKind.RESIDENT_ID, IdentityKind.HOUSEHOLD_BOOK, IdentityKind.RESIDENCE_PERMIT)
MAY_BE_MINOR = (Relation.CHILD, Relation.WARD, Relation.OTHER)


class Key(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput)

    def text(self) -> str:
        return str(self.cleaned_data["key"])


class Add(Key):
    relation = forms.ChoiceField(
        label=_("是您的什么人"),
        choices=[(r.value, terms.RELATIONS[r]) for r in Relation],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一项")},
    )
    name = Text(
        label=_("姓名"),
        max_length=80,
        help_text=_("和证件上的一字不差，包括生僻字和间隔号"),
        error_messages={"required": _("请填姓名"), "max_length": _("姓名太长了")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("证件类型"), choices=[(k.value, terms.IDENTITY_KINDS[k]) for k in IdentityKind], widget=forms.Select
    )
    number = Text(
        label=_("证件号码"),
        max_length=40,
        error_messages={"required": _("请填证件号码"), "max_length": _("证件号码太长了")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    birth_date = forms.DateField(
        label=_("出生日期"),
        required=False,
        help_text=_("护照、通行证等要填；身份证、户口簿、居住证不用填"),
        error_messages={"invalid": _("日期要像 1990-05-01 这样")},
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
    )
    sex = forms.ChoiceField(
        label=_("性别"),
        required=False,
        help_text=_("护照、通行证等要填；身份证、户口簿、居住证不用填"),
        choices=[("", _("请选择")), *((s.value, terms.SEXES[s]) for s in (Sex.FEMALE, Sex.MALE))],
    )
    consent = forms.BooleanField(
        label=_("我是监护人，同意为未成年人处理其就诊信息"),
        required=False,
        help_text=_("添加未满 18 岁的人必须勾选；随时可以撤回"),
    )

    def to_command(self, account_id: UUID) -> AddPatient:
        data = self.cleaned_data
        return AddPatient(
            key=self.text(),
            account_id=account_id,
            identity=IdentityGiven(
                name=data["name"],
                kind=IdentityKind(data["kind"]),
                number=data["number"],
                birth_date=data["birth_date"],
                sex=Sex(data["sex"] or Sex.UNKNOWN),
            ),
            relation=Relation(data["relation"]),
            guardian_consent=CONSENT_VERSION if data["consent"] else "",
        )


class Verify(Key):
    def to_command(self, patient_id: UUID) -> AskVerification:
        return AskVerification(key=self.text(), patient_id=patient_id)


class Remove(Key):
    def to_command(self, account_id: UUID, patient_id: UUID) -> RemovePatient:
        return RemovePatient(key=self.text(), account_id=account_id, patient_id=patient_id)
