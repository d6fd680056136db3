"""Rules of a hospital: dated, tightened only downwards, and told to patients as they are enforced (S-38)."""

from datetime import time, timedelta
from uuid import UUID

import pytest
from tests import make

from yitong.core.db import policies
from yitong.core.db.models import Event, PolicyRecord
from yitong.core.errors import Forbidden, KeyReused, PolicyInvalid, PolicyLoosened, PolicyUnknown
from yitong.core.policy.values import Policies
from yitong.domains.hospitals import errors, rules
from yitong.domains.hospitals.commands.policies import set_policy
from yitong.domains.hospitals.contracts.writes import SetPolicy
from yitong.domains.hospitals.queries import policy_lines

pytestmark = pytest.mark.django_db
NOW = make.NOW
WINDOW = "booking.window.max_days"
OFFICER = make.staff_actor("policy_officer")


def decide(policy, value, hospital_id=None, *, department_id=None, at=NOW, key=None, actor=None):
    cmd = SetPolicy(policy, value, hospital_id, department_id, at, "院办〔2026〕1号", key or f"k{make.number()}")
    actor = actor or (OFFICER if hospital_id is None else make.hospital_admin(hospital_id))
    return set_policy(cmd, actor=actor, now=NOW)


def words(hospital_id, now=NOW, language="zh-hans"):
    return {line.policy: line.text for line in policy_lines.policies_in_words(hospital_id, now, language)}


def test_policy_takes_effect_on_its_date_and_emits_an_event():
    hospital_id = make.hospital()
    made = decide("booking.window.max_days", 14, hospital_id, at=NOW + timedelta(days=1))
    assert policies.at(hospital_id, NOW).int("booking.window.max_days") == 7
    assert policies.at(hospital_id, NOW + timedelta(days=1)).int("booking.window.max_days") == 14
    event = Event.objects.get(hospital_id=hospital_id, operation="hospitals.policy_set")
    assert (event.subject_id, event.body["policy"], event.body["value"]) == (made.id, "booking.window.max_days", "14")


def test_words_change_with_the_value_that_is_enforced():
    """S-38: the page is made from the same record, so both change at the same instant."""
    hospital_id = make.hospital()
    later = NOW + timedelta(days=1)
    assert words(hospital_id)["booking.window.max_days"] == "可预约明天至7天后的号，每天15:00放出新一天的号"
    decide("booking.window.max_days", 28, hospital_id, at=later)
    decide("booking.window.release", "07:00", hospital_id, at=later)
    decide("booking.cancel.time", "16:00", hospital_id, at=later)
    assert policies.at(hospital_id, later).time("booking.window.release") == time(7)
    assert words(hospital_id, later)["booking.window.max_days"] == "可预约明天至28天后的号，每天07:00放出新一天的号"
    assert words(hospital_id, later)["booking.cancel.time"] == "取消、改约请在就诊前一天16:00前办理"
    english = words(hospital_id, later, "en")
    assert (
        english["booking.window.max_days"]
        == "You can book from tomorrow to 28 days ahead; a new day opens at 07:00 each day"
    )
    assert words(hospital_id)["booking.cancel.time"] == "取消、改约请在就诊前一天15:00前办理"


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("booking.window.min_days", 0),
        ("booking.window.max_days", 14),
        ("booking.window.release", "05:00"),
        ("booking.window.stop_for_tomorrow", "14:00"),
        ("booking.window.same_day", True),
        ("booking.cancel.days_before", 0),
        ("booking.cancel.time", "23:59"),
        ("booking.pickup.grace_minutes", 10),
        ("booking.payment", "online"),
        ("booking.verified_only", False),
        ("booking.first_visit_named_doctor", True),
        ("booking.limits.same_day", 1),
        ("booking.limits.d7", 2),
        ("booking.limits.m3", 4),
        ("booking.noshow", [{"count": 1, "period": "natural_year", "lock_days": 30}]),
    ],
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_rule_that_patients_read_follows_its_value(policy, value, language):
    before = [line.text for line in rules.rules_for_patients(Policies({}), language)]
    after = [line.text for line in rules.rules_for_patients(Policies({policy: value}), language)]
    assert before != after


def test_city_officer_decides_for_the_city_and_a_hospital_only_tightens():
    hospital_id = make.hospital()
    decide("booking.limits.m3", 4)
    with pytest.raises(PolicyLoosened):
        decide("booking.limits.m3", 5, hospital_id)
    decide("booking.limits.m3", 3, hospital_id)
    assert policies.at(hospital_id, NOW).int("booking.limits.m3") == 3
    decide("booking.limits.m3", None, hospital_id, at=NOW + timedelta(days=1))
    assert policies.at(hospital_id, NOW + timedelta(days=1)).int("booking.limits.m3") == 4


def test_policy_refusals_leave_nothing():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    department_id = make.department(hospital_id)
    for refusal, run in (
        (
            errors.PolicyInThePast,
            lambda: decide(WINDOW, 9, hospital_id, at=NOW - timedelta(seconds=1)),
        ),
        (
            errors.PolicyNotForDepartment,
            lambda: decide("booking.cancel.time", "16:00", hospital_id, department_id=department_id),
        ),
        (errors.PolicyNotForDepartment, lambda: decide(WINDOW, 9, department_id=department_id)),
        (errors.HospitalMissing, lambda: decide(WINDOW, 9, UUID(int=5))),
        (
            errors.DepartmentMissing,
            lambda: decide(WINDOW, 9, hospital_id, department_id=UUID(int=5)),
        ),
        (PolicyUnknown, lambda: decide("booking.nothing", 9, hospital_id)),
        (PolicyInvalid, lambda: decide(WINDOW, "9", hospital_id)),
        (PolicyInvalid, lambda: decide(WINDOW, 999, hospital_id)),
        (Forbidden, lambda: decide(WINDOW, 9, hospital_id, actor=OFFICER)),
        (Forbidden, lambda: decide(WINDOW, 9, actor=make.hospital_admin(hospital_id))),
        (Forbidden, lambda: decide(WINDOW, 9, hospital_id, actor=make.hospital_admin(UUID(int=6)))),
    ):
        with pytest.raises(refusal):
            run()
    assert PolicyRecord.objects.count() == 0


def test_repeated_key_decides_once():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    first = decide("booking.window.max_days", 14, hospital_id, key="once", actor=admin)
    assert decide("booking.window.max_days", 14, hospital_id, key="once", actor=admin) == first
    with pytest.raises(KeyReused):
        decide("booking.window.max_days", 15, hospital_id, key="once", actor=admin)
    assert PolicyRecord.objects.count() == 1


def test_department_may_have_its_own_window():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    department_id = make.department(hospital_id)
    decide("booking.window.max_days", 28, hospital_id, department_id=department_id)
    text = [line.text for line in policy_lines.policies_in_words(hospital_id, NOW, "zh", department_id=department_id)]
    assert "可预约明天至28天后的号，每天15:00放出新一天的号" in text
    assert "28天" not in words(hospital_id)["booking.window.max_days"]


def test_history_and_differences():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    decide("booking.window.max_days", 14, hospital_id)
    decide("booking.window.max_days", 28, hospital_id, at=NOW + timedelta(days=2))
    decide("booking.limits.m3", 4)
    history = policy_lines.policy_history(admin, hospital_id=hospital_id)
    assert [(one.value, one.decided_by, one.source) for one in history] == [
        (28, decided_by, "院办〔2026〕1号") for decided_by in [history[0].decided_by]
    ] + [(14, history[1].decided_by, "院办〔2026〕1号")]
    assert [one.value for one in policy_lines.policy_history(admin, policy="booking.limits.m3")] == [4]
    [change] = policy_lines.policy_diff(admin, hospital_id=hospital_id, before=NOW, after=NOW + timedelta(days=3))
    assert (change.policy, change.before, change.after) == ("booking.window.max_days", 14, 28)
    [differs] = policy_lines.policy_diff_from_city(admin, hospital_id=hospital_id, now=NOW)
    assert (differs.policy, differs.before, differs.after) == ("booking.window.max_days", 7, 14)
    with pytest.raises(Forbidden):
        policy_lines.policy_history(make.hospital_admin(UUID(int=8)), hospital_id=hospital_id)
    with pytest.raises(Forbidden):
        policy_lines.policy_diff(
            make.staff_actor("nurse", hospital_id=hospital_id), hospital_id=None, before=NOW, after=NOW
        )
