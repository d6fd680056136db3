"""Joiners, leavers and roles: one by one, by file, and who may do what to whom."""

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from tests import make

from yitong.core.actor import Actor, Role
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.access import errors, models, permissions, personal_data, queries
from yitong.domains.access.commands import sign_in, staff
from yitong.domains.access.contracts import (
    AddStaff,
    EndRole,
    GiveRole,
    ImportStaff,
    RoleName,
    Scope,
    SignIn,
)

pytestmark = pytest.mark.django_db
NOW = make.NOW
HERE, THERE = UUID(int=11), UUID(int=12)
ADMIN = make.hospital_admin(HERE)


def roles(staff_id):
    return queries.roles_of(staff_id, NOW)


def test_joiner_gets_roles_and_an_invite():
    cmd = AddStaff("Li.Na", "李娜", HERE, (RoleName.NURSE, RoleName.REGISTRAR))
    invited = staff.add_staff(cmd, actor=ADMIN, now=NOW)
    member = queries.get_staff(invited.staff_id, ADMIN, NOW)
    assert (member.login, member.name, member.is_active) == ("li.na", "李娜", True)
    assert member.roles == ((RoleName.NURSE, HERE), (RoleName.REGISTRAR, HERE))
    with pytest.raises(errors.LoginTaken):
        staff.add_staff(AddStaff("li.na", "别人", HERE, ()), actor=ADMIN, now=NOW)
    rows = Event.objects.filter(hospital_id=HERE, subject_id=invited.staff_id).order_by("recorded_at")
    assert [row.operation for row in rows] == ["access.staff_added", "access.role_given", "access.role_given"]
    assert "李娜" not in str([row.body for row in rows])


@pytest.mark.parametrize("login", ["", "a", "有汉字", "a b", "a" * 65, "-a", "a\x00b"])
def test_odd_logins_are_refused(login):
    with pytest.raises(errors.LoginInvalid):
        staff.add_staff(AddStaff(login, "李娜", HERE, ()), actor=ADMIN, now=NOW)


@pytest.mark.parametrize("name", ["", " ", "名" * 61, "a\u202eb", "a\nb"])
def test_odd_names_are_refused(name):
    with pytest.raises(errors.NameInvalid):
        staff.add_staff(AddStaff("li.na", name, HERE, ()), actor=ADMIN, now=NOW)


def test_name_is_no_plain_text_in_the_table(owner_connection):
    make.staff_member("nurse", hospital_id=HERE, password=None)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM access_staff")
        [(stored,)] = cursor.fetchall()
    assert "王小芳".encode() not in bytes(stored)


def test_role_belongs_to_its_place():
    nurse = make.staff_member("nurse", hospital_id=HERE, password=None)
    officer = make.security_admin()
    for role, place in ((RoleName.AUDITOR, HERE), (RoleName.NURSE, None)):
        with pytest.raises(errors.RoleMisplaced):
            staff.give_role(GiveRole(nurse.staff_id, role, place), actor=officer, now=NOW)
    assert roles(nurse.staff_id) == {Role("nurse", HERE)}


@pytest.mark.rule("R-205")
@pytest.mark.parametrize(
    ("one", "other"),
    [("security_admin", "auditor"), ("city_operator", "auditor"), ("policy_officer", "security_admin")],
)
def test_three_officers_are_three_persons(one, other):
    member = make.staff_member(one, password=None)
    with pytest.raises(errors.RolesApart):
        staff.give_role(GiveRole(member.staff_id, RoleName(other), None), actor=make.security_admin(), now=NOW)
    assert roles(member.staff_id) == {Role(one, None)}


def test_running_the_city_may_be_one_person():
    member = make.staff_member("city_operator", "policy_officer", password=None)
    assert roles(member.staff_id) == {Role("city_operator", None), Role("policy_officer", None)}


@pytest.mark.rule("R-205")
def test_role_that_would_be_over_is_not_given_and_takes_none_away():
    member = make.staff_member("nurse", hospital_id=HERE)
    for until_at in (NOW, NOW - timedelta(days=1)):
        for role in (RoleName.NURSE, RoleName.DOCTOR):
            with pytest.raises(errors.RoleOver):
                staff.give_role(GiveRole(member.staff_id, role, HERE, until_at), actor=ADMIN, now=NOW)
    assert roles(member.staff_id) == {Role("nurse", HERE)}


def test_nobody_changes_the_own_roles():
    member = make.staff_member("hospital_admin", hospital_id=HERE, password=None)
    oneself = make.staff_actor("hospital_admin", hospital_id=HERE, staff_id=member.staff_id)
    for attempt in (
        lambda: staff.give_role(GiveRole(member.staff_id, RoleName.DOCTOR, HERE), actor=oneself, now=NOW),
        lambda: staff.end_role(EndRole(member.staff_id, RoleName.HOSPITAL_ADMIN, HERE), actor=oneself, now=NOW),
        lambda: staff.leave(member.staff_id, actor=oneself, now=NOW),
        lambda: staff.invite_again(member.staff_id, actor=oneself, now=NOW),
        lambda: staff.import_staff(
            ImportStaff(HERE, f"action,login,name,roles\nroles,{member.login},,doctor\n"), actor=oneself, now=NOW
        ),
    ):
        with pytest.raises(errors.RoleOfOneself):
            attempt()
    assert roles(member.staff_id) == {Role("hospital_admin", HERE)}


def test_giving_twice_holds_once_and_ending_what_is_not_held_is_refused():
    nurse = make.staff_member("nurse", hospital_id=HERE, password=None)
    for _ in range(2):
        staff.give_role(GiveRole(nurse.staff_id, RoleName.DOCTOR, HERE), actor=ADMIN, now=NOW)
    assert models.StaffRole.objects.filter(name="doctor").count() == 1
    staff.end_role(EndRole(nurse.staff_id, RoleName.DOCTOR, HERE), actor=ADMIN, now=NOW)
    with pytest.raises(errors.RoleMissing):
        staff.end_role(EndRole(nurse.staff_id, RoleName.DOCTOR, HERE), actor=ADMIN, now=NOW)
    with pytest.raises(errors.StaffMissing):
        staff.give_role(GiveRole(UUID(int=3), RoleName.DOCTOR, HERE), actor=ADMIN, now=NOW)


def test_leaving_ends_everything_at_once():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    token = make.signed_in(nurse).token
    staff.leave(nurse.staff_id, actor=ADMIN, now=NOW)
    assert queries.session_of(token, NOW) is None
    assert roles(nurse.staff_id) == frozenset()
    with pytest.raises(errors.SignInFailed):
        make.signed_in(nurse)
    with pytest.raises(errors.StaffHasLeft):
        staff.give_role(GiveRole(nurse.staff_id, RoleName.NURSE, HERE), actor=ADMIN, now=NOW)
    with pytest.raises(errors.LoginTaken):
        staff.add_staff(AddStaff(nurse.login, "新人", HERE, ()), actor=ADMIN, now=NOW)
    assert queries.staff_names([nurse.staff_id]) == {nurse.staff_id: "王小芳"}
    assert personal_data.erase_staff(nurse.staff_id) == 1
    assert queries.staff_names([nurse.staff_id]) == {nurse.staff_id: "已注销"}


def test_one_who_works_elsewhere_too_is_not_the_hospitals_to_dismiss():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    staff.give_role(GiveRole(nurse.staff_id, RoleName.DOCTOR, THERE), actor=make.hospital_admin(THERE), now=NOW)
    with pytest.raises(errors.StaffWorksElsewhere):
        staff.leave(nurse.staff_id, actor=ADMIN, now=NOW)
    with pytest.raises(Forbidden):
        staff.leave(nurse.staff_id, actor=make.hospital_admin(UUID(int=13)), now=NOW)
    assert len(roles(nurse.staff_id)) == 2
    staff.leave(nurse.staff_id, actor=make.security_admin(), now=NOW)
    assert roles(nurse.staff_id) == frozenset()


def test_new_invite_ends_the_old_password():
    nurse = make.staff_member("nurse", hospital_id=HERE)
    token = make.signed_in(nurse).token
    again = staff.invite_again(nurse.staff_id, actor=ADMIN, now=NOW)
    assert queries.session_of(token, NOW) is None
    with pytest.raises(errors.SignInFailed):
        sign_in.sign_in(SignIn(nurse.login, make.PASSWORD), now=NOW)
    assert again.invite != nurse.invite


def test_lists_show_ones_own_hospital():
    mine, theirs = (
        make.staff_member("nurse", hospital_id=HERE, password=None),
        make.staff_member("nurse", hospital_id=THERE, password=None),
    )
    city = make.staff_member("auditor", password=None)
    assert [one.staff_id for one in queries.list_staff(ADMIN, NOW, hospital_id=HERE)] == [mine.staff_id]
    assert [one.staff_id for one in queries.list_staff(ADMIN, NOW)] == [mine.staff_id]
    everyone = {mine.staff_id, theirs.staff_id, city.staff_id}
    assert {one.staff_id for one in queries.list_staff(make.security_admin(), NOW)} == everyone
    assert {one.staff_id for one in queries.list_staff(make.staff_actor("auditor"), NOW)} == everyone
    with pytest.raises(Forbidden):
        queries.list_staff(ADMIN, NOW, hospital_id=THERE)
    with pytest.raises(errors.StaffMissing):
        queries.get_staff(theirs.staff_id, ADMIN, NOW)
    oneself = make.staff_actor("nurse", hospital_id=THERE, staff_id=theirs.staff_id)
    assert queries.get_staff(theirs.staff_id, oneself, NOW).login == theirs.login
    first = queries.list_staff(make.security_admin(), NOW, limit=2)
    assert len(queries.list_staff(make.security_admin(), NOW, after=first[-1].login)) == 1


def test_staff_list_asks_the_same_number_of_queries_at_1_and_50():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for total in (1, 50):
        while models.Staff.objects.count() < total:
            make.staff_member("nurse", hospital_id=HERE, password=None)
        with CaptureQueriesContext(connection) as seen:
            assert len(queries.list_staff(ADMIN, NOW, hospital_id=HERE)) == total
        counts.append(len(seen))
    assert counts == [2, 2]


# -- by file -------------------------------------------------------------------------------------------------------

FILE = """action,login,name,roles
join,li.na,李娜,nurse registrar
join,wang.wei,王伟,doctor
"""


def load(text, actor=ADMIN, hospital_id=HERE):
    return staff.import_staff(ImportStaff(hospital_id, text), actor=actor, now=NOW)


def test_file_of_joiners_twice_changes_nothing_the_second_time():
    first = load(FILE)
    assert ([one.login for one in first.joined], first.changed, first.unchanged) == (["li.na", "wang.wei"], 0, 0)
    again = load("\ufeff" + FILE.replace("\n", "\r\n"))
    assert (again.joined, again.changed, again.left, again.unchanged) == ((), 0, 0, 2)


def test_file_changes_roles_and_lets_go():
    members = {one.login: one for one in load(FILE).joined}
    wang = members["wang.wei"]
    sign_in.accept_invite(make.access.AcceptInvite("wang.wei", wang.invite, make.PASSWORD), now=NOW)
    token = make.signed_in(wang).token
    done = load("action,login,name,roles\nroles,li.na,,roster_manager\nleave,wang.wei,,\n")
    assert (done.changed, done.left, done.unchanged) == (1, 1, 0)
    assert roles(members["li.na"].staff_id) == {Role("roster_manager", HERE)}
    assert queries.session_of(token, NOW) is None
    assert models.Staff.objects.get(login="wang.wei").state == "left"
    assert load("action,login,name,roles\nleave,wang.wei,,\n").unchanged == 1


def test_file_touches_no_other_hospital():
    nurse = make.staff_member("nurse", hospital_id=THERE, login="zhao", password=None)
    load("action,login,name,roles\njoin,zhao,改名,doctor\n")
    assert roles(nurse.staff_id) == {Role("nurse", THERE), Role("doctor", HERE)}
    assert queries.staff_names([nurse.staff_id]) == {nurse.staff_id: "王小芳"}
    load("action,login,name,roles\nleave,zhao,,\n")
    assert roles(nurse.staff_id) == {Role("nurse", THERE)}
    assert models.Staff.objects.get(login="zhao").is_active


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, "heading"),
        ("login,name\nx,y\n", 1, "heading"),
        ("action,login,name,roles\nfire,li.na,,\n", 2, "action"),
        ("action,login,name,roles\n\njoin,李娜,李娜,nurse\n", 3, "login"),
        ("action,login,name,roles\njoin,li.na,,nurse\n", 2, "name"),
        ("action,login,name,roles\njoin,li.na,李娜,king\n", 2, "roles"),
        ("action,login,name,roles\njoin,li.na,李娜,auditor\n", 2, "roles"),
        ("action,login,name,roles\njoin,li.na,李娜,\n", 2, "roles"),
        ("action,login,name,roles\njoin,li.na,李娜,nurse,more\n", 2, "columns"),
        ("action,login,name,roles\njoin,li.na,李娜,nurse\njoin,LI.NA,李娜,nurse\n", 3, "login"),
        ("action,login,name,roles\njoin,li.na,李娜,nurse\nroles,nobody,,nurse\n", 3, "login"),
        ("action,login,name,roles\njoin,li.na,李娜,nurse\nleave,nobody,,\n", 3, "login"),
    ],
)
def test_bad_line_is_named_and_nothing_is_imported(text, line, column):
    with pytest.raises(errors.FileInvalid) as refused:
        load(text)
    assert refused.value.params == {"line": line, "column": column}
    assert models.Staff.objects.count() == 0


# -- who may -------------------------------------------------------------------------------------------------------

EVERYWHERE = {"city_operator", "policy_officer", "security_admin", "auditor"}
TABLE = {
    "manage_city_staff": {"security_admin"},
    "manage_hospital_staff": {"security_admin", "hospital_admin"},
    "read_hospital_staff": {"security_admin", "auditor", "hospital_admin"},
    "manage_terminals": {"hospital_admin"},
    "set_provider": {"hospital_admin"},
    "manage_channels": {"security_admin"},
    "read_channels": {"security_admin", "auditor", "city_operator"},
}
CITY_ACTIONS = {"manage_city_staff", "manage_channels", "read_channels"}


def test_role_by_action():
    """The whole table: each role at its place, and a hospital's role at another hospital and for the city."""
    may = {action: set() for action in permissions.Action}
    elsewhere = set()
    for role, action in product(RoleName, permissions.Action):
        place = None if role in EVERYWHERE else HERE
        actor = make.staff_actor(role, hospital_id=place)
        if permissions.can(actor, action, None if action in CITY_ACTIONS else HERE):
            may[action].add(role)
        if place is not None:
            elsewhere |= {(role, action, other) for other in (THERE, None) if permissions.can(actor, action, other)}
    assert may == TABLE
    assert elsewhere == set()


@pytest.mark.parametrize("action", list(permissions.Action))
def test_those_who_are_no_staff_may_nothing(action):
    with pytest.raises(Unidentified):
        permissions.check_can(Actor.anonymous(), action, HERE)
    for actor in (Actor.for_account(UUID(int=1)), Actor.for_channel(UUID(int=1), "kiosk", scopes=frozenset(Scope))):
        assert permissions.can(actor, action, HERE) is False


def test_scopes_bind_channels_alone():
    kiosk = Actor.for_channel(UUID(int=1), "kiosk", scopes=frozenset({Scope.COUNTS}))
    permissions.check_scope(kiosk, Scope.COUNTS)
    with pytest.raises(errors.ScopeMissing):
        permissions.check_scope(kiosk, Scope.PATIENTS)
    permissions.check_scope(Actor.for_account(UUID(int=1)), Scope.PATIENTS)


def test_denied_commands_change_nothing():
    nurse = make.staff_member("nurse", hospital_id=HERE, password=None)
    before = (list(models.Staff.objects.values()), list(models.StaffRole.objects.values()))
    for actor in (make.hospital_admin(THERE), make.staff_actor("auditor"), make.staff_actor("nurse", hospital_id=HERE)):
        for attempt in (
            lambda a: staff.add_staff(AddStaff("new", "新人", HERE, ()), actor=a, now=NOW),
            lambda a: staff.give_role(GiveRole(nurse.staff_id, RoleName.DOCTOR, HERE), actor=a, now=NOW),
            lambda a: staff.end_role(EndRole(nurse.staff_id, RoleName.NURSE, HERE), actor=a, now=NOW),
            lambda a: staff.leave(nurse.staff_id, actor=a, now=NOW),
            lambda a: staff.invite_again(nurse.staff_id, actor=a, now=NOW),
            lambda a: load(FILE, actor=a),
        ):
            with pytest.raises(Forbidden):
                attempt(actor)
    assert (list(models.Staff.objects.values()), list(models.StaffRole.objects.values())) == before


def test_hospital_admin_gives_no_city_role():
    nurse = make.staff_member("nurse", hospital_id=HERE, password=None)
    with pytest.raises(Forbidden):
        staff.give_role(GiveRole(nurse.staff_id, RoleName.AUDITOR, None), actor=ADMIN, now=NOW)
