"""What the window says in its own short way is what all others say: the digest of a claim, by which a repeat at another
door is known, and the answer."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from yitong.core.digests import digest_of
from yitong.counter.picture import Told
from yitong.counter.wishes import digest_of_hold
from yitong.domains.booking.contracts import Held, HoldSlot, Near

claims = st.builds(
    HoldSlot,
    key=st.text(max_size=80),
    hospital_id=st.uuids(),
    slot_id=st.uuids(),
    patient_id=st.uuids(),
    is_first_visit=st.booleans(),
    by_name=st.booleans(),
    entitlement_id=st.none(),
    near=st.sampled_from(Near),
)


def told(cmd: HoldSlot) -> str:
    ids = (str(one) for one in (cmd.hospital_id, cmd.slot_id, cmd.patient_id))
    return digest_of_hold(*ids, cmd.near, is_first_visit=cmd.is_first_visit, by_name=cmd.by_name)


@given(claims)
def test_both_say_the_same_of_every_claim(cmd: HoldSlot) -> None:
    assert told(cmd) == digest_of(cmd).hex()


@given(claims, claims)
def test_two_claims_have_one_digest_only_where_all_but_the_key_is_equal(one: HoldSlot, other: HoldSlot) -> None:
    def content(cmd: HoldSlot) -> tuple[object, ...]:
        return tuple(getattr(cmd, name) for name in cmd.__slots__ if name != "key")

    assert (told(one) == told(other)) == (content(one) == content(other))


helds = st.builds(
    Held, starts_at=st.datetimes(timezones=st.timezones()), ends_at=st.datetimes(timezones=st.timezones())
)


@given(helds)
def test_what_a_client_hears_is_what_was_held(held: Held) -> None:
    said = {name: getattr(held, name) for name in Held.__slots__}
    ids = {name: str(said.pop(name)) for name in ("hospital_id", "booking_id", "slot_id")}
    told = Told(**ids, **{**said, "state": held.state.value})
    assert msgspec.json.encode(told) == msgspec.json.encode(held)
