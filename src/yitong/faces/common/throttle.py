"""How often somebody may act: by channel, device, address and phone (R-017, R-048, R-212).

Where a name is personal (an address, a phone), the bucket is named by its blind index.
"""

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

from yitong.core.db import policies
from yitong.core.db.fields import blind_index
from yitong.core.errors import Throttled
from yitong.domains.access.commands.limits import take_token
from yitong.domains.access.contracts import Channel
from yitong.faces.common.security import client_address

ADDRESS_SHARE = 20  # people behind one address (a family, a ward, a carrier's gateway) for each device's limit
NOT_KNOWN_PER_MINUTE = 60  # calls without a good key from one address


def channel(request: HttpRequest, caller: Channel, *, now: datetime) -> None:
    """One request of a channel; the answer tells how many are left. Refuses Throttled."""
    try:
        left = take_token(f"channel:{caller.channel_id}", caller.per_minute, now)
    except Throttled as refusal:
        _tell(request, caller.per_minute, 0, int(str(refusal.params["wait_s"])))
        raise
    _tell(request, caller.per_minute, left, -(-(caller.per_minute - left) * 60 // caller.per_minute))


def act(request: HttpRequest, name: str, device_id: str, *, now: datetime) -> None:
    """One attempt at something that scalpers try fast (`hold`), by device and by address (R-017). Refuses Throttled."""
    per_minute = device(name, device_id, now=now)
    address(request, name, per_minute * ADDRESS_SHARE, now=now)


def device(name: str, device_id: str, *, now: datetime) -> int:
    """One attempt from a device, or by an account whose device we can't see; gives the limit. Refuses Throttled."""
    per_minute = policies.at(None, now).int("booking.limits.device_per_min")
    take_token(f"device:{name}:{device_id}", per_minute, now)
    return per_minute


def address(request: HttpRequest, name: str, per_minute: int, *, now: datetime) -> None:
    """One attempt from an address. Refuses Throttled."""
    take_token(f"address:{name}:{blind_index('address', network_of(client_address(request))).hex()}", per_minute, now)


def phone(name: str, number: str, per_minute: int, *, now: datetime) -> None:
    """One attempt with a phone number. Refuses Throttled."""
    take_token(f"phone:{name}:{blind_index('phone', number).hex()}", per_minute, now)


def network_of(text: str) -> str:
    """An IPv4 address as it is, an IPv6 one by its network of 64 bits, which belongs to one connection."""
    try:
        given = ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(given, IPv6Address):
        return str(given.ipv4_mapped or ip_network((given, 64), strict=False))
    return str(given)


def _tell(request: HttpRequest, limit: int, left: int, reset_s: int) -> None:
    request.answer_headers = {  # type: ignore[attr-defined]
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(reset_s),
    }
