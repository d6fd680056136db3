"""Draws are even, weights mean what they say, and the order in which people applied means nothing.

Counts of the even draw come from fixed seeds, so a test that holds once holds for ever.
"""

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.lots import SIGNER, drawn

from yitong.core.lots.commitment import commit, prove, sorted_entries
from yitong.core.lots.file import draw, rank
from yitong.core.lots.order import Refusal, Withdrawal, allocate, key_of, order_of
from yitong.core.lots.terms import Entry
from yitong.core.lots.verify import verify

CHI_SQUARE_99_9 = {19: 43.82, 361: 449.7}  # degrees of freedom → what chance passes once in a thousand


def ticket(n: int) -> bytes:
    return sha256(f"ticket {n}".encode()).digest()[:16]


def seed(n: int) -> bytes:
    return sha256(f"seed {n}".encode()).digest()


def chi_square(counts: list[int], expected: list[float]) -> float:
    return sum((count - wanted) ** 2 / wanted for count, wanted in zip(counts, expected, strict=True))


def entry(n: int, weight: int = 1, places: int = 1, choices: tuple[str, ...] = ("a",)) -> Entry:
    return Entry(ticket(n), ("base",), weight, places, choices)


def test_every_rank_is_as_likely_for_everybody() -> None:
    entries = [entry(n) for n in range(20)]
    counts = Counter(
        (placed.ticket, place) for n in range(4000) for place, (_, placed) in enumerate(order_of(seed(n), entries))
    )
    cells = [counts[one.ticket, place] for one in entries for place in range(20)]
    assert sum(cells) == 80_000
    assert chi_square(cells, [200.0] * 400) < CHI_SQUARE_99_9[361]


def test_first_place_is_in_proportion_to_weight() -> None:
    weights = [1] * 10 + [2] * 6 + [5] * 4
    entries = [entry(n, weight) for n, weight in enumerate(weights)]
    rounds = 8000
    firsts = Counter(
        min((key_of(seed(n), one.ticket, one.weight), one.ticket) for one in entries)[1] for n in range(rounds)
    )
    expected = [rounds * weight / sum(weights) for weight in weights]
    assert chi_square([firsts[one.ticket] for one in entries], expected) < CHI_SQUARE_99_9[19]


def test_evenness_test_sees_a_crooked_draw() -> None:
    """One entry with a lot that nobody else has, counted as if it had none: the same test finds it."""
    entries = [entry(n, 2 if n == 0 else 1) for n in range(20)]
    counts = Counter(order_of(seed(n), entries)[0][1].ticket for n in range(4000))
    assert chi_square([counts[one.ticket] for one in entries], [200.0] * 20) > CHI_SQUARE_99_9[19]


@given(count=st.integers(0, 60), chance=st.integers(0, 10**6), shuffle=st.randoms(use_true_random=False))
def test_order_of_applying_changes_nothing(count: int, chance: int, shuffle: Random) -> None:
    one = drawn(count, chance=chance)
    mixed = list(one.entries)
    shuffle.shuffle(mixed)
    assert sorted_entries(mixed) == one.entries
    assert rank(one.terms, mixed, one.seed.seed) == one.ranks


@given(
    chance=st.integers(0, 10**6),
    offers=st.lists(st.integers(0, 8), min_size=1, max_size=5),
    refused=st.sets(st.integers(0, 29), max_size=10),
    gone=st.integers(0, 3),
)
def test_places_are_given_in_turn_whole_and_never_twice(
    chance: int, offers: list[int], refused: set[int], gone: int
) -> None:
    """Nobody is passed over: who got less than a choice that had room would show here, whatever was refused."""
    one = drawn(30, chance=chance, offers=offers)
    places = one.terms.places
    order = [placed for _, placed in order_of(one.seed.seed, one.entries)]
    refusals = [Refusal(order[n].ticket, order[n].choices[0]) for n in refused]
    first = one.terms.offers[0]
    withdrawals = [Withdrawal(1, first.session, min(gone, first.places))] if gone and first.places else []
    left = dict(places)
    for withdrawal in withdrawals:
        left[withdrawal.session] -= withdrawal.places
    for placed, given_one in zip(order, allocate(order, places, refusals, withdrawals), strict=True):
        open_ones = [
            s for s in placed.choices if left[s] >= placed.places and Refusal(placed.ticket, s) not in refusals
        ]
        assert given_one == (open_ones[0] if open_ones else None)
        if given_one is not None:
            left[given_one] -= placed.places
    assert min(left.values()) >= 0


@given(count=st.integers(1, 70), chance=st.integers(0, 10**6), at=st.integers(0, 70))
def test_every_entry_can_be_proved(count: int, chance: int, at: int) -> None:
    one = drawn(count, chance=chance)
    lines = [one.terms.line(), *(placed.line() for placed in one.entries)]
    assert prove(lines, at % (count + 1)).holds(one.commitment)


@given(count=st.integers(0, 40), chance=st.integers(0, 10**6))
def test_a_file_as_we_write_it_is_whole(count: int, chance: int) -> None:
    one = drawn(count, chance=chance)
    report = verify(one.lines(), published_root=one.commitment.root, trusted={SIGNER.id: SIGNER.public})
    assert report.is_whole
    assert report.file is not None
    assert (report.file.terms, report.file.entries, report.file.ranks) == (one.terms, one.entries, one.ranks)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_found(at: int, bit: int) -> None:
    one = drawn(6)
    content = bytearray(b"".join(one.lines()))
    content[at % len(content)] ^= 1 << bit
    report = verify(
        bytes(content).splitlines(keepends=True),
        published_root=one.commitment.root,
        trusted={SIGNER.id: SIGNER.public},
    )
    assert not report.is_whole


def test_seed_depends_on_every_entry() -> None:
    """Whoever adds or changes one entry throws all lots anew, so nobody can aim."""
    one = drawn(20)
    last = one.entries[-1]
    other = replace(last, places=last.places % 3 + 1)
    changed = commit(one.terms, [*one.entries[:-1], other], SIGNER)
    assert draw(one.terms, changed, one.secrets, one.beacon).seed != one.seed.seed
