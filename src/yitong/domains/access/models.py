"""Tables of access: fields, constraints and scoped querysets."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from yitong.core.actor import Actor
from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.access.contracts import (
    CITY_ROLES,
    ChannelKind,
    ChannelState,
    RoleName,
    Scope,
    SessionEnd,
    SignInWay,
    StaffState,
)


def words(names: type[StrEnum]) -> list[str]:
    """The stored words of an enumeration, as constraints and migrations hold them."""
    return [name.value for name in names]


CITY = sorted(role.value for role in CITY_ROLES)
OF_HOSPITAL = sorted(role.value for role in RoleName if role not in CITY_ROLES)


class StaffSet(models.QuerySet["Staff"]):
    def visible_to(self, actor: Actor, now: datetime) -> "StaffSet":
        """All for the city's security officer and auditor, else those of the hospitals that the actor administers."""
        if actor.kind == "system" or actor.has_role(RoleName.SECURITY_ADMIN, RoleName.AUDITOR):
            return self
        held = StaffRole.objects.held(now).filter(hospital_id__in=actor.hospitals(RoleName.HOSPITAL_ADMIN))
        return self.filter(id__in=held.values("staff_id"))


class StaffManager(BaseUserManager["Staff"]):
    """What Django's authentication asks for: find by login."""

    def get_queryset(self) -> StaffSet:
        return StaffSet(self.model, using=self._db)


class Staff(AbstractBaseUser):
    """A person who works at a hospital or for the city, and signs in."""

    scale = Scale.L
    append_only = False

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    last_login = None  # `last_sign_in_at`, written by our own command

    id = models.UUIDField(primary_key=True, default=new_id)
    login = models.CharField(max_length=64)
    name = EncryptedText(aad="access.staff.name")
    state = models.CharField(max_length=16, default=StaffState.ACTIVE.value)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    last_sign_in_at = models.DateTimeField(null=True)
    password_at = models.DateTimeField(null=True)
    invite_hash = models.BinaryField(null=True, help_text="SHA-256 of the one-time code that sets the first password")
    invite_until = models.DateTimeField(null=True)
    totp_secret = EncryptedText(aad="access.staff.totp", null=True)
    totp_confirmed_at = models.DateTimeField(null=True)
    totp_last_step = models.BigIntegerField(null=True, help_text="number of the last time step used: no code twice")

    objects = StaffManager.from_queryset(StaffSet)()

    class Meta:
        db_table = "access_staff"
        constraints = [
            models.UniqueConstraint(name="staff_login_once", fields=["login"]),
            models.CheckConstraint(name="staff_login_lower", condition=Q(login__regex=r"^[a-z0-9][a-z0-9._@-]{1,63}$")),
            models.CheckConstraint(
                name="staff_state_as_its_end",
                condition=Q(state=StaffState.ACTIVE.value, left_at=None)
                | Q(state=StaffState.LEFT.value, left_at__isnull=False),
            ),
            models.CheckConstraint(
                name="staff_invite_whole",
                condition=Q(invite_hash=None, invite_until=None)
                | Q(invite_hash__isnull=False, invite_until__isnull=False),
            ),
            models.CheckConstraint(
                name="staff_totp_confirmed_has_secret",
                condition=Q(totp_confirmed_at=None) | Q(totp_secret__isnull=False),
            ),
        ]

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state == StaffState.ACTIVE


class StaffRoleSet(models.QuerySet["StaffRole"]):
    def held(self, now: datetime) -> "StaffRoleSet":
        return self.filter(Q(until_at=None) | Q(until_at__gt=now), from_at__lte=now)


class StaffRole(models.Model):
    """One role, at one hospital or (null) for the city, in [from_at, until_at)."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=32)
    hospital_id = models.UUIDField(null=True)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    given_by = models.CharField(max_length=64)

    objects = StaffRoleSet.as_manager()

    class Meta:
        db_table = "access_staff_role"
        constraints = [
            models.UniqueConstraint(
                name="staff_role_once_open",
                fields=["staff", "name", "hospital_id"],
                condition=Q(until_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="staff_role_in_its_place",
                condition=Q(name__in=CITY, hospital_id=None) | Q(name__in=OF_HOSPITAL, hospital_id__isnull=False),
            ),
            models.CheckConstraint(
                name="staff_role_ends_after_start", condition=Q(until_at=None) | Q(until_at__gte=F("from_at"))
            ),
        ]
        indexes = [models.Index(fields=["hospital_id", "name"], name="staff_role_by_hospital")]


class SignInFailure(models.Model):
    """Failures in a row of one login, whether or not anybody has it: so a lock tells nothing about who exists."""

    scale = Scale.L
    append_only = False

    login_hash = models.BinaryField(primary_key=True, help_text="SHA-256 of the login as normalised")
    fails = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_sign_in_failure"


class RecoveryCode(models.Model):
    """A code that stands in for the second factor, once."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    code_hash = models.BinaryField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_recovery_code"
        constraints = [models.UniqueConstraint(name="recovery_code_once", fields=["staff", "code_hash"])]


class Terminal(models.Model):
    """A shared desk: a browser that holds a secret of its own."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    token_hash = models.BinaryField()
    hospital_id = models.UUIDField()
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_terminal"
        constraints = [models.UniqueConstraint(name="terminal_token_once", fields=["token_hash"])]
        indexes = [models.Index(fields=["hospital_id"], name="terminal_by_hospital")]


class TerminalDay(models.Model):
    """Who signed in at a terminal on a day: the second factor of that day, and the short PIN that rests on it."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    terminal = models.ForeignKey(Terminal, on_delete=models.CASCADE, related_name="+")
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    second_factor_at = models.DateTimeField(null=True)
    pin_hash = models.CharField(max_length=128, null=True)
    pin_fails = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "access_terminal_day"
        constraints = [models.UniqueConstraint(name="terminal_day_once", fields=["terminal", "staff", "day"])]


class StaffSession(models.Model):
    """A signed-in browser. Truth of whether a session lives; the cookie only names it."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    token_hash = models.BinaryField()
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    terminal = models.ForeignKey(Terminal, on_delete=models.PROTECT, null=True, related_name="+")
    way = models.CharField(max_length=16)
    only_hospital_id = models.UUIDField(null=True, help_text="a hospital's provider vouches for its own hospital only")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    second_factor_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=16, null=True)

    class Meta:
        db_table = "access_staff_session"
        constraints = [
            models.UniqueConstraint(name="staff_session_token_once", fields=["token_hash"]),
            models.CheckConstraint(name="staff_session_way_known", condition=Q(way__in=words(SignInWay))),
            models.CheckConstraint(
                name="staff_session_ended_whole",
                condition=Q(ended_at=None, ended_why=None)
                | Q(ended_at__isnull=False, ended_why__isnull=False, ended_why__in=words(SessionEnd)),
            ),
        ]
        indexes = [models.Index(fields=["staff"], name="staff_session_open", condition=Q(ended_at=None))]


class Channel(models.Model):
    """A way in for machines: a kiosk fleet, 114, a hospital's app, a partner. With a contract and a kill switch."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=16)
    purpose = models.CharField(max_length=200)
    hospital_id = models.UUIDField(null=True)
    state = models.CharField(max_length=16, default=ChannelState.ACTIVE.value)
    state_at = models.DateTimeField()
    state_reason = models.CharField(max_length=200, default="")
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    per_minute = models.PositiveIntegerField()
    contract_until = models.DateField(null=True, help_text="last day of the contract; a partner has one")

    class Meta:
        db_table = "access_channel"
        constraints = [
            models.UniqueConstraint(name="channel_code_once", fields=["code"]),
            models.CheckConstraint(name="channel_code_plain", condition=Q(code__regex=r"^[a-z0-9][a-z0-9_-]{1,31}$")),
            models.CheckConstraint(name="channel_state_known", condition=Q(state__in=words(ChannelState))),
            models.CheckConstraint(name="channel_kind_known", condition=Q(kind__in=words(ChannelKind))),
            models.CheckConstraint(name="channel_scopes_known", condition=Q(scopes__contained_by=words(Scope))),
            models.CheckConstraint(name="channel_limit_positive", condition=Q(per_minute__gte=1)),
            models.CheckConstraint(
                name="channel_partner_has_contract",
                condition=~Q(kind=ChannelKind.PARTNER.value) | Q(contract_until__isnull=False),
            ),
            models.CheckConstraint(
                name="channel_hospital_has_its_hospital",
                condition=Q(kind=ChannelKind.HOSPITAL.value, hospital_id__isnull=False)
                | (~Q(kind=ChannelKind.HOSPITAL.value) & Q(hospital_id=None)),
            ),
        ]


class ChannelKey(models.Model):
    """The key of a channel: an open prefix by which it is found, and the SHA-256 of 256 secret bits."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=12)
    secret_hash = models.BinaryField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_channel_key"
        constraints = [models.UniqueConstraint(name="channel_key_prefix_once", fields=["prefix"])]


class IdentityProvider(models.Model):
    """A hospital's own OpenID provider. It vouches for roles at that hospital only."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital_id = models.UUIDField()
    issuer = models.CharField(max_length=200)
    client_id = models.CharField(max_length=120)
    client_secret = EncryptedText(aad="access.identity_provider.client_secret")
    is_active = models.BooleanField(default=True)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "access_identity_provider"
        constraints = [models.UniqueConstraint(name="identity_provider_once_a_hospital", fields=["hospital_id"])]


class StaffIdentity(models.Model):
    """Which subject of a provider is which member of staff."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=255)
    bound_at = models.DateTimeField()

    class Meta:
        db_table = "access_staff_identity"
        constraints = [
            models.UniqueConstraint(name="staff_identity_subject_once", fields=["provider", "subject"]),
            models.UniqueConstraint(name="staff_identity_once_a_provider", fields=["provider", "staff"]),
        ]


class IdentityAttempt(models.Model):
    """A sign-in on its way through a provider: state, nonce and PKCE verifier, used once and soon."""

    scale = Scale.L
    append_only = False

    state_hash = models.BinaryField(primary_key=True)
    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=64)
    verifier = EncryptedText(aad="access.identity_attempt.verifier")
    redirect_uri = models.CharField(max_length=300)
    until_at = models.DateTimeField()

    class Meta:
        db_table = "access_identity_attempt"


class TokenBucket(models.Model):
    """Rate limits, one row a bucket, in an unlogged table: a crash of the server forgets them, nothing else does."""

    scale = Scale.L
    append_only = False

    bucket = models.BinaryField(primary_key=True, help_text="SHA-256 of the bucket's name")
    full_at = models.DateTimeField(help_text="when the bucket is full again")

    class Meta:
        db_table = "access_token_bucket"
        indexes = [models.Index(fields=["full_at"], name="token_bucket_by_time")]
