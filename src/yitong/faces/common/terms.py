"""The words for what the domains call by codes: one voice over all faces. Unknown codes show as themselves."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

TITLES: dict[str, Promise] = {
    "resident": _("住院医师"),
    "attending": _("主治医师"),
    "associate_chief": _("副主任医师"),
    "chief": _("主任医师"),
    "renowned": _("知名专家"),
}
CLINIC_KINDS: dict[str, Promise] = {
    "general": _("普通"),
    "expert": _("专家"),
    "special": _("特需"),
    "night": _("夜间"),
}
CLINICS: dict[str, Promise] = {
    "general": _("普通门诊"),
    "expert": _("专家门诊"),
    "special": _("特需门诊"),
    "night": _("夜间门诊"),
}
HALF_DAYS: dict[str, Promise] = {"am": _("上午"), "pm": _("下午"), "night": _("晚上")}
BOOKING_STATES: dict[str, Promise] = {
    "held": _("待支付"),
    "confirmed": _("已预约"),
    "checked_in": _("已报到"),
    "in_visit": _("就诊中"),
    "done": _("已就诊"),
    "missed": _("爽约"),
    "cancelled": _("已取消"),
    "expired": _("超时未支付"),
    "stopped": _("医院停诊"),
}
BOOKING_TAGS = {
    "held": "warn",
    "confirmed": "ok",
    "checked_in": "ok",
    "in_visit": "info",
    "done": "",
    "missed": "danger",
    "cancelled": "",
    "expired": "",
    "stopped": "danger",
}
WAITLIST_STATES: dict[str, Promise] = {
    "waiting": _("候补中"),
    "gathering": _("正在凑号"),
    "offered": _("有号待确认"),
    "booked": _("候补成功"),
    "declined": _("没有要号"),
    "lapsed": _("没有确认"),
    "withdrawn": _("已退出"),
    "closed": _("没有等到"),
}
IDENTITY_KINDS: dict[str, Promise] = {
    "resident_id": _("居民身份证"),
    "household_book": _("户口簿"),
    "passport": _("护照"),
    "hk_macau_permit": _("港澳居民来往内地通行证"),
    "taiwan_permit": _("台湾居民来往大陆通行证"),
    "residence_permit": _("港澳台居民居住证"),
    "foreign_permanent": _("外国人永久居留身份证"),
    "military": _("军官证"),
}
LEVELS: dict[str, Promise] = {"declared": _("未核验"), "verified": _("已实名核验"), "seen": _("已在医院核对证件")}
RELATIONS: dict[str, Promise] = {
    "self": _("本人"),
    "child": _("子女"),
    "parent": _("父母"),
    "spouse": _("配偶"),
    "ward": _("被监护人"),
    "other": _("其他亲友"),
}
SEXES: dict[str, Promise] = {"female": _("女"), "male": _("男"), "unknown": _("未说明")}
CARRIERS: dict[str, Promise] = {
    "jingyitong": _("京医通卡"),
    "yilianma": _("医联码"),
    "beijingtong": _("北京通"),
    "hospital_number": _("医院就诊号"),
    "insurance_token": _("医保电子凭证"),
    "health_code": _("电子健康卡"),
}
POOLS: dict[str, Promise] = {
    "online": _("网上号源"),
    "phone": _("电话号源"),
    "referral": _("转诊号源"),
    "revisit": _("复诊号源"),
    "onsite": _("现场号源"),
    "draw": _("摇号号源"),
}
CHANNELS: dict[str, Promise] = {
    "web": _("网页"),
    "app": _("手机应用"),
    "kiosk": _("自助机"),
    "api": _("合作渠道"),
    "114": _("114 电话"),
    "desk": _("医院窗口"),
    "system": _("系统"),
}
# First level of 医疗机构诊疗科目名录: the drawers in which a hospital's departments lie.
SPECIALTIES: dict[str, Promise] = {
    "01": _("预防保健科"),
    "02": _("全科医疗科"),
    "03": _("内科"),
    "04": _("外科"),
    "05": _("妇产科"),
    "06": _("妇女保健科"),
    "07": _("儿科"),
    "08": _("小儿外科"),
    "09": _("儿童保健科"),
    "10": _("眼科"),
    "11": _("耳鼻咽喉科"),
    "12": _("口腔科"),
    "13": _("皮肤科"),
    "14": _("医疗美容科"),
    "15": _("精神科"),
    "16": _("传染科"),
    "17": _("结核病科"),
    "18": _("地方病科"),
    "19": _("肿瘤科"),
    "20": _("急诊医学科"),
    "21": _("康复医学科"),
    "22": _("运动医学科"),
    "23": _("职业病科"),
    "24": _("临终关怀科"),
    "25": _("特种医学与军事医学科"),
    "26": _("麻醉科"),
    "27": _("疼痛科"),
    "28": _("重症医学科"),
    "30": _("医学检验科"),
    "31": _("病理科"),
    "32": _("医学影像科"),
    "50": _("中医科"),
    "51": _("民族医学科"),
    "52": _("中西医结合科"),
}

# Why a department has its national code.
BASES: dict[str, Promise] = {
    "exact": _("名称一致"),
    "rule": _("按规则归入"),
    "parent": _("用上级科目"),
}
BASIS_NOTES: dict[str, Promise] = {
    "exact": _("科室名称和国家目录里的一字不差"),
    "rule": _("名称不同，按写明的规则归入"),
    "parent": _("目录里没有对应的，用上级科目代码"),
}


def term(table: dict[str, Promise], code: str | None) -> str:
    """The word for a code, in the reader's language."""
    if not code:
        return ""
    return str(table.get(str(code), code))


def known(word: str) -> str:
    """A word of the data that the catalogue may know: a district, a hospital's level or kind. Else as it is."""
    return gettext(word) if word else ""
