"""Each constraint of access holds without the code above it."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from tests import make

from yitong.core.ids import new_id
from yitong.domains.access import models

pytestmark = pytest.mark.django_db
NOW = make.NOW
HERE = UUID(int=11)


def staff_row(**changed):
    values = {"login": f"s{make.number()}", "name": "李娜", "joined_at": NOW, "password": "!", **changed}
    return models.Staff.objects.create(id=new_id(), **values)


def role_row(**changed):
    values = {"name": "nurse", "hospital_id": HERE, "from_at": NOW, "given_by": "system:x", **changed}
    return models.StaffRole.objects.create(id=new_id(), **values)


def channel_row(**changed):
    values = {"code": f"c{make.number()}", "name": "x", "kind": "own", "purpose": "x", "state_at": NOW, "per_minute": 1}
    return models.Channel.objects.create(id=new_id(), **{**values, **changed})


def session_row(**changed):
    values = {"token_hash": b"1", "staff": staff_row(), "way": "password", "started_at": NOW, "seen_at": NOW, **changed}
    return models.StaffSession.objects.create(id=new_id(), **values)


def key_row(channel):
    return models.ChannelKey.objects.create(
        id=new_id(), channel=channel, prefix="aaaaaaaaaaaa", secret_hash=b"1", created_at=NOW, created_by="system:x"
    )


def provider_row():
    return models.IdentityProvider.objects.create(
        id=new_id(), hospital_id=HERE, issuer="https://x", client_id="x", client_secret="x", set_at=NOW
    )


def twice(make_row):
    make_row()
    make_row()


def roles_twice(**changed):
    staff = staff_row()
    twice(lambda: role_row(staff=staff, **changed))


def identities(*, same_subject):
    provider, staff = provider_row(), staff_row()
    for subject in ("a", "a" if same_subject else "b"):
        models.StaffIdentity.objects.create(
            id=new_id(), staff=staff_row() if same_subject else staff, provider=provider, subject=subject, bound_at=NOW
        )


BREAKS = {
    "staff_login_once": lambda: twice(lambda: staff_row(login="same")),
    "staff_login_lower": lambda: staff_row(login="Upper"),
    "staff_state_as_its_end": lambda: staff_row(state="left"),
    "staff_invite_whole": lambda: staff_row(invite_hash=b"1"),
    "staff_totp_confirmed_has_secret": lambda: staff_row(totp_confirmed_at=NOW),
    "staff_role_once_open": lambda: roles_twice(),
    "staff_role_in_its_place": lambda: role_row(staff=staff_row(), name="auditor"),
    "staff_role_ends_after_start": lambda: role_row(staff=staff_row(), until_at=NOW - timedelta(seconds=1)),
    "staff_session_token_once": lambda: twice(session_row),
    "staff_session_way_known": lambda: session_row(way="magic"),
    "staff_session_ended_whole": lambda: session_row(ended_at=NOW),
    "channel_code_once": lambda: twice(lambda: channel_row(code="same")),
    "channel_code_plain": lambda: channel_row(code="Has Blank"),
    "channel_state_known": lambda: channel_row(state="asleep"),
    "channel_kind_known": lambda: channel_row(kind="friend"),
    "channel_scopes_known": lambda: channel_row(scopes=["everything"]),
    "channel_limit_positive": lambda: channel_row(per_minute=0),
    "channel_partner_has_contract": lambda: channel_row(kind="partner"),
    "channel_hospital_has_its_hospital": lambda: channel_row(kind="hospital"),
    "channel_key_prefix_once": lambda: twice(lambda: key_row(channel_row())),
    "identity_provider_once_a_hospital": lambda: twice(provider_row),
    "staff_identity_subject_once": lambda: identities(same_subject=True),
    "staff_identity_once_a_provider": lambda: identities(same_subject=False),
}


@pytest.mark.parametrize("name", BREAKS)
def test_constraint_holds(name):
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        BREAKS[name]()
    assert broken.value.__cause__.diag.constraint_name == name


def test_city_role_is_held_once_too():
    with pytest.raises(IntegrityError), transaction.atomic():
        roles_twice(name="auditor", hospital_id=None)
    assert connection.is_usable()
