"""A beacon for every test of draws; the one that was plugged in comes back."""

from collections.abc import Iterator

import pytest
from tests import draws as build


@pytest.fixture(autouse=True)
def listed_beacon() -> Iterator[build.ListedBeacon]:
    with build.listed() as source:
        yield source
