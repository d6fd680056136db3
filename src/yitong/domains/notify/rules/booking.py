"""What is told of a booking, from the hold to the visit that was missed."""

from collections.abc import Mapping

from yitong.domains.notify.contracts import TemplateName as T
from yitong.domains.notify.contracts import Topic
from yitong.domains.notify.rules.template import BOOKING, WHAT_EN, WHAT_ZH, Kind, Template

CONFIRMED = {**BOOKING, "campus_id": Kind.ID, "number": Kind.WORD, "code": Kind.WORD}

TEMPLATES: Mapping[T, Template] = {
    T.BOOKING_HELD: Template(
        Topic.BOOKING,
        {**BOOKING, "hold_until": Kind.INSTANT},
        ("号源已保留", f"已为{WHAT_ZH}{{starts_at}}的号保留至{{hold_until}}，请在此之前完成支付。"),
        ("Slot held", f"Held until {{hold_until}}: {WHAT_EN}, {{starts_at}}. Please pay before then."),
    ),
    T.BOOKING_CONFIRMED: Template(
        Topic.BOOKING,
        CONFIRMED,
        (
            "预约成功",
            f"预约成功：{WHAT_ZH}，{{starts_at}}，{{campus}}，第{{number}}号。预约码{{code}}。请携带证件按时就诊。",
        ),
        (
            "Booked",
            (
                f"Booked: {WHAT_EN}, {{starts_at}}, {{campus}}, number {{number}}. Code {{code}}. "
                "Please bring your document and be on time."
            ),
        ),
    ),
    T.BOOKING_MOVED: Template(
        Topic.BOOKING,
        CONFIRMED,
        ("改约成功", f"改约成功：{WHAT_ZH}的就诊时间改为{{starts_at}}，{{campus}}，第{{number}}号，预约码{{code}}。"),
        ("Moved", f"Moved: {WHAT_EN} is now on {{starts_at}}, {{campus}}, number {{number}}, code {{code}}."),
    ),
    T.BOOKING_CANCELLED: Template(
        Topic.BOOKING,
        BOOKING,
        ("预约已取消", f"{WHAT_ZH}{{starts_at}}的预约已取消。已支付的费用将原路退回。"),
        ("Cancelled", f"Cancelled: {WHAT_EN}, {{starts_at}}. What was paid goes back the way it came."),
    ),
    T.BOOKING_EXPIRED: Template(
        Topic.BOOKING,
        BOOKING,
        ("支付超时", f"{WHAT_ZH}{{starts_at}}的号未在时限内支付，号源已释放。如仍需就诊，请重新预约。"),
        ("Hold ran out", f"Not paid in time, the slot was released: {WHAT_EN}, {{starts_at}}. Please book again."),
    ),
    T.BOOKING_STOPPED: Template(
        Topic.BOOKING,
        BOOKING,
        (
            "医生停诊",
            f"很抱歉，{WHAT_ZH}{{starts_at}}停诊，预约已取消，费用全额原路退回，不计入预约次数。您可优先改约其他时间。",
        ),
        (
            "Clinic stopped",
            (
                f"We are sorry: {WHAT_EN}, {{starts_at}} was stopped. You get a full refund, it counts against no "
                "limit, and you may book another time first."
            ),
        ),
    ),
    T.BOOKING_SUBSTITUTED: Template(
        Topic.BOOKING,
        BOOKING,
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
        BOOKING,
        (
            "未按时就诊",
            f"{WHAT_ZH}{{starts_at}}的预约未取号，已记为一次爽约。不能前往时请提前取消，把号源留给其他人。",
        ),
        (
            "Missed",
            f"Missed: {WHAT_EN}, {{starts_at}}, counted as a no-show. If you cannot come, please cancel in time.",
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
}
