"""What an account and its patients are told: codes, devices, restrictions, identity."""

from collections.abc import Mapping

from yitong.domains.notify.contracts import TemplateName as T
from yitong.domains.notify.contracts import Topic
from yitong.domains.notify.rules.template import PATIENT, Kind, Template

CODE = {"code": Kind.WORD, "minutes": Kind.WORD}

TEMPLATES: Mapping[T, Template] = {
    T.SIGN_IN_CODE: Template(
        Topic.SECURITY,
        CODE,
        ("登录验证码", "验证码{code}，用于登录医通，{minutes}分钟内有效。工作人员不会向您索要验证码，请勿告诉他人。"),
        (
            "Sign-in code",
            "{code} is your code to sign in to Yitong, valid for {minutes} minutes. Nobody of ours will ask for it.",
        ),
    ),
    T.PHONE_CODE: Template(
        Topic.SECURITY,
        CODE,
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
        PATIENT,
        ("实名核验通过", "{patient}的实名核验已通过，现在可以预约挂号了。"),
        ("Identity verified", "The identity of {patient} has been verified. You can book now."),
    ),
    T.PATIENT_NOT_VERIFIED: Template(
        Topic.PEOPLE,
        PATIENT,
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
        PATIENT,
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
        PATIENT,
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
}
