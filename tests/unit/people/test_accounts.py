"""Signing in by phone and code, devices, second facts, phones that change hands (R-006, R-048)."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from tests import make

from yitong.core.actor import Actor
from yitong.core.db.fields import blind_index
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Throttled, Unidentified
from yitong.core.ids import new_id
from yitong.domains.notify.models import Contact, Message
from yitong.domains.people import commands, errors, models, queries
from yitong.domains.people.commands import phones
from yitong.domains.people.contracts.accounts import (
    AskCode,
    ChangePhone,
    ChangePhoneAtDesk,
    CloseAccount,
    GiveSecondFact,
    SignIn,
    StartAnew,
)
from yitong.domains.people.contracts.words import CodePurpose

NOW = make.NOW
ANYBODY = Actor.anonymous()
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)

pytestmark = pytest.mark.usefixtures("db")


def ask(phone: str, purpose: CodePurpose = CodePurpose.SIGN_IN, *, actor: Actor = ANYBODY, now=NOW, client=None) -> str:  # type: ignore[no-untyped-def]
    commands.ask_code(AskCode(phone, purpose, client or make.client()), actor=actor, now=now)
    return make.code_sent(phone)


# -- codes -------------------------------------------------------------------------------------------------------------


def test_code_has_six_digits_is_kept_hashed_and_runs_out() -> None:
    phone = make.phone()
    code = ask(phone)
    row = models.SignInCode.objects.get(phone_index=blind_index("phone", phone))
    assert len(code) == 6
    assert code.isdigit()
    assert code.encode() not in bytes(row.code_hash)
    assert row.expires_at == NOW + timedelta(minutes=5)


@pytest.mark.rule("R-048")
def test_code_is_good_for_five_minutes_and_once() -> None:
    phone, client = make.phone(), make.client()
    code = ask(phone)
    with pytest.raises(errors.CodeOver):
        commands.sign_in(SignIn(phone, code, client), actor=ANYBODY, now=NOW + timedelta(minutes=5))
    commands.sign_in(SignIn(phone, code, client), actor=ANYBODY, now=NOW + timedelta(minutes=5) - SECOND)
    with pytest.raises(errors.CodeOver):
        commands.sign_in(SignIn(phone, code, client), actor=ANYBODY, now=NOW + timedelta(minutes=1))
    assert models.AccountSession.objects.count() == 1


@pytest.mark.rule("R-048")
def test_fifth_wrong_try_ends_the_code() -> None:
    phone, client = make.phone(), make.client()
    code = ask(phone)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(errors.CodeWrong) as refused:
            commands.sign_in(SignIn(phone, wrong, client), actor=ANYBODY, now=NOW)
        assert refused.value.params == {"left": left}
    with pytest.raises(errors.CodeOver):
        commands.sign_in(SignIn(phone, code, client), actor=ANYBODY, now=NOW)
    assert models.Account.objects.count() == 0


def test_newer_code_takes_the_place_of_the_older() -> None:
    phone, client = make.phone(), make.client()
    first = ask(phone)
    second = ask(phone, now=NOW + MINUTE)
    if first != second:
        with pytest.raises(errors.CodeWrong):
            commands.sign_in(SignIn(phone, first, client), actor=ANYBODY, now=NOW + MINUTE)
    assert commands.sign_in(SignIn(phone, second, client), actor=ANYBODY, now=NOW + MINUTE).is_new_account


@pytest.mark.rule("R-048")
def test_codes_are_limited_for_a_phone() -> None:
    phone = make.phone()
    ask(phone)
    with pytest.raises(Throttled) as refused:
        ask(phone, now=NOW + 59 * SECOND)
    assert refused.value.params == {"wait_s": 1}
    for n in range(1, 5):
        ask(phone, now=NOW + n * MINUTE)
    with pytest.raises(Throttled) as refused:
        ask(phone, now=NOW + 5 * MINUTE)
    assert refused.value.params == {"wait_s": 55 * 60}
    ask(phone, now=NOW + 60 * MINUTE)


@pytest.mark.rule("R-048")
def test_codes_are_limited_for_a_device_and_an_address() -> None:
    client = make.client()
    for _ in range(10):
        ask(make.phone(), client=client)
    with pytest.raises(Throttled):
        ask(make.phone(), client=client)
    assert Message.objects.count() == 10


def test_code_needs_a_phone_and_a_right() -> None:
    with pytest.raises(errors.PhoneInvalid):
        ask("12345")
    with pytest.raises(Forbidden):
        ask(make.phone(), actor=Actor.for_channel(new_id(), "kiosk", scopes=frozenset()))
    with pytest.raises(Unidentified):
        ask(make.phone(), CodePurpose.TAKE_PHONE)
    actor, _ = make.account_signed_in()
    with pytest.raises(errors.AccountMissing):
        ask(make.phone(), CodePurpose.LEAVE_PHONE, actor=actor)


def test_channel_with_the_scope_may_sign_people_in() -> None:
    channel = Actor.for_channel(new_id(), "app", scopes=frozenset({"accounts:sign_in"}))
    phone, client = make.phone(), make.client()
    code = ask(phone, actor=channel)
    assert commands.sign_in(SignIn(phone, code, client), actor=channel, now=NOW).token


# -- sessions and devices ----------------------------------------------------------------------------------------------


def test_first_sign_in_opens_an_account() -> None:
    phone = make.phone()
    actor, signed = make.account_signed_in(phone)
    assert (signed.is_new_account, signed.needs_second_fact) == (True, False)
    assert queries.account_of_session(signed.token, NOW) == signed.account_id
    assert Contact.objects.get(account_id=signed.account_id).phone == phone
    assert queries.get_account(signed.account_id, actor).phone_masked == f"154****{phone[-4:]}"
    operations = Event.objects.filter(subject_id=signed.account_id).order_by("recorded_at")
    assert list(operations.values_list("operation", flat=True)) == ["people.account_opened", "people.signed_in_on"]


def test_second_sign_in_finds_the_account_again() -> None:
    phone = make.phone()
    _, first = make.account_signed_in(phone)
    _, second = make.account_signed_in(phone, now=NOW + MINUTE)
    assert second.account_id == first.account_id
    assert not second.is_new_account


def test_code_opens_no_account_that_was_given_another_phone_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    actor, _ = make.account_signed_in(number := make.phone())
    code = ask(number, now=NOW + 2 * MINUTE)
    locked = phones.locked_account

    def moved_while_waiting(account_id: UUID) -> models.Account:
        account = locked(account_id)
        phones.move_phone(account, make.phone(), how="desk", actor=actor, now=NOW)
        return account

    monkeypatch.setattr(phones, "locked_account", moved_while_waiting)
    with pytest.raises(errors.CodeOver):
        commands.sign_in(SignIn(number, code, make.client()), actor=ANYBODY, now=NOW + 2 * MINUTE)


def test_session_ends_after_thirty_days_and_at_sign_out() -> None:
    _, signed = make.account_signed_in()
    assert queries.account_of_session(signed.token, NOW + timedelta(days=30) - SECOND) == signed.account_id
    assert queries.account_of_session(signed.token, NOW + timedelta(days=30)) is None
    commands.sign_out(signed.token, actor=ANYBODY, now=NOW)
    assert queries.account_of_session(signed.token, NOW) is None
    assert queries.account_of_session("nonsense", NOW) is None


def test_token_is_kept_as_hash_only() -> None:
    _, signed = make.account_signed_in()
    row = models.AccountSession.objects.get(id=signed.session_id)
    assert signed.token.encode() not in bytes(row.token_hash)


@pytest.mark.rule("R-048")
def test_devices_are_listed_and_revoked() -> None:
    phone = make.phone()
    actor, first = make.account_signed_in(phone)
    _, second = make.account_signed_in(phone, now=NOW + MINUTE)
    devices = queries.list_devices(first.account_id, actor, token=first.token)
    assert [device.is_current for device in devices] == [False, True]
    commands.revoke_device(devices[0].device_id, actor=actor, now=NOW)
    assert queries.account_of_session(second.token, NOW) is None
    assert queries.account_of_session(first.token, NOW) == first.account_id
    assert len(queries.list_devices(first.account_id, actor)) == 1
    with pytest.raises(errors.AccountMissing):
        commands.revoke_device(devices[0].device_id, actor=actor, now=NOW)
    stranger, _ = make.account_signed_in()
    with pytest.raises(errors.AccountMissing):
        commands.revoke_device(devices[1].device_id, actor=stranger, now=NOW)
    with pytest.raises(errors.AccountMissing):
        queries.list_devices(first.account_id, stranger)


# -- the second fact ---------------------------------------------------------------------------------------------------


def on_new_device(number: str = ""):  # type: ignore[no-untyped-def]
    """An account with a patient, and a sign-in to it on a device that it does not know."""
    phone, number = make.phone(), number or make.identity_number()
    actor, first = make.account_signed_in(phone)
    make.patient_of(actor, make.given(number=number))
    _, signed = make.account_signed_in(phone, now=NOW + MINUTE)
    return phone, number, first, signed


@pytest.mark.rule("R-048")
def test_new_device_waits_for_the_second_fact() -> None:
    _, number, _, signed = on_new_device()
    assert signed.needs_second_fact
    assert queries.account_of_session(signed.token, NOW + MINUTE) is None
    assert queries.is_waiting_for_fact(signed.token, NOW + MINUTE)
    commands.give_second_fact(GiveSecondFact(signed.token, number[-4:].lower()), actor=ANYBODY, now=NOW + MINUTE)
    assert queries.account_of_session(signed.token, NOW + MINUTE) == signed.account_id
    assert not queries.is_waiting_for_fact(signed.token, NOW + MINUTE)
    told = Message.objects.filter(account_id=signed.account_id, template="new_device")
    assert sorted(told.values_list("medium", flat=True)) == ["in_app", "sms"]


@pytest.mark.rule("R-048")
def test_fifth_wrong_fact_ends_the_session() -> None:
    _, number, _, signed = on_new_device("11010519491231002X")
    for left in (4, 3, 2, 1):
        with pytest.raises(errors.DeviceCheck) as refused:
            commands.give_second_fact(GiveSecondFact(signed.token, "0000"), actor=ANYBODY, now=NOW + MINUTE)
        assert refused.value.params == {"left": left}
    with pytest.raises(errors.DeviceCheckFailed):
        commands.give_second_fact(GiveSecondFact(signed.token, ""), actor=ANYBODY, now=NOW + MINUTE)
    with pytest.raises(errors.SessionEnded):
        commands.give_second_fact(GiveSecondFact(signed.token, number[-4:]), actor=ANYBODY, now=NOW + MINUTE)


@pytest.mark.rule("R-048")
def test_facts_are_limited_for_an_account_whatever_the_session() -> None:
    phone, number, _, signed = on_new_device()
    for turn in range(2):
        for _ in range(5):
            with pytest.raises((errors.DeviceCheck, errors.DeviceCheckFailed)):
                commands.give_second_fact(
                    GiveSecondFact(signed.token, "no"), actor=ANYBODY, now=NOW + (turn + 1) * MINUTE
                )
        _, signed = make.account_signed_in(phone, now=NOW + (turn + 2) * MINUTE)
    with pytest.raises(Throttled):
        commands.give_second_fact(GiveSecondFact(signed.token, number[-4:]), actor=ANYBODY, now=NOW + 3 * MINUTE)


@pytest.mark.rule("R-048")
@pytest.mark.parametrize(("days", "asked"), [(90, False), (91, True)])
def test_known_device_is_asked_again_after_ninety_days(days: int, asked: bool) -> None:
    phone, client = make.phone(), make.client()
    actor, _ = make.account_signed_in(phone, on=client)
    make.patient_of(actor)
    _, again = make.account_signed_in(phone, on=client, now=NOW + days * DAY)
    assert again.needs_second_fact is asked


def test_revoked_device_is_new_again() -> None:
    phone, client = make.phone(), make.client()
    actor, first = make.account_signed_in(phone, on=client)
    make.patient_of(actor)
    device = queries.list_devices(first.account_id, actor)[0]
    commands.revoke_device(device.device_id, actor=actor, now=NOW)
    _, again = make.account_signed_in(phone, on=client, now=NOW + MINUTE)
    assert again.needs_second_fact


def test_waiting_session_runs_out_in_ten_minutes() -> None:
    _, number, _, signed = on_new_device()
    with pytest.raises(errors.SessionEnded):
        commands.give_second_fact(GiveSecondFact(signed.token, number[-4:]), actor=ANYBODY, now=NOW + 11 * MINUTE)


@pytest.mark.rule("R-048")
def test_new_holder_of_a_phone_begins_anew() -> None:
    phone, _, first, signed = on_new_device()
    fresh = commands.start_anew(StartAnew(signed.token), actor=ANYBODY, now=NOW + MINUTE)
    assert fresh.account_id != first.account_id
    assert queries.patients_of(fresh.account_id) == []
    assert len(queries.patients_of(first.account_id)) == 1
    assert queries.account_of_session(first.token, NOW + MINUTE) is None
    assert models.Account.objects.get(id=first.account_id).phone is None
    assert Contact.objects.get(account_id=first.account_id).phone is None
    assert Contact.objects.get(account_id=fresh.account_id).phone == phone
    _, again = make.account_signed_in(phone, now=NOW + 2 * MINUTE)
    assert again.account_id == fresh.account_id
    with pytest.raises(errors.SessionEnded):
        commands.start_anew(StartAnew(first.token), actor=ANYBODY, now=NOW + MINUTE)


# -- another phone -----------------------------------------------------------------------------------------------------


def codes_for(actor: Actor, old: str, new: str) -> tuple[str, str]:
    return ask(old, CodePurpose.LEAVE_PHONE, actor=actor, now=NOW + MINUTE), ask(
        new, CodePurpose.TAKE_PHONE, actor=actor, now=NOW + MINUTE
    )


@pytest.mark.rule("R-048")
def test_phone_is_changed_by_both_codes() -> None:
    old, new = make.phone(), make.phone()
    actor, signed = make.account_signed_in(old)
    old_code, new_code = codes_for(actor, old, new)
    commands.change_phone(ChangePhone(new, old_code, new_code, make.CLIENT), actor=actor, now=NOW + MINUTE)
    assert Contact.objects.get(account_id=signed.account_id).phone == new
    _, again = make.account_signed_in(new, now=NOW + 3 * MINUTE)
    assert again.account_id == signed.account_id
    _, other = make.account_signed_in(old, now=NOW + 3 * MINUTE)
    assert other.account_id != signed.account_id


@pytest.mark.rule("R-048")
def test_phone_stays_without_the_old_code() -> None:
    old, new = make.phone(), make.phone()
    actor, signed = make.account_signed_in(old)
    _, new_code = codes_for(actor, old, new)
    with pytest.raises(errors.CodeWrong):
        commands.change_phone(ChangePhone(new, "no", new_code, make.CLIENT), actor=actor, now=NOW + MINUTE)
    assert models.Account.objects.get(id=signed.account_id).phone == old


def test_phone_of_another_account_is_refused() -> None:
    old, taken = make.phone(), make.phone()
    make.account_signed_in(taken)
    actor, _ = make.account_signed_in(old)
    old_code, new_code = codes_for(actor, old, taken)
    with pytest.raises(errors.PhoneTaken):
        commands.change_phone(ChangePhone(taken, old_code, new_code, make.CLIENT), actor=actor, now=NOW + MINUTE)
    with pytest.raises(errors.PhoneSame):
        commands.change_phone(ChangePhone(old, old_code, new_code, make.CLIENT), actor=actor, now=NOW + MINUTE)
    with pytest.raises(Unidentified):
        commands.change_phone(ChangePhone(taken, old_code, new_code, make.CLIENT), actor=ANYBODY, now=NOW + MINUTE)


@pytest.mark.rule("R-048")
def test_registrar_changes_the_phone_of_a_person_who_was_seen() -> None:
    hospital_id, given, new = new_id(), make.given(), make.phone()
    registrar = make.staff_actor("registrar", hospital_id=hospital_id)
    actor, signed = make.account_signed_in()
    patient_id = make.patient_of(actor, given)
    _, empty = make.account_signed_in(new)
    wish = ChangePhoneAtDesk(patient_id, hospital_id, new, "")
    commands.ask_code_at_desk(new, hospital_id, actor=registrar, now=NOW + MINUTE)
    code = make.code_sent(new)
    with pytest.raises(errors.AccountMissing):  # verified, but nobody has seen the document
        commands.change_phone_at_desk(with_code(wish, code), actor=registrar, now=NOW + MINUTE)
    make.patient_seen(given, hospital_id=hospital_id)
    with pytest.raises(errors.CodeWrong):
        commands.change_phone_at_desk(with_code(wish, "no"), actor=registrar, now=NOW + MINUTE)
    stranger = make.staff_actor("registrar", hospital_id=new_id())
    with pytest.raises(Forbidden):
        commands.change_phone_at_desk(with_code(wish, code), actor=stranger, now=NOW + MINUTE)
    commands.change_phone_at_desk(with_code(wish, code), actor=registrar, now=NOW + MINUTE)
    assert models.Account.objects.get(id=signed.account_id).phone == new
    assert models.Account.objects.get(id=empty.account_id).state == "closed"
    assert queries.account_of_session(signed.token, NOW + MINUTE) is None


def with_code(wish: ChangePhoneAtDesk, code: str) -> ChangePhoneAtDesk:
    return ChangePhoneAtDesk(wish.patient_id, wish.hospital_id, wish.new_phone, code)


# -- closing -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-198")
def test_closed_account_leaves_nothing_of_a_person() -> None:
    phone = make.phone()
    actor, signed = make.account_signed_in(phone)
    patient_id = make.patient_of(actor)
    cmd = CloseAccount("close", signed.account_id)
    commands.close_account(cmd, actor=actor, now=NOW)
    assert commands.close_account(cmd, actor=actor, now=NOW).subject_id == signed.account_id
    row = models.Account.objects.get(id=signed.account_id)
    assert (row.state, row.phone, row.closed_at) == ("closed", None, NOW)
    assert queries.account_of_session(signed.token, NOW) is None
    assert not models.AccountPhone.objects.filter(account_id=signed.account_id).exists()
    assert not models.AccountPatient.objects.filter(account_id=signed.account_id).exists()
    assert not Message.objects.filter(account_id=signed.account_id).exists()
    assert models.Patient.objects.filter(id=patient_id).exists()
    with pytest.raises(errors.AccountMissing):
        queries.get_account(signed.account_id, actor)
    _, again = make.account_signed_in(phone, now=NOW + MINUTE)
    assert again.is_new_account


def test_nobody_closes_anothers_account() -> None:
    _, signed = make.account_signed_in()
    stranger, _ = make.account_signed_in()
    with pytest.raises(errors.AccountMissing):
        commands.close_account(CloseAccount("x", signed.account_id), actor=stranger, now=NOW)
    with pytest.raises(Unidentified):
        commands.close_account(CloseAccount("x", signed.account_id), actor=ANYBODY, now=NOW)
    with pytest.raises(Forbidden):
        commands.close_account(CloseAccount("x", signed.account_id), actor=make.city_operator(), now=NOW)
    assert models.Account.objects.get(id=signed.account_id).state == "open"


# -- the constraints, tried directly -----------------------------------------------------------------------------------


def broken(trial) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        trial()
    return str(refused.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.rule("R-006")
def test_one_phone_leads_to_one_account() -> None:
    phone = make.phone()
    _, signed = make.account_signed_in(phone)
    other, _ = make.account_signed_in()
    index = blind_index("phone", phone)
    rows = models.AccountPhone.objects
    assert broken(lambda: rows.create(phone_index=index, account_id=other.account_id)) == "people_account_phone_pkey"
    extra = blind_index("phone", make.phone())
    assert broken(lambda: rows.create(phone_index=extra, account_id=signed.account_id)) == "account_one_phone"


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("Account", {"state": "closed"}, "account_state_as_its_end"),
        ("Account", {"language": "fr"}, "account_language_known"),
        ("AccountSession", {"fact_tries": 6}, "session_fact_tries_few"),
        ("SignInCode", {"tries": 6}, "code_tries_few"),
        ("SignInCode", {"purpose": "other"}, "code_purpose_known"),
        ("Quota", {"kind": "other"}, "quota_kind_known"),
    ],
)
def test_tables_refuse_what_cannot_be(table: str, change: dict[str, object], constraint: str) -> None:
    make.account_signed_in()
    assert broken(lambda: getattr(models, table).objects.update(**change)) == constraint


def test_session_token_is_once() -> None:
    _, signed = make.account_signed_in()
    row = models.AccountSession.objects.get(id=signed.session_id)
    row.id = UUID(int=1)
    assert broken(lambda: row.save(force_insert=True)) == "session_token_once"


def test_device_is_once_an_account() -> None:
    make.account_signed_in()
    row = models.Device.objects.get()
    row.id = UUID(int=1)
    assert broken(lambda: row.save(force_insert=True)) == "device_once_an_account"
