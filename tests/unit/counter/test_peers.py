"""Who counts as one client of the window, and how many connections he may have."""

import pytest

from yitong.counter.peers import FEWEST, Peers, share


@pytest.mark.parametrize(
    ("client", "others", "is_room"),
    [
        ("203.0.113.1:9", ["203.0.113.1:7", "203.0.113.1:8"], False),
        ("203.0.113.1:9", ["203.0.113.1:7", "203.0.113.2:8"], True),
        ("2001:db8::1:9", ["2001:db8::2:7", "2001:db8:0:0:ffff::3:8"], False),  # all of it is one household's
        ("2001:db8::1:9", ["2001:db8::2:7", "2001:db8:0:1::2:8"], True),
        ("::ffff:203.0.113.1:9", ["::ffff:203.0.113.2:7", "::ffff:203.0.113.3:8"], True),  # IPv4 at a socket for both
        ("::ffff:203.0.113.1:9", ["::ffff:203.0.113.1:7", "::ffff:203.0.113.1:8"], False),
        ("fe80::1%eth0:9", ["fe80::2%eth0:7", "fe80::3%eth0:8"], False),
        (":0", [":0", ":0"], False),  # the socket of a file has no address
    ],
)
def test_clients_of_one_address_count_together(client: str, others: list[str], is_room: bool) -> None:
    peers = Peers(2)
    assert all(peers.enter(other) for other in others)
    assert peers.enter(client) is is_room
    peers.leave(others[0])
    assert peers.enter(client)


def test_nothing_is_kept_of_who_has_left() -> None:
    peers = Peers(2)
    for client in ("203.0.113.1:7", "203.0.113.1:8", "203.0.113.1:9", "203.0.113.2:7"):
        if peers.enter(client):
            peers.leave(client)
    assert not peers._open


def test_behind_a_proxy_there_is_no_limit() -> None:
    peers = Peers(None)
    assert all(peers.enter("127.0.0.1:7") for _ in range(10_000))


@pytest.mark.parametrize(("most", "of_one"), [(20_000, 1_000), (6_000, FEWEST), (100, FEWEST)])
def test_a_share_is_a_twentieth_but_enough_for_a_gateway(most: int, of_one: int) -> None:
    assert share(most) == of_one
