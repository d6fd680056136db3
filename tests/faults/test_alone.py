"""The window's process and who keeps it: it comes back, it ends in good order, it never outlives its keeper."""

import http.client
import itertools
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from yitong.config.alone import SPARE_FILES
from yitong.counter.peers import FEWEST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
WINDOW = str(Path(__file__).with_name("window_alone.py"))
KEEP = "import sys\nfrom yitong.cli import serving\n{before}\nsys.exit(serving.keep(sys.argv[1:], {{}}))"
WAIT_S = 30.0


def await_that(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def kept(
    command: Sequence[str], *, before: str = "", preexec: Callable[[], None] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps `command`; `before`: what it does first."""
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEP.format(before=before), *command],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=preexec,
    )
    try:
        with keeper:
            yield keeper
            keeper.kill()
    finally:
        keeper.kill()


class Window:
    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.connections: list[http.client.HTTPConnection] = []
        self.command = [sys.executable, WINDOW, "127.0.0.1", str(self.port)]

    def connection(self, of: str = "") -> http.client.HTTPConnection:
        source = (of, 0) if of else None
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S, source_address=source)
        self.connections.append(connection)
        connection.connect()
        return connection

    def state(self) -> tuple[int, int]:
        """Its process, and how many wait there; 0 while nobody listens."""
        try:
            pid, waiting = asked(self.connection(), "/").split()
        except (OSError, http.client.HTTPException):
            return 0, 0
        return int(pid), int(waiting)

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    @property
    def pid(self) -> int:
        return self.state()[0]


def asked(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    return connection.getresponse().read()


@pytest.fixture
def window() -> Iterator[Window]:
    with closing(Window()) as window:
        yield window


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_window_comes_back_on_its_port(window: Window) -> None:
    with kept(window.command) as keeper:
        known = {0}
        for _ in range(2):
            await_that(lambda: window.pid not in known)
            known.add(window.pid)
            os.kill(window.pid, signal.SIGKILL)
        await_that(lambda: window.pid not in known)
        keeper.send_signal(signal.SIGTERM)
        assert keeper.wait(WAIT_S) == 0


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_who_is_under_way_when_it_ends_gets_his_answer(window: Window, ending: signal.Signals) -> None:
    with kept(window.command) as keeper:
        await_that(lambda: window.pid > 0)
        waits, sends, idle = (window.connection() for _ in range(3))
        waits.request("GET", "/late")
        sends.sock.sendall(b"GET /answer-the-late HTTP/1.1\r\n")
        assert asked(idle, "/")
        await_that(lambda: window.state()[1] == 1)
        keeper.send_signal(ending)
        assert idle.sock.recv(1) == b""  # it knows by now
        assert window.pid == 0
        sends.sock.sendall(b"\r\n")
        answer = waits.getresponse()
        assert (answer.read(), answer.headers["connection"]) == (b"late", "close")
        assert sends.sock.makefile("rb").read().endswith(b"\r\nconnection: close\r\n\r\n1")
        assert keeper.wait(WAIT_S) == 0


def test_a_window_dies_with_its_keeper(window: Window) -> None:
    with kept(window.command) as keeper:
        await_that(lambda: window.pid > 0)
        pid = window.pid
        keeper.kill()
        await_that(lambda: not is_alive(pid))
        assert window.pid == 0


def test_clients_take_no_file_that_the_window_needs_itself(window: Window) -> None:
    allowed = SPARE_FILES + 20
    with kept(window.command, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))):
        await_that(lambda: window.pid > 0)
        connections = [window.connection() for _ in range(allowed + 20)]
        served = 0
        for connection in connections:
            try:
                asked(connection, "/file")
                served += 1
            except (OSError, http.client.HTTPException):
                pass
        assert 0 < served <= 20
        asked(connections[0], "/file")


@pytest.mark.parametrize("proxies", [0, 1])
def test_one_address_leaves_room_for_others_where_no_proxy_stands_before_the_window(
    window: Window, proxies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YITONG_PROXIES", str(proxies))
    allowed = SPARE_FILES + 2 * FEWEST
    with kept(window.command, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))):
        await_that(lambda: window.pid > 0)
        clients = [window.connection() for _ in range(FEWEST - 1)]  # and the one that has asked for its process
        for client in clients:
            asked(client, "/")
        assert (window.pid > 0) is (proxies == 1)
        assert asked(window.connection(of="127.0.0.2"), "/")
        clients[0].close()
        await_that(lambda: window.pid > 0)  # one has left


# -- any server --------------------------------------------------------------------------------------------------------

ENDS = [sys.executable, "-c", "print('started', flush=True); raise SystemExit(3)"]
STAYS = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('started', flush=True)\nsignal.pause()"
TELLS_OF_ITS_NAPS = """
nap = serving.time.sleep
def sleep(seconds):
    print("a nap", flush=True)
    nap(seconds)
serving.time.sleep = sleep
"""
TOLD_WHILE_IT_STARTS = """
import os, signal, subprocess
started, real = [], subprocess.Popen
def start(*args, **kwargs):
    if not started:
        started.append(1)
        return real(["false"])
    os.kill(os.getpid(), signal.SIGTERM)
    return real(*args, **kwargs)
subprocess.Popen = start
"""


def test_a_server_that_ends_is_started_after_longer_and_longer_pauses_until_its_keeper_is_told() -> None:
    with kept(ENDS, before=TELLS_OF_ITS_NAPS) as keeper:
        assert keeper.stdout is not None
        said = [keeper.stdout.readline().strip() for _ in range(40)]
        starts = [n for n, line in enumerate(said) if line == "started"]
        naps = [after - before for before, after in itertools.pairwise(starts)]
        assert len(naps) >= 2
        assert naps == sorted(set(naps))
        keeper.send_signal(signal.SIGTERM)
        assert keeper.stdout.read().count("a nap") < len(said) / 2  # not the whole pause, which is the longest so far
        assert keeper.wait(WAIT_S) == 3


def test_a_server_that_does_not_end_is_killed() -> None:
    with kept([sys.executable, "-c", STAYS], before="serving.ENDS_S = 0.2") as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "started\n"
        keeper.send_signal(signal.SIGTERM)
        assert keeper.wait(WAIT_S) == 256 - signal.SIGKILL


def test_a_keeper_that_is_told_while_it_starts_a_server_ends_it() -> None:
    """The second of them: the first has ended by itself."""
    with kept(["sleep", "60"], before=TOLD_WHILE_IT_STARTS) as keeper:
        assert keeper.wait(WAIT_S) == 0
