"""The desk's own words for codes; those of all faces are in `common.terms`."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from yitong.faces.common import terms

ROLES: dict[str, Promise] = {
    "registrar": _("挂号员"),
    "nurse": _("分诊护士"),
    "doctor": _("医师"),
    "roster_manager": _("排班员"),
    "hospital_admin": _("本院管理员"),
    "city_operator": _("城市运营"),
    "policy_officer": _("规则管理"),
    "security_admin": _("安全管理"),
    "auditor": _("审计"),
}
STOP_REASONS: dict[str, Promise] = {
    "leave": _("请假"),
    "meeting": _("会议或教学"),
    "emergency_duty": _("急诊、抢救任务"),
    "equipment": _("设备故障"),
    "hospital": _("医院安排"),
}
EXTRA_REASONS: dict[str, Promise] = {
    "urgent": _("病情需要尽快就诊"),
    "follow_up": _("复诊到期"),
    "from_afar": _("外地患者"),
    "result": _("取结果、看报告"),
    "hospital_cause": _("医院原因未能就诊"),
}
SESSION_STATES: dict[str, Promise] = {"planned": _("未放号"), "released": _("已放号"), "stopped": _("已停诊")}
MATCHES: dict[str, Promise] = {"name": _("姓名"), "birth_date": _("出生日期"), "sex": _("性别")}
PERIODS: dict[str, Promise] = {"natural_year": _("自然年"), "3_months": _("3 个月")}
SCOPES: dict[str, Promise] = {
    "nation": _("全国"),
    "city": _("全市"),
    "hospital": _("本院"),
    "department": _("科室"),
}


def role(code: str) -> str:
    return terms.term(ROLES, code)
