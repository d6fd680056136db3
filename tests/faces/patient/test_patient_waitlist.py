"""The waitlist's pages over real domains: the way in, joining, how it goes, the answer to an offer, the way out."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import lines
from tests.clinic import NOW
from tests.faces.patient.test_patient_pages import text_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.waitlist import models, queries
from yitong.domains.waitlist.commands import answering
from yitong.domains.waitlist.contracts import Mode, SessionKey
from yitong.faces.patient.waitlist import forms, views

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-017")]


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def join_path(full: lines.SoldOut) -> str:
    return f"/book/waitlist/{full.place.hospital_id}/{full.place.session_id}/?visit=first"


def department_path(full: lines.SoldOut) -> str:
    return f"/hospitals/{full.place.hospital_id}/departments/{full.place.department_id}/?date={full.place.day}"


def join(client: Client, full: lines.SoldOut, *patients: UUID, mode: str = "ask", key: object = "", **more: Any) -> Any:
    content = {
        "key": str(key or new_id()),
        "patients": [str(one) for one in patients],
        "sessions": [str(full.place.session_id)],
        "mode": mode,
        "visit": "first",
    }
    return client.post(join_path(full), {**content, **more})


def name_of(full: lines.SoldOut) -> str:
    return hospitals.get_hospital(full.place.hospital_id).name


def entry_path() -> str:
    return f"/bookings/waitlist/{models.WaitlistEntry.objects.order_by('-joined_at', '-id')[0].id}/"


def offered(full: lines.SoldOut) -> tuple[Client, UUID, dict[str, str]]:
    """Somebody with an open offer; what his page sends."""
    actor, patient, entry_id = lines.waits(full, mode=Mode.ASK)
    full.free(0)
    full.serve()
    client = signed_in(actor)
    page = client.get(f"/bookings/waitlist/{entry_id}/").content.decode()
    fields = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("key", "hospital", "offer")}  # type: ignore[index]
    return client, entry_id, fields


def test_what_is_sold_out_leads_to_its_line_and_what_is_not_does_not() -> None:
    full, free = lines.sold_out(), build.clinic()
    client = Client(SERVER_NAME="localhost")
    sold = client.get(department_path(full)).content.decode()
    assert f'href="{join_path(full)}"' in sold
    left = client.get(f"/hospitals/{free.hospital_id}/departments/{free.department_id}/?date={free.day}")
    assert "/book/waitlist/" not in left.content.decode()
    session = client.get(f"/hospitals/{full.place.hospital_id}/sessions/{full.place.session_id}/")
    assert f'href="{join_path(full)}"' in session.content.decode()


def test_who_was_too_late_is_shown_the_line() -> None:
    full = lines.sold_out(slots=1)
    actor, patient = build.holder()
    path = f"/book/{full.place.hospital_id}/{full.place.slot()}/?visit=first"
    refused = signed_in(actor).post(path, {"key": str(new_id()), "patient": str(patient), "visit": "first"})
    assert (refused.status_code, join_path(full) in refused.content.decode()) == (409, True)


def test_joining_by_the_page() -> None:
    full = lines.sold_out()
    actor, patient = build.holder()
    client = signed_in(actor)
    page = client.get(join_path(full))
    assert "现在还没有人候补" in text_of(page)
    key = new_id()
    done = join(client, full, patient, key=key)
    assert (done.status_code, done.headers["Location"]) == (303, entry_path())
    again = join(client, full, patient, key=key)
    assert again.headers["Location"] == done.headers["Location"]
    shown = text_of(client.get(entry_path()))
    assert "下一个空出的号就给您" in shown
    assert "候补中" in text_of(client.get("/bookings/"))
    assert models.WaitlistEntry.objects.get().mode == "ask"


def test_the_page_says_how_many_come_first() -> None:
    full = lines.sold_out()
    lines.waits(full)
    actor, patient = build.holder()
    client = signed_in(actor)
    assert "现在有 1 人在候补" in text_of(client.get(join_path(full)))
    join(client, full, patient)
    assert "前面还有 1 人" in text_of(client.get(entry_path()))


def test_a_refused_wish_keeps_what_was_chosen() -> None:
    full = lines.sold_out()
    actor, patient = build.holder()
    other = build.clinic(hospital_id=full.place.hospital_id, department_id=full.place.department_id, at=build.time(14))
    build.hold(other, patient, actor)
    client = signed_in(actor)
    refused = join(client, full, patient)
    assert (refused.status_code, "同一就诊日同一科室" in text_of(refused)) == (409, True)
    assert re.search(rf'value="{patient}" checked', refused.content.decode())
    empty = client.post(join_path(full), {"key": str(new_id()), "mode": "perhaps", "sessions": "x"})
    assert empty.status_code == 422
    assert "请选择就诊人" in text_of(empty)
    assert not models.WaitlistEntry.objects.exists()


def test_other_sold_out_sessions_can_be_named_too() -> None:
    full = lines.sold_out()
    day = full.place.day + timedelta(days=1)
    more = lines.sold_out(hospital_id=full.place.hospital_id, department_id=full.place.department_id, day=day)
    actor, patient = build.holder()
    client = signed_in(actor)
    assert str(more.place.session_id) in client.get(join_path(full)).content.decode()
    join(client, full, patient, sessions=[str(full.place.session_id), str(more.place.session_id)])
    entry = models.WaitlistEntry.objects.get()
    assert entry.session_ids == [full.place.session_id, more.place.session_id]
    assert "等 2 场" in text_of(client.get("/bookings/waitlist/"))


def test_sessions_of_other_hospitals_can_be_named_too() -> None:
    full, far, free = lines.sold_out(), lines.sold_out(), build.clinic()
    actor, patient = build.holder()
    client = signed_in(actor)
    asked = join(client, full, patient, show="elsewhere")
    assert (asked.status_code, models.WaitlistEntry.objects.count()) == (200, 0)
    page = asked.content.decode()
    box = f"{far.place.hospital_id} {far.place.session_id}"
    assert f'name="elsewhere" value="{box}">' in page
    assert re.search(rf'value="{patient}" checked', page)  # what was chosen stays
    assert str(free.session_id) not in page  # has slots
    done = join(client, full, patient, elsewhere=[box], mode="at_once")
    assert done.status_code == 303
    assert text_of(client.get(done.headers["Location"])).count(name_of(far)) == 1
    entry = models.WaitlistEntry.objects.get()
    assert entry.hospital_ids == [full.place.hospital_id, far.place.hospital_id]
    assert entry.session_ids == [full.place.session_id, far.place.session_id]
    far.free(0)
    far.serve()
    shown = text_of(client.get("/bookings/waitlist/"))
    assert (name_of(far) in shown, name_of(full) in shown) == (True, False)  # where it is booked


def test_a_refusal_keeps_what_was_chosen_elsewhere() -> None:
    full, far = lines.sold_out(), lines.sold_out()
    actor, patient = build.holder()
    client = signed_in(actor)
    box = f"{far.place.hospital_id} {far.place.session_id}"
    lines.join(actor, [patient], far)
    refused = join(client, full, patient, elsewhere=[box])
    assert refused.status_code == 409
    assert f'name="elsewhere" value="{box}" checked' in refused.content.decode()
    assert join(client, full, patient, elsewhere=["x y"]).status_code == 422
    assert join(client, full, patient, elsewhere=[f"{new_id()} {new_id()}"]).status_code == 404
    assert models.WaitlistEntry.objects.count() == 1


def test_what_was_chosen_elsewhere_stays_when_more_is_sold_out_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_ELSEWHERE", 1)
    full, (first, later) = lines.sold_out(), neighbours()
    actor, patient = build.holder()
    boxes = [f"{one.place.hospital_id} {one.place.session_id}" for one in (first, later)]
    client = signed_in(actor)
    for chosen, shown in ((0, 1), (1, 2)):
        page = join(client, full, patient, elsewhere=[boxes[chosen]], show="elsewhere").content.decode()
        assert page.count('name="elsewhere"') == shown
        assert f'name="elsewhere" value="{boxes[chosen]}" checked' in page


def test_where_nothing_else_is_sold_out_it_says_so() -> None:
    full = lines.sold_out()
    actor, patient = build.holder()
    assert "其他医院或院区的同一专业现在没有可以候补的场次" in text_of(
        join(signed_in(actor), full, patient, show="elsewhere")
    )


def test_of_no_box_nothing_is_named() -> None:
    ids = [new_id() for _ in range(6)]
    content = QueryDict(mutable=True)
    content.update({"key": str(new_id()), "mode": "ask", "patients": str(new_id())})
    content.setlist("sessions", [f"{ids[0]} {ids[1]} {ids[2]}", str(ids[3])])
    content.setlist("elsewhere", [f"{ids[5]} {ids[4]}"])
    form = forms.JoinWaitlist(content)
    assert form.is_valid(), form.errors
    here = new_id()
    named = [form.to_command(new_id(), here, is_first_visit=True, most=most).sessions for most in (2, 4, 9)]
    local = [SessionKey(here, one) for one in ids[:4]]
    far = SessionKey(ids[5], ids[4])
    assert named[0] == (local[0], local[3], far)  # more than may be: refused, and not cut
    assert named[1] == (local[0], local[1], local[3], far)
    assert named[2] == (*local, far)


def test_no_line_where_there_are_slots() -> None:
    place, (actor, _) = build.clinic(), build.holder()
    page = signed_in(actor).get(f"/book/waitlist/{place.hospital_id}/{place.session_id}/")
    assert "这一场现在不能候补" in text_of(page)


def test_an_offer_is_taken_by_the_page() -> None:
    full = lines.sold_out()
    client, entry_id, fields = offered(full)
    done = client.post(f"/bookings/waitlist/{entry_id}/answer/", {**fields, "answer": "accept"})
    assert done.headers["Location"] == f"/bookings/waitlist/{entry_id}/"
    assert "候补成功" in text_of(client.get(f"/bookings/waitlist/{entry_id}/"))
    assert (
        Booking.objects.filter(hospital_id=full.place.hospital_id, key__startswith="waitlist", live=True).count() == 1
    )


def test_an_offer_is_declined_by_the_page() -> None:
    full = lines.sold_out()
    client, entry_id, fields = offered(full)
    client.post(f"/bookings/waitlist/{entry_id}/answer/", {**fields, "answer": "decline"})
    shown = text_of(client.get(f"/bookings/waitlist/{entry_id}/"))
    assert "您没有要这个号" in shown
    assert "候补中" in shown


def test_a_missed_offer_is_said_to_be_gone() -> None:
    full = lines.sold_out()
    client, entry_id, fields = offered(full)
    offer = models.WaitlistOffer.objects.get(hospital_id=full.place.hospital_id)
    with clock.frozen(offer.until):
        waiting = text_of(client.get(f"/bookings/waitlist/{entry_id}/"))
        assert "这个号正在转给下一位" in waiting
        answering.end_offer(offer.hospital_id, offer.id, now=offer.until)
        late = client.post(f"/bookings/waitlist/{entry_id}/answer/", {**fields, "answer": "accept"})
        assert (late.status_code, "这个号已转给下一位" in text_of(late)) == (409, True)
        assert "没有在时限内确认" in text_of(client.get(f"/bookings/waitlist/{entry_id}/"))
    assert not Booking.objects.filter(hospital_id=full.place.hospital_id, key__startswith="waitlist").exists()


def test_leaving_by_the_page_and_the_list_of_what_was() -> None:
    full = lines.sold_out()
    actor, _, entry_id = lines.waits(full)
    client = signed_in(actor)
    assert "退出这份候补吗" in text_of(client.get(f"/bookings/waitlist/{entry_id}/withdraw/"))
    done = client.post(f"/bookings/waitlist/{entry_id}/withdraw/", {"key": str(new_id())})
    assert done.headers["Location"] == "/bookings/waitlist/"
    assert "已退出" in text_of(client.get("/bookings/waitlist/"))
    assert client.post(f"/bookings/waitlist/{entry_id}/withdraw/", {"key": str(new_id())}).status_code == 409


def test_anothers_entry_looks_absent() -> None:
    full = lines.sold_out()
    _, _, entry_id = lines.waits(full)
    stranger = signed_in(build.holder()[0])
    for path in ("", "withdraw/"):
        assert stranger.get(f"/bookings/waitlist/{entry_id}/{path}").status_code == 404
    assert stranger.post(f"/bookings/waitlist/{entry_id}/withdraw/", {"key": str(new_id())}).status_code == 404
    assert "没有候补" in text_of(stranger.get("/bookings/waitlist/"))
    anybody = Client(SERVER_NAME="localhost").get(f"/bookings/waitlist/{entry_id}/")
    assert anybody.headers["Location"].startswith("/sign-in/")


def test_the_list_asks_the_same_for_one_and_for_many() -> None:
    first = lines.sold_out(slots=1)
    actor, patient = build.holder()
    lines.join(actor, [patient], first)
    client = signed_in(actor)

    def asked(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(path).status_code == 200
        return len(found)

    asked("/bookings/waitlist/")
    one = asked("/bookings/waitlist/")
    for n in range(1, 3):
        more = lines.sold_out(
            slots=1,
            hospital_id=first.place.hospital_id,
            department_id=first.place.department_id,
            day=first.place.day + timedelta(days=n),
        )
        lines.join(actor, [patient], more)
    assert asked("/bookings/waitlist/") == one


def test_pages_are_whole_in_english() -> None:
    full = lines.sold_out()
    client, entry_id, _ = offered(full)
    client.cookies["django_language"] = "en"
    for path in (f"/bookings/waitlist/{entry_id}/", "/bookings/waitlist/", f"/bookings/waitlist/{entry_id}/withdraw/"):
        page = client.get(path, headers={"accept-language": "en"})
        assert "waitlist" in text_of(page).lower()


def change_path(entry_id: UUID) -> str:
    return f"/bookings/waitlist/{entry_id}/change/"


def test_a_wish_is_changed_by_the_page_and_keeps_its_place() -> None:
    full, more = neighbours()
    actor, _, entry_id = lines.waits(full, mode=Mode.ASK)
    lines.waits(full)
    client = signed_in(actor)
    page = client.get(change_path(entry_id)).content.decode()
    here, there = str(full.place.session_id), str(more.place.session_id)
    assert f'value="{here}" checked' in page
    assert re.search(rf'value="{there}"(?! checked)', page)
    assert re.search(r'value="ask" checked', page)
    assert change_path(entry_id) in client.get(f"/bookings/waitlist/{entry_id}/").content.decode()
    wish = {"key": str(new_id()), "sessions": [here, there], "mode": "at_once"}
    done, again = (client.post(change_path(entry_id), wish) for _ in range(2))
    assert (done.status_code, again.status_code) == (303, 303)
    entry = queries.get_entry(entry_id, actor)
    assert entry.mode is Mode.AT_ONCE
    assert [(str(line.session_id), line.ahead) for line in entry.lines] == [(here, 0), (there, 0)]
    assert "直接约好" in text_of(client.get(f"/bookings/waitlist/{entry_id}/"))


def box_of(there: lines.SoldOut) -> str:
    """How a page names a session of another hospital."""
    return f"{there.place.hospital_id} {there.place.session_id}"


def test_a_change_offers_other_hospitals_as_joining_does_and_keeps_the_place() -> None:
    full, (far, farther) = lines.sold_out(), neighbours()
    actor, _, entry_id = lines.waits(full, mode=Mode.ASK)
    lines.waits(full)
    lines.waits(far)
    client, key, here = signed_in(actor), str(new_id()), str(full.place.session_id)

    def change(*elsewhere: str, **more: object) -> Any:
        wish = {"key": key, "sessions": [here], "elsewhere": list(elsewhere), "mode": "at_once", **more}
        return client.post(change_path(entry_id), wish)

    assert 'value="elsewhere"' in client.get(change_path(entry_id)).content.decode()
    shown = change(box_of(farther), show="elsewhere")
    page = shown.content.decode()
    assert shown.status_code == 200
    assert f'name="elsewhere" value="{box_of(far)}">' in page
    assert f'name="elsewhere" value="{box_of(farther)}" checked' in page
    assert (f'value="{here}" checked' in page, 'value="at_once" checked' in page, f'value="{key}"' in page) == (
        True,
        True,
        True,
    )
    assert queries.get_entry(entry_id, actor).mode is Mode.ASK  # nothing is changed by looking
    with clock.frozen(NOW + timedelta(minutes=1)):
        assert change(box_of(far)).status_code == 303
    entry = queries.get_entry(entry_id, actor)
    stands = [(line.hospital_id, line.session_id, line.ahead) for line in entry.lines]
    assert stands == [
        (full.place.hospital_id, full.place.session_id, 0),
        (far.place.hospital_id, far.place.session_id, 1),
    ]


def test_what_is_waited_for_elsewhere_is_offered_once_and_stays_when_the_rest_is_dropped() -> None:
    full, (far, farther) = lines.sold_out(), neighbours()
    actor, patient = build.holder()
    entry_id = lines.join(actor, [patient], full, far).entry_id
    lines.waits(far)
    client = signed_in(actor)
    wish = {"key": str(new_id()), "mode": "ask", "sessions": [str(far.place.session_id)]}
    page = client.post(change_path(entry_id), {**wish, "show": "elsewhere"}).content.decode()
    assert f'value="{box_of(far)}"' not in page  # among those that one waits for
    assert re.search(rf'value="{far.place.session_id}" checked', page)
    assert f'value="{box_of(farther)}"' in page
    assert client.post(change_path(entry_id), wish).status_code == 303
    (line,) = [line for line in queries.get_entry(entry_id, actor).lines if line.is_live]
    assert (line.hospital_id, line.session_id, line.ahead) == (far.place.hospital_id, far.place.session_id, 0)


def test_who_drops_all_that_was_near_waits_elsewhere() -> None:
    full, far = lines.sold_out(), lines.sold_out()
    actor, _, entry_id = lines.waits(full)
    wish = {"key": str(new_id()), "mode": "ask", "elsewhere": [box_of(far)]}
    assert signed_in(actor).post(change_path(entry_id), wish).status_code == 303
    (line,) = [line for line in queries.get_entry(entry_id, actor).lines if line.is_live]
    assert (line.hospital_id, line.session_id) == (far.place.hospital_id, far.place.session_id)


def test_a_refused_change_keeps_what_was_chosen_elsewhere() -> None:
    full, far = lines.sold_out(), lines.sold_out()
    actor, patient, entry_id = lines.waits(full)
    lines.join(actor, [patient], far)
    wish = {
        "key": str(new_id()),
        "mode": "ask",
        "sessions": [str(full.place.session_id)],
        "elsewhere": [box_of(far)],
    }
    client = signed_in(actor)
    refused = client.post(change_path(entry_id), wish)
    assert refused.status_code == 409
    assert f'name="elsewhere" value="{box_of(far)}" checked' in refused.content.decode()
    assert client.post(change_path(entry_id), {**wish, "elsewhere": ["x y"]}).status_code == 422


def test_a_change_counts_as_joining_does_and_keeps_what_was_chosen() -> None:
    full, more = neighbours()
    actor, _, entry_id = lines.waits(full, mode=Mode.ASK)
    client = signed_in(actor)
    here, there = str(full.place.session_id), str(more.place.session_id)

    def change(*sessions: str) -> Any:
        wish = {"key": str(new_id()), "sessions": list(sessions), "mode": "at_once"}
        return client.post(change_path(entry_id), wish)

    assert [change(here).status_code for _ in range(6)] == [303] * 6
    told = change(there)
    assert told.status_code == 429
    assert re.search(rf'value="{there}" checked', told.content.decode())
    assert [line.session_id for line in queries.get_entry(entry_id, actor).lines] == [full.place.session_id]


def test_a_change_without_a_session_or_with_another_ones_entry_changes_nothing() -> None:
    full, more = neighbours()
    actor, _, entry_id = lines.waits(full, mode=Mode.ASK)
    stranger = signed_in(build.holder()[0])
    wish = {"key": str(new_id()), "sessions": [str(more.place.session_id)], "mode": "at_once"}
    empty = signed_in(actor).post(change_path(entry_id), {**wish, "sessions": []})
    assert (empty.status_code, "请选择场次" in text_of(empty)) == (422, True)
    assert stranger.get(change_path(entry_id)).status_code == 404
    assert stranger.post(change_path(entry_id), wish).status_code == 404
    assert Client().get(change_path(entry_id)).status_code in (302, 303)
    entry = queries.get_entry(entry_id, actor)
    assert (entry.mode, [line.session_id for line in entry.lines]) == (Mode.ASK, [full.place.session_id])


def test_with_an_offer_the_page_asks_for_its_answer_first() -> None:
    full = lines.sold_out()
    client, entry_id, _ = offered(full)
    assert "这份候补现在不能修改" in text_of(client.get(change_path(entry_id)))
    wish = {"key": str(new_id()), "sessions": [str(full.place.session_id)], "mode": "at_once"}
    assert client.post(change_path(entry_id), wish).status_code == 409
    assert models.WaitlistEntry.objects.get(id=entry_id).mode == "ask"


def neighbours() -> tuple[lines.SoldOut, lines.SoldOut]:
    """Two sold-out sessions of one department, on one day."""
    full = lines.sold_out()
    place = full.place
    return full, lines.sold_out(hospital_id=place.hospital_id, department_id=place.department_id, at=build.time(14))
