"""Refusals that need bad luck or a second try: the same eight digits drawn twice, an entitlement given twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core import clock
from yitong.domains.booking import errors, models
from yitong.domains.booking.commands import claim, extra
from yitong.domains.booking.contracts import GrantEntitlement
from yitong.domains.schedule.contracts import Pool

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R-019")
def test_two_open_bookings_never_share_their_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    place, (actor, patient), (other_actor, other) = build.clinic(), build.holder(), build.holder()
    first = build.hold(place, patient, actor)
    monkeypatch.setattr(claim, "draw_code", lambda hospital_id: first.code)  # all four draws taken a moment ago
    with pytest.raises(errors.CodeCollision):
        build.hold(place, other, other_actor, n=1)
    assert models.Booking.objects.filter(hospital_id=place.hospital_id).count() == 1
    monkeypatch.undo()
    assert build.hold(place, other, other_actor, n=1).code != first.code


@pytest.mark.rule("R-096")
@pytest.mark.rule("R-012")
def test_the_same_entitlement_stands_once() -> None:
    place = build.clinic(pools=(Pool.ONLINE, Pool.REFERRAL))
    patient = build.holder()[1]
    until = clock.shanghai_date(NOW) + timedelta(days=5)
    grant = GrantEntitlement("g", place.hospital_id, patient, place.department_id, "referral", until, "社区转诊")
    admin = make.hospital_admin(place.hospital_id)
    given = extra.grant_entitlement(grant, actor=admin, now=NOW)
    assert extra.grant_entitlement(grant, actor=admin, now=NOW) == given
    with pytest.raises(errors.EntitlementStands):
        extra.grant_entitlement(replace(grant, key="again"), actor=admin, now=NOW)
    assert models.Entitlement.objects.filter(patient_id=patient).count() == 1
    later = replace(grant, key="later", until_date=until + timedelta(days=1))
    assert extra.grant_entitlement(later, actor=admin, now=NOW).entitlement_id != given.entitlement_id
