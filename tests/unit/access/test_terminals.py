"""Shared desks: today's staff come back fast, nobody else does."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests import make

from yitong.core.actor import Role
from yitong.core.errors import Forbidden
from yitong.domains.access import errors, models, queries
from yitong.domains.access.commands import second_factor, staff, terminals
from yitong.domains.access.contracts import RegisterTerminal, SwitchUser

pytestmark = pytest.mark.django_db
NOW = make.NOW
HERE = UUID(int=11)
ADMIN = make.hospital_admin(HERE)
PIN = "274951"


@pytest.fixture
def desk():
    return terminals.register_terminal(RegisterTerminal(HERE, "门诊二层1号窗口"), actor=ADMIN, now=NOW)


def switch(desk, staff_id, now=NOW, **secret):
    return terminals.switch_user(SwitchUser(desk.token, staff_id, **secret), now=now)


def test_desk_remembers_who_signed_in_today(desk):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    assert queries.list_seated(desk.token, NOW) == []
    make.signed_in(nurse, terminal_token=desk.token)
    [seated] = queries.list_seated(desk.token, NOW)
    assert (seated.staff_id, seated.name, seated.has_pin) == (nurse.staff_id, "王小芳", False)
    assert queries.list_seated(desk.token, NOW + timedelta(days=1)) == []
    with pytest.raises(errors.TerminalUnknown):
        queries.list_seated("other", NOW)


def test_switching_by_pin_ends_the_session_before(desk):
    one, two = make.staff_member("nurse", hospital_id=HERE), make.staff_member("registrar", hospital_id=HERE)
    token = make.signed_in(one, terminal_token=desk.token).token
    terminals.set_pin(token, PIN, now=NOW)
    other = make.signed_in(two, terminal_token=desk.token).token
    assert queries.session_of(token, NOW) is None
    back = switch(desk, one.staff_id, pin=PIN)
    assert queries.session_of(back.token, NOW).roles == {Role("nurse", HERE)}
    assert queries.session_of(other, NOW) is None


def test_switching_by_password(desk):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    make.signed_in(nurse, terminal_token=desk.token)
    assert switch(desk, nurse.staff_id, password=make.PASSWORD).staff_id == nurse.staff_id
    for _ in range(4):
        with pytest.raises(errors.SignInFailed):
            switch(desk, nurse.staff_id, password="wrong")
    with pytest.raises(errors.AccountLocked):
        switch(desk, nurse.staff_id, password="wrong")


def test_fifth_wrong_pin_withdraws_it(desk):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    terminals.set_pin(make.signed_in(nurse, terminal_token=desk.token).token, PIN, now=NOW)
    for _ in range(5):
        with pytest.raises(errors.PinWrong):
            switch(desk, nurse.staff_id, pin="111222")
    with pytest.raises(errors.PinWrong):
        switch(desk, nurse.staff_id, pin=PIN)
    assert switch(desk, nurse.staff_id, password=make.PASSWORD).staff_id == nurse.staff_id


def test_pin_holds_at_this_desk_today_and_for_this_person(desk):
    nurse, other = make.staff_member("nurse", hospital_id=HERE), make.staff_member("nurse", hospital_id=HERE)
    second = terminals.register_terminal(RegisterTerminal(HERE, "2号窗口"), actor=ADMIN, now=NOW)
    terminals.set_pin(make.signed_in(nurse, terminal_token=desk.token).token, PIN, now=NOW)
    for attempt in (
        lambda: switch(second, nurse.staff_id, pin=PIN),
        lambda: switch(desk, other.staff_id, pin=PIN),
        lambda: switch(desk, nurse.staff_id, NOW + timedelta(days=1), pin=PIN),
        lambda: switch(desk, UUID(int=1), pin=PIN),
        lambda: terminals.switch_user(SwitchUser("forged", nurse.staff_id, pin=PIN), now=NOW),
    ):
        with pytest.raises(errors.TerminalUnknown):
            attempt()


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "111111", "123456", "987654", "901234", "abcdef", "١٢٣٤٥٧"])
def test_weak_pins_are_refused(desk, pin):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    token = make.signed_in(nurse, terminal_token=desk.token).token
    with pytest.raises(errors.PinInvalid):
        terminals.set_pin(token, pin, now=NOW)


def test_pin_carries_the_second_factor_of_the_day(desk):
    """R-205: a privileged role works after a switch only where the second factor was shown here today."""
    admin = make.staff_member("hospital_admin", hospital_id=HERE)
    token = make.signed_in(admin, terminal_token=desk.token).token
    with pytest.raises(errors.MfaRequired):
        terminals.set_pin(token, PIN, now=NOW)
    enrolment = second_factor.begin_totp(token, now=NOW)
    second_factor.confirm_totp(token, make.totp_code(enrolment.secret, NOW), now=NOW)
    terminals.set_pin(token, PIN, now=NOW)
    for secret in ({"pin": PIN}, {"password": make.PASSWORD}):
        back = switch(desk, admin.staff_id, **secret)
        assert queries.session_of(back.token, NOW).roles == {Role("hospital_admin", HERE)}


def test_pin_needs_a_desk():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    with pytest.raises(errors.TerminalUnknown):
        terminals.set_pin(make.signed_in(nurse).token, PIN, now=NOW)
    with pytest.raises(errors.SessionMissing):
        terminals.set_pin("forged", PIN, now=NOW)


def test_closed_desk_ends_its_sessions(desk):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    token = make.signed_in(nurse, terminal_token=desk.token).token
    terminals.close_terminal(HERE, desk.terminal_id, actor=ADMIN, now=NOW)
    assert queries.session_of(token, NOW) is None
    assert queries.find_terminal(desk.token) is None
    with pytest.raises(errors.TerminalMissing):
        terminals.close_terminal(HERE, desk.terminal_id, actor=ADMIN, now=NOW)
    with pytest.raises(errors.TerminalUnknown):
        switch(desk, nurse.staff_id, password=make.PASSWORD)


def test_who_left_cannot_come_back_fast(desk):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    terminals.set_pin(make.signed_in(nurse, terminal_token=desk.token).token, PIN, now=NOW)
    staff.leave(nurse.staff_id, actor=ADMIN, now=NOW)
    assert queries.list_seated(desk.token, NOW) == []
    with pytest.raises(errors.TerminalUnknown):
        switch(desk, nurse.staff_id, pin=PIN)


def test_only_the_hospitals_administrator_registers_and_closes(desk):
    for actor in (
        make.hospital_admin(UUID(int=12)),
        make.security_admin(),
        make.staff_actor("nurse", hospital_id=HERE),
    ):
        with pytest.raises(Forbidden):
            terminals.register_terminal(RegisterTerminal(HERE, "3号窗口"), actor=actor, now=NOW)
        with pytest.raises(Forbidden):
            terminals.close_terminal(HERE, desk.terminal_id, actor=actor, now=NOW)
        with pytest.raises(Forbidden):
            queries.list_terminals(HERE, actor)
    assert [one.name for one in queries.list_terminals(HERE, ADMIN)] == ["门诊二层1号窗口"]
    assert models.Terminal.objects.count() == 1
