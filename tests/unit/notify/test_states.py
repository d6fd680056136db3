"""The diagram in the README is the table."""

import re
from pathlib import Path

from yitong.domains import notify
from yitong.domains.notify.states import TRANSITIONS


def test_diagram_is_the_table() -> None:
    text = (Path(notify.__file__).parent / "README.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", text, re.MULTILINE))
    assert drawn == {(state.value, to.value, event.value) for (state, event), to in TRANSITIONS.items()}
