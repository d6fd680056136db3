"""A draw's rules on known values, and every forgery of its file: our verifier and the one of the docs find each."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.lots import DRAW_ID, SIGNER, Drawn, drawn, favoured, forged, of_kind

from yitong.config.paths import project_root
from yitong.core.hashlog.canonical import canonical
from yitong.core.hashlog.signing import Signer
from yitong.core.lots import commitment, file
from yitong.core.lots.order import Refusal, Withdrawal, allocate, key_of
from yitong.core.lots.seed import Beacon, promise_of, seed_of
from yitong.core.lots.terms import Entry, Party
from yitong.core.lots.verify import MOST_OF_A_CODE, Code, verify

Records = list[dict[str, Any]]
VERIFIER = project_root() / "docs" / "draw-verifier.py"
TRUSTED = {SIGNER.id: SIGNER.public}


@pytest.fixture(scope="module")
def whole() -> Drawn:
    return drawn()


def codes(lines: list[bytes], **asked: Any) -> set[Code]:
    return {finding.code for finding in verify(lines, **asked).findings}


def outsider(lines: list[bytes], *arguments: str) -> str | None:
    """What the docs' verifier has to say, in a process that can't import ours; None when it finds nothing."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), *arguments]
    done = subprocess.run(command, input=b"".join(lines), capture_output=True, timeout=60, check=False)
    if done.returncode == 0:
        assert done.stdout == b"The draw is whole.\n"
        return None
    return done.stderr.decode()


def test_whole_files_are_whole_to_both(whole: Drawn) -> None:
    rank = whole.ranks[2]
    winner = next(r for r in whole.ranks if r.given)
    assert winner.given is not None
    changed = replace(
        whole,
        refusals=[Refusal(winner.ticket, winner.given)],
        withdrawals=[Withdrawal(rank.rank, whole.terms.offers[0].session, 2)],
    )
    assert changed.ranks != whole.ranks
    for one in (whole, changed, drawn(with_beacon=False), drawn(1), drawn(0), replace(whole, beacon=None)):
        assert verify(one.lines(), published_root=one.commitment.root, trusted=TRUSTED).findings == ()
        assert outsider(one.lines(), one.commitment.root.hex()) is None


def test_void_file_is_whole_and_says_by_whose_silence(whole: Drawn) -> None:
    lines = list(file.write_void(whole.terms, whole.entries, whole.commitment, [Party.HOSPITAL]))
    report = verify(lines, trusted=TRUSTED)
    assert report.is_whole
    assert report.file is not None
    assert report.file.silent == (Party.HOSPITAL,)
    assert outsider(lines) is None


def heavier(records: Records) -> None:
    of_kind(records, "entry")[3]["weight"] += 1


def other_reason(records: Records) -> None:
    entry = next(entry for entry in of_kind(records, "entry") if entry["weight"] == 2)
    entry["reasons"], entry["weight"] = ["base", "older"], 3


def removed(records: Records) -> None:
    records.remove(of_kind(records, "entry")[5])


def added(records: Records) -> None:
    entry = of_kind(records, "entry")[5]
    records.insert(7, {**entry, "ticket": entry["ticket"][:-1] + ("0" if entry["ticket"][-1] == "1" else "1")})


def twice(records: Records) -> None:
    records.insert(6, records[6])


def swapped_entries(records: Records) -> None:
    records[5], records[6] = records[6], records[5]


def fewer_promised(records: Records) -> None:
    of_kind(records, "commitment")[0]["count"] -= 1


def swapped_ranks(records: Records) -> None:
    first, second = of_kind(records, "rank")[:2]
    first["ticket"], second["ticket"] = second["ticket"], first["ticket"]


def rank_gone(records: Records) -> None:
    records.remove(of_kind(records, "rank")[-1])


def rank_twice(records: Records) -> None:
    records.insert(-1, of_kind(records, "rank")[-1])


def other_key(records: Records) -> None:
    of_kind(records, "rank")[4]["key"] = sha256(b"").hexdigest()


def other_seed(records: Records) -> None:
    of_kind(records, "seed")[0]["seed"] = sha256(b"").hexdigest()


def other_secret(party: Party) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        of_kind(records, "seed")[0]["secrets"][party.value] = sha256(b"").hexdigest()

    change.__name__ = f"other_secret_of_{party.value}"
    return change


def other_round(records: Records) -> None:
    of_kind(records, "seed")[0]["beacon"]["round"] += 1


def other_randomness(records: Records) -> None:
    of_kind(records, "seed")[0]["beacon"]["randomness"] = sha256(b"").hexdigest()


def beacon_forgotten(records: Records) -> None:
    of_kind(records, "seed")[0]["beacon"] = None


def other_choice(records: Records) -> None:
    entry = next(entry for entry in of_kind(records, "entry") if len(entry["choices"]) > 1)
    entry["choices"].reverse()


def foreign_choice(records: Records) -> None:
    of_kind(records, "entry")[0]["choices"] = ["elsewhere"]


def other_gift(records: Records) -> None:
    next(rank for rank in of_kind(records, "rank") if rank["given"])["given"] = None


def more_places(records: Records) -> None:
    records[0]["sessions"][0]["places"] += 1


def other_weights(records: Records) -> None:
    records[0]["weights"]["older"] = 50


def invented_refusal(records: Records) -> None:
    winner = next(rank for rank in of_kind(records, "rank") if rank["given"])
    refusal = {"kind": "refusal", "ticket": winner["ticket"], "session": winner["given"]}
    records.insert(records.index(of_kind(records, "rank")[0]), refusal)


def invented_withdrawal(records: Records) -> None:
    withdrawal = {"kind": "withdrawal", "before_rank": 1, "session": records[0]["sessions"][0]["session"], "places": 3}
    records.insert(records.index(of_kind(records, "rank")[0]), withdrawal)


FORGERIES: list[tuple[Callable[[Records], None], set[Code]]] = [
    (heavier, {Code.WEIGHT_WRONG, Code.ROOT_WRONG}),
    (other_reason, {Code.ROOT_WRONG}),
    (removed, {Code.COUNT_WRONG, Code.ROOT_WRONG, Code.RANK_WRONG}),
    (added, {Code.COUNT_WRONG, Code.ROOT_WRONG, Code.RANK_WRONG}),
    (twice, {Code.COUNT_WRONG, Code.ROOT_WRONG, Code.RANK_WRONG, Code.ORDER_OF_ENTRIES}),
    (swapped_entries, {Code.ROOT_WRONG, Code.ORDER_OF_ENTRIES}),
    (fewer_promised, {Code.COUNT_WRONG}),
    (swapped_ranks, {Code.RANK_WRONG}),
    (rank_gone, {Code.RANK_WRONG}),
    (rank_twice, {Code.RANK_WRONG}),
    (other_key, {Code.RANK_WRONG}),
    (other_seed, {Code.SEED_WRONG, Code.RANK_WRONG}),
    (other_secret(Party.OPERATOR), {Code.SECRET_WRONG, Code.SEED_WRONG}),
    (other_secret(Party.HOSPITAL), {Code.SECRET_WRONG, Code.SEED_WRONG}),
    (other_round, {Code.BEACON_WRONG}),
    (other_randomness, {Code.BEACON_WRONG, Code.SEED_WRONG}),
    (beacon_forgotten, {Code.SEED_WRONG}),
    (other_choice, {Code.ROOT_WRONG}),
    (foreign_choice, {Code.ENTRY_WRONG, Code.ROOT_WRONG}),
    (other_gift, {Code.GIVEN_WRONG}),
    (more_places, {Code.ROOT_WRONG}),
    (other_weights, {Code.ROOT_WRONG, Code.WEIGHT_WRONG}),
    (invented_refusal, {Code.GIVEN_WRONG}),
    (invented_withdrawal, {Code.GIVEN_WRONG}),
]


@pytest.mark.parametrize(("change", "expected"), FORGERIES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_forgery_is_found_by_both(whole: Drawn, change: Callable[[Records], None], expected: set[Code]) -> None:
    lines = forged(whole.lines(), change)
    assert lines != whole.lines()
    found = codes(lines)
    assert expected <= found
    assert Code.FILE_BROKEN not in found
    assert outsider(lines) is not None


@pytest.mark.parametrize(
    ("kind", "path"),
    [("draw", ["draw"]), ("commitment", ["draw"]), ("commitment", ["signature"]), ("seed", ["beacon", "signature"])],
    ids=lambda value: "_".join(value) if isinstance(value, list) else value,
)
def test_what_says_the_same_in_other_letters_is_another_file(whole: Drawn, kind: str, path: list[str]) -> None:
    def shout(records: Records) -> None:
        record = of_kind(records, kind)[0]
        for name in path[:-1]:
            record = record[name]
        written = record[path[-1]]
        record[path[-1]] = written.replace("-", "").upper()
        assert record[path[-1]] != written

    assert codes(forged(whole.lines(), shout)) == {Code.FILE_BROKEN}


def test_forgery_that_fits_in_itself_is_found_by_what_was_published(whole: Drawn) -> None:
    """More lots for one, and root, seed and order made anew: only the root of closing, or its signature, can tell."""
    ticket = next(entry.ticket for entry in whole.entries if entry.weight == 2)
    clever = favoured(whole, ticket)
    published = whole.commitment.root
    assert codes(clever.lines()) == set()
    assert outsider(clever.lines()) is None
    assert codes(clever.lines(), published_root=published) == {Code.ROOT_NOT_PUBLISHED}
    assert outsider(clever.lines(), published.hex()) is not None

    def sign_as_before(records: Records) -> None:
        of_kind(records, "commitment")[0]["signature"] = whole.commitment.signature.hex()

    assert codes(forged(clever.lines(), sign_as_before), trusted=TRUSTED) == {Code.SIGNATURE_WRONG}
    stranger = Signer.from_secret(bytes(32))
    assert codes(whole.lines(), trusted={stranger.id: stranger.public}) == {Code.SIGNER_UNKNOWN}


BROKEN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "empty": lambda lines: [],
    "cut_off": lambda lines: lines[:-1],
    "half_a_line": lambda lines: [*lines[:-1], lines[-1][:-5]],
    "white_space": lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]],
    "two_of_one_name": lambda lines: [lines[0], lines[1].replace(b'"weight"', b'"weight":9,"weight"'), *lines[2:]],
    "more_behind_it": lambda lines: [lines[0], lines[1][:-1] + b"{}\n", *lines[2:]],
    "no_object": lambda lines: [b"[]\n", *lines[1:]],
    "a_fraction": lambda lines: [lines[0], lines[1].replace(b'"places":', b'"places":1.5,"p":'), *lines[2:]],
    "another_kind": lambda lines: [lines[0], b'{"kind":"note"}\n', *lines[1:]],
    "entry_behind_the_seed": lambda lines: [*lines[:-1], lines[1], lines[-1]],
    "choices_are_lists": lambda lines: [lines[0], lines[1].replace(b'"choices":[', b'"choices":[[],'), *lines[2:]],
    "half_a_character": lambda lines: [lines[0].replace("心".encode(), b"\\ud800"), *lines[1:]],
    "deep": lambda lines: [b"[" * 100_000 + b"\n"],
    "count_of_lines": lambda lines: [*lines[:-1], lines[-1].replace(b'"lines":', b'"lines":1')],
    "no_text": lambda lines: [b"\xff\n", *lines[1:]],
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_file_is_one_finding(whole: Drawn, how: str) -> None:
    report = verify(BROKEN[how](whole.lines()))
    assert [finding.code for finding in report.findings] == [Code.FILE_BROKEN]
    assert report.file is None


def test_first_findings_of_a_kind_are_shown_and_the_rest_counted(whole: Drawn) -> None:
    report = verify(forged(whole.lines(), other_seed))
    ranks = [finding for finding in report.findings if finding.code is Code.RANK_WRONG]
    assert len(ranks) == MOST_OF_A_CODE
    assert report.omitted[Code.RANK_WRONG] == 40 - MOST_OF_A_CODE


def test_lines_are_those_of_the_canonical_form(whole: Drawn) -> None:
    """The fast writer of entries and ranks says what `canonical` says."""
    entry, rank = whole.entries[0], whole.ranks[0]
    said = {"kind": "entry", "ticket": entry.ticket, "reasons": entry.reasons, "weight": entry.weight}
    assert entry.line() == canonical({**said, "places": entry.places, "choices": entry.choices})
    told = {"kind": "rank", "rank": 1, "ticket": rank.ticket, "key": rank.key, "given": rank.given}
    assert rank.line() == canonical(told)


def test_published_round_of_the_beacon_is_consistent() -> None:
    """Round 1 of the chain that drand calls `default`, as it is published."""
    signature = bytes.fromhex(
        "8d61d9100567de44682506aea1a7a6fa6e5491cd27a0a0ed349ef6910ac5ac20ff7bc3e09d7c046566c9f7f3c6f3b101"
        "04990e7cb424998203d8f7de586fb7fa5f60045417a432684f85093b06ca91c769f0e7ca19268375e659c2a2352b4655"
    )
    randomness = bytes.fromhex("101297f1ca7dc44ef6088d94ad5fb7ba03455dc33d53ddb412bbc4564ed986ec")
    assert Beacon(1, randomness, signature).is_consistent
    assert not Beacon(1, randomness, signature[:-1]).is_consistent


def test_promise_and_seed_are_what_a_shell_would_make() -> None:
    """Known values, made with sha256sum: a change of the rule would break every verifier there is."""
    secret = bytes(range(32))
    hospital = promise_of(Party.HOSPITAL, DRAW_ID, secret)
    assert hospital.hex() == "7d9e45e050df6b3c5ef2d5ce9a477f255ae1635359016df5fab6f238b8746f2b"
    assert promise_of(Party.OPERATOR, DRAW_ID, secret) != hospital
    both = {Party.OPERATOR: bytes(32), Party.HOSPITAL: secret}
    assert (
        seed_of(DRAW_ID, bytes(32), both, None).hex()
        == "b153e808d0cf67cf20ad206a843e13706c5aa08c0773e4756c7bf178dc0742fd"
    )
    assert key_of(bytes(32), bytes(16), 1).hex() == "7955cb2de90dd9efc6df9fdbf5f5d10c114f4135a9a6b52db1003be749e32f7a"
    assert key_of(bytes(32), bytes(16), 5).hex() == "23b2278ce84cb7e24245b43be83258ca96e09f95d1ebf1e9f399d1c4f61f7078"


def entry(places: int, *choices: str, ticket: int = 0) -> Entry:
    return Entry(ticket.to_bytes(16, "big"), ("base",), 1, places, choices)


def test_family_gets_all_its_places_or_none() -> None:
    order = [entry(2, "a"), entry(2, "a", "b"), entry(1, "a"), entry(1, "a"), entry(3, "b")]
    assert allocate(order, {"a": 3, "b": 2}) == ["a", "b", "a", None, None]


def test_refused_place_goes_to_the_next_rank() -> None:
    order = [entry(1, "a", "b", ticket=1), entry(1, "a", ticket=2), entry(1, "b", ticket=3)]
    assert allocate(order, {"a": 1, "b": 1}) == ["a", None, "b"]
    refused = [Refusal(order[0].ticket, "a")]
    assert allocate(order, {"a": 1, "b": 1}, refused) == ["b", "a", None]


def test_withdrawn_places_are_gone_from_their_rank_on() -> None:
    order = [entry(1, "a", ticket=n) for n in range(4)]
    assert allocate(order, {"a": 4}, withdrawals=[Withdrawal(3, "a", 1)]) == ["a", "a", "a", None]
    with pytest.raises(ValueError, match="left"):
        allocate(order, {"a": 2}, withdrawals=[Withdrawal(3, "a", 1)])


def test_entry_is_proved_by_a_few_hashes(whole: Drawn) -> None:
    lines = [whole.terms.line(), *(entry.line() for entry in whole.entries)]
    proof = commitment.prove(lines, 8)
    assert proof.line == whole.entries[7].line()
    assert len(proof.path) <= 6
    assert proof.holds(whole.commitment)
    assert not replace(proof, index=9).holds(whole.commitment)
    assert not replace(proof, line=proof.line.replace(b"entry", b"Entry")).holds(whole.commitment)


def test_outsider_has_sixty_lines_and_nothing_of_ours() -> None:
    text = Path(VERIFIER).read_text()
    assert len(text.splitlines()) <= 60
    assert "yitong." not in text
