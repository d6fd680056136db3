"""Access: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


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


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """A key as listed: only its prefix; the secret is shown once, when it is made."""

    key_id: UUID
    channel_id: UUID
    prefix: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
