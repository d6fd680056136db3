"""Failures, second factors, files and limits for any input."""

import csv
import io
from datetime import timedelta

import pyotp
from hypothesis import given
from hypothesis import strategies as st
from tests import make

from yitong.core.actor import Role
from yitong.domains.access import rules
from yitong.domains.access.contracts import CITY_ROLES, SECOND_FACTOR_ROLES, RoleName
from yitong.domains.access.errors import FileInvalid, PinInvalid, RolesApart

NOW = make.NOW
LOCK = timedelta(minutes=30)


@given(gaps=st.lists(st.integers(0, 4000), max_size=40), most=st.integers(1, 10))
def test_no_lock_before_as_many_failures_within_reach(gaps, most):
    """A lock means `most` failures, none of them half an hour after the one before."""
    now, failures, run = NOW, rules.Failures(0, None, None), 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        if failures.is_locked(now):
            continue
        fresh = failures.locked_until is not None or failures.last_at is None or now - failures.last_at >= LOCK
        run = 1 if fresh else run + 1
        failures = failures.one_more(now, most=most, lock=LOCK)
        assert failures.count == run <= most
        assert failures.is_locked(now) == (run == most)


@given(offset=st.integers(-300, 300), used=st.booleans())
def test_code_fits_within_a_step_and_after_the_last_one(offset, used):
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    then = NOW + timedelta(seconds=offset)
    steps = int(then.timestamp()) // 30 - int(NOW.timestamp()) // 30
    last = int(then.timestamp()) // 30 if used else None
    step = rules.totp_step(secret, pyotp.TOTP(secret).at(then), last, NOW)
    if abs(steps) <= 1 and not used:
        assert step == int(then.timestamp()) // 30
    elif used:
        assert step is None or step > last


@given(text=st.text(max_size=400))
def test_any_text_is_a_file_or_refused(text):
    try:
        lines = rules.read_staff_file(text)
    except FileInvalid:
        return
    assert len({line.login for line in lines}) == len(lines)


LOGINS = st.from_regex(r"[a-z0-9][a-z0-9._@-]{1,20}", fullmatch=True)
NAMES = st.text(st.characters(categories=["Lo", "Lu", "Ll"]), min_size=1, max_size=20)
HOSPITAL_ROLES = sorted(set(RoleName) - CITY_ROLES)


@given(rows=st.dictionaries(LOGINS, st.tuples(NAMES, st.sets(st.sampled_from(HOSPITAL_ROLES), min_size=1)), max_size=8))
def test_file_is_read_as_it_was_written(rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rules.HEADING)
    for login, (name, roles) in rows.items():
        writer.writerow(["join", login, name, " ".join(roles), ""])
    read = {line.login: (line.name, set(line.roles)) for line in rules.read_staff_file(out.getvalue())}
    assert read == rows


@given(names=st.sets(st.sampled_from(sorted(RoleName))))
def test_no_one_holds_two_officers(names):
    officers = {name in {"security_admin", "auditor"} and name or "run" for name in names if name in CITY_ROLES}
    try:
        rules.check_apart(names)
    except RolesApart:
        assert len(officers) > 1
    else:
        assert len(officers) <= 1


ROLES = st.sets(st.builds(Role, st.sampled_from(sorted(RoleName)), st.sampled_from([None, make.SYSTEM.account_id])))


@given(roles=ROLES, second=st.booleans())
def test_no_privileged_role_without_a_second_factor(roles, second):
    usable = rules.usable_roles(roles, has_second_factor=second)
    assert usable <= roles
    assert second or not {role.name for role in usable} & SECOND_FACTOR_ROLES
    assert usable >= {role for role in roles if role.name not in SECOND_FACTOR_ROLES}


@given(pin=st.text(max_size=10))
def test_any_pin_is_six_digits_or_refused(pin):
    try:
        assert rules.check_pin(pin) == pin
        assert len(pin) == 6
        assert pin.isascii()
        assert pin.isdigit()
        assert len(set(pin)) > 1
    except PinInvalid:
        pass


def test_keys_and_invites_never_repeat():
    keys = {rules.new_key() for _ in range(200)}
    assert len(keys) == 200
    assert all(rules.prefix_of(key) == prefix for prefix, key in keys)
    assert len({rules.new_invite() for _ in range(200)}) == 200
