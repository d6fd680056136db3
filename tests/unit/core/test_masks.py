import pytest

from yitong.core import masks


@pytest.mark.rule("R-108")
@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张*"),
        ("欧阳娜娜", "欧阳*"),
        ("欧阳", "欧*"),
        ("诸葛亮", "诸葛*"),
        ("张", "*"),
        ("𠮷田", "𠮷*"),
        ("𬱖", "*"),
        ("葛\U000e0100城", "葛\U000e0100*"),
        ("John Smith", "J*"),
        ("Élodie", "É*"),
        ("买买提·艾力", "买*"),
        ("  李 雷 ", "李*"),
        ("\u202e李雷", "*"),
        ("😀😀", "*"),
        ("\ud800李", "*"),
        ("", ""),
        (None, ""),
        (b"\xff", "*"),
        (True, "*"),
    ],
)
def test_name_shows_surname_only(plain: object, shown: str) -> None:
    assert masks.name(plain) == shown


@pytest.mark.rule("R-108")
@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("110105194912310011", "110***********0011"),
        ("11010519491231002x", "110***********002x"),
        (" 110105 19491231 0011 ", "110***********0011"),
        ("１１０１０５１９４９１２３１００１１", "110***********0011"),
        ("110105491231001", "1************01"),
        ("E12345678", "E******78"),
        ("H1234567", "H*****67"),
        ("A1234", "A****"),
        ("123", "***"),
        ("", ""),
        (None, ""),
        (110105194912310011, "110***********0011"),
    ],
)
def test_identity_number_shows_three_and_four(plain: object, shown: str) -> None:
    assert masks.identity_number(plain) == shown


@pytest.mark.rule("R-108")
@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("13800000000", "138****0000"),
        ("+86 138-0000-0000", "138****0000"),
        ("008613800000000", "138****0000"),
        ("１３８００００００００", "138****0000"),
        ("010-12345678", "01*******78"),
        ("+44 7700 900123", "+4*********23"),
        ("110", "***"),
        ("", ""),
        (None, ""),
    ],
)
def test_phone_shows_three_and_four(plain: object, shown: str) -> None:
    assert masks.phone(plain) == shown
