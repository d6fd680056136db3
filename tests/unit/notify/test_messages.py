"""Telling people: once, in words, by the media they want, until it arrives or can't."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.core.actor import Actor
from yitong.core.errors import Unidentified
from yitong.core.ids import new_id
from yitong.domains.notify import commands, errors, jobs, personal_data, queries
from yitong.domains.notify.contracts import (
    Answer,
    DeliveryState,
    Report,
    SetPreferences,
    Tell,
    TellPhone,
    TemplateName,
    Topic,
)
from yitong.domains.notify.models import Contact, Message
from yitong.domains.notify.ports import fact_source, sms_gateway
from yitong.domains.notify.rules import messages
from yitong.domains.notify.rules.template import Kind
from yitong.domains.notify.states import TRANSITIONS, Event, next_state

NOW = make.NOW


class Facts:
    """Words for any id: its name in capitals."""

    def __init__(self) -> None:
        self.masked: list[bool] = []

    def words(self, asks, language, *, masked):  # type: ignore[no-untyped-def]
        self.masked.append(masked)
        return [{name: f"<{name.removesuffix('_id')}>" for name in ask.ids if name.endswith("_id")} for ask in asks]


@pytest.fixture(autouse=True)
def outside(db: None):  # type: ignore[no-untyped-def]
    """A gateway and a fact source of our own; what was plugged comes back."""
    before = sms_gateway.taken(), fact_source.taken()
    gateway = make.Gateway()
    sms_gateway.plug(gateway)
    fact_source.plug(Facts())  # type: ignore[arg-type]
    yield gateway
    sms_gateway.plug(before[0])
    fact_source.plug(before[1])


def account(phone: str = "") -> Actor:
    account_id = new_id()
    with transaction.atomic():
        commands.set_contact(account_id, phone or make.phone(), "zh")
    return Actor.for_account(account_id)


def booking_params() -> dict[str, str]:
    ids = ("hospital_id", "department_id", "practitioner_id", "patient_id", "campus_id", "booking_id")
    return {
        **{name: str(new_id()) for name in ids},
        "starts_at": datetime(2026, 11, 26, 0, 30, tzinfo=UTC).isoformat(),
        "number": "7",
        "code": "12345678",
    }


def told(actor: Actor, key: str = "k", template: str = "booking_confirmed", now: datetime = NOW) -> Message:
    assert actor.account_id is not None
    with transaction.atomic():
        commands.tell(Tell(key, actor.account_id, template, booking_params()), now)
    return Message.objects.get(key=key, medium="sms")


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", list(TemplateName))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_template_can_be_put_into_words(template: TemplateName, language: str) -> None:
    samples = {
        Kind.ID: str(UUID(int=1)),
        Kind.INSTANT: NOW.isoformat(),
        Kind.DATE: "2026-11-26",
        Kind.WORD: "5",
        Kind.CHOICE: "cancels",
    }
    params = {name: samples[kind] for name, kind in messages.TEMPLATES[template].params.items()}
    words = dict.fromkeys(messages.ids_in(template, params), "词")
    title, text = messages.render(template, params, words, language)
    assert title
    assert "{" not in title + text
    assert len(messages.sms_text(text, language)) <= messages.SMS_LONGEST
    assert all(
        f"{{{name.removesuffix('_id')}}}" in messages.TEMPLATES[template].text(language)[1] or name == "minutes"
        for name in params
        if name != "practitioner_id"
    )


def test_words_of_a_booking() -> None:
    words = {"patient_id": "张*", "hospital_id": "示范医院", "department_id": "心内科", "campus_id": "本部"}
    params = {**booking_params(), "practitioner_id": ""}
    title, text = messages.render(TemplateName.BOOKING_CONFIRMED, params, words, "zh")
    assert title == "预约成功"
    assert text == (
        "预约成功：张*在示范医院心内科（出诊医生），2026年11月26日（周四） 08:30，本部，第7号。"
        "预约码12345678。请携带证件按时就诊。"
    )
    assert "Thu 26 Nov 2026 08:30" in messages.render(TemplateName.BOOKING_CONFIRMED, params, words, "en")[1]


def test_missing_parameters_are_a_bug() -> None:
    actor = account()
    with pytest.raises(AssertionError, match="lacks"), transaction.atomic():
        commands.tell(Tell("k", actor.account_id, "booking_confirmed", {}), NOW)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no_such"), transaction.atomic():
        commands.tell(Tell("k", actor.account_id, "no_such", {}), NOW)  # type: ignore[arg-type]


# -- telling -----------------------------------------------------------------------------------------------------------


def test_told_twice_is_told_once() -> None:
    actor = account()
    told(actor)
    told(actor)
    assert sorted(Message.objects.values_list("medium", "state")) == [("in_app", "delivered"), ("sms", "queued")]


def test_muted_topics_and_absent_phones_get_no_text() -> None:
    actor = account()
    assert actor.account_id is not None
    cmd = SetPreferences(actor.account_id, "en", (Topic.BOOKING,))
    commands.set_preferences(cmd, actor=actor, now=NOW)
    nobody = new_id()
    with transaction.atomic():
        commands.tell(Tell("a", actor.account_id, "booking_confirmed", booking_params()), NOW)
        commands.tell(Tell("b", actor.account_id, "new_device", {"at": NOW.isoformat()}), NOW)
        commands.tell(Tell("c", nobody, "new_device", {"at": NOW.isoformat()}), NOW)
    assert list(Message.objects.order_by("key", "medium").values_list("key", "medium")) == [
        ("a", "in_app"),
        ("b", "in_app"),
        ("b", "sms"),
        ("c", "in_app"),
    ]


def test_preferences_are_their_owners() -> None:
    actor = account("15400000001")
    assert actor.account_id is not None
    with pytest.raises(errors.TopicAlwaysSent):
        commands.set_preferences(SetPreferences(actor.account_id, "zh", (Topic.SECURITY,)), actor=actor, now=NOW)
    with pytest.raises(errors.ContactMissing):
        commands.set_preferences(SetPreferences(actor.account_id, "zh"), actor=account(), now=NOW)
    with pytest.raises(Unidentified):
        commands.set_preferences(SetPreferences(actor.account_id, "zh"), actor=Actor.anonymous(), now=NOW)
    commands.set_preferences(SetPreferences(actor.account_id, "en-gb", (Topic.PEOPLE,)), actor=actor, now=NOW)
    kept = queries.get_preferences(actor.account_id, actor)
    assert (kept.phone_masked, kept.language, kept.muted) == ("154****0001", "en", frozenset({Topic.PEOPLE}))


# -- delivery ----------------------------------------------------------------------------------------------------------


def test_text_is_sent_and_its_report_taken(outside: make.Gateway) -> None:
    row = told(account("15400000002"))
    jobs.attempt(row.id, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.sent_at, row.next_at) == ("sent", NOW, None)
    sent = outside.sent[0]
    assert (sent.phone, sent.message_id) == ("15400000002", row.id)
    assert sent.text.startswith("【医通】预约成功：<patient>在<hospital>")
    assert fact_source.taken().masked == [True]  # type: ignore[attr-defined]
    for _ in range(2):
        outside.report = Report(row.id, is_delivered=True, at=NOW)
        commands.take_report({}, b"", now=NOW)
    outside.report = Report(row.id, is_delivered=False, at=NOW)
    commands.take_report({}, b"", now=NOW)
    row.refresh_from_db()
    assert (row.state, row.settled_at) == ("delivered", NOW)
    outside.report = None
    with pytest.raises(errors.ReportRefused):
        commands.take_report({}, b"", now=NOW)
    outside.report = Report(new_id(), is_delivered=True, at=NOW)
    commands.take_report({}, b"", now=NOW)


def test_unknown_outcome_is_tried_again_under_the_same_id(outside: make.Gateway) -> None:
    outside.answers = [Answer.UNKNOWN]
    row = told(account())
    now = NOW
    for wait_s in (5, 20, 80, 320, 1280, 1280):
        jobs.attempt(row.id, now=now)
        jobs.attempt(row.id, now=now)  # not its turn
        now += timedelta(seconds=wait_s)
        assert queries.list_due(now - timedelta(seconds=1)) == []
        assert queries.list_due(now) == [row.id]
    assert [sent.message_id for sent in outside.sent] == [row.id] * 6
    jobs.attempt(row.id, now=now)
    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "gave_up")


def test_refused_text_fails_at_once(outside: make.Gateway) -> None:
    outside.answers = [Answer.REFUSED]
    row = told(account())
    jobs.attempt(row.id, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "refused")


def test_late_text_is_not_sent(outside: make.Gateway) -> None:
    row = told(account())
    jobs.attempt(row.id, now=NOW + timedelta(hours=12))
    row.refresh_from_db()
    assert (row.state, row.failure, outside.sent) == ("failed", "expired", [])


def test_text_for_a_phone_that_went_away_fails(outside: make.Gateway) -> None:
    actor = account()
    row = told(actor)
    with transaction.atomic():
        commands.set_contact(actor.account_id, None, "zh")  # type: ignore[arg-type]
    jobs.attempt(row.id, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.failure, outside.sent) == ("failed", "no_phone", [])


def test_report_that_overtakes_the_answer_settles(outside: make.Gateway) -> None:
    row = told(account())
    outside.report = Report(row.id, is_delivered=True, at=NOW)
    commands.take_report({}, b"", now=NOW)
    commands.note_answer(row.id, Answer.ACCEPTED, now=NOW)
    row.refresh_from_db()
    assert row.state == "delivered"


def test_code_is_encrypted_and_wiped_when_it_leaves(outside: make.Gateway) -> None:
    tell = TellPhone("c", "15400000003", "sign_in_code", {"code": "246810", "minutes": "5"}, NOW + timedelta(minutes=5))
    with transaction.atomic():
        commands.tell_phone(tell, NOW)
        commands.tell_phone(tell, NOW)
    row = Message.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(m)::text FROM notify_message m")
        stored = cursor.fetchone()[0]
    assert "246810" not in stored
    assert "15400000003" not in stored
    jobs.attempt(row.id, now=NOW)
    row.refresh_from_db()
    assert "246810" in outside.sent[0].text
    assert (row.secret, row.shown) == (None, None)


def test_outbox_is_open_in_a_demo_only(outside: make.Gateway) -> None:
    row = told(account("15400000004"))
    jobs.attempt(row.id, now=NOW)
    with pytest.raises(errors.OutboxClosed):
        queries.list_outbox()
    outside.shows_texts = True
    assert queries.list_outbox() == []
    again = told(account("15400000005"), key="k2")
    jobs.attempt(again.id, now=NOW)
    assert [(item.phone, item.state) for item in queries.list_outbox()] == [("15400000005", DeliveryState.SENT)]


def test_sweep_takes_what_is_due(outside: make.Gateway, frozen_clock) -> None:  # type: ignore[no-untyped-def]
    rows = [told(account(), key=f"k{n}") for n in range(3)]
    frozen_clock(NOW)
    jobs.deliver_due(0)
    assert {sent.message_id for sent in outside.sent} == {row.id for row in rows}


def test_messages_are_kept_for_half_a_year(frozen_clock) -> None:  # type: ignore[no-untyped-def]
    told(account())
    frozen_clock(NOW + timedelta(days=180))
    jobs.forget_old.func(0)
    assert Message.objects.count() == 2
    frozen_clock(NOW + timedelta(days=180, seconds=1))
    jobs.forget_old.func(0)
    assert Message.objects.count() == 0


# -- reading -----------------------------------------------------------------------------------------------------------


def test_inbox_pages_and_marks() -> None:
    actor = account()
    assert actor.account_id is not None
    for n in range(5):
        told(actor, key=f"k{n}", now=NOW + timedelta(minutes=n))
    first = queries.get_inbox(actor.account_id, actor, language="zh", limit=3)
    assert (len(first.items), first.unread) == (3, 5)
    assert first.items[0].text.startswith("预约成功：<patient>")
    assert fact_source.taken().masked[-1] is False  # type: ignore[attr-defined]
    second = queries.get_inbox(actor.account_id, actor, language="en", before=first.before, limit=3)
    assert (len(second.items), second.before) == (2, None)
    one = first.items[0].message.message_id
    assert commands.mark_read(actor.account_id, (one,), actor=actor, now=NOW) == 1
    assert commands.mark_read(actor.account_id, (one,), actor=actor, now=NOW) == 0
    assert commands.mark_read(actor.account_id, None, actor=actor, now=NOW) == 4
    assert queries.count_unread(actor.account_id, actor) == 0
    other = account()
    with pytest.raises(errors.ContactMissing):
        queries.get_inbox(actor.account_id, other, language="zh")
    with pytest.raises(errors.ContactMissing):
        commands.mark_read(actor.account_id, None, actor=other, now=NOW)


def test_a_marking_is_taken_back_and_no_other() -> None:
    actor = account()
    assert actor.account_id is not None
    for n in range(3):
        told(actor, key=f"k{n}", now=NOW + timedelta(minutes=n))
    (first, *_) = queries.get_inbox(actor.account_id, actor, language="zh").items
    later = NOW + timedelta(minutes=1)
    commands.mark_read(actor.account_id, (first.message.message_id,), actor=actor, now=NOW)
    commands.mark_read(actor.account_id, None, actor=actor, now=later)
    assert queries.count_unread(actor.account_id, actor) == 0
    with pytest.raises(errors.ContactMissing):
        commands.mark_unread(actor.account_id, later, actor=account(), now=later)
    assert commands.mark_unread(actor.account_id, later, actor=actor, now=later) == 2
    assert commands.mark_unread(actor.account_id, later, actor=actor, now=later) == 0
    assert queries.count_unread(actor.account_id, actor) == 2  # the one that was read before stays read


def test_inbox_asks_as_often_for_one_as_for_many() -> None:
    one, many = account(), account()
    told(one, key="one")
    for n in range(20):
        told(many, key=f"k{n}")
    counts = []
    for actor in (one, many):
        with CaptureQueriesContext(connection) as asked:
            queries.get_inbox(actor.account_id, actor, language="zh")  # type: ignore[arg-type]
        counts.append(len(asked))
    assert counts[0] == counts[1] == 2


@pytest.mark.rule("R-198")
def test_export_and_forgetting() -> None:
    actor = account("15400000006")
    told(actor)
    exported = personal_data.export([], actor.account_id)
    assert exported["contact"]["phone"] == "15400000006"  # type: ignore[index]
    assert len(exported["messages"]) == 2  # type: ignore[arg-type]
    with transaction.atomic():
        assert personal_data.erase([], actor.account_id) == {"messages": 2}
    assert not Contact.objects.exists()
    assert personal_data.export([], None) == {"contact": None, "messages": []}


# -- states and constraints --------------------------------------------------------------------------------------------


def test_every_pair_of_state_and_event() -> None:
    for state in DeliveryState:
        for event in Event:
            assert next_state(state, event) == TRANSITIONS.get((state, event))
    assert {state for state, _ in TRANSITIONS} == set(DeliveryState) - {DeliveryState.FAILED}


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"medium": "fax"}, "message_medium_known"),
        ({"state": "odd", "next_at": None}, "message_state_known"),
        ({"state": "failed", "next_at": None}, "message_failed_says_why"),
        ({"state": "sent"}, "message_waits_while_queued"),
        ({"expires_at": None}, "message_waits_while_queued"),
        ({"account_id": None}, "message_has_one_receiver"),
        ({"account_id": None, "phone": "15400000000"}, "message_has_one_receiver"),
        ({"state": "sent", "next_at": None, "secret": "x"}, "message_secret_only_while_queued"),
        ({"state": "read", "next_at": None, "read_at": NOW}, "message_read_in_app"),
    ],
)
def test_messages_cannot_be_otherwise(change: dict[str, object], constraint: str) -> None:
    row = told(account())
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Message.objects.filter(id=row.id).update(**change)
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"language": "fr"}, "contact_language_known"),
        ({"muted": ["security"]}, "contact_muted_known"),
        ({"phone": None}, "contact_phone_with_its_index"),
    ],
)
def test_contacts_cannot_be_otherwise(change: dict[str, object], constraint: str) -> None:
    account()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Contact.objects.update(**change)
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_one_key_is_told_once_by_each_medium() -> None:
    row = told(account())
    row.id = new_id()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        row.save(force_insert=True)
    assert refused.value.__cause__.diag.constraint_name == "message_told_once"  # type: ignore[union-attr]
