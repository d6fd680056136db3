"""Channels: keys, scopes, limits, contract and the kill switch (S-14)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from tests import make

from yitong.core.errors import Forbidden, KeyReused, Throttled
from yitong.domains.access import errors, models, queries, rules
from yitong.domains.access.commands import channels, limits
from yitong.domains.access.contracts import AddChannel, ChangeChannel, ChannelFacts, ChannelKind, MakeKey, Scope

pytestmark = pytest.mark.django_db
NOW = make.NOW
OFFICER = make.security_admin()
FACTS = ChannelFacts(
    name="114", kind=ChannelKind.OWN, purpose="电话预约", scopes=frozenset({Scope.COUNTS}), per_minute=600
)


def test_key_leads_to_its_channel_with_scopes_and_limit():
    channel_id, key = make.channel(Scope.COUNTS, Scope.BOOKINGS_WRITE, per_minute=60)
    found = queries.channel_of_key(key, NOW)
    assert (found.channel_id, found.scopes, found.per_minute) == (
        channel_id,
        {"slots:counts", "bookings:write"},
        60,
    )


def test_secret_is_shown_once_and_kept_nowhere():
    channel_id = channels.add_channel(AddChannel("114", FACTS), actor=OFFICER, now=NOW)
    made = channels.make_key(MakeKey(channel_id, "k"), actor=OFFICER, now=NOW)
    assert made.secret.startswith(f"ytk_{made.prefix}_")
    again = channels.make_key(MakeKey(channel_id, "k"), actor=OFFICER, now=NOW)
    assert (again.key_id, again.secret) == (made.key_id, "")
    with pytest.raises(KeyReused):
        channels.make_key(MakeKey(UUID(int=1), "k"), actor=OFFICER, now=NOW)
    [row] = models.ChannelKey.objects.all()
    assert bytes(row.secret_hash) == rules.digest(made.secret)


@pytest.mark.parametrize(
    "change", [lambda k: "", lambda k: "x" + k, lambda k: k[:-1], lambda k: k[:-1] + "!", str.upper]
)
def test_other_keys_are_unknown(change):
    _, key = make.channel()
    with pytest.raises(errors.ChannelKeyUnknown):
        queries.channel_of_key(change(key), NOW)


def test_right_prefix_with_another_secret_is_unknown():
    _, key = make.channel()
    _, other = make.channel()
    with pytest.raises(errors.ChannelKeyUnknown):
        queries.channel_of_key(key[:17] + other[17:], NOW)


def test_revoked_channel_is_refused_at_its_next_call_and_for_good():
    """S-14: within 5 s; here at once, since nothing remembers a key."""
    channel_id, key = make.channel()
    assert queries.channel_of_key(key, NOW).channel_id == channel_id
    channels.revoke_channel(channel_id, "数据外泄", actor=OFFICER, now=NOW)
    with pytest.raises(errors.ChannelRevoked) as refused:
        queries.channel_of_key(key, NOW)
    assert refused.value.code == "CHANNEL_REVOKED"
    for attempt in (
        lambda: channels.resume_channel(channel_id, "误操作", actor=OFFICER, now=NOW),
        lambda: channels.suspend_channel(channel_id, "误操作", actor=OFFICER, now=NOW),
        lambda: channels.make_key(MakeKey(channel_id, "k2"), actor=OFFICER, now=NOW),
        lambda: channels.change_channel(ChangeChannel(channel_id, FACTS), actor=OFFICER, now=NOW),
    ):
        with pytest.raises(errors.ChannelEnded):
            attempt()


def test_suspended_channel_comes_back():
    channel_id, key = make.channel()
    channels.suspend_channel(channel_id, "流量异常", actor=OFFICER, now=NOW)
    with pytest.raises(errors.ChannelSuspended):
        queries.channel_of_key(key, NOW)
    assert queries.get_channel(channel_id, OFFICER).state_reason == "流量异常"
    channels.resume_channel(channel_id, "已处理", actor=OFFICER, now=NOW)
    assert queries.channel_of_key(key, NOW).channel_id == channel_id
    with pytest.raises(errors.ChannelInvalid):
        channels.suspend_channel(channel_id, " ", actor=OFFICER, now=NOW)


def test_one_key_is_revoked_and_the_other_works_on():
    channel_id, old = make.channel()
    new = channels.make_key(MakeKey(channel_id, "k2"), actor=OFFICER, now=NOW)
    [first] = [key for key in queries.list_keys(OFFICER, channel_id) if key.key_id != new.key_id]
    for _ in range(2):
        channels.revoke_key(channel_id, first.key_id, actor=OFFICER, now=NOW)
    with pytest.raises(errors.ChannelRevoked):
        queries.channel_of_key(old, NOW)
    assert queries.channel_of_key(new.secret, NOW).channel_id == channel_id
    with pytest.raises(errors.ChannelKeyMissing):
        channels.revoke_key(channel_id, UUID(int=1), actor=OFFICER, now=NOW)


def test_contract_ends_with_its_last_shanghai_day():
    _, key = make.channel(kind=ChannelKind.PARTNER, contract_until=date(2026, 11, 30))
    last = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert queries.channel_of_key(key, last).kind == "partner"
    with pytest.raises(errors.ChannelContractEnded):
        queries.channel_of_key(key, last + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name", {"name": " "}),
        ("purpose", {"purpose": ""}),
        ("per_minute", {"per_minute": 0}),
        ("contract_until", {"kind": ChannelKind.PARTNER}),
        ("hospital_id", {"kind": ChannelKind.HOSPITAL}),
        ("hospital_id", {"hospital_id": UUID(int=1)}),
    ],
)
def test_channel_without_contract_purpose_or_limit_is_refused(field, changed):
    with pytest.raises(errors.ChannelInvalid) as refused:
        channels.add_channel(AddChannel("114", replace(FACTS, **changed)), actor=OFFICER, now=NOW)
    assert refused.value.params == {"field": field}
    with pytest.raises(errors.ChannelInvalid):
        channels.add_channel(AddChannel("有汉字", FACTS), actor=OFFICER, now=NOW)


@pytest.mark.parametrize("code", ["desk", "web", "system"])
def test_no_channel_takes_the_name_of_our_own_pages(code: str) -> None:
    with pytest.raises(errors.ChannelInvalid):
        channels.add_channel(AddChannel(code, FACTS), actor=OFFICER, now=NOW)
    assert models.Channel.objects.count() == 0


def test_code_is_taken_once_and_terms_change():
    channel_id = channels.add_channel(AddChannel("114", FACTS), actor=OFFICER, now=NOW)
    with pytest.raises(errors.ChannelCodeTaken):
        channels.add_channel(AddChannel("114", FACTS), actor=OFFICER, now=NOW)
    wider = replace(FACTS, scopes=frozenset({Scope.COUNTS, Scope.PATIENTS}), per_minute=5)
    channels.change_channel(ChangeChannel(channel_id, wider), actor=OFFICER, now=NOW)
    found = queries.get_channel(channel_id, OFFICER)
    assert (found.scopes, found.per_minute) == ({"slots:counts", "patients:resolve"}, 5)
    assert queries.channel_names() == {"114": "114"}
    with pytest.raises(errors.ChannelMissing):
        channels.change_channel(ChangeChannel(UUID(int=1), FACTS), actor=OFFICER, now=NOW)


def test_only_the_security_officer_manages_channels():
    channel_id, key = make.channel()
    for actor in (make.city_operator(), make.staff_actor("auditor"), make.hospital_admin(UUID(int=1))):
        for attempt in (
            lambda a: channels.add_channel(AddChannel("x1", FACTS), actor=a, now=NOW),
            lambda a: channels.revoke_channel(channel_id, "试", actor=a, now=NOW),
            lambda a: channels.make_key(MakeKey(channel_id, "k9"), actor=a, now=NOW),
        ):
            with pytest.raises(Forbidden):
                attempt(actor)
    assert queries.channel_of_key(key, NOW).channel_id == channel_id
    assert (models.Channel.objects.count(), models.ChannelKey.objects.count()) == (1, 1)
    assert len(queries.list_channels(make.staff_actor("auditor"))) == 1
    with pytest.raises(Forbidden):
        queries.list_channels(make.hospital_admin(UUID(int=1)))


def test_use_of_a_key_is_noted_once_a_minute():
    channel_id, key = make.channel()
    for seconds in (0, 59, 60):
        channels.note_key_use(key, now=NOW + timedelta(seconds=seconds))
    [listed] = queries.list_keys(OFFICER, channel_id)
    assert listed.last_used_at == NOW + timedelta(seconds=60)


# -- limits --------------------------------------------------------------------------------------------------------


def take(times, now=NOW, per_minute=6, bucket="device:1"):
    for _ in range(times):
        limits.take_token(bucket, per_minute, now)


@pytest.mark.rule("R-017")
@pytest.mark.rule("R-212")
def test_bucket_gives_its_measure_and_then_says_how_long_to_wait():
    take(6)
    with pytest.raises(Throttled) as refused:
        take(1)
    assert refused.value.params == {"wait_s": 10}
    with pytest.raises(Throttled) as refused:
        take(1, NOW + timedelta(seconds=9))
    assert refused.value.params == {"wait_s": 1}
    take(1, NOW + timedelta(seconds=10))
    with pytest.raises(Throttled):
        take(1, NOW + timedelta(seconds=10))


def test_full_bucket_again_after_a_minute_and_never_more():
    take(6)
    later = NOW + timedelta(hours=1)
    take(6, later)
    with pytest.raises(Throttled):
        take(1, later)


def test_buckets_know_nothing_of_each_other():
    take(6)
    take(6, bucket="device:2")


def test_bucket_keeps_no_name_and_goes_when_full():
    take(1, bucket="address:192.0.2.7")
    assert b"192.0.2.7" not in bytes(models.TokenBucket.objects.get().bucket)
    assert limits.forget_full_buckets(NOW) == 0
    assert limits.forget_full_buckets(NOW + timedelta(minutes=2)) == 1
    assert models.TokenBucket.objects.count() == 0


def test_table_of_buckets_is_unlogged():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'access_token_bucket'")
        assert cursor.fetchone() == ("u",)
