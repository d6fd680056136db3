"""Decisions about logins, second factors, roles and channels. No clock, no database."""

import csv
import hashlib
import hmac
import io
import itertools
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

import pyotp

from yitong.core.actor import Role
from yitong.domains.access.contracts import (
    CITY_ROLES,
    SECOND_FACTOR_ROLES,
    ChannelFacts,
    ChannelKind,
    ChannelState,
    KeyInUse,
    RoleName,
)
from yitong.domains.access.errors import (
    ChannelContractEnded,
    ChannelInvalid,
    ChannelRevoked,
    ChannelSuspended,
    FileInvalid,
    LoginInvalid,
    NameInvalid,
    PinInvalid,
    ProviderInvalid,
    RoleMisplaced,
    RolesApart,
)

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
CHANNEL_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{1,31}")
OUR_OWN = frozenset({"web", "desk", "system"})  # our own pages and jobs; under `desk` a claim has a window's rights
KEY = re.compile(r"ytk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
PIN = re.compile(r"[0-9]{6}")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")

TOTP_STEP_S = 30
TOTP_DRIFT = 1  # steps before and after the present one that still count
PIN_FAILS = 5
INVITE_LIFE = timedelta(days=7)
ATTEMPT_LIFE = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)  # how often use of a session or key is written down
SESSION_LIFE = timedelta(hours=12)
RECOVERY_CODES = 10
MOST_PER_MINUTE = 100_000
MOST_LINES = 20_000
HEADING = ["action", "login", "name", "roles", "subject"]

# Held by one person, these would watch themselves (三员分立).
APART = (
    frozenset({RoleName.CITY_OPERATOR, RoleName.POLICY_OFFICER}),
    frozenset({RoleName.SECURITY_ADMIN}),
    frozenset({RoleName.AUDITOR}),
)


def normal_login(login: str) -> str:
    return login.strip().lower()[:64]


def check_login(login: str) -> str:
    wanted = login.strip().lower()
    if not LOGIN.fullmatch(wanted):
        raise LoginInvalid()
    return wanted


def check_name(name: str) -> str:
    wanted = name.strip()
    if not 1 <= len(wanted) <= 60 or CONTROL.search(wanted):
        raise NameInvalid()
    return wanted


def digest(text: str) -> bytes:
    """SHA-256: enough for secrets of 128 bits and more, which nobody can try out."""
    return hashlib.sha256(text.encode()).digest()


def is_same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def new_invite() -> str:
    """100 random bits in a form that can be read out: `k3mf7-…`."""
    signs = "23456789abcdefghjkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(signs) for _ in range(5)) for _ in range(4))


def new_key() -> tuple[str, str]:
    """Prefix and whole key `ytk_<prefix>_<256 bits>`."""
    prefix = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12))
    return prefix, f"ytk_{prefix}_{secrets.token_urlsafe(32)}"


def prefix_of(key: str) -> str | None:
    match = KEY.fullmatch(key)
    return match[1] if match else None


def check_place(role: RoleName, hospital_id: UUID | None) -> None:
    if (role in CITY_ROLES) != (hospital_id is None):
        raise RoleMisplaced(role=role.value)


def check_apart(names: Iterable[str]) -> None:
    """Refuses RolesApart where one person would hold city roles of two officers (R-205)."""
    held = {name for name in names if name in CITY_ROLES}
    if sum(1 for group in APART if held & group) > 1:
        raise RolesApart()


def needs_second_factor(names: Iterable[str]) -> bool:
    return any(name in SECOND_FACTOR_ROLES for name in names)


def usable_roles(
    roles: Iterable[Role], *, has_second_factor: bool, only_hospital_id: UUID | None = None
) -> frozenset[Role]:
    """What a session may do: no privileged role without the second factor, and where a hospital's provider vouched
    for the person, that hospital's roles alone."""
    return frozenset(
        role
        for role in roles
        if (has_second_factor or role.name not in SECOND_FACTOR_ROLES)
        and (only_hospital_id is None or role.hospital_id == only_hospital_id)
    )


def totp_step(secret: str, code: str, last_step: int | None, now: datetime) -> int | None:
    """The time step whose code this is, within one step of now and after the last one used; else None."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // TOTP_STEP_S
    wanted = "".join(code.split())
    found = None
    for step in range(present - TOTP_DRIFT, present + TOTP_DRIFT + 1):
        if pyotp.utils.strings_equal(wanted, totp.generate_otp(step)) and (last_step is None or step > last_step):
            found = step
    return found


def check_pin(pin: str) -> str:
    """Six digits, neither all alike nor a run."""
    steps = (
        {(int(b) - int(a)) % 10 for a, b in zip(pin, pin[1:], strict=False)} if pin.isascii() and pin.isdigit() else {}
    )
    if not PIN.fullmatch(pin) or len(steps) == 1 and next(iter(steps)) in (0, 1, 9):
        raise PinInvalid()
    return pin


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures in a row of one login."""

    count: int
    last_at: datetime | None
    locked_until: datetime | None

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def one_more(self, now: datetime, *, most: int, lock: timedelta) -> "Failures":
        """After `most` failures locked for `lock`. A lock that ran out, or a pause as long as one, begins anew."""
        stale = self.locked_until is not None or self.last_at is None or now - self.last_at >= lock
        count = 1 if stale else self.count + 1
        return Failures(count, now, now + lock if count >= most else None)


def check_channel(code: str, facts: ChannelFacts) -> None:
    """Refuses ChannelInvalid. A partner has a contract with an end, a hospital's channel its hospital (S-14)."""
    if not CHANNEL_CODE.fullmatch(code) or code in OUR_OWN:
        raise ChannelInvalid(field="code")
    for field, most in (("name", 80), ("purpose", 200)):
        text = getattr(facts, field).strip()
        if not 1 <= len(text) <= most or CONTROL.search(text):
            raise ChannelInvalid(field=field)
    if not 1 <= facts.per_minute <= MOST_PER_MINUTE:
        raise ChannelInvalid(field="per_minute")
    if facts.kind is ChannelKind.PARTNER and facts.contract_until is None:
        raise ChannelInvalid(field="contract_until")
    if (facts.kind is ChannelKind.HOSPITAL) != (facts.hospital_id is not None):
        raise ChannelInvalid(field="hospital_id")


def check_key(key: KeyInUse, today: date) -> None:
    """Whether a key lets its channel in on this Shanghai day (S-14).

    Refuses ChannelRevoked, ChannelSuspended, ChannelContractEnded.
    """
    if key.is_revoked or key.state is ChannelState.REVOKED:
        raise ChannelRevoked(channel=key.channel)
    if key.state is ChannelState.SUSPENDED:
        raise ChannelSuspended(channel=key.channel)
    if key.contract_until is not None and today > key.contract_until:
        raise ChannelContractEnded(channel=key.channel, date=key.contract_until.isoformat())


def check_issuer(issuer: str) -> str:
    """An https address; http on loopback alone, where the simulator stands."""
    try:
        address = urlsplit(issuer.strip())
    except ValueError:  # brackets without an IPv6 address between them
        raise ProviderInvalid(field="issuer") from None
    local = address.hostname in ("127.0.0.1", "::1", "localhost")
    if not address.hostname or address.scheme not in (("http", "https") if local else ("https",)):
        raise ProviderInvalid(field="issuer")
    if address.query or address.fragment or address.username or len(issuer) > 200:
        raise ProviderInvalid(field="issuer")
    return issuer.strip().rstrip("/")


StaffAction = Literal["join", "roles", "leave"]


@dataclass(frozen=True, slots=True)
class StaffLine:
    line: int
    action: StaffAction
    login: str
    name: str
    roles: frozenset[RoleName]
    subject: str


def read_staff_file(text: str) -> list[StaffLine]:
    """The lines of a file of joiners and leavers. Refuses FileInvalid with the number of the line and its column."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=None))
    try:
        rows = list(itertools.islice(reader, MOST_LINES + 1))
    except csv.Error as error:
        raise FileInvalid(line=max(1, reader.line_num), column="columns") from error
    heading = rows[0] if rows else []
    if [word.strip().lower() for word in heading] not in (HEADING, HEADING[:-1]):
        raise FileInvalid(line=1, column="heading")
    if len(rows) > MOST_LINES:
        raise FileInvalid(line=len(rows), column="rows")
    lines: list[StaffLine] = []
    seen: set[str] = set()
    for number, cells in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in cells):
            line = _staff_line(number, [cell.strip() for cell in cells], len(heading))
            if line.login in seen:
                raise FileInvalid(line=number, column="login")
            seen.add(line.login)
            lines.append(line)
    return lines


def _staff_line(number: int, cells: list[str], width: int) -> StaffLine:
    if len(cells) != width:
        raise FileInvalid(line=number, column="columns")
    action, login, name, roles, subject = (*cells, "")[:5]
    if action not in get_args(StaffAction):
        raise FileInvalid(line=number, column="action")
    if not LOGIN.fullmatch(login.lower()):
        raise FileInvalid(line=number, column="login")
    if action == "join" and not name or len(name) > 60 or CONTROL.search(name):
        raise FileInvalid(line=number, column="name")
    try:
        wanted = frozenset(RoleName(word) for word in roles.split())
    except ValueError:
        raise FileInvalid(line=number, column="roles") from None
    if wanted & CITY_ROLES or (not wanted and action != "leave"):
        raise FileInvalid(line=number, column="roles")
    if len(subject) > 255:
        raise FileInvalid(line=number, column="subject")
    return StaffLine(number, action, login.lower(), name, wanted, subject)  # type: ignore[arg-type]
