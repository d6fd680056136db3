"""Loads the demo city through the commands that hospitals, staff and patients use themselves; what is there stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from yitong.cli.demo import city as cities
from yitong.cli.demo import rosters
from yitong.cli.demo.city import City, CityName
from yitong.cli.demo.loading import bookings, draws, hospitals, people, staff
from yitong.cli.demo.loading import rosters as schedule
from yitong.core import clock
from yitong.core.actor import Actor

Report = Callable[[str, int, int], None]  # (what is being loaded, how many are done, of how many)


def load(name: CityName, report: Report) -> None:
    """Loads the city as it is at this moment. Repeatable: a second time it changes nothing, on a later day it adds the
    days that have come."""
    load_at(name, now=clock.now(), report=report)


def load_at(name: CityName, *, now: datetime, report: Report) -> None:
    """As `load`, at the instant `now`."""
    city = cities.build(name, now=now)
    for year in rosters.years_without_holidays(city.days()):
        report(f"{year} 年的节假日安排尚未公布，暂按周末和固定节日排班", 1, 1)
    crew = staff.Crew()
    _found_city(city, crew, now=now, report=report)
    for done, one in enumerate(city.hospitals):
        report("医院、科室、医师", done, len(city.hospitals))
        _add_hospital(one.code, city, crew, now=now)
    report("医院、科室、医师", len(city.hospitals), len(city.hospitals))
    with ThreadPoolExecutor(1) as beside:
        passwords = beside.submit(crew.accept_invites, now=now)
        _fill(city, crew, now=now, report=report)
        passwords.result()


def sign_ins(name: CityName) -> list[tuple[str, str]]:
    """Whom one can be in the demo, and how: (who, how), for the terminal."""
    return [(one.who, one.how) for one in cities.logins(name)]


def _fill(city: City, crew: staff.Crew, *, now: datetime, report: Report) -> None:
    """Rosters and slots, then accounts, what they book and what they apply for."""
    total = len(city.hospitals)
    for done, one in enumerate(city.hospitals):
        report("排班和号源", done, total)
        admin = crew.administrator(one.code, city)
        hospital_id = crew.hospital_id(one.code)
        schedule.fill_roster(one.code, hospital_id, city, actor=admin, now=now)
        schedule.make_sessions(hospital_id, city, actor=admin, now=now)
    report("排班和号源", total, total)
    joined = []
    for done, account in enumerate(city.accounts):
        report("账户和就诊人", done, len(city.accounts))
        joined.append(people.join(account, now=now))
    report("账户和就诊人", len(city.accounts), len(city.accounts))
    bookings.book(joined, city, crew, now=now)
    report("预约", 1, 1)
    draws.hold(joined, city, crew, now=now)
    report("摇号", 1, 1)


def _found_city(city: City, crew: staff.Crew, *, now: datetime, report: Report) -> None:
    """The city's officers, its channels, its rules and its notice."""
    officers = list(staff.of(city, None))
    for done, one in enumerate(officers):
        report("城市", done, len(officers))
        crew.join(one, None, now=now)
    staff.open_channels(city, now=now)
    hospitals.set_policies(None, None, city, actor=crew.officer("policy_officer", city), now=now)
    hospitals.announce(None, None, city, actor=crew.officer("city_operator", city), now=now)
    report("城市", len(officers), len(officers))


def _add_hospital(code: str, city: City, crew: staff.Crew, *, now: datetime) -> None:
    """The hospital with its staff; its administrator then writes what is its own."""
    one = next(hospital for hospital in city.hospitals if hospital.code == code)
    hospital_id = hospitals.add_hospital(one, city, actor=crew.officer("city_operator", city), now=now)
    crew.found(code, hospital_id)
    members = list(staff.of(city, code))
    for member in members:
        crew.join(member, hospital_id, now=now)
    admin: Actor = crew.administrator(code, city)
    hospitals.fill_hospital(code, hospital_id, city, actor=admin, now=now)
    hospitals.set_policies(code, hospital_id, city, actor=admin, now=now)
    hospitals.announce(code, hospital_id, city, actor=admin, now=now)
    for member in members:
        if member.practitioner_code is not None:
            crew.bind_doctor(member, hospital_id, actor=admin, now=now)
