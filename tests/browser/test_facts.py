"""Names and values side by side, or one above the other where the type is large and the phone narrow (R-222)."""

from collections.abc import Callable

import pytest
from tests.browser.visitors import Visitor
from tests.browser.wards import Ward, enter, token_of

New = Callable[..., Visitor]
# Of each visible fact: how wide the list is, how wide the value, and by how much the words of either run over.
MEASURED = """[...document.querySelectorAll('.facts > div')].filter((one) => one.checkVisibility()).map((one) => {
  const [name, value] = [one.querySelector('dt'), one.querySelector('dd')];
  const over = [name, value].map((part) => part.scrollWidth - part.clientWidth);
  return [one.parentElement.clientWidth, value.clientWidth, Math.max(...over), name.textContent];
})"""
OVER = "document.documentElement.scrollWidth - innerWidth"
PAGES = ("/desk/me/", "/desk/rules/booking.noshow/")


def squeezed(someone: Visitor, share: float) -> list[object]:
    """Facts whose value has less than this share of the line, or whose words don't fit."""
    found = someone.page.evaluate(MEASURED)
    assert found
    return [one for one in found if one[1] < share * one[0] or one[2] > 0]


@pytest.mark.rule("R-222")
@pytest.mark.parametrize("width", ["small", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_in_large_type_a_value_has_the_whole_line(
    visitor: New, ward: Ward, width: str, language: str
) -> None:
    token = token_of(ward.staff("hospital_admin"))
    for size, share in (("largest", 1), ("large", 1), ("normal", 0.4)):
        someone = enter(visitor(width=width, language=language, size=size), token)
        for path in PAGES:
            page = someone.go(path)
            assert (path, size, squeezed(someone, share)) == (path, size, [])
            assert page.evaluate(OVER) <= 0
            if path == PAGES[-1] and size != "normal":
                someone.look(f"facts-{width}-{size}-{language}")
        gallery = visitor(width=width, language=language, size=size)
        gallery.go("/gallery/")
        stacked = size == "largest" or (size == "large" and (language == "en" or width == "small"))
        assert (size, squeezed(gallery, 1 if stacked else 0.5)) == (size, [])


def test_on_a_wide_screen_names_stand_beside_values(visitor: New, ward: Ward) -> None:
    token = token_of(ward.staff("hospital_admin"))
    for size in ("normal", "large"):
        someone = enter(visitor(width="desk", size=size), token)
        someone.go(PAGES[-1])
        found = someone.page.evaluate(MEASURED)
        assert found
        assert [one for one in found if not 0.5 * one[0] < one[1] < 0.8 * one[0]] == []
