"""Who asks: an account holder, a member of staff, a channel, or the system itself."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Kind = Literal["anonymous", "account", "staff", "channel", "system"]


@dataclass(frozen=True, slots=True)
class Role:
    """A staff role, at one hospital or (None) for the whole city."""

    name: str
    hospital_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, as faces establish it.

    `id` is a key or, for the system, the name of the job. `channel` is the code of the channel through which the
    request came (`web`, `app`, `kiosk`, `api`, `114`, `desk`). `account_id` is set where an account holder acts,
    through whatever channel.
    """

    kind: Kind
    id: str
    channel: str = "web"
    roles: frozenset[Role] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)
    account_id: UUID | None = None
    trace_id: str = ""

    @classmethod
    def anonymous(cls, *, channel: str = "web", trace_id: str = "") -> "Actor":
        return cls("anonymous", "", channel, trace_id=trace_id)

    @classmethod
    def for_account(cls, account_id: UUID, *, channel: str = "web", trace_id: str = "") -> "Actor":
        return cls("account", str(account_id), channel, account_id=account_id, trace_id=trace_id)

    @classmethod
    def for_staff(cls, staff_id: UUID, *, roles: frozenset[Role], channel: str = "desk", trace_id: str = "") -> "Actor":
        return cls("staff", str(staff_id), channel, roles=roles, trace_id=trace_id)

    @classmethod
    def for_channel(cls, channel_id: UUID, code: str, *, scopes: frozenset[str], trace_id: str = "") -> "Actor":
        return cls("channel", str(channel_id), code, scopes=scopes, trace_id=trace_id)

    @classmethod
    def system(cls, job: str) -> "Actor":
        return cls("system", job, "system")

    @property
    def key(self) -> str:
        """Names the actor in idempotency keys and events: `account:0190…`."""
        return f"{self.kind}:{self.id}"

    def has_role(self, *names: str, hospital_id: UUID | None = None) -> bool:
        """Whether one of the roles is held at this hospital, or for the city where `hospital_id` is None."""
        return any(Role(name, hospital_id) in self.roles for name in names)

    def hospitals(self, *names: str) -> frozenset[UUID]:
        """The hospitals at which one of the roles is held."""
        return frozenset(r.hospital_id for r in self.roles if r.hospital_id is not None and r.name in names)
