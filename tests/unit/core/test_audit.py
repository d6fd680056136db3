"""The audit's own refusals: too much asked at once, a dead letter that isn't there."""

from datetime import timedelta

import pytest
from tests import make
from tests.make import NOW

from yitong.core.db import audit
from yitong.core.db.models import Event
from yitong.core.errors import AuditTooWide, DeadLetterMissing, Forbidden
from yitong.core.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R-205")
def test_audit_reads_a_bounded_time_and_only_for_its_officers() -> None:
    make.hospital()
    auditor = make.staff_actor("auditor")
    asked = audit.EventsAsked(from_at=NOW - audit.LONGEST, until_at=NOW)
    assert isinstance(audit.list_events(asked, auditor), list)
    with pytest.raises(AuditTooWide) as refused:
        audit.list_events(audit.EventsAsked(from_at=NOW - audit.LONGEST - timedelta(seconds=1), until_at=NOW), auditor)
    assert refused.value.params == {"days": audit.LONGEST.days}
    with pytest.raises(Forbidden):
        audit.list_events(asked, make.hospital_admin(new_id()))


def test_a_letter_that_is_not_dead_cannot_be_settled() -> None:
    for how in ("retry", "skip"):
        with pytest.raises(DeadLetterMissing):
            audit.settle_letter(new_id(), "notify.tell", how, actor=make.security_admin(), now=NOW)
    assert not Event.objects.filter(operation=audit.DeadLetterSettled.operation).exists()
