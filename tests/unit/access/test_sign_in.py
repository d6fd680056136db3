"""Staff sign in: what is asked, what is counted, when a login locks (R-205). Time is passed in."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests import make

from yitong.core.actor import Role
from yitong.core.db.models import Event
from yitong.domains.access import errors, models, queries
from yitong.domains.access.commands import second_factor, sign_in, staff
from yitong.domains.access.contracts import AcceptInvite, ChangePassword, EndRole, GiveRole, RoleName, SignIn

pytestmark = pytest.mark.django_db
NOW = make.NOW
HERE, THERE = UUID(int=11), UUID(int=12)
MINUTE = timedelta(minutes=1)


def attempt(login, password="wrong", now=NOW, code=None):
    return sign_in.sign_in(SignIn(login, password, code), now=now)


def fail(login, times, now=NOW):
    for _ in range(times):
        with pytest.raises((errors.SignInFailed, errors.AccountLocked)):
            attempt(login, now=now)


def test_right_password_opens_a_session_with_the_roles():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    done = make.signed_in(nurse)
    live = queries.session_of(done.token, NOW)
    assert (live.staff_id, live.roles, live.must_enrol) == (nurse.staff_id, frozenset({Role("nurse", HERE)}), False)
    assert models.Staff.objects.get(id=nurse.staff_id).last_sign_in_at == NOW
    assert models.Staff.objects.get(id=nurse.staff_id).password.startswith("argon2")


def test_login_is_found_in_any_case_and_with_blanks():
    nurse = make.staff_member("nurse", hospital_id=HERE, login="wang.fang")
    assert attempt("  Wang.Fang ", make.PASSWORD).staff_id == nurse.staff_id


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.rule("R-205")
def test_fifth_failure_locks_whether_or_not_the_login_exists(known):
    login = make.staff_member("nurse", hospital_id=HERE).login if known else "nobody"
    for _ in range(4):
        with pytest.raises(errors.SignInFailed):
            attempt(login)
    with pytest.raises(errors.AccountLocked) as locked:
        attempt(login)
    assert locked.value.params == {"minutes": 30}
    assert models.StaffSession.objects.count() == 0


@pytest.mark.rule("R-205")
def test_four_failures_do_not_lock():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    fail(nurse.login, 4)
    assert make.signed_in(nurse).staff_id == nurse.staff_id
    fail(nurse.login, 4)
    assert make.signed_in(nurse).staff_id == nurse.staff_id


@pytest.mark.rule("R-205")
def test_lock_holds_29_minutes_even_against_the_right_password_and_is_gone_after_31():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    fail(nurse.login, 5)
    with pytest.raises(errors.AccountLocked):
        make.signed_in(nurse, now=NOW + 29 * MINUTE)
    assert make.signed_in(nurse, now=NOW + 31 * MINUTE).staff_id == nurse.staff_id


def test_lock_that_ran_out_counts_from_one_again():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    fail(nurse.login, 5)
    later = NOW + 31 * MINUTE
    fail(nurse.login, 4, now=later)
    assert make.signed_in(nurse, now=later).staff_id == nurse.staff_id


def test_failures_with_a_long_pause_between_are_not_in_a_row():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    fail(nurse.login, 4)
    with pytest.raises(errors.SignInFailed):
        attempt(nurse.login, now=NOW + 30 * MINUTE)


def test_lock_is_announced_for_staff_and_for_nobody_else():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    fail(nurse.login, 5)
    fail("nobody", 5)
    nil = UUID(int=0)
    rows = Event.objects.filter(hospital_id=nil, operation="access.staff_locked")
    assert [row.subject_id for row in rows] == [nurse.staff_id]


def test_one_login_locks_alone():
    one, other = make.staff_member("nurse", hospital_id=HERE), make.staff_member("nurse", hospital_id=HERE)
    fail(one.login, 5)
    assert make.signed_in(other).staff_id == other.staff_id


@pytest.mark.parametrize("password", ["", "\x00", "😀" * 500, "a" * 10_000, make.PASSWORD + " "])
def test_odd_passwords_fail_as_others(password):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    with pytest.raises(errors.SignInFailed):
        attempt(nurse.login, password)


def test_unknown_login_costs_the_same_work(monkeypatch):
    nurse = make.staff_member("nurse", hospital_id=HERE)
    invited = make.staff_member("nurse", hospital_id=HERE, password=None)
    work = []
    from yitong.domains.access.commands import opening

    hashed, checked = opening.make_password, opening.check_password
    monkeypatch.setattr(opening, "make_password", lambda *a: work.append("hash") or hashed(*a))
    monkeypatch.setattr(opening, "check_password", lambda *a: work.append("hash") or checked(*a))
    for login in (nurse.login, "nobody", invited.login):
        with pytest.raises(errors.SignInFailed):
            attempt(login)
    assert work == ["hash"] * 3


# -- invites and passwords -----------------------------------------------------------------------------------------


def test_invite_sets_the_first_password_once():
    invited = make.staff_member("nurse", hospital_id=HERE, password=None)
    with pytest.raises(errors.SignInFailed):
        make.signed_in(invited)
    sign_in.accept_invite(AcceptInvite(invited.login, invited.invite.upper(), make.PASSWORD), now=NOW)
    assert make.signed_in(invited).staff_id == invited.staff_id
    with pytest.raises(errors.InviteInvalid):
        sign_in.accept_invite(AcceptInvite(invited.login, invited.invite, "another-Kite-77"), now=NOW)


def test_invite_ends_after_seven_days_and_guesses_lock():
    invited = make.staff_member("nurse", hospital_id=HERE, password=None)
    week = timedelta(days=7)
    for _ in range(4):
        with pytest.raises(errors.InviteInvalid):
            sign_in.accept_invite(AcceptInvite(invited.login, "guess", make.PASSWORD), now=NOW)
    with pytest.raises(errors.AccountLocked):
        sign_in.accept_invite(AcceptInvite(invited.login, "guess", make.PASSWORD), now=NOW)
    with pytest.raises(errors.InviteInvalid):
        sign_in.accept_invite(AcceptInvite(invited.login, invited.invite, make.PASSWORD), now=NOW + week)


@pytest.mark.parametrize("password", ["short", "password123", "1234567890", "zhangwei-nurse"])
def test_weak_passwords_are_refused(password):
    invited = make.staff_member("nurse", hospital_id=HERE, login="zhangwei-nurse", password=None)
    with pytest.raises(errors.PasswordWeak):
        sign_in.accept_invite(AcceptInvite(invited.login, invited.invite, password), now=NOW)
    assert not models.Staff.objects.get(id=invited.staff_id).has_usable_password()


def test_new_password_ends_the_other_sessions():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    here, elsewhere = make.signed_in(nurse).token, make.signed_in(nurse).token
    with pytest.raises(errors.SignInFailed):
        sign_in.change_password(ChangePassword(here, "wrong", "another-Kite-77"), now=NOW)
    sign_in.change_password(ChangePassword(here, make.PASSWORD, "another-Kite-77"), now=NOW)
    assert queries.session_of(here, NOW) is not None
    assert queries.session_of(elsewhere, NOW) is None
    with pytest.raises(errors.SessionMissing):
        sign_in.change_password(ChangePassword("nothing", make.PASSWORD, "another-Kite-77"), now=NOW)


# -- sessions ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-205")
def test_session_ends_after_15_idle_minutes():
    token = make.signed_in(make.staff_member("nurse", hospital_id=HERE)).token
    assert queries.session_of(token, NOW + 14 * MINUTE) is not None
    assert queries.session_of(token, NOW + 15 * MINUTE) is None


@pytest.mark.rule("R-205")
def test_use_keeps_a_session_awake_but_never_wakes_one():
    token = make.signed_in(make.staff_member("nurse", hospital_id=HERE)).token
    sign_in.note_use(token, now=NOW + 14 * MINUTE)
    assert queries.session_of(token, NOW + 28 * MINUTE) is not None
    sign_in.note_use(token, now=NOW + 29 * MINUTE)
    assert queries.session_of(token, NOW + 29 * MINUTE) is None
    assert models.StaffSession.objects.get().ended_why == "idle"


def test_session_lives_twelve_hours_at_most():
    token = make.signed_in(make.staff_member("nurse", hospital_id=HERE)).token
    for minutes in range(10, 720, 10):
        sign_in.note_use(token, now=NOW + minutes * MINUTE)
    assert queries.session_of(token, NOW + 719 * MINUTE) is not None
    assert queries.session_of(token, NOW + 720 * MINUTE) is None


def test_signing_out_ends_the_session():
    token = make.signed_in(make.staff_member("nurse", hospital_id=HERE)).token
    sign_in.sign_out(token, now=NOW)
    assert queries.session_of(token, NOW) is None
    assert queries.session_of("forged", NOW) is None


def test_roles_come_and_go_with_the_next_request():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    token = make.signed_in(nurse).token
    give = GiveRole(nurse.staff_id, RoleName.DOCTOR, THERE, NOW + 5 * MINUTE)
    staff.give_role(give, actor=make.security_admin(), now=NOW)
    assert queries.session_of(token, NOW).roles == {Role("nurse", HERE), Role("doctor", THERE)}
    assert queries.session_of(token, NOW + 5 * MINUTE).roles == {Role("nurse", HERE)}
    staff.end_role(EndRole(nurse.staff_id, RoleName.NURSE, HERE), actor=make.security_admin(), now=NOW)
    assert queries.session_of(token, NOW + 5 * MINUTE).roles == frozenset()


# -- second factor -------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-205")
@pytest.mark.parametrize("role", ["city_operator", "policy_officer", "security_admin", "auditor", "hospital_admin"])
def test_privileged_roles_wait_for_the_second_factor(role):
    member = make.staff_member(role, hospital_id=HERE if role == "hospital_admin" else None)
    done = make.signed_in(member)
    assert done.must_enrol is True
    assert queries.session_of(done.token, NOW).roles == frozenset()
    enrolment = second_factor.begin_totp(done.token, now=NOW)
    assert enrolment.uri.startswith("otpauth://totp/Yitong:")
    codes = second_factor.confirm_totp(done.token, make.totp_code(enrolment.secret, NOW), now=NOW)
    live = queries.session_of(done.token, NOW)
    assert [one.name for one in live.roles] == [role]
    assert (live.must_enrol, live.has_second_factor, len(set(codes))) == (False, True, 10)


@pytest.mark.rule("R-205")
def test_second_factor_is_asked_and_each_code_counts_once():
    member = make.staff_member("auditor")
    secret, _ = make.totp(member)
    with pytest.raises(errors.MfaRequired):
        make.signed_in(member)
    with pytest.raises(errors.MfaWrong):  # the code that confirmed it: used before
        make.signed_in(member, code=make.totp_code(secret, NOW))
    later = NOW + timedelta(seconds=30)
    code = make.totp_code(secret, later)
    done = make.signed_in(member, now=later, code=code)
    assert queries.session_of(done.token, later).roles == {Role("auditor", None)}
    with pytest.raises(errors.MfaWrong):
        make.signed_in(member, now=later, code=code)


@pytest.mark.parametrize(("seconds", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_code_of_the_neighbouring_step_fits_and_no_other(seconds, fits):
    member = make.staff_member("auditor")
    secret, _ = make.totp(member, now=NOW - timedelta(minutes=10))
    code = make.totp_code(secret, NOW + timedelta(seconds=seconds))
    if fits:
        assert make.signed_in(member, code=code).staff_id == member.staff_id
    else:
        with pytest.raises(errors.MfaWrong):
            make.signed_in(member, code=code)


def test_wrong_codes_lock_and_asking_for_one_does_not():
    member = make.staff_member("auditor")
    make.totp(member)
    for _ in range(6):
        with pytest.raises(errors.MfaRequired):
            make.signed_in(member)
    for _ in range(4):
        with pytest.raises(errors.MfaWrong):
            make.signed_in(member, code="abc123")
    with pytest.raises(errors.AccountLocked):
        make.signed_in(member, code="abc123")


def test_recovery_code_stands_in_once():
    member = make.staff_member("auditor")
    _, codes = make.totp(member)
    assert make.signed_in(member, code=codes[0]).must_enrol is False
    with pytest.raises(errors.MfaWrong):
        make.signed_in(member, code=codes[0])
    assert make.signed_in(member, code=codes[1].upper()).staff_id == member.staff_id


def test_second_factor_of_ones_own_is_asked_of_all_roles():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    make.totp(nurse)
    with pytest.raises(errors.MfaRequired):
        make.signed_in(nurse)


def test_setting_up_refuses_wrong_order_and_wrong_codes():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    token = make.signed_in(nurse).token
    with pytest.raises(errors.MfaNotBegun):
        second_factor.confirm_totp(token, "000000", now=NOW)
    enrolment = second_factor.begin_totp(token, now=NOW)
    with pytest.raises(errors.MfaWrong):
        second_factor.confirm_totp(token, "x", now=NOW)
    second_factor.confirm_totp(token, make.totp_code(enrolment.secret, NOW), now=NOW)
    for again in (
        lambda: second_factor.begin_totp(token, now=NOW),
        lambda: second_factor.confirm_totp(token, make.totp_code(enrolment.secret, NOW), now=NOW),
    ):
        with pytest.raises(errors.MfaSetAlready):
            again()
    with pytest.raises(errors.SessionMissing):
        second_factor.begin_totp("forged", now=NOW)


def test_administrator_clears_a_lost_second_factor_and_ends_sessions():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    secret, _ = make.totp(nurse)
    later = NOW + MINUTE
    token = make.signed_in(nurse, now=later, code=make.totp_code(secret, later)).token
    second_factor.clear_totp(nurse.staff_id, actor=make.hospital_admin(HERE), now=later)
    assert queries.session_of(token, later) is None
    assert make.signed_in(nurse, now=later).staff_id == nurse.staff_id
    with pytest.raises(errors.StaffMissing):
        second_factor.clear_totp(UUID(int=5), actor=make.security_admin(), now=later)
