"""Five thousand people come into a line while its window is killed; `YITONG_LONG=1`: a hundred thousand.

They stand in the order in which they came, none is lost, who waits costs no statement, and what is told is true.
"""

import os
from pathlib import Path

import pytest
from bench import line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LONG = bool(os.environ.get("YITONG_LONG"))


@pytest.mark.rule("R-017")
def test_a_kill_loses_nobody_and_moves_nobody(tmp_path: Path) -> None:
    report = line.measure(tmp_path / "data", quick=not LONG)
    assert [name for name, holds in report["checks"].items() if not holds] == [], report["figures"]
