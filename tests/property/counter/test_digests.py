"""The window's own digest of a claim is the kernel's, whatever is claimed: a repeat at another door is known by it."""

from hypothesis import given
from hypothesis import strategies as st

from yitong.core.digests import digest_of
from yitong.counter.wishes import digest_of_hold
from yitong.domains.booking.contracts import HoldSlot, Near

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


@given(claims)
def test_both_say_the_same_of_every_claim(cmd: HoldSlot) -> None:
    assert digest_of_hold(cmd) == digest_of(cmd)


@given(claims, claims)
def test_two_claims_have_one_digest_only_where_all_but_the_key_is_equal(one: HoldSlot, other: HoldSlot) -> None:
    def content(cmd: HoldSlot) -> tuple[object, ...]:
        return tuple(getattr(cmd, name) for name in cmd.__slots__ if name != "key")

    assert (digest_of_hold(one) == digest_of_hold(other)) == (content(one) == content(other))
