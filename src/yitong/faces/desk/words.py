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


KEYS: tuple[tuple[Promise, tuple[tuple[str, Promise], ...]], ...] = (
    (
        _("到处都能用"),
        (
            ("/", _("跳到页面、科室、医师、预约、患者")),
            ("Ctrl K", _("同上，正在输入时也可以")),
            ("?", _("这张快捷键表")),
            ("Esc", _("关掉弹出的框")),
        ),
    ),
    (
        _("名单和表格"),
        (
            ("j k", _("下一行、上一行（已在行里时用 ↓ ↑）")),
            ("Enter", _("打开这一行")),
            ("c", _("报到：今日页到刷证框，名单里办这一行")),
            ("n", _("给这次出诊挂号")),
            ("x", _("停诊、退号：办这一行")),
            ("f", _("筛选这张表")),
            ("p", _("打印")),
        ),
    ),
    (
        _("日期"),
        (("[ ]", _("前一天、后一天（或前后一周）")), (".", _("回到今天"))),
    ),
    (
        _("排班表和停诊"),
        (
            ("Space", _("拿起一个出诊；方向键移动，再按放下，Esc 放回")),
            ("c", _("拿起时：在移动和复制之间换")),
            ("u", _("撤销刚才的停诊")),
        ),
    ),
)


def key_sheets() -> list[tuple[str, list[tuple[list[str], str]]]]:
    """(heading, lines of (keys, what they do))."""
    return [(str(name), [(keys.split(), str(what)) for keys, what in lines]) for name, lines in KEYS]


def role(code: str) -> str:
    return terms.term(ROLES, code)
