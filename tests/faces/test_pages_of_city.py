"""Every address of the city is either a page that the browser tests open, or said to be none."""

from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver
from tests.browser.pages_of_city import NO_PAGE, PAGES


def names(resolver: Any, space: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        if hasattr(one, "url_patterns"):
            yield from names(one, f"{space}{one.namespace}:" if one.namespace else space)
        else:
            yield f"{space}{one.name}"


def test_every_address_is_a_page_that_is_judged_or_said_to_be_none() -> None:
    known = {name for name in names(get_resolver()) if not name.startswith("api:")}
    listed = {page.name for page in PAGES}
    assert known - listed - NO_PAGE.keys() == set(), "new addresses: put them into tests/browser/pages_of_city.py"
    assert (listed | NO_PAGE.keys()) - known == set(), "addresses that are gone"
    assert listed & NO_PAGE.keys() == set()


def test_each_photograph_has_a_name_of_its_own() -> None:
    shots = [page.shot for page in PAGES]
    assert len(shots) == len(set(shots))
