"""Tables sorted by their heads: the address says the order, and a strange one is no error."""

from dataclasses import replace

from django.test import RequestFactory

from yitong.faces.common import tables
from yitong.faces.common.tables import Column, Order

COLUMNS = [Column("医院", "name"), Column("预约", "booked", is_number=True), Column("操作")]
OTHERWISE = Order("name")


def order(query: str) -> Order:
    return tables.order_of(RequestFactory().get(f"/x/?{query}"), COLUMNS, OTHERWISE)


def heads(query: str) -> list[tuple[str, str]]:
    request = RequestFactory().get(f"/x/?{query}")
    made = tables.heads(request, COLUMNS, tables.order_of(request, COLUMNS, OTHERWISE))
    return [(head.href, head.order) for head in made]


def test_address_says_the_order() -> None:
    assert order("sort=booked") == Order("booked")
    assert order("sort=-booked") == Order("booked", is_descending=True)
    assert [order(odd) for odd in ("", "sort=", "sort=-", "sort=secret", "sort=--name")] == [OTHERWISE] * 5


def test_head_in_force_leads_to_its_reverse_and_numbers_begin_with_the_largest() -> None:
    assert heads("") == [("?sort=-name", "ascending"), ("?sort=-booked", ""), ("", "")]
    assert heads("sort=-booked") == [("?sort=name", ""), ("?sort=booked", "descending"), ("", "")]


def test_head_keeps_what_else_the_address_says_but_not_the_page() -> None:
    assert heads("q=%E5%BF%83&page=3")[0] == ("?q=%E5%BF%83&sort=-name", "ascending")


def test_rows_that_are_alike_stay_as_they_came() -> None:
    rows = [("b", 2), ("a", 1), ("c", 2)]
    keys = {"name": lambda row: row[0], "booked": lambda row: row[1]}
    assert tables.ordered(rows, Order("booked", is_descending=True), keys) == [("b", 2), ("c", 2), ("a", 1)]
    assert tables.ordered(rows, Order("name"), keys) == [("a", 1), ("b", 2), ("c", 2)]


CHANNELS = [("web", 600), ("app", 900), ("114 Phone", 60)]
TABLE: tables.Table[tuple[str, int]] = tables.Table(
    [Column("渠道", "name"), Column("每分钟", "limit", is_number=True)],
    {"name": lambda row: row[0], "limit": lambda row: row[1]},
    Order("name"),
    words=lambda row: (row[0],),
)


def shown(query: str, table: tables.Table[tuple[str, int]] = TABLE) -> tables.Shown[tuple[str, int]]:
    return table.shown(RequestFactory().get(f"/x/?{query}"), CHANNELS)


def test_whole_table_is_sorted_and_narrowed_as_the_address_asks() -> None:
    assert [row[0] for row in shown("").rows] == ["114 Phone", "app", "web"]
    assert [row[0] for row in shown("sort=-limit").rows] == ["app", "web", "114 Phone"]
    found = shown("q=PHONE&sort=-limit")
    assert (found.rows, found.query, found.count) == ([("114 Phone", 60)], "PHONE", "共 1 条")
    assert found.heads[0].href == "?q=PHONE&sort=name"
    assert shown("q=nobody").rows == []
    assert len(shown(f"q={'x' * 99}").query) == tables.MOST_LETTERS


def test_list_of_people_is_not_looked_through_by_address() -> None:
    people = replace(TABLE, words=None)
    assert (len(shown("q=web", people).rows), shown("q=web", people).query) == (3, "")
