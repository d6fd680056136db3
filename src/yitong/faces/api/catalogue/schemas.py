"""The catalogue as JSON."""

from pydantic import Field

from yitong.domains.hospitals.contracts.things import ClinicKind, Title
from yitong.faces.api.fields import Day, Fen, Id, Instant, Out

Note = Field(examples=[""])


class Campus(Out):
    campus_id: Id
    name: str = Field(examples=["总院"])
    name_en: str = Field(examples=["Main campus"])
    district: str = Field(examples=["西城区"])
    address: str = Field(examples=["示例街 1 号"])
    directions: str = Field(examples=["地铁 2 号线"])
    is_open: bool = Field(examples=[True])


class Hospital(Out):
    hospital_id: Id
    code: str = Field(examples=["bj-01"])
    name: str = Field(examples=["示例医院"])
    name_en: str = Field(examples=["Example Hospital"])
    short_name: str = Field(examples=["示例"])
    level: str = Field(examples=["三级甲等"])
    kind: str = Field(examples=["综合医院"])
    district: str = Field(examples=["西城区"])
    phone: str = Field(examples=["010-00000000"])
    introduction: str = Note
    is_open: bool = Field(examples=[True])


class HospitalWithCampuses(Hospital):
    campuses: list[Campus]


class Department(Out):
    hospital_id: Id
    department_id: Id
    campus_id: Id
    name: str = Field(examples=["心内科"])
    name_en: str = Field(examples=["Cardiology"])
    national_code: str = Field(examples=["03.04"], description="医疗机构诊疗科目名录")
    sex: str | None = Field(examples=[None], description="`female` or `male` where only they are seen (R-046)")
    age_from: int | None = Field(examples=[None])
    age_below: int | None = Field(examples=[None])
    location: str = Field(examples=["门诊楼 3 层"])
    introduction: str = Note
    is_bookable: bool = Field(examples=[True])


class Practitioner(Out):
    hospital_id: Id
    practitioner_id: Id
    name: str = Field(examples=["李医生"])
    title: Title
    specialties: str = Field(examples=["高血压、冠心病"])
    introduction: str = Note
    department_ids: list[Id]


class FeeLine(Out):
    clinic_kind: ClinicKind
    title: Title | None = Field(description="Null: every title that has no price of its own")
    fee_fen: Fen
    effective_date: Day


class Announcement(Out):
    announcement_id: Id
    hospital_id: Id | None = Field(description="Null: the whole city")
    title: str = Field(examples=["国庆门诊安排"])
    body: str = Field(examples=["10 月 1 日停诊一天。"])
    from_at: Instant
    until_at: Instant | None


class RuleLine(Out):
    """One rule in words, made from the value that booking enforces."""

    policy: str = Field(examples=["booking.cancel.time"])
    rule_id: str = Field(examples=["R-007"])
    words: str = Field(examples=["取消、改约请在就诊前一天15:00前办理"])


class Found(Out):
    kind: str = Field(examples=["department"], description="`hospital`, `department` or `practitioner`")
    hospital_id: Id
    item_id: Id
    department_id: Id | None
    name: str = Field(examples=["心内科"])
    detail: str = Field(examples=["示例 · 总院"])


class Hospitals(Out):
    items: list[Hospital]


class Fees(Out):
    items: list[FeeLine]


class Announcements(Out):
    items: list[Announcement]


class Rules(Out):
    items: list[RuleLine]


class Results(Out):
    items: list[Found]
