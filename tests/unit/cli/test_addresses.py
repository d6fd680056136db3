"""Where a server is reached: what we print and call, made of host and port."""

import errno
import os
import socket
from urllib.parse import urlsplit

import pytest

from yitong.cli import main, partners, serving
from yitong.cli.ground import CannotStart
from yitong.cli.supervisor import check_port
from yitong.config import environment

HOSTS = [
    ("127.0.0.1", "http://127.0.0.1:8000"),
    ("0.0.0.0", "http://127.0.0.1:8000"),
    ("::1", "http://[::1]:8000"),
    ("::", "http://[::1]:8000"),
    ("fd00::5", "http://[fd00::5]:8000"),
    ("hospital.example", "http://hospital.example:8000"),
]


@pytest.mark.parametrize(("host", "expected"), HOSTS)
def test_what_is_announced_can_be_opened(capsys: pytest.CaptureFixture[str], host: str, expected: str) -> None:
    main._announce(host, 8000, None)
    assert capsys.readouterr().out == f"Ready: {expected}\n"
    assert serving.origin(host, 8000) == expected
    assert urlsplit(expected).port == 8000


@pytest.mark.parametrize(("host", "expected"), HOSTS)
def test_the_demos_gateway_reports_where_we_listen(monkeypatch: pytest.MonkeyPatch, host: str, expected: str) -> None:
    with monkeypatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("YITONG_")]:
            patch.delenv(name)
        for prefix in ("SMS", "IDENTITY", "REGISTER"):  # set for the demo's processes, and taken back here
            patch.setenv(f"YITONG_{prefix}_SECRET", "x")
            patch.setenv(f"YITONG_{prefix}_URL", "x")
        patch.setenv("YITONG_DEMO", "1")
        patch.delenv("YITONG_SMS_URL")
        (gateway,) = partners.of_demo(host, 8000)
        patch.delenv("YITONG_SMS_URL")
    assert gateway.command[-2:] == ["--report-url", f"{expected}/hooks/sms/"]


def test_an_address_that_cant_be_taken_is_named_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(CannotStart, match=r"Can't listen on \[fd00::5\]:8000: Cannot assign"):
        check_port("fd00::5", 8000)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://yitong.example", "yitong.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[fd00::5]:8000/", "[fd00::5]"),  # as Django compares it with `Host`
        ("", ""),
    ],
)
def test_the_host_of_a_public_address_is_named_as_browsers_do(url: str, host: str) -> None:
    assert environment.host_of(url) == host


def test_a_provider_on_this_machine_is_asked_only_where_nobody_else_reaches_us() -> None:
    local = ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:8000"]
    assert [environment.is_loopback(one) for one in local] == [True] * 3
    assert not environment.is_loopback("https://book.city.example")
    assert not environment.is_loopback("http://127.0.0.1.example")
