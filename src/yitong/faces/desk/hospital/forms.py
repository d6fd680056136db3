"""What a hospital says of itself: who it is, where, which departments and doctors it has, and at which price."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.access.contracts import ProviderFacts, SetProvider, StaffMember
from yitong.domains.hospitals.contracts.things import ClinicKind, CodeBasis, Title
from yitong.domains.hospitals.contracts.writes import (
    AddCampus,
    AddDepartment,
    AddPractitioner,
    BindPractitioner,
    CampusFacts,
    ChangeCampus,
    ChangeDepartment,
    ChangeHospital,
    ChangePractitioner,
    DepartmentFacts,
    FeeFacts,
    HospitalFacts,
    PractitionerFacts,
    PriceList,
    RemoveCampus,
    SetFee,
    seen_of,
)
from yitong.faces.common import terms
from yitong.faces.common.texts import Lines, Text
from yitong.faces.desk.forms import NO_MEMORY, Day, Key, Seen

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ALL_TITLES = "all"
FEN = 100  # in a yuan


def _text(
    label: "StrOrPromise", most: int, *, asked: "StrOrPromise" = "", hint: "StrOrPromise" = "", rows: int = 0
) -> Text:
    """`asked`: what is said when it is empty; without it the field may stay so. `rows`: of a field for more lines."""
    field = Lines if rows else Text
    return field(
        label=label,
        max_length=most,
        required=bool(asked),
        help_text=hint,
        error_messages={"required": asked},
        widget=forms.Textarea(attrs={**NO_MEMORY, "rows": rows}) if rows else forms.TextInput(attrs=NO_MEMORY),
    )


def _english(label: "StrOrPromise", most: int, *, asked: "StrOrPromise" = "") -> Text:
    found = _text(label, most, asked=asked)
    found.widget.attrs["lang"] = "en"
    return found


def _code(label: "StrOrPromise", most: int, hint: "StrOrPromise") -> Text:
    found = _text(label, most, asked=_("请填代码"), hint=hint)
    found.error_messages["refused"] = _("代码只用字母、数字、点、横线，以字母或数字开头")
    return found


class Facts(Seen):
    name = _text(_("中文名称"), 120, asked=_("请填医院名称"))
    name_en = _english(_("英文名称"), 200, asked=_("请填英文名称"))
    short_name = _text(_("简称"), 40, asked=_("请填简称"))
    short_name_en = _english(_("英文简称"), 120)
    level = _text(_("等级"), 32, asked=_("请填等级"), hint=_("例如：三级甲等"))
    kind = _text(_("类别"), 32, asked=_("请填类别"), hint=_("例如：综合医院"))
    district = _text(_("所在区"), 40, asked=_("请填所在区"))
    phone = _text(_("总机"), 40)
    specialties = _text(_("专科特色"), 2500, hint=_("每行一个，最多 40 个"), rows=4)
    introduction = _text(_("医院介绍"), 4000, rows=6)

    @staticmethod
    def of(one: HospitalFacts) -> dict[str, object]:
        return {**asdict(one), "specialties": "\n".join(one.specialties), "seen": seen_of(one)}

    def to_command(self, hospital_id: UUID) -> ChangeHospital:
        data = {name: value for name, value in self.cleaned_data.items() if name != "seen"}
        lines = tuple(line.strip() for line in data["specialties"].splitlines() if line.strip())
        return ChangeHospital(hospital_id, HospitalFacts(**{**data, "specialties": lines}), self.cleaned_data["seen"])


def _all_of(wrong: "StrOrPromise") -> "dict[str, StrOrPromise]":
    """One sentence for all that can be wrong with a number."""
    names = ("invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits", "refused")
    return dict.fromkeys(names, wrong)


def _degrees(label: "StrOrPromise", most: int, digits: int) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=-most,
        max_value=most,
        max_digits=digits,
        decimal_places=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal", **NO_MEMORY}),
        error_messages={**_all_of(_("请填度数，例如 39.904200")), "refused": _("经度和纬度要么都填，要么都不填")},
    )


class CampusForm(Key, Seen):
    code = _code(_("院区代码"), 32, _("医院自己的代码，例如 BENBU；接口和文件用它认院区"))
    name = _text(_("院区名称"), 80, asked=_("请填院区名称"), hint=_("只有一个院区就写“本部”"))
    name_en = _english(_("英文名称"), 120)
    district = _text(_("所在区"), 40, asked=_("请填所在区"))
    address = _text(_("地址"), 200, asked=_("请填地址"), hint=_("患者按它找来"))
    directions = _text(_("怎么来"), 2000, hint=_("地铁、公交、停车、从哪个门进"), rows=4)
    latitude = _degrees(_("纬度"), 90, 8)
    longitude = _degrees(_("经度"), 180, 9)
    is_open = forms.BooleanField(
        label=_("在用"),
        required=False,
        help_text=_("不勾选：患者找不到它，里面的科室都改成不能预约，也不能再排班；还排着出诊的院区要先停诊才能停用"),
    )

    @staticmethod
    def of(one: CampusFacts) -> dict[str, object]:
        return {**asdict(one), "seen": seen_of(one)}

    def facts(self) -> CampusFacts:
        return CampusFacts(**{name: value for name, value in self.cleaned_data.items() if name not in ("key", "seen")})

    def to_add(self, hospital_id: UUID) -> AddCampus:
        return AddCampus(hospital_id, self.facts(), self.text())

    def to_change(self, hospital_id: UUID, campus_id: UUID) -> ChangeCampus:
        return ChangeCampus(hospital_id, campus_id, self.facts(), self.cleaned_data["seen"])


class CampusRemoval(Key):
    def to_command(self, hospital_id: UUID, campus_id: UUID) -> RemoveCampus:
        return RemoveCampus(hospital_id, campus_id, self.text())


def _years(label: "StrOrPromise", hint: "StrOrPromise") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=150,
        help_text=hint,
        error_messages=_all_of(_("请填 0 到 150 的整数")),
    )


class DepartmentForm(Key, Seen):
    campus_code = forms.ChoiceField(label=_("院区"))
    code = _code(_("科室代码"), 40, _("医院自己的代码，例如 XNK；接口和文件用它认科室"))
    name = _text(_("科室名称"), 80, asked=_("请填科室名称"), hint=_("患者看到的名称，同一院区不能重名"))
    name_en = _english(_("英文名称"), 120)
    national_code = _text(
        _("国家诊疗科目代码"),
        8,
        asked=_("请填国家诊疗科目代码"),
        hint=_("《医疗机构诊疗科目名录》里的代码，例如 03.04；患者按科目找科室，全市按它统计"),
    )
    code_basis = forms.ChoiceField(
        label=_("为什么是这个代码"),
        choices=[(basis.value, terms.BASIS_NOTES[basis]) for basis in CodeBasis],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一项")},
    )
    code_reason = _text(
        _("理由"), 200, asked=_("请写理由"), hint=_("写给核对的人看，例如：心内科即心血管内科专业"), rows=2
    )
    sex = forms.ChoiceField(
        label=_("只看"),
        required=False,
        choices=[("", _("男女都看")), *((sex, terms.SEXES[sex]) for sex in ("female", "male"))],
    )
    age_from = _years(_("满几岁"), _("含；不限就不填"))
    age_below = _years(_("不满几岁"), _("不含；不限就不填"))
    location = _text(_("科室位置"), 120, hint=_("楼、层、区，例如：门诊楼三层东区"))
    introduction = _text(_("科室介绍"), 4000, rows=4)
    is_bookable = forms.BooleanField(
        label=_("可以预约"),
        required=False,
        help_text=_("不勾选：患者找不到它，也不能再排班；已经约好的号不变，要取消请停诊"),
    )

    def __init__(self, *given: object, campuses: Iterable[tuple[str, str]], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["campus_code"].choices = list(campuses)  # type: ignore[attr-defined]
        self.fields["national_code"].error_messages["refused"] = _("代码要像 03 或 03.04 这样")

    @staticmethod
    def of(one: DepartmentFacts) -> dict[str, object]:
        return {**asdict(one), "sex": one.sex or "", "seen": seen_of(one)}

    def clean_national_code(self) -> str:
        """The drawer in which the department will lie has to be one of the list."""
        given: str = self.cleaned_data["national_code"]
        if given[:2] not in terms.SPECIALTIES:
            raise forms.ValidationError(_("国家名录里没有这个科目，请看下面的一级科目"))
        return given

    def facts(self) -> DepartmentFacts:
        data = {name: value for name, value in self.cleaned_data.items() if name not in ("key", "seen")}
        return DepartmentFacts(**{**data, "code_basis": CodeBasis(data["code_basis"]), "sex": data["sex"] or None})

    def to_add(self, hospital_id: UUID) -> AddDepartment:
        return AddDepartment(hospital_id, self.facts(), self.text())

    def to_change(self, hospital_id: UUID, department_id: UUID) -> ChangeDepartment:
        return ChangeDepartment(hospital_id, department_id, self.facts(), self.cleaned_data["seen"])


class PractitionerForm(Key, Seen):
    code = _code(_("医师编号"), 40, _("医院自己的编号；接口和文件用它认医师"))
    name = _text(_("姓名"), 60, asked=_("请填姓名"))
    name_en = _english(_("英文姓名"), 80)
    title = forms.ChoiceField(label=_("职称"), choices=[(title.value, terms.TITLES[title]) for title in Title])
    licence = _text(
        _("执业证书编号"), 40, asked=_("请填执业证书编号"), hint=_("加密保存，只有本院管理员看得到，患者看不到")
    )
    home = forms.ChoiceField(label=_("本科室"), error_messages={"required": _("请选科室")})
    more = forms.MultipleChoiceField(label=_("也在这些科室出诊"), required=False, widget=forms.CheckboxSelectMultiple)
    specialties = _text(_("擅长"), 400, rows=2)
    introduction = _text(_("医师介绍"), 4000, rows=4)
    is_active = forms.BooleanField(
        label=_("在岗"), required=False, help_text=_("不勾选：患者找不到，也不能再排班；已经约好的号不变")
    )

    def __init__(self, *given: object, departments: Sequence[tuple[str, str]], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["home"].choices = [("", _("请选择")), *departments]  # type: ignore[attr-defined]
        self.fields["more"].choices = list(departments)  # type: ignore[attr-defined]

    @staticmethod
    def of(one: PractitionerFacts) -> dict[str, object]:
        home, *more = one.department_codes or ("",)
        return {**asdict(one), "home": home, "more": more, "seen": seen_of(one)}

    def facts(self) -> PractitionerFacts:
        data = self.cleaned_data
        return PractitionerFacts(
            code=data["code"],
            name=data["name"],
            name_en=data["name_en"],
            title=Title(data["title"]),
            licence=data["licence"],
            specialties=data["specialties"],
            introduction=data["introduction"],
            department_codes=(data["home"], *(code for code in data["more"] if code != data["home"])),
            is_active=data["is_active"],
        )

    def to_add(self, hospital_id: UUID) -> AddPractitioner:
        return AddPractitioner(hospital_id, self.facts(), self.text())

    def to_change(self, hospital_id: UUID, practitioner_id: UUID) -> ChangePractitioner:
        return ChangePractitioner(hospital_id, practitioner_id, self.facts(), self.cleaned_data["seen"])


class Bind(forms.Form):
    """Which of the hospital's doctors among the staff this is."""

    staff = forms.ChoiceField(
        label=_("登录名"), required=False, help_text=_("关联后，本人登录就先看到自己的出诊，能给自己的号加号")
    )

    def __init__(self, *given: object, doctors: Iterable[StaffMember], linked: UUID | None, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["staff"].initial = linked
        named: list[tuple[str, StrOrPromise]] = [(str(one.staff_id), f"{one.name}（{one.login}）") for one in doctors]
        if linked is not None and str(linked) not in dict(named):
            named.append((str(linked), _("现在关联的职工，已不是本院医师")))
        self.fields["staff"].choices = [("", _("不关联")), *named]  # type: ignore[attr-defined]

    def to_command(self, hospital_id: UUID, practitioner_id: UUID) -> BindPractitioner:
        given = self.cleaned_data["staff"]
        return BindPractitioner(hospital_id, practitioner_id, UUID(given) if given else None)


class FeeForm(Seen):
    clinic_kind = forms.ChoiceField(
        label=_("门诊类别"), choices=[(kind.value, terms.CLINICS[kind]) for kind in ClinicKind]
    )
    title = forms.ChoiceField(
        label=_("职称"),
        choices=[(ALL_TITLES, _("所有职称")), *((title.value, terms.TITLES[title]) for title in Title)],
        help_text=_("某个职称单独定了价，就按单独的；其余按“所有职称”"),
    )
    fee_fen = forms.DecimalField(
        label=_("价格（元）"),
        min_value=0,
        max_value=10_000,
        max_digits=7,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", **NO_MEMORY}),
        error_messages={"required": _("请填价格"), **_all_of(_("价格要在 0 到 10000 元之间，最多两位小数"))},
    )
    effective_date = Day(label=_("从哪天起"), help_text=_("从这天的出诊起；已经生成的出诊价格不变"))
    source = _text(_("依据"), 200, asked=_("请写依据"), hint=_("文件名和文号"))

    def __init__(self, *given: object, stands: PriceList, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.stands = stands
        self.initial["seen"] = seen_of(stands)

    def show_what_stands(self) -> list[tuple["StrOrPromise", "StrOrPromise", str]]:
        """The price that would be written over, if there is one; all of them stand on the page."""
        self.see_anew()
        there = self.stands.on(self.facts())
        if there is None:
            return []
        names = ((field, self.fields[field].label or "") for field in ("fee_fen", "source"))
        values = {"fee_fen": f"{Decimal(there.fee_fen) / FEN:.2f}", "source": there.source}
        return [(label, values[field], "") for field, label in names]

    def facts(self) -> FeeFacts:
        data = self.cleaned_data
        yuan: Decimal = data["fee_fen"]
        return FeeFacts(
            clinic_kind=ClinicKind(data["clinic_kind"]),
            title=None if data["title"] == ALL_TITLES else Title(data["title"]),
            fee_fen=int(yuan * FEN),
            effective_date=data["effective_date"],
            source=data["source"],
        )

    def to_command(self, hospital_id: UUID) -> SetFee:
        return SetFee(hospital_id, self.facts(), self.cleaned_data["seen"])


class Provider(forms.Form):
    issuer = _text(_("发行者地址（issuer）"), 200, asked=_("请填地址"), hint=_("以 https:// 开头，医院信息科会给"))
    client_id = _text(_("客户端标识（client_id）"), 120, asked=_("请填客户端标识"))
    client_secret = Text(
        label=_("客户端密钥（client_secret）"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("请填密钥"),
            "max_length": _("密钥太长了"),
            "refused": _("换了地址，要填新的密钥"),
        },
    )

    def __init__(self, *given: object, known: ProviderFacts | None, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        secret = self.fields["client_secret"]
        secret.required = known is None
        secret.help_text = _("加密保存，以后谁也看不到") if known is None else _("不填就还用原来的；谁也看不到原来的")
        self.fields["issuer"].error_messages["refused"] = _("地址要以 https:// 开头，不带问号和井号")

    def ask_secret_again(self) -> None:
        """After a refusal: the page shows no secret, and a press without one would keep the old one silently."""
        if self.data.get("client_secret") and "client_secret" not in self.errors:
            self.add_error("client_secret", _("密钥没有留在页面上，请再填一次"))

    def to_command(self, hospital_id: UUID) -> SetProvider:
        data = self.cleaned_data
        return SetProvider(hospital_id, data["issuer"], data["client_id"], data["client_secret"] or None)
