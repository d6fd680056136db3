import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest

from yitong.core.hashlog import export
from yitong.core.hashlog.canonical import NotCanonical, canonical
from yitong.core.hashlog.chain import GENESIS, ChainCheck, Day, Link, SignedDay, SignedLink, leaf_of
from yitong.core.hashlog.merkle import Hash, consistency_proof, digest, inclusion_proof, leaf_hash, root_of
from yitong.core.hashlog.signing import Signer, is_signed

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
SIGNER = Signer.from_secret(b"\x07" * 32)
TRUSTED = {SIGNER.id: SIGNER.public}


def rows(count: int, first: int = 1) -> list[dict[str, object]]:
    return [
        {"id": UUID(int=n), "operation": "booking.slot_held", "to_state": "held"} for n in range(first, first + count)
    ]


def chain_of(
    batches: list[list[dict[str, object]]], algorithm: Hash = Hash.SHA_256
) -> tuple[list[SignedLink], list[list[bytes]]]:
    """Signed links and their leaves."""
    links: list[SignedLink] = []
    all_leaves: list[list[bytes]] = []
    seq = 1
    for number, batch in enumerate(batches, start=1):
        leaves = [leaf_of("events", "city", row, algorithm) for row in batch]
        link = Link(
            log="events",
            shard="city",
            number=number,
            previous=links[-1].head if links else GENESIS,
            first_seq=seq,
            count=len(batch),
            first_id=batch[0]["id"],
            last_id=batch[-1]["id"],
            root=root_of(leaves, algorithm),
            sealed_at=NOON + timedelta(seconds=number),
            hash=algorithm,
        )
        links.append(SignedLink.make(link, SIGNER))
        all_leaves.append(leaves)
        seq += len(batch)
    return links, all_leaves


def day_over(links: list[SignedLink], leaves: list[list[bytes]]) -> SignedDay:
    flat = [leaf for batch in leaves for leaf in batch]
    day = Day(
        log="events",
        shard="city",
        day=date(2026, 3, 1),
        days=1,
        first_seq=1,
        count=len(flat),
        root=root_of(flat, Hash.SHA_256),
        last_number=links[-1].link.number,
        last_head=links[-1].head,
        hash=Hash.SHA_256,
    )
    return SignedDay.make(day, [], SIGNER)


def file_of(batches: list[list[dict[str, object]]]) -> list[bytes]:
    links, leaves = chain_of(batches)
    lines, seq = [export.write_header("events", "city")], 0
    for signed, batch in zip(links, batches, strict=True):
        lines.append(export.write_link(signed))
        for row in batch:
            seq += 1
            lines.append(export.write_row(seq, row))
    return [*lines, export.write_day(day_over(links, leaves))]


def kinds(lines: list[bytes], **options) -> list[str]:
    return [finding.kind for finding in export.verify_export(lines, TRUSTED, **options)]


# RFC 6962 has no vectors of its own; these are the ones of the Certificate Transparency reference implementation.
CT_LEAVES = [
    bytes.fromhex(h)
    for h in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_roots_are_those_of_certificate_transparency() -> None:
    leaves = [leaf_hash(content, Hash.SHA_256) for content in CT_LEAVES]
    assert [root_of(leaves[:n], Hash.SHA_256).hex() for n in range(1, 9)] == CT_ROOTS
    assert root_of([], Hash.SHA_256).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [h.hex()[:8] for h in inclusion_proof(leaves, 0, Hash.SHA_256)] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [h.hex()[:8] for h in consistency_proof(leaves, 6, Hash.SHA_256)] == ["0ebc5d34", "ca854ea1", "d37ee418"]


@pytest.mark.rule("R-209")
def test_sm3_by_setting() -> None:
    assert digest(Hash.SM3, b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    links, leaves = chain_of([rows(3), rows(2, 4)], Hash.SM3)
    check = ChainCheck("events", "city", TRUSTED)
    for signed, batch in zip(links, leaves, strict=True):
        check.add_link(signed, batch)
    assert check.findings == []


def test_canonical_form_is_written_out() -> None:
    row = {
        "时间": datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=8))),
        "day": date(2026, 3, 1),
        "id": UUID(int=5),
        "name": "e\u0301",
        "list": [1, True, None, "\n"],
        "bytes": b"\x00\xff",
        "rate": Decimal("1.50"),
        "𠮷": 10**30,
    }
    assert canonical(row).decode() == (
        '{"bytes":"00ff","day":"2026-03-01","id":"00000000-0000-0000-0000-000000000005","list":[1,true,null,"\\n"],'
        '"name":"é","rate":"1.50","时间":"2026-03-01T04:00:00.000000Z","𠮷":1000000000000000000000000000000}'
    )


@pytest.mark.parametrize(
    "odd",
    [
        1.5,
        {"a": {"b": [float("nan")]}},
        {1: "a"},
        datetime(2026, 1, 1),  # noqa: DTZ001
        "\ud800",
        {"é": 1, "e\u0301": 2},
        {1},
        Decimal("NaN"),
    ],
)
def test_what_reads_differently_elsewhere_is_refused(odd: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(odd)


def test_refusal_names_the_place_and_never_the_content() -> None:
    with pytest.raises(NotCanonical, match=r"row\.body\.list\[1\] is a float") as caught:
        canonical({"body": {"list": ["张三", 1.25]}})
    assert "张三" not in str(caught.value)


def test_a_column_added_later_leaves_old_leaves_alone() -> None:
    row = rows(1)[0]
    assert leaf_of("events", "city", row, Hash.SHA_256) == leaf_of("events", "city", {**row, "new": None}, Hash.SHA_256)
    assert leaf_of("events", "city", row, Hash.SHA_256) != leaf_of("events", "city", {**row, "new": ""}, Hash.SHA_256)
    assert leaf_of("events", "city", row, Hash.SHA_256) != leaf_of("reads", "city", row, Hash.SHA_256)


def test_signature_is_of_this_content_this_key_and_this_purpose() -> None:
    signature = SIGNER.sign(b"head")
    assert is_signed(b"head", signature, SIGNER.id, TRUSTED) is True
    assert is_signed(b"heat", signature, SIGNER.id, TRUSTED) is False
    assert is_signed(b"head", signature[:-1] + b"\x00", SIGNER.id, TRUSTED) is False
    assert is_signed(b"head", b"short", SIGNER.id, TRUSTED) is False
    assert is_signed(b"head", signature, "ed25519:other", TRUSTED) is None
    assert is_signed(b"head", SIGNER._private.sign(b"head"), SIGNER.id, TRUSTED) is False
    assert "07070707" not in repr(SIGNER)


def test_export_is_whole() -> None:
    lines = file_of([rows(5), rows(1, 6), rows(3, 7)])
    assert kinds(lines) == []
    assert json.loads(lines[1])["count"] == 5


def test_export_with_hidden_rows_is_whole() -> None:
    lines = file_of([rows(5)])
    record = json.loads(lines[3])
    lines[3] = export.write_hidden_row(record["seq"], leaf_of("events", "city", record["row"], Hash.SHA_256))
    assert kinds(lines) == []


def test_every_way_to_tamper_with_an_export_is_found() -> None:
    lines = file_of([rows(5), rows(1, 6), rows(3, 7)])
    changed = lines[3].replace(b'"held"', b'"done"')
    assert kinds([*lines[:3], changed, *lines[4:]]) == ["leaves_changed", "day_changed"]
    assert kinds([*lines[:3], *lines[4:]])[0] == "leaves_changed"  # removed
    assert kinds([*lines[:4], lines[3], *lines[4:]])[0] == "leaves_changed"  # inserted
    assert kinds([*lines[:2], lines[3], lines[2], *lines[4:]])[0] == "leaves_changed"  # re-ordered
    assert "seal_missing" in kinds([*lines[:7], *lines[9:]])
    assert "day_changed" in kinds([*lines[:-5], lines[-1]])  # cut short, the day kept
    assert kinds(lines[1:]) == ["file_broken"]
    assert kinds([*lines[:2], b"{", *lines[2:]]) == ["file_broken"]
    assert kinds([]) == ["file_broken"]


def test_changed_seal_or_signature_is_found() -> None:
    lines = file_of([rows(5), rows(1, 6)])
    seal = json.loads(lines[1])
    assert kinds([lines[0], canonical({**seal, "sealed_at": "2026-03-01T04:00:00.000000Z"}), *lines[2:]]) == [
        "seal_changed"
    ]
    broken = canonical({**seal, "signature": "00" * 64})
    assert kinds([lines[0], broken, *lines[2:]]) == ["signature_broken"]
    stranger = canonical({**seal, "signer": "ed25519:" + "0" * 32})
    assert kinds([lines[0], stranger, *lines[2:]]) == ["key_unknown"]


def test_link_of_another_history_does_not_fit_even_when_rightly_signed() -> None:
    ours, others = file_of([rows(5), rows(1, 6)]), file_of([rows(5, 100), rows(1, 6)])
    assert len(ours) == len(others)
    assert kinds([*ours[:7], *others[7:-1]]) == ["seal_missing"]


def test_history_made_anew_with_the_right_key_is_told_by_a_witness() -> None:
    links, _ = chain_of([rows(5), rows(1, 6)])
    witnessed = {2: links[1].head}
    assert kinds(file_of([rows(5), rows(1, 6)]), witnessed=witnessed) == []
    assert kinds(file_of([rows(4), rows(1, 6)]), witnessed=witnessed) == ["history_rewritten"]
    assert kinds(file_of([rows(5)]), witnessed=witnessed) == ["history_rewritten"]


def test_findings_are_bounded() -> None:
    check = ChainCheck("events", "city", {})
    for number in range(1500):
        check.found("row_changed", str(number))
    assert (len(check.findings), check.omitted) == (1000, 500)
    assert base64.b64encode(check.head) == base64.b64encode(GENESIS)
