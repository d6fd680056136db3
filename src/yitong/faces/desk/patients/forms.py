"""Looking for a patient, and booking at the window. What is asked travels in the body, never in an address."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.booking.contracts import CheckIn, HoldAtDesk, Near
from yitong.domains.people.contracts.accounts import ChangePhoneAtDesk
from yitong.domains.people.contracts.patients import (
    CorrectHospitalNumber,
    FindPatient,
    GiveHospitalNumber,
    RegisterAtDesk,
)
from yitong.domains.people.contracts.words import CITY_ISSUER, CarrierKind, NumberWrong
from yitong.faces.common import terms
from yitong.faces.common.texts import Text
from yitong.faces.desk.forms import NO_MEMORY, Day, Document, Key, WholeDocument

PURPOSE = "desk"
CITY_CARDS = (
    CarrierKind.JINGYITONG,
    CarrierKind.YILIANMA,
    CarrierKind.BEIJINGTONG,
    CarrierKind.INSURANCE_TOKEN,
    CarrierKind.HEALTH_CODE,
)


class ByCode(forms.Form):
    code = forms.RegexField(
        r"^\s*[0-9]{4}\s?[0-9]{4}\s*$",
        label=_("预约码"),
        error_messages={"required": _("请填 8 位预约码"), "invalid": _("预约码是 8 位数字")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "inputmode": "numeric", "autofocus": True}),
    )

    def digits(self) -> str:
        return "".join(self.cleaned_data["code"].split())


class ByDocument(Document):
    key = None  # type: ignore[assignment]

    def to_wish(self, hospital_id: UUID) -> FindPatient:
        return FindPatient(
            hospital_id, PURPOSE, identity_kind=self.identity_kind(), identity_number=self.cleaned_data["number"]
        )


class Arrive(Document):
    """A card or a number at the desk: who it is, and whether he is expected today."""

    booking = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *given: object, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["number"].help_text = ""
        self.fields["number"].label = _("刷证或输入证件号码")

    def to_wish(self, hospital_id: UUID) -> FindPatient:
        return FindPatient(
            hospital_id, PURPOSE, identity_kind=self.identity_kind(), identity_number=self.cleaned_data["number"]
        )

    def to_command(self, hospital_id: UUID, booking_id: UUID) -> CheckIn:
        return CheckIn(self.text(), hospital_id, booking_id, self.cleaned_data["number"])


class ByCard(forms.Form):
    card = forms.ChoiceField(
        label=_("卡的种类"),
        choices=[(kind.value, terms.CARRIERS[kind]) for kind in (*CITY_CARDS, CarrierKind.HOSPITAL_NUMBER)],
    )
    value = Text(
        label=_("卡号"),
        max_length=80,
        error_messages={"required": _("请填卡号")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )

    def to_wish(self, hospital_id: UUID) -> FindPatient:
        kind = CarrierKind(self.cleaned_data["card"])
        issuer = str(hospital_id) if kind is CarrierKind.HOSPITAL_NUMBER else CITY_ISSUER
        return FindPatient(
            hospital_id,
            PURPOSE,
            carrier_kind=kind,
            carrier_value=self.cleaned_data["value"].strip(),
            carrier_issuer=issuer,
        )


class ByName(forms.Form):
    name = Text(
        label=_("姓名"),
        max_length=80,
        error_messages={"required": _("请填姓名")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )
    birth_date = Day(label=_("出生日期"))

    def to_wish(self, hospital_id: UUID) -> FindPatient:
        data = self.cleaned_data
        return FindPatient(hospital_id, PURPOSE, name=data["name"].strip(), birth_date=data["birth_date"])


class Register(WholeDocument):
    def to_command(self, hospital_id: UUID) -> RegisterAtDesk:
        return RegisterAtDesk(self.text(), hospital_id, self.identity())


class NewPhone(Register):
    """The document of one who stands here, and the phone that is his now."""

    new_phone = Text(
        label=_("新手机号"),
        max_length=20,
        error_messages={"required": _("请填新手机号")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "type": "tel", "inputmode": "numeric"}),
    )


class PhoneCode(forms.Form):
    """`proof`: that this patient's document was compared here for this phone."""

    proof = Text(max_length=500, required=False, widget=forms.HiddenInput)
    new_phone = Text(max_length=20, widget=forms.HiddenInput)
    new_code = Text(
        label=_("新手机收到的验证码"),
        max_length=12,
        error_messages={"required": _("请填短信里的 6 位数字")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "inputmode": "numeric"}),
    )

    def to_command(self, patient_id: UUID, hospital_id: UUID) -> ChangePhoneAtDesk:
        data = self.cleaned_data
        return ChangePhoneAtDesk(patient_id, hospital_id, data["new_phone"], data["new_code"].strip())


class HospitalNumber(Key):
    number = Text(
        label=_("就诊号"),
        max_length=64,
        help_text=_("照院内系统或患者的就诊卡填，一字不差"),
        error_messages={"required": _("请填就诊号"), "max_length": _("就诊号最多 64 位")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "characters"}),
    )

    def to_command(self, hospital_id: UUID, patient_id: UUID) -> GiveHospitalNumber:
        return GiveHospitalNumber(self.text(), hospital_id, patient_id, self.cleaned_data["number"])


class WrongNumber(Key):
    """`carrier`: the number that the page showed."""

    carrier = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=_("为什么不对"),
        choices=[
            ("", _("请选择")),
            (NumberWrong.MISTYPED.value, _("填错了")),
            (NumberWrong.OF_ANOTHER.value, _("是另一位患者的")),
            (NumberWrong.RENUMBERED.value, _("院内换了新号")),
        ],
        error_messages={"required": _("请选为什么不对"), "invalid_choice": _("请选为什么不对")},
    )
    right = Text(
        label=_("正确的就诊号"),
        max_length=64,
        required=False,
        help_text=_("照院内系统或患者的就诊卡填；还不知道就留空，只收回"),
        error_messages={"max_length": _("就诊号最多 64 位")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "characters"}),
    )

    def to_command(self, hospital_id: UUID, patient_id: UUID) -> CorrectHospitalNumber:
        data = self.cleaned_data
        reason = NumberWrong(data["reason"])
        return CorrectHospitalNumber(self.text(), hospital_id, patient_id, data["carrier"], reason, data["right"])


class Book(Key):
    """`near`: as the button that was pressed says; whoever chose a time is given any number of it."""

    near = forms.ChoiceField(choices=[(one.value, one.value) for one in (Near.WINDOW, Near.SESSION)], required=False)
    is_again = forms.BooleanField(
        label=_("复诊：在本科室看过"), required=False, help_text=_("点名约限复诊的医师时要勾选")
    )

    is_special_group = forms.BooleanField(
        label=_("优待对象：已核对证件"), required=False, help_text=_("残疾人、现役军人、孕产妇等；满 60 岁不用勾选")
    )

    def to_command(
        self, hospital_id: UUID, slot_id: UUID, patient_id: UUID, *, is_named: bool, hides_name: bool
    ) -> HoldAtDesk:
        return HoldAtDesk(
            key=self.text(),
            hospital_id=hospital_id,
            slot_id=slot_id,
            patient_id=patient_id,
            is_first_visit=not self.cleaned_data["is_again"],
            by_name=is_named and not hides_name,
            near=Near(self.cleaned_data["near"] or Near.WINDOW),
            is_special_group=self.cleaned_data["is_special_group"],
        )
