"""The stored words of people."""

from enum import StrEnum


class IdentityKind(StrEnum):
    """Kinds of identity documents (R-101)."""

    RESIDENT_ID = "resident_id"  # 居民身份证
    HOUSEHOLD_BOOK = "household_book"  # 户口簿 (children)
    PASSPORT = "passport"  # 护照
    HK_MACAU_PERMIT = "hk_macau_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证
    FOREIGN_PERMANENT = "foreign_permanent"  # 外国人永久居留证
    MILITARY = "military"  # 军官证


class IdentityLevel(StrEnum):
    """How well an identity is known (R-045), weakest first."""

    DECLARED = "declared"
    VERIFIED = "verified"
    SEEN = "seen"


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class PatientState(StrEnum):
    ACTIVE = "active"
    MERGED = "merged"
    ERASED = "erased"


class Relation(StrEnum):
    """What the patient is to the account holder."""

    SELF = "self"
    CHILD = "child"
    PARENT = "parent"
    SPOUSE = "spouse"
    WARD = "ward"
    OTHER = "other"


class CarrierKind(StrEnum):
    """Cards and numbers that lead to one person (R-102)."""

    JINGYITONG = "jingyitong"  # 京医通卡
    YILIANMA = "yilianma"  # 医联码
    BEIJINGTONG = "beijingtong"  # 北京通
    HOSPITAL_NUMBER = "hospital_number"  # 院内号
    INSURANCE_TOKEN = "insurance_token"  # 医保电子凭证
    HEALTH_CODE = "health_code"  # 电子健康卡


class CarrierState(StrEnum):
    PENDING = "pending"  # a hospital number that is being made
    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"


class VerificationState(StrEnum):
    ASKED = "asked"
    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    UNKNOWN = "unknown"  # no answer after all tries: the level stays as it is
    ELSEWHERE = "elsewhere"  # the person is the holder of another account


class CodePurpose(StrEnum):
    SIGN_IN = "sign_in"
    LEAVE_PHONE = "leave_phone"  # to the phone that is given up
    TAKE_PHONE = "take_phone"  # to the new one
    CHECK = "check"  # to the account's own phone, before it books on the slow path


class LockReason(StrEnum):
    BOOKINGS = "bookings"
    CANCELS = "cancels"
    IDENTITY = "identity"


class Decision(StrEnum):
    LIFTED = "lifted"
    KEPT = "kept"


class Verdict(StrEnum):
    """What an authority says of name, number (and phone)."""

    MATCH = "match"
    NO_MATCH = "no_match"
    UNKNOWN = "unknown"


class NumberOutcome(StrEnum):
    """What became of one try to have a hospital make its number (R-049)."""

    MADE = "made"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class NumberWrong(StrEnum):
    """Why a hospital's window takes a number back."""

    MISTYPED = "mistyped"
    OF_ANOTHER = "of_another"  # it is another patient's
    RENUMBERED = "renumbered"  # the hospital gave him another one


# Versions of the sentence that says what a hospital is given to make its number, the one in force last: other words, or
# other facts in `NumberAsk`, are a new version.
NUMBER_NOTICES = ("hospital-file-2026-11",)

CITY_ISSUER = "city"  # issuer of carriers that belong to no one hospital
