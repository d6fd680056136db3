"""Small cells (R-213): no figure below ten is told, and none can be computed from the others."""

from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.faces.office.figures.cells import Cells, Key

pytestmark = pytest.mark.rule("R-213")

H1, H2, C1, C2, C3 = (uuid4() for _ in range(5))
ONLINE = ("web", "app")


def of(*counts: tuple[UUID, UUID, str, int]) -> Cells:
    return Cells({(h, c, channel): n for h, c, channel, n in counts}, ONLINE)


def test_nothing_is_zero_and_told() -> None:
    cells = of()
    assert cells.total().value == 0
    assert cells.share() is None


def test_below_ten_is_not_told() -> None:
    cells = of((H1, C1, "web", 9))
    assert cells.cell((H1, C1, "web")).is_small
    assert cells.total() == cells.total(hospital_id=H1)
    assert cells.total().value is None


def test_ten_is_told() -> None:
    cells = of((H1, C1, "web", 10), (H1, C1, "desk", 90))
    assert cells.total().value == 100
    assert cells.share() == pytest.approx(0.1)


def test_the_only_small_cell_takes_another_with_it() -> None:
    cells = of((H1, C1, "web", 100), (H1, C1, "app", 40), (H1, C1, "desk", 3))
    assert cells.cell((H1, C1, "desk")).is_small
    hidden = [key for key in cells.every() if cells.cell(key).value is None]
    assert len(hidden) > 1


def test_halves_and_whole_never_give_a_small_half_away() -> None:
    cells = of((H1, C1, "web", 500), (H1, C1, "desk", 3), (H2, C2, "web", 70), (H2, C2, "desk", 30))
    whole, online = cells.total(hospital_id=H1).value, cells.total(hospital_id=H1, is_online=True).value
    assert whole is None or online is None
    assert cells.share(hospital_id=H1) is None


counts = st.dictionaries(
    st.sampled_from(list(product((H1, H2), (C1, C2, C3), ("web", "app", "desk")))), st.integers(0, 40), max_size=18
)


@given(counts)
def test_no_shown_total_gives_a_hidden_cell_away(found: dict[Key, int]) -> None:
    cells = Cells(found, ONLINE)
    small = {key for key, n in found.items() if 0 < n < 10}
    assert all(cells.cell(key).value is None for key in small)
    asked = [
        {"hospital_id": h, "campus_id": c, "is_online": half}
        for h, c, half in product((None, H1, H2), (None, C1, C2, C3), (None, True, False))
        if h is not None or c is None
    ] + [{"channel": channel} for channel in ("web", "app", "desk")]
    for one in asked:
        total = cells.total(**one)  # type: ignore[arg-type]
        part = {key: n for key, n in found.items() if n and _is_in(key, one)}
        hidden = {key: n for key, n in part.items() if cells.cell(key).value is None}
        if total.value is None:
            continue
        assert total.value == sum(part.values())
        assert total.value == 0 or total.value >= 10
        assert not hidden or (len(hidden) > 1 and sum(hidden.values()) >= 10)


def _is_in(key: Key, one: dict[str, object]) -> bool:
    return (
        one.get("hospital_id") in (None, key[0])
        and one.get("campus_id") in (None, key[1])
        and one.get("channel") in (None, key[2])
        and (one.get("is_online") is None or (key[2] in ONLINE) is one["is_online"])
    )
