"""What those are told who wait for a place, in line or for a draw."""

from collections.abc import Mapping

from yitong.domains.notify.contracts import TemplateName as T
from yitong.domains.notify.contracts import Topic
from yitong.domains.notify.rules.template import BOOKING, WHAT_EN, WHAT_ZH, Kind, Template

LINE = {
    "hospital_id": Kind.ID,
    "department_id": Kind.ID,
    "practitioner_id": Kind.ID,
    "patient_id": Kind.ID,
    "date": Kind.DATE,
}
DRAW = {"hospital_id": Kind.ID, "department_id": Kind.ID, "patient_id": Kind.ID}

TEMPLATES: Mapping[T, Template] = {
    T.WAITLIST_JOINED: Template(
        Topic.BOOKING,
        {**LINE, "count": Kind.WORD},
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
        {**BOOKING, "until": Kind.INSTANT},
        (
            "候补有号，请确认",
            f"{WHAT_ZH}{{starts_at}}有号了，已为您保留至{{until}}。请在此之前到“我的候补”确认，过时将转给下一位。",
        ),
        (
            "A place for you: please answer",
            (
                f"There is a place: {WHAT_EN}, {{starts_at}}. It is kept for you until {{until}}; please answer under "
                "“My waitlist” before then, or it goes to the next."
            ),
        ),
    ),
    T.WAITLIST_BOOKED: Template(
        Topic.BOOKING,
        BOOKING,
        ("候补成功", f"候补成功：已为{WHAT_ZH}约到{{starts_at}}的号。预约码和地点见“我的预约”。"),
        (
            "Booked from the waitlist",
            f"Booked from the waitlist: {WHAT_EN}, {{starts_at}}. Code and place are under “My bookings”.",
        ),
    ),
    T.WAITLIST_PASSED: Template(
        Topic.BOOKING,
        LINE,
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
        LINE,
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
        {**LINE, "reason": Kind.CHOICE},
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
        {**DRAW, "closes_at": Kind.INSTANT},
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
        {**DRAW, "starts_at": Kind.INSTANT, "rank": Kind.WORD, "count": Kind.WORD},
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
        {**DRAW, "rank": Kind.WORD, "count": Kind.WORD},
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
        DRAW,
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
