"""Names and numbers of documents: what is read, what is refused (R-001, R-100, R-101)."""

from datetime import date

import pytest

from yitong.domains.people.contracts.patients import IdentityGiven
from yitong.domains.people.contracts.words import IdentityKind, Sex
from yitong.domains.people.errors import BirthDateNeeded, IdFifteen, IdInvalid, IdTypeUnsupported, NameInvalid
from yitong.domains.people.rules import identity

TODAY = date(2026, 11, 23)
BIRTH = date(1985, 3, 4)
K = IdentityKind


def given(kind: IdentityKind, number: str, name: str = "测试甲", **more: object) -> IdentityGiven:
    return IdentityGiven(name, kind, number, **more)  # type: ignore[arg-type]


def test_resident_number_says_birth_and_sex() -> None:
    read = identity.read(given(K.RESIDENT_ID, "11010519491231002x"), TODAY)
    assert (read.number, read.birth_date, read.sex) == ("11010519491231002X", date(1949, 12, 31), Sex.FEMALE)
    read = identity.read(given(K.RESIDENT_ID, " 440524 18800101 0014 "), TODAY)
    assert (read.number, read.birth_date, read.sex) == ("440524188001010014", date(1880, 1, 1), Sex.MALE)


@pytest.mark.rule("R-100")
@pytest.mark.parametrize(
    "number",
    [
        "34052419800101001X",
        "110101199003078670",
        "440308199901101512",
        "500154199804106120",
        "44040119580101000X",
        "330329200312314634",
    ],
)
def test_published_numbers_pass(number: str) -> None:
    assert identity.read(given(K.RESIDENT_ID, number), TODAY).number == number


@pytest.mark.rule("R-100")
@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("44030819990110", "form"),
        ("440308199902301512", "check"),
        ("440308199901101513", "check"),
        ("11010119900307867X", "check"),
        ("TES12345678901 j", "form"),
        ("110101199003071234", "check"),
        ("", "form"),
        ("１１０105194912３10021", "check"),
        ("00010119900307867X", "form"),
        ("9" * 200, "form"),
    ],
)
def test_wrong_numbers_are_refused(number: str, part: str) -> None:
    with pytest.raises(IdInvalid) as refused:
        identity.read(given(K.RESIDENT_ID, number), TODAY)
    assert refused.value.params == {"part": part}


@pytest.mark.rule("R-100")
@pytest.mark.parametrize(
    ("birth", "is_right"),
    [
        ("20000229", True),
        ("19000229", False),
        ("20240229", True),
        ("20230229", False),
        ("20261123", True),
        ("20261124", False),
        ("19901301", False),
        ("19900431", False),
        ("18491231", False),
        ("18500101", True),
    ],
)
def test_birth_is_a_day_not_after_today(birth: str, is_right: bool) -> None:
    body = f"990001{birth}002"
    wish = given(K.RESIDENT_ID, body + identity.check_digit(body))
    if is_right:
        assert identity.read(wish, TODAY).birth_date == date.fromisoformat(birth)
    else:
        with pytest.raises(IdInvalid) as refused:
            identity.read(wish, TODAY)
        assert refused.value.params == {"part": "birth"}


@pytest.mark.rule("R-100")
@pytest.mark.parametrize("kind", [K.RESIDENT_ID, K.HOUSEHOLD_BOOK])
def test_fifteen_digits_are_refused_by_name(kind: IdentityKind) -> None:
    with pytest.raises(IdFifteen):
        identity.read(given(kind, "610104620927690"), TODAY)


def test_given_birth_must_agree_with_the_number() -> None:
    wish = given(K.RESIDENT_ID, "11010519491231002X", birth_date=date(1949, 12, 30))
    with pytest.raises(IdInvalid) as refused:
        identity.read(wish, TODAY)
    assert refused.value.params == {"part": "birth"}


@pytest.mark.rule("R-101")
def test_residence_permits_use_the_same_check() -> None:
    for number in ("810000199408230021", "830000199201300022"):
        assert identity.read(given(K.RESIDENCE_PERMIT, number), TODAY).number == number
        with pytest.raises(IdInvalid) as refused:
            identity.read(given(K.RESIDENT_ID, number), TODAY)
        assert refused.value.params == {"part": "kind"}
    with pytest.raises(IdInvalid) as refused:
        identity.read(given(K.RESIDENCE_PERMIT, "110101199003078670"), TODAY)
    assert refused.value.params == {"part": "kind"}


@pytest.mark.rule("R-101")
def test_foreign_permanent_cards_of_both_kinds() -> None:
    new = identity.read(given(K.FOREIGN_PERMANENT, "932682198501010017"), TODAY)
    assert (new.birth_date, new.sex, new.family) == (date(1985, 1, 1), Sex.MALE, "number18")
    old = identity.read(given(K.FOREIGN_PERMANENT, "KAZ110090123105", sex=Sex.FEMALE), TODAY)
    assert (old.birth_date, old.sex, old.family) == (date(1990, 12, 31), Sex.FEMALE, "foreign_permanent")
    young = identity.read(given(K.FOREIGN_PERMANENT, "KAZ110026112305"), TODAY)
    assert young.birth_date == date(2026, 11, 23)
    aged = identity.read(given(K.FOREIGN_PERMANENT, "KAZ110026112405"), TODAY)
    assert aged.birth_date == date(1926, 11, 24)
    for number in ("932682198501010018", "132682198501010017", "KA2110090123105", "KAZ110090133105"):
        with pytest.raises(IdInvalid):
            identity.read(given(K.FOREIGN_PERMANENT, number), TODAY)


@pytest.mark.rule("R-101")
@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (K.HK_MACAU_PERMIT, "h12345678", "H12345678"),
        (K.HK_MACAU_PERMIT, "M 1234 5678", "M12345678"),
        (K.HK_MACAU_PERMIT, "H1234567890", "H12345678"),
        (K.TAIWAN_PERMIT, "12345678", "12345678"),
        (K.PASSPORT, "E12345678", "E12345678"),
        (K.PASSPORT, "ea1234567", "EA1234567"),
        (K.PASSPORT, "ZZ9000001", "ZZ9000001"),
        (K.MILITARY, "军字第2001988号", "军字第2001988号"),
    ],
)
def test_forms_of_other_documents(kind: IdentityKind, typed: str, kept: str) -> None:
    read = identity.read(given(kind, typed, birth_date=BIRTH, sex=Sex.MALE), TODAY)
    assert (read.number, read.birth_date, read.sex, read.family) == (kept, BIRTH, Sex.MALE, kind.value)
    with pytest.raises(BirthDateNeeded):
        identity.read(given(kind, typed), TODAY)
    with pytest.raises(IdInvalid):
        identity.read(given(kind, typed, birth_date=date(2026, 11, 24)), TODAY)


@pytest.mark.rule("R-101")
@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (K.HK_MACAU_PERMIT, "H1234567"),
        (K.HK_MACAU_PERMIT, "X12345678"),
        (K.TAIWAN_PERMIT, "1234567"),
        (K.TAIWAN_PERMIT, "123456789"),
        (K.PASSPORT, "ABCDE"),
        (K.PASSPORT, "E123"),
        (K.MILITARY, "2001988"),
        (K.PASSPORT, "E1234567😀"),
    ],
)
def test_other_forms_are_refused(kind: IdentityKind, number: str) -> None:
    with pytest.raises(IdInvalid) as refused:
        identity.read(given(kind, number, birth_date=BIRTH), TODAY)
    assert refused.value.params == {"part": "form"}


@pytest.mark.rule("R-101")
def test_household_book_is_for_those_under_sixteen() -> None:
    def of(birth: date) -> IdentityGiven:
        body = f"990001{birth:%Y%m%d}002"
        return given(K.HOUSEHOLD_BOOK, body + identity.check_digit(body))

    assert identity.read(of(date(2010, 11, 24)), TODAY).family == "number18"
    with pytest.raises(IdTypeUnsupported):
        identity.read(of(date(2010, 11, 23)), TODAY)


def test_one_number_is_one_person_whatever_the_document() -> None:
    number = "99000120150101002"
    number += identity.check_digit(number)
    book = identity.read(given(K.HOUSEHOLD_BOOK, number), TODAY)
    card = identity.read(given(K.RESIDENT_ID, number), TODAY)
    assert (book.family, book.number) == (card.family, card.number)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("测试甲", "测试甲"),
        ("  测试甲 ", "测试甲"),
        ("努尔艾合买提江•样例", "努尔艾合买提江·样例"),
        ("努尔.样例", "努尔·样例"),
        ("TEST  PATIENT", "TEST PATIENT"),
        ("O'NEIL-SMITH JR.", "O'NEIL-SMITH JR."),
        ("测试𬭎㛃", "测试𬭎㛃"),
        ("王〇", "王〇"),
        ("José Núñez", "José Núñez"),
        ("A" * 100, "A" * 100),
    ],
)
def test_names_are_kept_as_in_the_document(typed: str, kept: str) -> None:
    assert identity.read_name(typed) == kept


@pytest.mark.rule("R-001")
@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "王",
        "A" * 101,
        "测" * 500,
        "王小😀",
        "王小1",
        "<b>王小</b>",
        "王\x00小",
        "王\u202e小明",
        "1王小",
        "·王小",
        "周(恩)來",
    ],
)
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(NameInvalid):
        identity.read_name(typed)


def test_repr_of_an_identity_hides_name_and_number() -> None:
    read = identity.read(given(K.RESIDENT_ID, "11010519491231002X"), TODAY)
    assert "测试" not in repr(read)
    assert "1101" not in repr(read)
