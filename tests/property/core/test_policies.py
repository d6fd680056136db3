"""Whatever is said by whom and when: what holds is never looser than what a wider scope says at that instant."""

from datetime import time
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from yitong.core.decided import _narrowed
from yitong.core.errors import PolicyInvalid, PolicyLoosened
from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import PolicyKey, Stricter
from yitong.core.policy.values import Policies

ORDERED = sorted(name for name, key in KEYS.items() if key.stricter is not Stricter.FREE)


def values_of(key: PolicyKey) -> st.SearchStrategy[object]:
    match key.kind:
        case "bool":
            return st.booleans()
        case "share":
            return st.integers(0, 100).map(lambda n: str(Decimal(n) / 100))
        case "time":
            return st.times().map(lambda moment: moment.strftime("%H:%M"))
    return st.integers(int(key.least or 0), int(key.most or 1000))


def is_looser(key: PolicyKey, value: object, bound: object) -> bool:
    try:
        key.check_not_looser(value, bound)  # type: ignore[arg-type]
    except PolicyLoosened:
        return True
    return False


@given(st.data(), st.sampled_from(ORDERED))
def test_what_holds_is_never_looser_than_any_wider_scope(data: st.DataObject, name: str) -> None:
    key = KEYS[name]
    said = data.draw(st.lists(st.none() | values_of(key), min_size=4, max_size=4))
    holds = _narrowed(name, said)  # type: ignore[arg-type]
    nation, city = said[0], said[1]
    bounds = [bound for bound in (key.national, nation) if bound is not None]
    if city is not None and not any(is_looser(key, city, bound) for bound in bounds):
        bounds.append(city)
    if nation is None and city is None:
        bounds.append(key.default)
    assert not any(is_looser(key, holds, bound) for bound in bounds)


@given(st.data(), st.sampled_from(ORDERED))
def test_what_holds_was_said_by_somebody_or_is_a_bound(data: st.DataObject, name: str) -> None:
    key = KEYS[name]
    said = data.draw(st.lists(st.none() | values_of(key), min_size=4, max_size=4))
    assert _narrowed(name, said) in [*said, key.default, key.national]  # type: ignore[arg-type]


@given(st.data(), st.sampled_from(ORDERED))
def test_stricter_is_an_order(data: st.DataObject, name: str) -> None:
    key = KEYS[name]
    first, second = data.draw(values_of(key)), data.draw(values_of(key))
    assert not is_looser(key, first, first)
    assert not (is_looser(key, first, second) and is_looser(key, second, first))


@given(
    st.sampled_from(sorted(KEYS)), st.text(max_size=8) | st.floats() | st.none() | st.lists(st.integers(), max_size=2)
)
def test_rubbish_is_refused_or_kept_as_it_is(name: str, value: object) -> None:
    key = KEYS[name]
    try:
        kept = key.checked(value)
    except PolicyInvalid:
        return
    assert kept == value


@given(st.sampled_from(sorted(name for name, key in KEYS.items() if key.kind == "time")), st.times())
def test_a_time_is_kept_as_it_is_written(name: str, moment: time) -> None:
    written = moment.strftime("%H:%M")
    assert KEYS[name].checked(written) == written
    assert Policies({name: written}).time(name) == moment.replace(second=0, microsecond=0)
