"""`yitong draw …`: what people read, and exit codes that scripts rely on."""

import json
import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from tests.lots import DRAW_ID, SIGNER, Drawn, drawn, forged

from yitong.cli.main import main
from yitong.core.lots.file import write_void
from yitong.core.lots.seed import promise_of
from yitong.core.lots.terms import Party


@pytest.fixture
def one() -> Drawn:
    return drawn()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["draw", *map(str, arguments)])


def saved(folder: Path, lines: list[bytes]) -> Path:
    path = folder / "draw.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def test_verify_says_whole_and_what_it_could_not_know(one: Drawn, tmp_path: Path) -> None:
    path = saved(tmp_path, one.lines())
    alone = run("verify", path)
    assert alone.exit_code == 0
    given = sum(rank.given is not None for rank in one.ranks)
    assert f"The draw is whole: 40 entries, {given} were given." in alone.stderr
    assert f"compare\n{one.commitment.root.hex()}" in alone.stderr
    known = run("verify", path, "--root", one.commitment.root.hex(), "--key", SIGNER.public.hex())
    assert known.exit_code == 0
    assert "compare" not in known.stderr


def test_verify_names_what_is_wrong_and_fails(one: Drawn, tmp_path: Path) -> None:
    def lighter(records: list[dict]) -> None:
        records[1]["weight"] = 1

    found = run("verify", saved(tmp_path, forged(one.lines(), lighter)))
    assert found.exit_code == 1
    assert f"WEIGHT_WRONG: {one.entries[0].ticket.hex()}" in found.stderr
    assert "ROOT_WRONG" in found.stderr
    assert run("verify", saved(tmp_path, [b"nothing\n"])).exit_code == 1
    assert "ROOT_NOT_PUBLISHED" in run("verify", saved(tmp_path, one.lines()), "--root", "00" * 32).stderr
    assert run("verify", saved(tmp_path, one.lines()), "--root", "00").exit_code == 2


def test_verify_says_what_was_drawn_without_beacon_and_what_is_void(one: Drawn, tmp_path: Path) -> None:
    assert "Drawn without the beacon" in run("verify", saved(tmp_path, replace(one, beacon=None).lines())).stderr
    lines = list(write_void(one.terms, one.entries, one.commitment, [Party.OPERATOR]))
    assert "40 entries, void by the silence of operator" in run("verify", saved(tmp_path, lines)).stderr
    assert run("show", saved(tmp_path, lines)).exit_code == 0


def test_show_tells_the_draw_and_one_entry(one: Drawn, tmp_path: Path) -> None:
    path = saved(tmp_path, one.lines())
    shown = run("show", path)
    assert shown.output.startswith("长桥医院 · 心内科\n")
    assert f"seed {one.seed.seed.hex()}, beacon yes" in shown.output
    entry, rank = one.entries[3], next(rank for rank in one.ranks if rank.ticket == one.entries[3].ticket)
    mine = run("show", path, "--ticket", entry.ticket.hex())
    assert f"rank {rank.rank} of 40" in mine.output
    assert json.loads(re.findall(r"^\{.*\}$", mine.output, re.MULTILINE)[0])["ticket"] == entry.ticket.hex()
    assert run("show", path, "--ticket", "00" * 16).exit_code == 1


def test_secret_fits_its_hash_and_is_never_the_same() -> None:
    made = [re.findall(r"[0-9a-f]{64}", run("secret", DRAW_ID).output) for _ in range(2)]
    assert made[0] != made[1]
    for secret, promise in made:
        assert promise_of(Party.HOSPITAL, UUID(str(DRAW_ID)), bytes.fromhex(secret)).hex() == promise
