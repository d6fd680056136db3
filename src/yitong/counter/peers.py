"""How many connections one address may have, where clients come to the window without a proxy before it.

Whoever opens as many as there may be would keep everybody else out; each alone is idle, polite and within its time.
"""

import socket
from collections import Counter

SHARE, FEWEST = 20, 300  # a carrier's gateway, or a hospital's, has thousands behind one address


def share(most: int) -> int:
    """What one address may have of `most`."""
    return max(most // SHARE, FEWEST)


class Peers:
    """Clients, each `address:port`, counted by their addresses. `most` of one: None where all are a proxy's."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self._open: Counter[bytes] = Counter()

    def enter(self, client: str) -> bool:
        """Whether there is room for another one. If so it has to leave."""
        if self.most is not None:
            network = _network(client)
            if self._open[network] >= self.most:
                return False
            self._open[network] += 1
        return True

    def leave(self, client: str) -> None:
        if self.most is not None:
            network = _network(client)
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]


def _network(client: str) -> bytes:
    """The address; of IPv6 its first half, since every client there has all of the other half to himself."""
    host = client.rpartition(":")[0].partition("%")[0]
    if ":" not in host:
        return host.encode()
    packed = socket.inet_pton(socket.AF_INET6, host)
    return packed if packed.startswith(_IPV4_WITHIN) else packed[:8]


_IPV4_WITHIN = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2: as a socket for both tells of IPv4
