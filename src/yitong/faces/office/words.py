"""The office's own words for codes; those of all faces are in `common.terms`."""

from django.utils.functional import Promise
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from yitong.faces.common import terms

ROLES: dict[str, Promise] = {
    "city_operator": _("城市运营"),
    "policy_officer": _("规则管理"),
    "security_admin": _("安全管理"),
    "auditor": _("审计"),
    "registrar": _("挂号员"),
    "nurse": _("分诊护士"),
    "doctor": _("医师"),
    "roster_manager": _("排班员"),
    "hospital_admin": _("本院管理员"),
}
ROLE_NOTES: dict[str, Promise] = {
    "city_operator": _("医院开通和停用、统计、全市公告、申诉复核"),
    "policy_officer": _("全市规则"),
    "security_admin": _("职工、渠道和密钥、未送达事件"),
    "auditor": _("只看不改：统计、规则、渠道、职工、事件、调阅记录"),
}
CHANNEL_KINDS: dict[str, Promise] = {"own": _("自有"), "hospital": _("医院"), "partner": _("合作方")}
CHANNEL_STATES: dict[str, Promise] = {"active": _("使用中"), "suspended": _("暂停"), "revoked": _("已吊销")}
CHANNEL_TAGS = {"active": "ok", "suspended": "warn", "revoked": "danger"}
SCOPES: dict[str, Promise] = {
    "slots:counts": _("看余号数（不含个人信息）"),
    "catalogue:read": _("看医院、科室、医师"),
    "patients:resolve": _("查找就诊人"),
    "patients:write": _("登记就诊人"),
    "bookings:read": _("看本渠道的预约"),
    "bookings:write": _("预约、改约、退号"),
    "accounts:sign_in": _("让就诊人在渠道里登录"),
    "entitlements:write": _("发转诊、复诊资格"),
}
BASIS_TAGS = {"exact": "ok", "rule": "info", "parent": "warn"}
LOCKS: dict[str, Promise] = {
    "bookings": _("3 个月内预约过多"),
    "cancels": _("1 个月内退号过多"),
    "identity": _("使用无效证件"),
}
LOGS: dict[str, Promise] = {"events": _("事件"), "reads": _("调阅记录")}
DOMAINS: dict[str, Promise] = {
    "access": _("职工和渠道"),
    "booking": _("预约"),
    "draws": _("摇号"),
    "fairness": _("公平"),
    "hospitals": _("医院和规则"),
    "people": _("就诊人和账号"),
    "schedule": _("排班和号源"),
    "waitlist": _("候补"),
    "core": _("系统内核"),
}
OPERATIONS: dict[str, Promise] = {
    "access.channel_added": _("新增渠道"),
    "access.channel_changed": _("变更渠道"),
    "access.channel_key_changed": _("变更渠道密钥"),
    "access.credential_changed": _("变更登录凭据"),
    "access.provider_changed": _("变更身份源"),
    "access.role_ended": _("收回角色"),
    "access.role_given": _("授予角色"),
    "access.staff_added": _("职工加入"),
    "access.staff_gone": _("职工离开"),
    "access.staff_locked": _("职工登录锁定"),
    "access.staff_signed_in": _("职工登录"),
    "access.terminal_changed": _("变更共用电脑"),
    "booking.booking_cancelled": _("退号"),
    "booking.booking_checked_in": _("报到"),
    "booking.booking_confirmed": _("预约成功"),
    "booking.booking_missed": _("爽约"),
    "booking.booking_moved": _("改约"),
    "booking.slots_claimed": _("一批预约"),
    "booking.booking_stopped": _("预约因停诊结束"),
    "booking.entitlement_granted": _("发放号源资格"),
    "booking.hold_expired": _("超时未支付"),
    "booking.line_closed": _("排队结束"),
    "booking.line_opened": _("排队开始"),
    "booking.slot_held": _("占号"),
    "booking.slot_kept": _("退号留给候补"),
    "booking.slot_let_go": _("候补号源放出"),
    "core.dead_letter_settled": _("处理未送达事件"),
    "draws.beacon_decided": _("摇号：公共随机数已定"),
    "draws.committed": _("摇号：报名封存"),
    "draws.drawn": _("摇号：开奖"),
    "draws.entry_altered": _("摇号：修改报名"),
    "draws.entry_applied": _("摇号：报名"),
    "draws.entry_refused": _("摇号：中签后不符合规则"),
    "draws.entry_withdrawn": _("摇号：撤回报名"),
    "draws.entry_won": _("摇号：中签"),
    "draws.opened": _("摇号：开始报名"),
    "draws.places_withdrawn": _("摇号：号源被收回"),
    "draws.planned": _("摇号：公布"),
    "draws.revealed": _("摇号：公开密数"),
    "draws.secret_promised": _("摇号：医院提交封存值"),
    "draws.settled": _("摇号：分配完成"),
    "draws.voided": _("摇号：作废"),
    "fairness.alarm_noted": _("签收公平报警"),
    "fairness.alarm_raised": _("公平报警"),
    "fairness.check_passed": _("通过预约前的确认"),
    "fairness.level_changed": _("账号的评分级别变更"),
    "fairness.review_asked": _("申请复核评分"),
    "fairness.review_decided": _("复核评分"),
    "hospitals.announcement_published": _("发布公告"),
    "hospitals.announcement_withdrawn": _("撤下公告"),
    "hospitals.campus_changed": _("变更院区"),
    "hospitals.campus_removed": _("删除院区"),
    "hospitals.clinic_kind_offered": _("变更门诊类别"),
    "hospitals.department_changed": _("变更科室"),
    "hospitals.fee_set": _("变更医事服务费"),
    "hospitals.first_visit_guide_set": _("变更首次就诊指引"),
    "hospitals.hospital_added": _("新增医院"),
    "hospitals.hospital_changed": _("变更医院资料"),
    "hospitals.hospital_closed": _("停用医院"),
    "hospitals.hospital_reopened": _("恢复医院"),
    "hospitals.master_data_imported": _("导入主数据"),
    "hospitals.policy_set": _("变更规则"),
    "hospitals.practitioner_bound": _("关联医师和职工"),
    "hospitals.practitioner_changed": _("变更医师"),
    "people.account_closed": _("注销账号"),
    "people.account_locked": _("账号被限制"),
    "people.account_opened": _("开通账号"),
    "people.appeal_decided": _("复核申诉"),
    "people.candidate_decided": _("判断重复档案"),
    "people.carrier_ended": _("停用就诊卡"),
    "people.carrier_linked": _("关联就诊卡"),
    "people.device_revoked": _("移除设备"),
    "people.hospital_number_asked": _("申请院内建档"),
    "people.hospital_number_made": _("院内建档成功"),
    "people.hospital_number_refused": _("院内建档失败"),
    "people.hospital_number_withdrawn": _("收回院内就诊号"),
    "people.lock_appealed": _("提交申诉"),
    "people.patient_added": _("添加就诊人"),
    "people.patient_erased": _("删除就诊人"),
    "people.patient_removed": _("移除就诊人"),
    "people.patient_verified": _("实名核验通过"),
    "people.patients_merged": _("合并档案"),
    "people.patients_unmerged": _("拆分档案"),
    "people.phone_changed": _("更换手机号"),
    "people.signed_in_on": _("就诊人登录"),
    "people.verification_asked": _("提交实名核验"),
    "people.verification_ended": _("实名核验结束"),
    "schedule.extra_slot_added": _("加号"),
    "schedule.room_changed": _("变更诊室"),
    "schedule.roster_imported": _("导入排班"),
    "schedule.roster_line_added": _("新增排班"),
    "schedule.roster_line_ended": _("结束排班"),
    "schedule.session_released": _("放号"),
    "schedule.session_stopped": _("停诊"),
    "schedule.stops_planned": _("安排停诊"),
    "schedule.stops_undone": _("撤销停诊"),
    "schedule.session_substituted": _("替诊"),
    "schedule.sessions_planned": _("生成出诊单元"),
    "schedule.slots_moved": _("调整号源池"),
    "waitlist.choice_closed": _("候补场次结束"),
    "waitlist.entry_altered": _("候补变更"),
    "waitlist.entry_booked": _("候补成功"),
    "waitlist.entry_closed": _("候补结束"),
    "waitlist.entry_joined": _("候补登记"),
    "waitlist.entry_passed": _("候补顺延"),
    "waitlist.entry_withdrawn": _("候补退出"),
    "waitlist.offer_made": _("通知候补人确认"),
    "waitlist.slots_gathered": _("为多人候补凑号"),
}


def role(code: str) -> str:
    return terms.term(ROLES, code)


def operation(code: str) -> str:
    return terms.term(OPERATIONS, code)


def actor_kind(kind: str) -> str:
    kinds = {"staff": now_("职工"), "account": now_("就诊人账号"), "channel": now_("渠道"), "system": now_("系统")}
    return kinds.get(kind, kind)
