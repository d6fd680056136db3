"""Every page that people open, by the name of its address, with whom it is for and the state that it needs.

`tests/faces/test_pages_of_city.py` holds this list to the URL configuration: a new page has to stand here, and is
then photographed and judged with the others (`test_every_page.py`).
"""

from dataclasses import dataclass
from uuid import UUID

from tests import draws, make
from tests.browser import fair_weeks, households, lots, practices
from tests.browser.wards import ALL_ROLES, Ward, stay_signed_in, token_of

from yitong.cli.demo.people import identity_number
from yitong.core import clock
from yitong.core.db import audit
from yitong.domains.access.commands import channels, providers
from yitong.domains.access.contracts import MakeKey, SetProvider
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import HoldSlot
from yitong.domains.booking.queries import openings
from yitong.domains.people import queries as people
from yitong.domains.people.commands import abuse
from yitong.domains.people.contracts.accounts import AppealLock
from yitong.domains.people.contracts.words import LockReason, Relation
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist.commands import joining
from yitong.domains.waitlist.contracts import Join, Mode, SessionKey
from yitong.faces.common.actors import ACCOUNT_COOKIE, STAFF_COOKIE
from yitong.faces.patient.devices import DEVICE_COOKIE
from yitong.faces.patient.hospitals.soon import COMMON


@dataclass(frozen=True, slots=True)
class Page:
    """`path` may name ids of the world: `{booking}`. `who`: whose cookies open it; "" opens for anybody."""

    name: str  # of its address in the URL configuration
    path: str
    who: str = ""
    state: str = ""  # where one address is opened in several states

    @property
    def face(self) -> str:
        first = self.name.split(":")[0]
        return first if first in ("patient", "desk", "office") else "others"

    @property
    def shot(self) -> str:
        return "-".join(part for part in (self.name.replace(":", "-").replace("_", "-"), self.state) if part)


PAGES = (
    Page("patient:home", "/"),
    Page("patient:home", "/", "patient", "signed-in"),
    Page("patient:search", "/search/?q=眼科"),
    Page("patient:search", "/search/?q=zzzzzz", "", "nothing"),
    Page("patient:hospital", "/hospitals/{hospital}/"),
    Page("patient:department", "/hospitals/{hospital}/departments/{department}/"),
    Page("patient:doctor", "/hospitals/{hospital}/doctors/{doctor}/"),
    Page("patient:session", "/hospitals/{hospital}/sessions/{session}/"),
    Page("patient:soon", "/soon/{common}/"),
    Page("patient:line", "/lines/{hospital}/{department}/", "patient"),
    Page("patient:draw", "/draws/{draw_hospital}/{draw}/"),
    Page("patient:draw_apply", "/draws/{draw_hospital}/{draw}/apply/", "patient"),
    Page("patient:draw_entry", "/me/draws/{draw_hospital}/{draw_entry}/", "patient"),
    Page("patient:draw_change", "/me/draws/{draw_hospital}/{draw_entry}/change/", "patient"),
    Page("patient:draw_entry", "/me/draws/{draw_hospital}/{draw_lost}/", "unlucky", "lost"),
    Page("patient:draws", "/me/draws/", "patient"),
    Page("patient:draws", "/me/draws/", "newcomer", "empty"),
    Page("patient:draw_check", "/draws/check/"),
    Page("patient:book", "/book/{hospital}/{slot}/", "patient"),
    Page("patient:bookings", "/bookings/", "patient"),
    Page("patient:bookings", "/bookings/", "newcomer", "empty"),
    Page("patient:booking", "/bookings/{hospital}/{booking}/", "patient"),
    Page("patient:waitlist_join", "/book/waitlist/{full_hospital}/{full_session}/", "patient"),
    Page("patient:waitlist_join", "/book/waitlist/{hospital}/{session}/", "patient", "closed"),
    Page("patient:waitlist", "/bookings/waitlist/", "patient"),
    Page("patient:waitlist", "/bookings/waitlist/", "newcomer", "empty"),
    Page("patient:waitlist_entry", "/bookings/waitlist/{entry}/", "patient"),
    Page("patient:waitlist_change", "/bookings/waitlist/{entry}/change/", "patient"),
    Page("patient:waitlist_withdraw", "/bookings/waitlist/{entry}/withdraw/", "patient"),
    Page("patient:cancel", "/bookings/{hospital}/{booking}/cancel/", "patient"),
    Page("patient:move", "/bookings/{hospital}/{booking}/move/", "patient"),
    Page("patient:move_window", "/bookings/{hospital}/{booking}/move/{session}/", "patient"),
    Page("patient:move_confirm", "/bookings/{hospital}/{booking}/move/to/{slot}/", "patient"),
    Page("patient:booking_share", "/bookings/{hospital}/{booking}/share/", "patient"),
    Page("patient:guide", "/hospitals/{hospital}/guide/"),
    Page("patient:offline", "/offline/"),
    Page("patient:sign_in", "/sign-in/"),
    Page("patient:sign_in_check", "/sign-in/check/", "patient"),
    Page("patient:people", "/me/people/", "patient"),
    Page("patient:people", "/me/people/", "newcomer", "empty"),
    Page("patient:person_add", "/me/people/add/", "patient"),
    Page("patient:person", "/me/people/{person}/", "patient"),
    Page("patient:person_remove", "/me/people/{person}/remove/", "patient"),
    Page("patient:person_code", "/me/people/{person}/code/", "patient"),
    Page("patient:person_reads", "/me/people/{person}/reads/", "patient"),
    Page("patient:reads", "/me/reads/", "patient"),
    Page("patient:messages", "/messages/", "patient"),
    Page("patient:messages", "/messages/", "newcomer", "empty"),
    Page("patient:me", "/me/", "patient"),
    Page("patient:devices", "/me/devices/", "patient"),
    Page("patient:phone", "/me/phone/", "patient"),
    Page("patient:appeal", "/me/appeal/", "limited"),
    Page("patient:check", "/me/check/", "slowed"),
    Page("patient:check", "/me/check/", "newcomer", "plain"),
    Page("patient:check", "/me/check/", "reviewed", "waiting"),
    Page("patient:check_review", "/me/check/review/", "slowed"),
    Page("patient:check_how", "/me/check/how/"),
    Page("patient:fairness", "/fairness/"),
    Page("patient:fairness", "/fairness/?week={quiet_week}", "", "nobody"),
    Page("patient:data", "/me/data/", "patient"),
    Page("patient:data_erase", "/me/data/erase/", "patient"),
    Page("patient:settings", "/settings/"),
    Page("desk:today", "/desk/?day={day}", "desk"),
    Page("desk:today", "/desk/?day=2020-01-01", "desk", "empty"),
    Page("desk:week", "/desk/week/?day={day}&department={ward_department}", "desk"),
    Page("desk:sign_in", "/desk/sign-in/"),
    Page("desk:invite", "/desk/sign-in/invite/"),
    Page("desk:switch", "/desk/switch/"),
    Page("desk:place", "/desk/place/", "desk"),
    Page("desk:me", "/desk/me/", "desk"),
    Page("desk:password", "/desk/me/password/", "desk"),
    Page("desk:pin", "/desk/me/pin/", "desk"),
    Page("desk:second_factor", "/desk/me/second-factor/", "desk"),
    Page("desk:session", "/desk/sessions/{ward_session}/", "desk"),
    Page("desk:print_list", "/desk/sessions/{ward_session}/list/", "desk"),
    Page("desk:waiting", "/desk/sessions/{ward_session}/waitlist/", "desk"),
    Page("desk:stop", "/desk/sessions/{ward_session}/stop/", "desk"),
    Page("desk:substitute", "/desk/sessions/{ward_session}/substitute/", "desk"),
    Page("desk:pools", "/desk/sessions/{ward_session}/pools/", "desk"),
    Page("desk:extra", "/desk/sessions/{ward_session}/extra/", "desk"),
    Page("desk:room", "/desk/sessions/{ward_session}/room/", "desk"),
    Page("desk:stops", "/desk/stops/", "desk"),
    Page("desk:stop_new", "/desk/stops/new/?{stop_asked}", "desk"),
    Page("desk:booking", "/desk/bookings/{ward_booking}/", "desk"),
    Page("desk:check_in", "/desk/bookings/{ward_booking}/check-in/", "desk"),
    Page("desk:cancel", "/desk/bookings/{ward_booking}/cancel/", "desk"),
    Page("desk:slip", "/desk/bookings/{ward_booking}/slip/", "desk"),
    Page("desk:arrive", "/desk/arrive/", "desk"),
    Page("desk:jump", "/desk/jump/", "desk"),
    Page("desk:keys", "/desk/keys/", "desk"),
    Page("desk:find", "/desk/find/", "desk"),
    Page("desk:patient", "/desk/patients/{ward_patient}/", "desk"),
    Page("desk:phone", "/desk/patients/{ward_patient}/phone/", "desk"),
    Page("desk:window", "/desk/window/", "desk"),
    Page("desk:window_sessions", "/desk/window/{ward_patient}/?day={day}&department={ward_department}", "desk"),
    Page("desk:window_slots", "/desk/window/{ward_patient}/{ward_session}/", "desk"),
    Page("desk:window_confirm", "/desk/window/{ward_patient}/slot/{ward_slot}/", "desk"),
    Page("desk:draws", "/desk/draws/", "desk"),
    Page("desk:draw", "/desk/draws/{draw}/", "desk"),
    Page("desk:roster", "/desk/roster/?department={line_department}", "desk"),
    Page("desk:roster_add", "/desk/roster/add/?department={line_department}", "desk"),
    Page("desk:roster_move", "/desk/roster/{line}/move/", "desk"),
    Page("desk:roster_end", "/desk/roster/{line}/end/", "desk"),
    Page("desk:generate", "/desk/roster/generate/", "desk"),
    Page("desk:setup", "/desk/hospital/", "desk"),
    Page("desk:setup", "/desk/hospital/", "founder", "empty"),
    Page("desk:facts", "/desk/hospital/facts/", "desk"),
    Page("desk:campuses", "/desk/hospital/campuses/", "desk"),
    Page("desk:campuses", "/desk/hospital/campuses/", "founder", "empty"),
    Page("desk:campus_add", "/desk/hospital/campuses/add/", "desk"),
    Page("desk:campus", "/desk/hospital/campuses/{ward_campus}/", "desk"),
    Page("desk:campus_remove", "/desk/hospital/campuses/{ward_campus}/remove/", "desk"),
    Page("desk:departments", "/desk/hospital/departments/", "desk"),
    Page("desk:departments", "/desk/hospital/departments/", "founder", "empty"),
    Page("desk:department_add", "/desk/hospital/departments/add/", "desk"),
    Page("desk:department", "/desk/hospital/departments/{ward_department}/", "desk"),
    Page("desk:practitioners", "/desk/hospital/doctors/", "desk"),
    Page("desk:practitioners", "/desk/hospital/doctors/", "founder", "empty"),
    Page("desk:practitioner_add", "/desk/hospital/doctors/add/", "desk"),
    Page("desk:practitioner", "/desk/hospital/doctors/{ward_doctor}/", "desk"),
    Page("desk:fees", "/desk/hospital/fees/", "desk"),
    Page("desk:fees", "/desk/hospital/fees/", "founder", "empty"),
    Page("desk:own_sign_in", "/desk/hospital/sign-in/", "desk"),
    Page("desk:own_sign_in", "/desk/hospital/sign-in/", "founder", "empty"),
    Page("desk:own_sign_in_drop", "/desk/hospital/sign-in/drop/", "desk"),
    Page("desk:today", "/desk/", "founder", "new"),
    Page("desk:roster", "/desk/roster/", "founder", "empty"),
    Page("desk:staff", "/desk/staff/", "desk"),
    Page("desk:staff_add", "/desk/staff/add/", "desk"),
    Page("desk:staff_import", "/desk/staff/import/", "desk"),
    Page("desk:staff_member", "/desk/staff/{member}/", "desk"),
    Page("desk:rules", "/desk/rules/", "desk"),
    Page("desk:rule", "/desk/rules/pools.bookable/", "desk"),
    Page("desk:announcements", "/desk/announcements/", "desk"),
    Page("desk:guide", "/desk/first-visit/", "desk"),
    Page("desk:terminals", "/desk/terminals/", "desk"),
    Page("desk:duplicates", "/desk/duplicates/", "operator"),
    Page("desk:duplicates", "/desk/duplicates/", "desk", "refused"),
    Page("desk:duplicate", "/desk/duplicates/{ward_patient}/", "operator", "missing"),
    Page("desk:merges", "/desk/duplicates/patients/{ward_patient}/", "operator"),
    Page("office:home", "/office/", "operator"),
    Page("office:fairness", "/office/fairness/", "operator"),
    Page("office:alarm", "/office/fairness/alarms/{alarm}/", "operator"),
    Page("office:hospitals", "/office/hospitals/", "operator"),
    Page("office:hospital_add", "/office/hospitals/add/", "operator"),
    Page("office:hospital", "/office/hospitals/{hospital}/", "operator"),
    Page("office:hospital", "/office/hospitals/{new_hospital}/", "operator", "new"),
    Page("office:hospital_switch", "/office/hospitals/{hospital}/switch/", "operator"),
    Page("office:policies", "/office/policies/", "officer"),
    Page("office:policy", "/office/policies/booking.limits.d7/", "officer"),
    Page("office:policy", "/office/policies/booking.noshow/", "officer", "ladder"),
    Page("office:policy", "/office/policies/booking.payment/", "officer", "choice"),
    Page("office:channels", "/office/channels/", "security"),
    Page("office:channel_add", "/office/channels/add/", "security"),
    Page("office:channel", "/office/channels/{channel}/", "security"),
    Page("office:channel_change", "/office/channels/{channel}/terms/", "security"),
    Page("office:channel_suspend", "/office/channels/{channel}/suspend/", "security"),
    Page("office:channel_revoke", "/office/channels/{channel}/revoke/", "security"),
    Page("office:channel_key_revoke", "/office/channels/{channel}/keys/{key}/revoke/", "security"),
    Page("office:staff", "/office/staff/", "security"),
    Page("office:staff_add", "/office/staff/add/", "security"),
    Page("office:administrators", "/office/staff/administrators/", "security"),
    Page("office:administrator_add", "/office/staff/administrators/add/", "security"),
    Page("office:member", "/office/staff/{officer}/", "security"),
    Page("office:leave", "/office/staff/{officer}/leave/", "security"),
    Page("office:events", "/office/audit/", "auditor"),
    Page("office:events", "/office/audit/?start=2020-01-01&end=2020-01-02", "auditor", "empty"),
    Page("office:reads", "/office/audit/reads/", "auditor"),
    Page("office:log", "/office/audit/log/", "auditor"),
    Page("office:log_days", "/office/audit/log/{log}/{shard}/", "auditor"),
    Page("office:letters", "/office/audit/letters/", "security"),
    Page("office:announcements", "/office/announcements/", "operator"),
    Page("office:appeals", "/office/appeals/", "operator"),
    Page("office:appeal", "/office/appeals/{lock}/", "operator"),
    Page("office:review", "/office/appeals/reviews/{review}/", "operator"),
    Page("outbox:outbox", "/outbox/"),
    Page("gallery:gallery", "/gallery/"),
    Page("gallery:work", "/gallery/desk/"),
    Page("api_docs", "/api/v1/docs"),
    Page("api_problems", "/api/v1/problems"),
)

# Addresses that are no page of their own, and why. Those of the JSON API (`api:…`) are its own tests' matter.
NO_PAGE = {
    "live": "a word for machines",
    "ready": "a word for machines",
    "metrics": "figures for machines",
    "preferences:save": "takes a form, leads back",
    "hooks:sms": "called by the SMS gateway",
    "gallery:suggest": "a part of the gallery, for htmx",
    "gallery:undo": "takes a form",
    "gallery:said": "takes a form",
    "gallery:live": "a part of the gallery, for htmx",
    "patient:booking_calendar": "a file",
    "patient:draw_file": "a file",
    "patient:draw_check_file": "a file",
    "patient:draw_wait": "takes a form",
    "patient:draw_withdraw": "takes a form",
    "patient:release_calendar": "a file",
    "patient:worker": "a script",
    "patient:offline_card": "data for the offline page",
    "patient:suggest": "a part of the search page, for htmx",
    "patient:book_first": "takes a form",
    "patient:book_wait": "seen while the booking window is asked again: test_window.py",
    "patient:sign_in_code": "the answer to a form: test_patient_account.py",
    "patient:sign_out": "takes a form",
    "patient:person_verify": "takes a form",
    "patient:person_number": "takes a form",
    "patient:messages_read": "takes a form",
    "patient:messages_unread": "takes a form",
    "patient:device_revoke": "takes a form",
    "patient:phone_codes": "takes a form",
    "patient:check_code": "the answer to a form: test_patient_check.py",
    "patient:waitlist_answer": "takes a form",
    "patient:data_export": "a file",
    "desk:provider": "leads to a hospital's own sign-in",
    "desk:provider_back": "the way back from there",
    "desk:sign_out": "takes a form",
    "desk:session_news": "a part of the session's page, for htmx",
    "desk:suggest": "a part of the jump box, for htmx",
    "desk:practitioner_bind": "takes a form",
    "desk:staff_role": "takes a form",
    "desk:staff_role_end": "takes a form",
    "desk:staff_invite": "takes a form",
    "desk:staff_second_factor": "takes a form",
    "desk:staff_leave": "takes a form",
    "desk:withdraw": "takes a form",
    "desk:stoppage": "leads from a stop that test_desk_stops.py makes and photographs",
    "desk:stop_undo": "takes a form",
    "desk:number": "takes a form",
    "desk:number_wrong": "takes a form",
    "desk:terminal_close": "takes a form",
    "office:sign_in": "leads to the desk's sign-in",
    "office:figures_file": "a file",
    "office:policy_decide": "the answer to a form: test_office_pages.py",
    "office:channel_key": "the answer to a form",
    "office:channel_resume": "takes a form",
    "office:role_give": "takes a form",
    "office:role_end": "takes a form",
    "office:invite_again": "takes a form",
    "office:factor_clear": "takes a form",
    "office:letter_settle": "takes a form",
    "office:announcement_withdraw": "takes a form",
}


@dataclass(frozen=True, slots=True)
class World:
    """Ids for the paths, and the cookies that each of those who open them has."""

    ids: dict[str, str]
    cookies: dict[str, dict[str, str]]

    def path(self, page: Page) -> str:
        return page.path.format(**self.ids)


HOLDERS = ("patient", "newcomer", "unlucky", "limited", "slowed", "reviewed")


def build_world(ward: Ward, numbers: list[str]) -> World:
    """Made by the commands, as in life. `numbers`: phones that nobody has, one for each of `HOLDERS`."""
    ids: dict[str, str] = {}
    cookies: dict[str, dict[str, str]] = {"": {}}
    homes: dict[str, households.Household] = {}
    for who, phone in zip(HOLDERS, numbers, strict=True):
        home = households.open_household(phone)
        cookies[who] = {ACCOUNT_COOKIE: home.token, DEVICE_COOKIE: home.device}
        homes[who] = home
        if who == "patient":
            _patient(home, ids)
        if who == "limited":
            _appeal(home, ids)
        if who in ("slowed", "reviewed"):
            home.slow_down()
        if who == "reviewed":
            ids["review"] = str(home.ask_review("我是村卫生室的，替村里老人约号，他们不会用手机。"))
    stay_signed_in()
    _desk(ward, ids, cookies)
    _new_hospital(ids, cookies)
    _draw(ward, homes["patient"], homes["unlucky"], ids)
    _office(ids, cookies)
    ids["quiet_week"] = fair_weeks.put_once().isoformat()
    ids["alarm"] = str(fair_weeks.alarm())
    return World(ids, cookies)


def _patient(home: households.Household, ids: dict[str, str]) -> None:
    """A verified person with one booking, and more to book."""
    serial = make.number() % 900
    born = clock.shanghai_date(clock.now()).replace(year=1979, day=3)
    person = home.add("测试欧阳春华", identity_number("resident_id", born, "female", serial=serial))
    place = practices.open_one()
    hospital_id = place.clinic.hospital_id
    first, second = place.sessions[0], place.sessions[1]
    slot = make.slots(first, make.schedule.Pool.ONLINE)[0]
    wish = HoldSlot(f"page{make.number()}", hospital_id, slot.slot_id, person)
    held = claim.hold_slot(wish, actor=home.actor, now=clock.now())
    free = make.slots(second, make.schedule.Pool.ONLINE)[0]
    ids |= {
        "hospital": str(hospital_id),
        "common": COMMON[0],
        "department": str(place.clinic.department_id),
        "doctor": str(first.practitioner_id),
        "session": str(second.session_id),
        "slot": str(free.slot_id),
        "booking": str(held.booking_id),
        "person": str(person),
    }
    _waiting(home, person, ids)


def _waiting(home: households.Household, person: UUID, ids: dict[str, str]) -> None:
    """An afternoon that is full, and a place in its line."""
    full = practices.sell_out(practices.found(), 0)
    more = practices.sell_out(practices.found(), 0)
    where = SessionKey(full.session.hospital_id, full.session.session_id)
    joined = joining.join_waitlist(
        Join(f"page{make.number()}", (person,), (where,), Mode.ASK), actor=home.actor, now=clock.now()
    )
    ids |= {
        "entry": str(joined.entry_id),
        "full_hospital": str(more.session.hospital_id),
        "full_session": str(more.session.session_id),
    }


def _draw(ward: Ward, home: households.Household, unlucky: households.Household, ids: dict[str, str]) -> None:
    """A draw that takes entries now, with one of the patient in it; and one that is over, with a family that lost."""
    place = lots.opened(ward.hospital_id)
    entry = draws.apply(place, actor=home.actor, patients=[UUID(ids["person"])], now=clock.now())
    ids |= {"draw_hospital": str(place.hospital_id), "draw": str(place.draw_id), "draw_entry": str(entry)}
    ids["draw_lost"] = str(lots.lost(ward.hospital_id, unlucky.actor, _family(unlucky)).entries[-1])


def _family(home: households.Household) -> list[UUID]:
    day = clock.shanghai_date(clock.now())
    own = identity_number("resident_id", day.replace(year=1984, day=3), "female", serial=make.number() % 900)
    child = identity_number("resident_id", day.replace(year=day.year - 6, day=3), "male", serial=make.number() % 900)
    return [
        home.add("测试诸葛明月", own),
        home.add("测试诸葛小满", child, relation=Relation.CHILD, consent="guardian-1"),
    ]


def _appeal(home: households.Household, ids: dict[str, str]) -> None:
    home.lock(LockReason.CANCELS)
    assert home.actor.account_id is not None
    lock = people.get_account(home.actor.account_id, home.actor).lock
    assert lock is not None
    abuse.appeal_lock(AppealLock(lock.lock_id, "我给一家老小挂号，不是号贩子。"), actor=home.actor, now=clock.now())
    ids["lock"] = str(lock.lock_id)


def _desk(ward: Ward, ids: dict[str, str], cookies: dict[str, dict[str, str]]) -> None:
    session = ward.on_site()
    booking_id, patient_id = ward.walk_in(session)
    now = clock.now()
    open_slots = openings.slot_offers(ward.hospital_id, session, channel="desk", now=now)
    manager = make.staff_actor("roster_manager", hospital_id=ward.hospital_id)
    line = schedule.list_roster(ward.hospital_id, session.date, actor=manager)[0]
    invited = ward.staff(*ALL_ROLES)
    provider = SetProvider(ward.hospital_id, "https://sso.hospital.example", "yitong", "secret")
    providers.set_provider(provider, actor=make.hospital_admin(ward.hospital_id), now=now)
    cookies["desk"] = {STAFF_COOKIE: token_of(invited)}
    ids |= {
        "day": session.date.isoformat(),
        "stop_asked": f"what=department:{session.department_id}&from_date={session.date}&until_date={session.date}",
        "ward_department": str(session.department_id),
        "ward_session": str(session.session_id),
        "ward_campus": str(session.campus_id),
        "ward_doctor": str(session.practitioner_id),
        "ward_booking": str(booking_id),
        "ward_patient": str(patient_id),
        "ward_slot": str(next(one.slot_id for one in open_slots if one.is_open and one.ends_at > now)),
        "line": str(line.roster_line_id),
        "line_department": str(line.department_id),
        "member": str(invited.staff_id),
    }


def _new_hospital(ids: dict[str, str], cookies: dict[str, dict[str, str]]) -> None:
    """A hospital that was just taken in, and its administrator before the first page."""
    now = clock.now()
    hospital_id = make.hospital(now=now)
    founder = make.staff_member("hospital_admin", hospital_id=hospital_id, now=now)
    cookies["founder"] = {STAFF_COOKIE: token_of(founder)}
    ids["new_hospital"] = str(hospital_id)


def _office(ids: dict[str, str], cookies: dict[str, dict[str, str]]) -> None:
    roles = {
        "operator": "city_operator",
        "officer": "policy_officer",
        "security": "security_admin",
        "auditor": "auditor",
    }
    now = clock.now()
    for who, role in roles.items():
        invited = make.staff_member(role, now=now)
        cookies[who] = {STAFF_COOKIE: token_of(invited)}
        ids["officer"] = str(invited.staff_id)
    channel_id, _secret = make.channel(now=now)
    security = make.security_admin()
    made = channels.make_key(MakeKey(channel_id, f"page{make.number()}"), actor=security, now=now)
    ids |= {"channel": str(channel_id), "key": str(made.key_id)}
    states = audit.log_states(make.staff_actor("auditor"))
    ids |= {"log": states[0].log, "shard": states[0].shard}
