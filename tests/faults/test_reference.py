"""What a process keeps for visitors' pages is asked once, and forgotten when a row behind it changes."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.core.db import reference
from yitong.domains.hospitals import models as hospitals
from yitong.domains.hospitals.queries import directory as places

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def keeping(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.YITONG_KEEPS_REFERENCE = True
    monkeypatch.setattr(reference, "_kept", reference._Kept())


@pytest.mark.usefixtures("keeping")
def test_what_is_kept_is_asked_once_and_forgotten_with_any_change(monkeypatch: pytest.MonkeyPatch) -> None:
    hospital_id = make.hospital()
    with reference.kept():
        before = places.get_hospital(hospital_id)
    with reference.kept(), CaptureQueriesContext(connection) as captured:
        assert places.get_hospital(hospital_id) is before
    assert len(captured) == 0
    hospitals.Hospital.objects.filter(id=hospital_id).update(phone="010-0000 0000")
    monkeypatch.setattr(reference, "LOOK_AFTER_S", 0)
    with reference.kept():
        assert places.get_hospital(hospital_id).phone == "010-0000 0000"


@pytest.mark.usefixtures("keeping")
def test_outside_a_visitors_page_nothing_is_kept() -> None:
    hospital_id = make.hospital()
    with reference.kept():
        places.get_hospital(hospital_id)
    with CaptureQueriesContext(connection) as captured:
        places.get_hospital(hospital_id)
    assert len(captured) == 1
