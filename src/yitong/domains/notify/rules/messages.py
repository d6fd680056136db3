"""The register of all messages, and how one is put into words. No Django, no clock."""

from collections.abc import Mapping
from datetime import date, datetime

from yitong.core.clock import SHANGHAI
from yitong.domains.notify.contracts import TemplateName as T
from yitong.domains.notify.rules import account, booking, waiting
from yitong.domains.notify.rules.template import Kind, Template

SMS_LONGEST = 210  # characters: three parts of a long Chinese text message
SIGNATURE = {"zh": "【医通】", "en": "[Yitong] "}
NOBODY = {"zh": "出诊医生", "en": "the doctor on duty"}
WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}

TEMPLATES: Mapping[T, Template] = {**account.TEMPLATES, **booking.TEMPLATES, **waiting.TEMPLATES}

CHOICES: Mapping[str, Mapping[str, str]] = {
    "bookings": {"zh": "预约过于频繁", "en": "very many bookings"},
    "cancels": {"zh": "取消过于频繁", "en": "very many cancellations"},
    "identity": {"zh": "多次填写无效证件", "en": "repeated invalid identity numbers"},
    "waitlist_over": {"zh": "直到截止没有空出的号", "en": "no place was freed in time"},
    "waitlist_stopped": {
        "zh": "医生停诊。我们很抱歉，其他医生和日期仍可预约",
        "en": "the clinic was stopped; we are sorry, other doctors and days can be booked",
    },
    "waitlist_patient_gone": {"zh": "就诊人已从账号中移除", "en": "the patient was taken off the account"},
    "waitlist_account_closed": {"zh": "账号已注销", "en": "the account was closed"},
}


def check_params(template: T, params: Mapping[str, str]) -> None:
    """What a template needs must be there: its absence is a bug of the caller. More may be given, for links."""
    missing = set(TEMPLATES[template].params) - set(params)
    assert not missing, f"{template} lacks {sorted(missing)}"


def ids_in(template: T, params: Mapping[str, str]) -> dict[str, str]:
    """The parameters that a FactSource has to put into words."""
    return {name: params[name] for name, kind in TEMPLATES[template].params.items() if kind is Kind.ID and params[name]}


def render(template: T, params: Mapping[str, str], words: Mapping[str, str], language: str) -> tuple[str, str]:
    """(title, text). `words` are those of the FactSource, by parameter name."""
    entry = TEMPLATES[template]
    shown: dict[str, str] = {}
    for name, kind in entry.params.items():
        match kind:
            case Kind.ID:
                place = name.removesuffix("_id")
                shown[place] = words.get(name) or (NOBODY[language] if place == "practitioner" else "")
            case Kind.INSTANT:
                shown[name] = instant_in_words(datetime.fromisoformat(params[name]), language)
            case Kind.DATE:
                shown[name] = day_in_words(date.fromisoformat(params[name]), language)
            case Kind.CHOICE:
                shown[name] = CHOICES[params[name]][language]
            case Kind.WORD:
                shown[name] = params[name]
    title, text = entry.text(language)
    return title, text.format_map(shown)


def sms_text(text: str, language: str) -> str:
    return (SIGNATURE[language] + text)[:SMS_LONGEST]


def day_in_words(day: date, language: str) -> str:
    weekday = WEEKDAYS[language][day.weekday()]
    return f"{weekday} {day:%d %b %Y}" if language == "en" else f"{day.year}年{day.month}月{day.day}日（{weekday}）"


def instant_in_words(instant: datetime, language: str) -> str:
    local = instant.astimezone(SHANGHAI)
    return f"{day_in_words(local.date(), language)} {local:%H:%M}"
