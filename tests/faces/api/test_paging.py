"""Cursors: opaque, signed, for one list only."""

import pytest

from yitong.faces.api.paging import CursorInvalid, pack, page_of, unpack

LETTERS = list("abcdefg")


def walk(limit: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        items, cursor = page_of(LETTERS, key=str, question="letters", cursor=cursor, limit=limit)
        pages.append(items)
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
def test_every_item_comes_once_in_order(limit: int) -> None:
    pages = walk(limit)

    assert [letter for page in pages for letter in page] == LETTERS
    assert all(len(page) <= limit for page in pages)
    assert len(pages) == -(-len(LETTERS) // limit)


def test_empty_list_is_one_empty_page() -> None:
    assert page_of([], key=str, question="letters", cursor=None, limit=5) == ([], None)


@pytest.mark.parametrize(
    "cursor",
    ["x", "a:b:c", pack(["b"], "numbers"), pack(["z"], "letters"), pack(["b"], "letters")[:-1]],
    ids=["nonsense", "unsigned", "of another list", "of no item", "cut off"],
)
def test_foreign_or_broken_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid) as caught:
        page_of(LETTERS, key=str, question="letters", cursor=cursor, limit=5)

    assert caught.value.code == "CURSOR_INVALID"


def test_cursor_tells_nothing_in_the_address_that_it_should_not() -> None:
    cursor = pack(["2026-03-02", "01900000"], "bookings:mine:1")

    assert unpack(cursor, "bookings:mine:1") == ["2026-03-02", "01900000"]
    assert "2026" not in cursor
