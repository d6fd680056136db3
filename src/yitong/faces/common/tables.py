"""Tables that one sorts by their heads. The order stands in the address (`?sort=-booked`), so links do it and a page
can be sent to somebody else as it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import ngettext

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """`key`: what the address calls it; none: nobody sorts by it."""

    name: str | Promise
    key: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    key: str
    is_descending: bool = False

    @property
    def asked(self) -> str:
        """As the address says it."""
        return f"-{self.key}" if self.is_descending else self.key


@dataclass(frozen=True, slots=True)
class Head:
    """A column as `common/parts/thead.html` shows it."""

    key: str
    name: str | Promise
    is_number: bool
    href: str
    order: Literal["", "ascending", "descending"]


def order_of(request: HttpRequest, columns: Sequence[Column], otherwise: Order) -> Order:
    """What the address asks for, when a column has that key."""
    asked = request.GET.get("sort", "")
    key = asked.removeprefix("-")
    if key and any(column.key == key for column in columns):
        return Order(key, is_descending=asked.startswith("-"))
    return otherwise


def heads(request: HttpRequest, columns: Sequence[Column], order: Order) -> list[Head]:
    """Each head leads to its order, the one in force to its reverse; numbers begin with the largest. What else the
    address says stays; the page of the list doesn't, as it is another list then."""
    return [_head(request, column, order) for column in columns]


def _head(request: HttpRequest, column: Column, order: Order) -> Head:
    if not column.key:
        return Head("", column.name, column.is_number, "", "")
    is_in_force = column.key == order.key
    next_order = Order(column.key, not order.is_descending if is_in_force else column.is_number)
    asked = request.GET.copy()
    asked.pop("page", None)
    asked["sort"] = next_order.asked
    shown: Literal["", "ascending", "descending"] = ""
    if is_in_force:
        shown = "descending" if order.is_descending else "ascending"
    return Head(column.key, column.name, column.is_number, f"?{asked.urlencode()}", shown)


def ordered(rows: Iterable[T], order: Order, keys: Mapping[str, Callable[[T], Any]]) -> list[T]:
    """The rows in this order; those that are alike stay as they came."""
    return sorted(rows, key=keys[order.key], reverse=order.is_descending)


MOST_LETTERS = 40  # of what is looked for


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """A table as its page shows it, after what the address asks for."""

    rows: list[T]
    heads: list[Head]
    order: Order
    query: str
    count: str


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """A list that stands whole on its page: by what it is sorted, and in which words of a row one may look (none:
    nowhere, as in lists of people, whose names are no part of an address)."""

    columns: Sequence[Column]
    keys: Mapping[str, Callable[[T], Any]]
    otherwise: Order
    words: Callable[[T], Iterable[str]] | None = None

    def shown(self, request: HttpRequest, rows: Iterable[T]) -> Shown[T]:
        order = order_of(request, self.columns, self.otherwise)
        query = request.GET.get("q", "").strip()[:MOST_LETTERS] if self.words else ""
        found = ordered(self._with(query, rows), order, self.keys)
        count = ngettext("共 %(n)s 条", "共 %(n)s 条", len(found)) % {"n": len(found)}
        return Shown(found, heads(request, self.columns, order), order, query, count)

    def _with(self, query: str, rows: Iterable[T]) -> list[T]:
        if self.words is None or not query:
            return list(rows)
        wanted = query.casefold()
        return [row for row in rows if any(wanted in word.casefold() for word in self.words(row))]
