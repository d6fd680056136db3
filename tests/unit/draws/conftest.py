"""A beacon for every test of draws; the one that was plugged in comes back."""

from collections.abc import Iterator

import pytest
from tests import draws as build

from yitong.domains.draws.ports import beacon


@pytest.fixture(autouse=True)
def listed_beacon() -> Iterator[build.ListedBeacon]:
    before = beacon.taken()
    yield build.plug()
    beacon.plug(before)
