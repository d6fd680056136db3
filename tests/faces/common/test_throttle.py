"""Limits by device, address and phone: even, apart from each other, and without personal data in their names."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from tests import make

from yitong.core.errors import Throttled
from yitong.faces.common import throttle

NOW = make.NOW


def request(address: str = "203.0.113.7"):
    return RequestFactory().get("/", REMOTE_ADDR=address)


def allowed(act) -> int:
    """How often it goes through before it is refused."""
    for times in range(1000):
        try:
            act()
        except Throttled:
            return times
    raise AssertionError("never refused")


@pytest.mark.rule("R-017")
def test_device_has_its_attempts_a_minute(db: None) -> None:
    assert allowed(lambda: throttle.act(request(), "hold", "device-a", now=NOW)) == 6
    assert allowed(lambda: throttle.act(request(), "hold", "device-b", now=NOW)) == 6
    assert allowed(lambda: throttle.act(request(), "hold", "device-a", now=NOW + timedelta(seconds=20))) == 2


def test_many_devices_behind_one_address_are_limited_together(db: None) -> None:
    devices = iter(range(1000))

    assert allowed(lambda: throttle.act(request(), "hold", f"device-{next(devices)}", now=NOW)) == 120


def test_refusal_says_when_to_come_back(db: None) -> None:
    throttle.phone("code", "13800000000", 1, now=NOW)

    with pytest.raises(Throttled) as caught:
        throttle.phone("code", "13800000000", 1, now=NOW)

    assert caught.value.params == {"wait_s": 60}
    throttle.phone("code", "13800000001", 1, now=NOW)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_address_stands_for_one_connection(address: str, network: str) -> None:
    assert throttle.network_of(address) == network
