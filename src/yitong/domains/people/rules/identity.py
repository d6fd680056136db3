"""Names and numbers of identity documents (R-100, R-101): how they are read, and when they can't be true.

Sources: GB 11643 (check digit: ISO 7064 MOD 11-2); the residence permit of Hong Kong, Macau (81, 82) and Taiwan (83)
residents and the permanent residence card of 2023 (18 characters beginning with 9) use the same check. For the
permanent residence card of before 2023 (15 characters) form and date are checked: no text for its check is at hand.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from yitong.domains.people.contracts.patients import IdentityGiven
from yitong.domains.people.contracts.words import IdentityKind, IdentityLevel, Sex
from yitong.domains.people.errors import BirthDateNeeded, IdFifteen, IdInvalid, IdTypeUnsupported, NameInvalid
from yitong.domains.people.rules.family import age_on

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
LONGEST_NAME = 100
LEVELS = {level: rank for rank, level in enumerate(IdentityLevel)}  # weakest first
HOUSEHOLD_BOOK_UNTIL = 16  # from then on everybody has an identity card of his own
OLDEST_YEAR = 1850

_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FIFTEEN = re.compile(r"[1-9][0-9]{14}")
_PERMIT_AREA = re.compile(r"8[123][0-9]{4}")
_FORMS = {
    IdentityKind.PASSPORT: re.compile(r"(?=.*[0-9])[A-Z0-9]{5,15}"),
    IdentityKind.HK_MACAU_PERMIT: re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?"),
    IdentityKind.TAIWAN_PERMIT: re.compile(r"[0-9]{8}"),
    IdentityKind.MILITARY: re.compile(r"[\u4e00-\u9fff]{1,4}字第[0-9]{4,8}号"),
}
_FOREIGN_OLD = re.compile(r"[A-Z]{3}[0-9]{12}")
_NAME_MARKS = frozenset("·-'’. ,〇")
_MIDDLE_DOTS = re.compile(r"[•‧∙⋅・･．.。｡](?=[\u3400-\u9fff])")


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's identity as it is kept. Kinds whose numbers share one range share a `family`: the number decides."""

    name: str = field(repr=False)
    kind: IdentityKind
    number: str = field(repr=False)
    birth_date: date
    sex: Sex
    family: str


def read(given: IdentityGiven, today: date) -> Identity:
    """The identity that somebody wrote down.

    Refuses: NameInvalid, IdInvalid, IdFifteen (R-100), IdTypeUnsupported, BirthDateNeeded (R-101).
    """
    name = read_name(given.name)
    number = read_number(given.number)
    said = _said_by_number(given.kind, number, today)
    if said is None:
        number = _of_form(given.kind, number)
        birth, sex = given.birth_date, given.sex
        if birth is None:
            raise BirthDateNeeded(kind=given.kind.value)
    else:
        birth, sex = said[0], said[1] if said[1] is not Sex.UNKNOWN else given.sex
        if given.birth_date not in (None, birth):
            raise IdInvalid(part="birth")
    if not _is_birth(birth, today):
        raise IdInvalid(part="birth")
    if given.kind is IdentityKind.HOUSEHOLD_BOOK and age_on(birth, today) >= HOUSEHOLD_BOOK_UNTIL:
        raise IdTypeUnsupported(kind=given.kind.value)
    return Identity(name, given.kind, number, birth, sex, family_of(given.kind, number))


def read_name(text: str) -> str:
    """As it stands in the document: without doubled spaces, with the middle dot · between parts of a Chinese name."""
    if len(text) > 2 * LONGEST_NAME:
        raise NameInvalid()
    name = " ".join(_MIDDLE_DOTS.sub("·", unicodedata.normalize("NFC", text)).split())
    letters = [c for c in name if unicodedata.category(c)[0] == "L" or c == "〇"]
    others = [c for c in name if unicodedata.category(c)[0] not in "LM" and c not in _NAME_MARKS]
    if others or len(letters) < 2 or len(name) > LONGEST_NAME or unicodedata.category(name[0])[0] != "L":
        raise NameInvalid()
    return name


def read_number(text: str) -> str:
    """Capital letters and digits as typed, without the spaces and hyphens that people put between groups."""
    if len(text) > 64:
        raise IdInvalid(part="form")
    return re.sub(r"[\s\-‐-―]", "", unicodedata.normalize("NFKC", text)).upper()


def number_of(kind: IdentityKind, text: str) -> str:
    """The number under which a document of that kind is kept: the two last digits of an old Hong Kong and Macau permit
    count its renewals, the person is the first nine characters. Refuses: IdInvalid."""
    number = read_number(text)
    return number[:9] if kind is IdentityKind.HK_MACAU_PERMIT and len(number) == 11 else number


def family_of(kind: IdentityKind, number: str) -> str:
    """Household book, identity card, residence permit and the card of 2023 number people in one range."""
    if len(number) == 18 and _EIGHTEEN.fullmatch(number):
        return "number18"
    return kind.value


def check_digit(body: str) -> str:
    """The 18th character of a number from its first 17 (R-100)."""
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True)) % 11]


def _said_by_number(kind: IdentityKind, number: str, today: date) -> tuple[date, Sex] | None:
    """(birth, sex) for kinds whose number says them; None for the others."""
    match kind:
        case IdentityKind.RESIDENT_ID | IdentityKind.HOUSEHOLD_BOOK:
            if _FIFTEEN.fullmatch(number):
                raise IdFifteen()
            said = _read_eighteen(number)
            if _PERMIT_AREA.match(number):
                raise IdInvalid(part="kind")
            return said
        case IdentityKind.RESIDENCE_PERMIT:
            said = _read_eighteen(number)
            if not _PERMIT_AREA.match(number):
                raise IdInvalid(part="kind")
            return said
        case IdentityKind.FOREIGN_PERMANENT if len(number) == 18:
            said = _read_eighteen(number)
            if not number.startswith("9"):
                raise IdInvalid(part="kind")
            return said
        case IdentityKind.FOREIGN_PERMANENT:
            return _read_foreign_old(number, today)
    return None


def _read_eighteen(number: str) -> tuple[date, Sex]:
    if not _EIGHTEEN.fullmatch(number):
        raise IdInvalid(part="form")
    if check_digit(number[:17]) != number[17]:
        raise IdInvalid(part="check")
    birth = _date_of(number[6:14])
    return birth, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def _read_foreign_old(number: str, today: date) -> tuple[date, Sex]:
    """Country (3 letters), place (4), birth as yymmdd, serial, check. A day that lies ahead is of 100 years ago."""
    if not _FOREIGN_OLD.fullmatch(number):
        raise IdInvalid(part="form")
    century = today.year // 100 * 100
    year = century + int(number[7:9])
    month_day = number[9:13]
    birth = _date_of(f"{year}{month_day}")
    if birth > today:
        birth = _date_of(f"{year - 100}{month_day}")
    return birth, Sex.UNKNOWN


def _of_form(kind: IdentityKind, number: str) -> str:
    form = _FORMS.get(kind)
    if form is None:
        raise IdTypeUnsupported(kind=kind.value)
    if not form.fullmatch(number):
        raise IdInvalid(part="form")
    return number_of(kind, number)


def _date_of(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise IdInvalid(part="birth") from None


def _is_birth(birth: date, today: date) -> bool:
    return birth.year >= OLDEST_YEAR and birth <= today
