"""Patients and account holders who cannot exist, and cannot be mistaken for anyone who does.

- Resident identity numbers pass GB 11643 (R-100) but begin with 99: no division of China ever had such a code.
- Residence permits begin with 819999: the only code ever given out for Hong Kong is 810000.
- Phones begin with 154, a segment that no carrier was given, so nobody can be rung.
- Names begin with 测试 or TEST; passports with ZZ, which is no country.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from yitong.cli.demo import draw

Sex = Literal["female", "male"]
IdentityKind = Literal[
    "resident_id",
    "household_book",
    "passport",
    "hk_macau_permit",
    "taiwan_permit",
    "residence_permit",
    "foreign_permanent",
]
Relation = Literal["self", "child", "parent", "spouse", "ward"]
CarrierKind = Literal["jingyitong", "yilianma", "beijingtong", "insurance_token", "health_code"]

AREA_PREFIX = "99"
PERMIT_AREA = "819999"
PHONE_PREFIX = "154"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_CARRIERS: tuple[CarrierKind, ...] = ("jingyitong", "yilianma", "beijingtong", "insurance_token", "health_code")


@dataclass(frozen=True, slots=True)
class Person:
    """`carriers` are (kind, number): the cards that lead to this one person (R-102)."""

    name: str
    sex: Sex
    birth_date: date
    identity_kind: IdentityKind
    identity_number: str
    carriers: tuple[tuple[CarrierKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A phone, its holder, and those for whom the holder books (R-006: three with the holder)."""

    phone: str
    story: str
    holder: Person
    members: tuple[tuple[Relation, Person], ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """Where a story stands: which account it is, the year it is told in, and the seed."""

    ordinal: int
    year: int
    seed: int

    def person(self, suffix: str, age: int, sex: Sex, *, place: int, kind: IdentityKind = "resident_id") -> Person:
        """Someone who has that age by the end of the year."""
        day = 1 + draw.number(28, self.seed, "day", self.ordinal, place)
        month = 1 + draw.number(12, self.seed, "month", self.ordinal, place)
        birth = date(self.year - age, month, day)
        name = f"测试{_STEMS[self.ordinal % 10]}{_ordinal_zh(self.ordinal // 10)}{suffix}"
        number = identity_number(kind, birth, sex, serial=self.ordinal * 4 + place)
        return Person(name, sex, birth, kind, number, _carriers(self.ordinal * 4 + place, self.seed))


def accounts(count: int, *, seed: int) -> tuple[Account, ...]:
    """`count` accounts; each dozen holds every story once.

    Ages are true in the year of `draw.EPOCH`: a later load finds the same people, a little older.
    """
    return tuple(_account(ordinal, draw.EPOCH.year, seed) for ordinal in range(count))


def resident_number(area: str, birth: date, sex: Sex, serial: int) -> str:
    """An 18-digit number with its check digit (GB 11643); the 17th digit is odd for men."""
    order = serial * 2 % 998 + (1 if sex == "male" else 2)
    body = f"{area}{birth:%Y%m%d}{order:03d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The 18th character of an identity number from its first 17 (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]


def identity_number(kind: IdentityKind, birth: date, sex: Sex, *, serial: int) -> str:
    """A number of this kind of document that nobody can hold."""
    if kind in ("resident_id", "household_book"):
        return resident_number(f"{AREA_PREFIX}{serial % 10000:04d}", birth, sex, serial)
    if kind == "residence_permit":
        return resident_number(PERMIT_AREA, birth, sex, serial)
    return {
        "passport": f"ZZ{9000000 + serial}",
        "hk_macau_permit": f"H{99990000 + serial}",
        "taiwan_permit": f"{99990000 + serial}",
        "foreign_permanent": f"ZZZ9900{birth:%y%m%d}{serial % 100:02d}",
    }[kind]


def _account(ordinal: int, year: int, seed: int) -> Account:
    phone = f"{PHONE_PREFIX}{ordinal + 1:08d}"
    story, tell = _STORIES[ordinal % len(_STORIES)]
    holder, *members = tell(_Draft(ordinal, year, seed))
    return Account(phone, story, holder[1], tuple(members))


_Told = Iterator[tuple[Relation, Person]]


def _alone(draft: _Draft) -> _Told:
    yield "self", draft.person("", 34, "female", place=0)


def _young_family(draft: _Draft) -> _Told:
    yield "self", draft.person("", 36, "female", place=0)
    yield "spouse", draft.person("配偶", 38, "male", place=1)
    yield "child", draft.person("幼子", 5, "male", place=2, kind="household_book")


def _old_father(draft: _Draft) -> _Told:
    yield "self", draft.person("", 52, "male", place=0)
    yield "parent", draft.person("老父", 83, "male", place=1)


def _two_children(draft: _Draft) -> _Told:
    yield "self", draft.person("", 44, "male", place=0)
    yield "child", draft.person("长女", 15, "female", place=1)
    yield "child", draft.person("幼女", 7, "female", place=2, kind="household_book")


def _foreigner(draft: _Draft) -> _Told:
    person = draft.person("", 41, "male", place=0, kind="passport")
    yield "self", replace(person, name=f"TEST PATIENT {_letters(draft.ordinal)}")


def _hong_kong(draft: _Draft) -> _Told:
    yield "self", draft.person("港澳", 47, "female", place=0, kind="hk_macau_permit")


def _taiwan(draft: _Draft) -> _Told:
    yield "self", draft.person("台胞", 58, "male", place=0, kind="taiwan_permit")


def _residence(draft: _Draft) -> _Told:
    yield "self", draft.person("居住证", 39, "female", place=0, kind="residence_permit")


def _old_couple(draft: _Draft) -> _Told:
    yield "self", draft.person("", 68, "female", place=0)
    yield "spouse", draft.person("老伴", 81, "male", place=1)


def _rare_characters(draft: _Draft) -> _Told:
    person = draft.person("", 27, "male", place=0)
    yield "self", replace(person, name=person.name + "𬭎㛃")


def _long_names(draft: _Draft) -> _Told:
    person = draft.person("", 49, "female", place=0, kind="foreign_permanent")
    long_name = f"TEST ALEXANDRIA CONSTANCE WILHELMINA VAN DER EXAMPLE-SPECIMEN {_letters(draft.ordinal)}"
    yield "self", replace(person, name=long_name)
    spouse = draft.person("", 50, "male", place=1)
    yield "spouse", replace(spouse, name=f"{spouse.name}努尔艾合买提江·样例买买提")


def _guardian(draft: _Draft) -> _Told:
    yield "self", draft.person("", 61, "female", place=0)
    yield "ward", draft.person("受监护人", 11, "male", place=1)


_STORIES: tuple[tuple[str, Callable[[_Draft], _Told]], ...] = (
    ("一家三口，孩子未满八岁", _young_family),
    ("独自就医", _alone),
    ("为八十岁以上的父亲挂号", _old_father),
    ("两个孩子，一个八岁以上", _two_children),
    ("外国人，护照", _foreigner),
    ("港澳居民来往内地通行证", _hong_kong),
    ("台湾居民来往大陆通行证", _taiwan),
    ("港澳台居民居住证", _residence),
    ("老年夫妇", _old_couple),
    ("名字有生僻字", _rare_characters),
    ("很长的名字，外国人永久居留证", _long_names),
    ("监护人和被监护人", _guardian),
)


def _carriers(serial: int, seed: int) -> tuple[tuple[CarrierKind, str], ...]:
    """Up to three cards; their numbers begin with 9900, which no issuer uses."""
    kinds = draw.some_of(_CARRIERS, draw.number(4, seed, "carriers", serial), seed, "which", serial)
    return tuple((kind, f"9900{_CARRIERS.index(kind)}{serial:07d}") for kind in kinds)


def _ordinal_zh(number: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number)) if number else ""


def _letters(ordinal: int) -> str:
    return chr(ord("A") + ordinal // 26 % 26) + chr(ord("A") + ordinal % 26)
