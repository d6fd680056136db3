"""Access: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.actor import Role
from yitong.core.events import Event


class RoleName(StrEnum):
    """Roles at one hospital, then roles of the city (三员分立, R-205)."""

    REGISTRAR = "registrar"  # 挂号员: window booking, find a patient
    NURSE = "nurse"  # 分诊护士: today's list
    DOCTOR = "doctor"  # 医师: own sessions, extra slots
    ROSTER_MANAGER = "roster_manager"  # 排班员: rosters, stop, substitute
    HOSPITAL_ADMIN = "hospital_admin"  # 本院管理员: staff, hospital policies, announcements
    CITY_OPERATOR = "city_operator"  # 城市运营: hospitals, figures
    POLICY_OFFICER = "policy_officer"  # 规则管理: city policies
    SECURITY_ADMIN = "security_admin"  # 安全管理: staff, channels, keys, kill switch
    AUDITOR = "auditor"  # 审计: audit view, nothing else


CITY_ROLES = frozenset({RoleName.CITY_OPERATOR, RoleName.POLICY_OFFICER, RoleName.SECURITY_ADMIN, RoleName.AUDITOR})
# Who can't work without a second factor.
SECOND_FACTOR_ROLES = CITY_ROLES | {RoleName.HOSPITAL_ADMIN}


class Scope(StrEnum):
    """What a channel may do."""

    COUNTS = "slots:counts"  # slot counts only (S-14)
    CATALOGUE = "catalogue:read"
    PATIENTS = "patients:resolve"
    PATIENTS_WRITE = "patients:write"
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    ACCOUNTS = "accounts:sign_in"  # may let account holders sign in through it
    ENTITLEMENTS = "entitlements:write"


class StaffState(StrEnum):
    ACTIVE = "active"
    LEFT = "left"


class SignInWay(StrEnum):
    """How a session began."""

    PASSWORD = "password"
    SWITCH = "switch"  # at a shared desk, by password or PIN
    PROVIDER = "provider"  # through the hospital's own identity provider


class SessionEnd(StrEnum):
    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    SWITCHED = "switched"
    LEFT = "left"
    ENDED_BY_ADMIN = "ended_by_admin"
    PASSWORD_CHANGED = "password_changed"


class ChannelKind(StrEnum):
    OWN = "own"
    HOSPITAL = "hospital"
    PARTNER = "partner"


class ChannelState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StaffMember:
    staff_id: UUID
    login: str
    name: str
    is_active: bool
    has_second_factor: bool
    roles: tuple[tuple[RoleName, UUID | None], ...]
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Channel:
    channel_id: UUID
    code: str
    name: str
    kind: str  # own | hospital | partner
    purpose: str
    state: ChannelState
    scopes: frozenset[str]
    per_minute: int
    contract_until: date | None
    hospital_id: UUID | None = None
    state_reason: str = ""


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """A key with what decides whether its channel may do something now."""

    key_id: UUID
    channel_id: UUID
    channel: str  # its code
    state: ChannelState
    is_revoked: bool  # the key itself
    contract_until: date | None
    scopes: frozenset[str]
    per_minute: int


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """A key as listed: only its prefix; the secret is shown once, when it is made."""

    key_id: UUID
    channel_id: UUID
    prefix: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A living session. `roles` are those that it may use: without the second factor no role that needs one."""

    session_id: UUID
    staff_id: UUID
    roles: frozenset[Role]
    must_enrol: bool  # a role waits for a second factor that is not set up yet
    has_second_factor: bool
    terminal_id: UUID | None
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SeatedStaff:
    """Who signed in at a shared desk today and may come back fast."""

    staff_id: UUID
    name: str
    has_pin: bool


@dataclass(frozen=True, slots=True)
class Terminal:
    terminal_id: UUID
    hospital_id: UUID
    name: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How to reach a hospital's OpenID provider. `repr` hides the secret."""

    provider_id: UUID
    hospital_id: UUID
    issuer: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"ProviderSettings({self.hospital_id}, {self.issuer})"


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What a page may show of a hospital's provider: all but the secret."""

    issuer: str
    client_id: str
    is_active: bool
    set_at: datetime
    bound: int  # how many of the staff are somebody there


@dataclass(frozen=True, slots=True)
class Identity:
    """What a provider vouches for, after its signature was checked."""

    subject: str
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """`code` is the second factor (or a recovery code), sent with the password once MfaRequired was the answer."""

    login: str
    password: str
    code: str | None = None
    terminal_token: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`token` names the session: the browser keeps it, nobody else sees it."""

    staff_id: UUID
    token: str
    must_enrol: bool


@dataclass(frozen=True, slots=True)
class SwitchUser:
    """At a shared desk: one of today's staff comes back, by the PIN of the day or by password."""

    terminal_token: str
    staff_id: UUID
    pin: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptInvite:
    login: str
    invite: str
    password: str


@dataclass(frozen=True, slots=True)
class ChangePassword:
    token: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AddStaff:
    """One who joins, with roles at one hospital or (None) for the city. Without a `key`, a repeat is refused like
    anybody else's wish for that login."""

    login: str
    name: str
    hospital_id: UUID | None
    roles: tuple[RoleName, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """`invite` is shown once: with it the person sets the first password. Empty where it has been shown."""

    staff_id: UUID
    login: str
    invite: str


@dataclass(frozen=True, slots=True)
class GiveRole:
    staff_id: UUID
    role: RoleName
    hospital_id: UUID | None
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndRole:
    staff_id: UUID
    role: RoleName
    hospital_id: UUID | None


@dataclass(frozen=True, slots=True)
class ImportStaff:
    """The file of joiners and leavers of one hospital: CSV with the heading `action,login,name,roles,subject`."""

    hospital_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class StaffImported:
    joined: tuple[Invited, ...]
    changed: int
    left: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Shown once: the secret for the authenticator, as text and as an `otpauth://` address for a QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class RegisterTerminal:
    hospital_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class TerminalMade:
    terminal_id: UUID
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    name: str
    kind: ChannelKind
    purpose: str
    scopes: frozenset[Scope]
    per_minute: int
    contract_until: date | None = None
    hospital_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AddChannel:
    code: str
    facts: ChannelFacts


@dataclass(frozen=True, slots=True)
class ChangeChannel:
    channel_id: UUID
    facts: ChannelFacts


@dataclass(frozen=True, slots=True)
class MakeKey:
    channel_id: UUID
    key: str


@dataclass(frozen=True, slots=True)
class KeyMade:
    """`secret` is the whole key `ytk_<prefix>_<secret>`, shown once; a repeat of the command shows it no more."""

    key_id: UUID
    prefix: str
    secret: str


@dataclass(frozen=True, slots=True)
class SetProvider:
    """`client_secret` None: the one that is kept goes on, as long as the issuer is the same."""

    hospital_id: UUID
    issuer: str
    client_id: str
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class BindIdentity:
    hospital_id: UUID
    staff_id: UUID
    subject: str


@dataclass(frozen=True, slots=True)
class IdentityStart:
    """Where to send the browser; it comes back with `state`, which the browser's session keeps until then."""

    url: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAdded(Event):
    operation: ClassVar[str] = "access.staff_added"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffGone(Event):
    operation: ClassVar[str] = "access.staff_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGiven(Event):
    operation: ClassVar[str] = "access.role_given"
    role: str
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEnded(Event):
    operation: ClassVar[str] = "access.role_ended"
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSignedIn(Event):
    operation: ClassVar[str] = "access.staff_signed_in"
    way: str
    has_second_factor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLocked(Event):
    operation: ClassVar[str] = "access.staff_locked"
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChanged(Event):
    """`what`: invite, password, totp_set, totp_cleared, identity_bound, recovery_code_used."""

    operation: ClassVar[str] = "access.credential_changed"
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalChanged(Event):
    operation: ClassVar[str] = "access.terminal_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChanged(Event):
    operation: ClassVar[str] = "access.provider_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAdded(Event):
    operation: ClassVar[str] = "access.channel_added"
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChanged(Event):
    """Its terms, or (from and to state) the kill switch."""

    operation: ClassVar[str] = "access.channel_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKeyChanged(Event):
    """Made or revoked: the subject is the channel."""

    operation: ClassVar[str] = "access.channel_key_changed"
    key_id: UUID
