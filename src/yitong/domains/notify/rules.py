"""The register of messages: topic, parameters, and the words in Chinese and English. No Django, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from yitong.core.clock import SHANGHAI
from yitong.domains.notify.contracts import TemplateName as T
from yitong.domains.notify.contracts import Topic

SMS_LONGEST = 210  # characters: three parts of a long Chinese text message
SIGNATURE = {"zh": "【医通】", "en": "[Yitong] "}
NOBODY = {"zh": "出诊医生", "en": "the doctor on duty"}
WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


class Kind(StrEnum):
    """How a parameter is put into words."""

    ID = "id"  # by the FactSource; the parameter is `department_id`, its place in the text `{department}`
    INSTANT = "instant"
    DATE = "date"
    WORD = "word"  # a number, a code, a count: as it is
    CHOICE = "choice"  # one of a few words, each with its sentence


@dataclass(frozen=True, slots=True)
class Template:
    """One message. `zh`, `en` are (title, text); SMS carries signature and text."""

    topic: Topic
    params: Mapping[str, Kind]
    zh: tuple[str, str]
    en: tuple[str, str]

    def text(self, language: str) -> tuple[str, str]:
        return self.en if language == "en" else self.zh


_CODE = {"code": Kind.WORD, "minutes": Kind.WORD}
_PATIENT = {"patient_id": Kind.ID}
_BOOKING = {
    "hospital_id": Kind.ID,
    "department_id": Kind.ID,
    "practitioner_id": Kind.ID,
    "patient_id": Kind.ID,
    "starts_at": Kind.INSTANT,
}
_LINE = {
    "hospital_id": Kind.ID,
    "department_id": Kind.ID,
    "practitioner_id": Kind.ID,
    "patient_id": Kind.ID,
    "date": Kind.DATE,
}
_DRAW = {"hospital_id": Kind.ID, "department_id": Kind.ID, "patient_id": Kind.ID}
_CONFIRMED = {**_BOOKING, "campus_id": Kind.ID, "number": Kind.WORD, "code": Kind.WORD}
_WHAT_ZH = "{patient}在{hospital}{department}（{practitioner}）"
_WHAT_EN = "{patient} at {hospital}, {department} ({practitioner})"

TEMPLATES: Mapping[T, Template] = {
    T.SIGN_IN_CODE: Template(
        Topic.SECURITY,
        _CODE,
        ("登录验证码", "验证码{code}，用于登录医通，{minutes}分钟内有效。工作人员不会向您索要验证码，请勿告诉他人。"),
        (
            "Sign-in code",
            "{code} is your code to sign in to Yitong, valid for {minutes} minutes. Nobody of ours will ask for it.",
        ),
    ),
    T.PHONE_CODE: Template(
        Topic.SECURITY,
        _CODE,
        (
            "更换手机号验证码",
            "验证码{code}，用于更换医通账号的手机号，{minutes}分钟内有效。如非本人操作，请勿告诉他人。",
        ),
        (
            "Code to change your phone",
            (
                "{code} is your code to change the phone of a Yitong account, valid for {minutes} minutes. "
                "If this is not you, tell nobody."
            ),
        ),
    ),
    T.NEW_DEVICE: Template(
        Topic.SECURITY,
        {"at": Kind.INSTANT},
        ("新设备登录", "您的账号于{at}在一台新设备上登录。如非本人操作，请在“我的设备”中移除该设备并联系我们。"),
        (
            "New device",
            "Your account was signed in to on a new device at {at}. If this was not you, remove it under “My devices”.",
        ),
    ),
    T.PHONE_CHANGED: Template(
        Topic.SECURITY,
        {"at": Kind.INSTANT},
        ("手机号已更换", "您的账号已于{at}更换手机号。如非本人操作，请尽快携带证件到医院窗口办理。"),
        (
            "Phone changed",
            "The phone of your account was changed at {at}. If this was not you, please go to a hospital's window.",
        ),
    ),
    T.ACCOUNT_LOCKED: Template(
        Topic.SECURITY,
        {"reason": Kind.CHOICE},
        (
            "账号被限制预约",
            "您的账号因{reason}暂时不能预约，仍可查看和取消已有预约。如有异议，可在账号页申诉，由专人复核。",
        ),
        (
            "Booking is restricted",
            (
                "Your account cannot book for now because of {reason}; you can still view and cancel. "
                "You may appeal on your account page, and a person will review it."
            ),
        ),
    ),
    T.ACCOUNT_UNLOCKED: Template(
        Topic.SECURITY,
        {},
        ("限制已解除", "经人工复核，您的账号已恢复预约。感谢您的耐心。"),
        ("Restriction lifted", "After review by a person your account can book again. Thank you for your patience."),
    ),
    T.APPEAL_REFUSED: Template(
        Topic.SECURITY,
        {},
        ("申诉结果", "经人工复核，您的账号暂不能恢复预约。您可以查看原因，并补充说明后再次申诉。"),
        (
            "Your appeal",
            "After review by a person the restriction stays for now. You can see why, and appeal again.",
        ),
    ),
    T.SLOW_PATH_BEGUN: Template(
        Topic.SECURITY,
        {},
        (
            "预约前多一步确认",
            "近期的预约和取消像在倒号，以后在网上预约前请先回答两个小问题。原因和怎样请人复核，见“我的”里“预约前的确认”。",
        ),
        (
            "One more step before booking",
            (
                "Recent bookings look like trading in slots: please answer two short questions before you book online. "
                "Why, and how to ask a person: see “Me”, “Check before booking”."
            ),
        ),
    ),
    T.SLOW_PATH_REVIEWED: Template(
        Topic.SECURITY,
        {},
        ("复核结果", "经人工复核，您以后预约不用再先回答问题，之前的记录不再计分。感谢您的耐心。"),
        (
            "A person has reviewed it",
            "You need not answer questions before booking any more, and what was counted counts no longer. Thank you.",
        ),
    ),
    T.SLOW_PATH_KEPT: Template(
        Topic.SECURITY,
        {},
        ("复核结果", "经人工复核，预约前的确认暂时保留；分数每天减少，减完就不用再答。您可以补充说明后再次申请。"),
        (
            "A person has reviewed it",
            (
                "The check before booking stays for now; the points shrink every day, and with them it ends. You may "
                "explain more and ask again."
            ),
        ),
    ),
    T.PATIENT_VERIFIED: Template(
        Topic.PEOPLE,
        _PATIENT,
        ("实名核验通过", "{patient}的实名核验已通过，现在可以预约挂号了。"),
        ("Identity verified", "The identity of {patient} has been verified. You can book now."),
    ),
    T.PATIENT_NOT_VERIFIED: Template(
        Topic.PEOPLE,
        _PATIENT,
        (
            "实名核验未通过",
            "{patient}的姓名、证件号或手机号未能核对一致。请检查后重新提交，也可携带证件到医院窗口办理，或拨打114预约。",
        ),
        (
            "Identity not verified",
            (
                "Name, number or phone of {patient} could not be matched. Please check and ask again, "
                "bring the document to a hospital's window, or book by calling 114."
            ),
        ),
    ),
    T.VERIFICATION_UNKNOWN: Template(
        Topic.PEOPLE,
        _PATIENT,
        (
            "实名核验暂未完成",
            "核验系统暂无结果，{patient}的实名核验尚未完成。您可以稍后再试，也可携带证件到医院窗口办理。",
        ),
        (
            "Verification not finished",
            "There is no answer yet about {patient}. Try again later, or bring the document to a hospital's window.",
        ),
    ),
    T.PATIENT_ELSEWHERE: Template(
        Topic.PEOPLE,
        _PATIENT,
        (
            "您已有另一个账号",
            "{patient}的身份已核对，但已是另一个账号的持有人。请用原手机号登录；原手机号已停用的，请携带证件到医院窗口更换。",
        ),
        (
            "You have another account",
            (
                "The identity of {patient} is right, but belongs to another account. Sign in with its phone; "
                "if that is gone, bring the document to a hospital's window."
            ),
        ),
    ),
    T.PATIENT_LINKED: Template(
        Topic.SECURITY,
        {"patient_id": Kind.ID, "at": Kind.INSTANT},
        ("您被添加为就诊人", "{patient}于{at}被另一个账号添加为就诊人。如您不知情，可在“谁能为我预约”中移除。"),
        (
            "You were added as a patient",
            "{patient} was added to another account at {at}. If this is wrong, remove it under “Who books for me”.",
        ),
    ),
    T.HOSPITAL_NUMBER_REFUSED: Template(
        Topic.PEOPLE,
        {"patient_id": Kind.ID, "hospital_id": Kind.ID},
        (
            "医院建档未成功",
            "{patient}在{hospital}的建档未成功。就诊当日请携带证件提前到该院挂号窗口办理，您的预约仍然有效。",
        ),
        (
            "Hospital registration failed",
            (
                "{hospital} could not register {patient}. Please bring the document to its registration window "
                "before the visit; your booking stands."
            ),
        ),
    ),
    T.BOOKING_HELD: Template(
        Topic.BOOKING,
        {**_BOOKING, "hold_until": Kind.INSTANT},
        ("号源已保留", f"已为{_WHAT_ZH}{{starts_at}}的号保留至{{hold_until}}，请在此之前完成支付。"),
        ("Slot held", f"Held until {{hold_until}}: {_WHAT_EN}, {{starts_at}}. Please pay before then."),
    ),
    T.BOOKING_CONFIRMED: Template(
        Topic.BOOKING,
        _CONFIRMED,
        (
            "预约成功",
            f"预约成功：{_WHAT_ZH}，{{starts_at}}，{{campus}}，第{{number}}号。预约码{{code}}。请携带证件按时就诊。",
        ),
        (
            "Booked",
            (
                f"Booked: {_WHAT_EN}, {{starts_at}}, {{campus}}, number {{number}}. Code {{code}}. "
                "Please bring your document and be on time."
            ),
        ),
    ),
    T.BOOKING_MOVED: Template(
        Topic.BOOKING,
        _CONFIRMED,
        ("改约成功", f"改约成功：{_WHAT_ZH}的就诊时间改为{{starts_at}}，{{campus}}，第{{number}}号，预约码{{code}}。"),
        ("Moved", f"Moved: {_WHAT_EN} is now on {{starts_at}}, {{campus}}, number {{number}}, code {{code}}."),
    ),
    T.BOOKING_CANCELLED: Template(
        Topic.BOOKING,
        _BOOKING,
        ("预约已取消", f"{_WHAT_ZH}{{starts_at}}的预约已取消。已支付的费用将原路退回。"),
        ("Cancelled", f"Cancelled: {_WHAT_EN}, {{starts_at}}. What was paid goes back the way it came."),
    ),
    T.BOOKING_EXPIRED: Template(
        Topic.BOOKING,
        _BOOKING,
        ("支付超时", f"{_WHAT_ZH}{{starts_at}}的号未在时限内支付，号源已释放。如仍需就诊，请重新预约。"),
        ("Hold ran out", f"Not paid in time, the slot was released: {_WHAT_EN}, {{starts_at}}. Please book again."),
    ),
    T.BOOKING_STOPPED: Template(
        Topic.BOOKING,
        _BOOKING,
        (
            "医生停诊",
            f"很抱歉，{_WHAT_ZH}{{starts_at}}停诊，预约已取消，费用全额原路退回，不计入预约次数。您可优先改约其他时间。",
        ),
        (
            "Clinic stopped",
            (
                f"We are sorry: {_WHAT_EN}, {{starts_at}} was stopped. You get a full refund, it counts against no "
                "limit, and you may book another time first."
            ),
        ),
    ),
    T.BOOKING_SUBSTITUTED: Template(
        Topic.BOOKING,
        _BOOKING,
        (
            "医生替诊",
            "{patient}在{hospital}{department}{starts_at}的出诊医生更换为{practitioner}，时间不变。如不接受，可取消并全额退款。",
        ),
        (
            "Another doctor",
            (
                "{patient}: {practitioner} will be the doctor at {hospital}, {department} on {starts_at}; same time. "
                "If you would rather not, cancel for a full refund."
            ),
        ),
    ),
    T.BOOKING_MISSED: Template(
        Topic.BOOKING,
        _BOOKING,
        (
            "未按时就诊",
            f"{_WHAT_ZH}{{starts_at}}的预约未取号，已记为一次爽约。不能前往时请提前取消，把号源留给其他人。",
        ),
        (
            "Missed",
            f"Missed: {_WHAT_EN}, {{starts_at}}, counted as a no-show. If you cannot come, please cancel in time.",
        ),
    ),
    T.NO_SHOW_LOCKED: Template(
        Topic.BOOKING,
        {"patient_id": Kind.ID, "count": Kind.WORD, "until": Kind.DATE},
        (
            "暂停预约",
            "{patient}已{count}次爽约，{until}前不能预约；急诊和现场就诊不受影响。如有特殊原因，可到医院窗口说明。",
        ),
        (
            "Booking is paused",
            "{patient} missed {count} visits and cannot book before {until}; emergency and walk-in care stay open.",
        ),
    ),
    T.WAITLIST_JOINED: Template(
        Topic.BOOKING,
        {**_LINE, "count": Kind.WORD},
        (
            "候补已登记",
            "已为{patient}登记候补：{hospital}{department}（{practitioner}）{date}等{count}个场次。有人取消预约时按登记先后安排，无需守着手机。",
        ),
        (
            "You are in line",
            (
                "{patient} waits for a place at {hospital}, {department} ({practitioner}), {date} "
                "({count} clinics in all). Freed places go by the order of joining; there is no need to watch."
            ),
        ),
    ),
    T.WAITLIST_OFFERED: Template(
        Topic.BOOKING,
        {**_BOOKING, "until": Kind.INSTANT},
        (
            "候补有号，请确认",
            f"{_WHAT_ZH}{{starts_at}}有号了，已为您保留至{{until}}。请在此之前到“我的候补”确认，过时将转给下一位。",
        ),
        (
            "A place for you: please answer",
            (
                f"There is a place: {_WHAT_EN}, {{starts_at}}. It is kept for you until {{until}}; please answer under "
                "“My waitlist” before then, or it goes to the next."
            ),
        ),
    ),
    T.WAITLIST_BOOKED: Template(
        Topic.BOOKING,
        _BOOKING,
        ("候补成功", f"候补成功：已为{_WHAT_ZH}约到{{starts_at}}的号。预约码和地点见“我的预约”。"),
        (
            "Booked from the waitlist",
            f"Booked from the waitlist: {_WHAT_EN}, {{starts_at}}. Code and place are under “My bookings”.",
        ),
    ),
    T.WAITLIST_PASSED: Template(
        Topic.BOOKING,
        _LINE,
        (
            "候补号源已顺延",
            "{hospital}{department}{date}有人取消预约，但按规则暂不能约给{patient}，已顺延给下一位。您的排位不变，原因见“我的候补”。",
        ),
        (
            "A place went to the next",
            (
                "A place was freed at {hospital}, {department} on {date}, but a rule keeps it from {patient} for now, "
                "so it went to the next. You keep your place in line; “My waitlist” says why."
            ),
        ),
    ),
    T.WAITLIST_LAPSED: Template(
        Topic.BOOKING,
        _LINE,
        (
            "候补号源未确认",
            "{hospital}{department}{date}为{patient}保留的号未在时限内确认，已转给下一位。是否仍在候补，请看“我的候补”。",
        ),
        (
            "An offer ran out",
            (
                "The place kept for {patient} at {hospital}, {department} on {date} was not answered in time and "
                "went to the next. “My waitlist” says whether you are still in line."
            ),
        ),
    ),
    T.WAITLIST_CLOSED: Template(
        Topic.BOOKING,
        {**_LINE, "reason": Kind.CHOICE},
        (
            "候补已结束",
            "{patient}在{hospital}{department}{date}的候补已结束：{reason}。如仍需就诊，请预约其他时间。",
        ),
        (
            "Waiting has ended",
            (
                "Waiting for {hospital}, {department} on {date} has ended for {patient}: {reason}. If you still need a "
                "visit, please book another time."
            ),
        ),
    ),
    T.DRAW_APPLIED: Template(
        Topic.BOOKING,
        {**_DRAW, "closes_at": Kind.INSTANT},
        (
            "摇号报名成功",
            "已为{patient}报名{hospital}{department}的摇号，{closes_at}截止报名，随后开奖。先报后报机会一样，无需守着手机。",
        ),
        (
            "You are in the draw",
            (
                "{patient} is in the draw of {hospital}, {department}. It closes {closes_at} and is drawn soon after. "
                "Early or late, the chance is the same; there is no need to watch."
            ),
        ),
    ),
    T.DRAW_WON: Template(
        Topic.BOOKING,
        {**_DRAW, "starts_at": Kind.INSTANT, "rank": Kind.WORD, "count": Kind.WORD},
        (
            "摇号中签",
            "摇号中签：{patient}在{hospital}{department}{starts_at}的号已约好（第{rank}名，共{count}份报名）。请看“我的预约”。",
        ),
        (
            "You won a place",
            (
                "You won: {patient} is booked at {hospital}, {department}, {starts_at} (rank {rank} of {count}). "
                "See “My bookings”."
            ),
        ),
    ),
    T.DRAW_LOST: Template(
        Topic.BOOKING,
        {**_DRAW, "rank": Kind.WORD, "count": Kind.WORD},
        (
            "摇号未中签",
            "很抱歉，{patient}在{hospital}{department}的摇号未中签（第{rank}名，共{count}份报名）。可在“我的摇号”登记候补，也可自行核对名次。",
        ),
        (
            "No place this time",
            (
                "We are sorry: no place for {patient} in the draw of {hospital}, {department} "
                "(rank {rank} of {count}). Under “My draws” you can join the waitlist, or check the rank yourself."
            ),
        ),
    ),
    T.DRAW_VOID: Template(
        Topic.BOOKING,
        _DRAW,
        (
            "摇号作废",
            "{hospital}{department}的摇号已作废，号源改为按时放号，{patient}可直接预约。作废原因公开，见“我的摇号”。",
        ),
        (
            "The draw is void",
            (
                "The draw of {hospital}, {department} is void. Its places are released to everybody, and {patient} can "
                "book one then. The reason is public, see “My draws”."
            ),
        ),
    ),
}

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
