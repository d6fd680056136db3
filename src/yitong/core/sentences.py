"""One catalogue gives each refusal its sentence in Chinese and English, and the reader's next step.

The sentences stand in `catalogue/*.toml`, one file for the kernel and one for each domain.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "catalogue"


@dataclass(frozen=True, slots=True)
class Sentence:
    message: str
    next_step: str


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every entry by code. A code that stands twice is an error."""
    entries: dict[str, dict[str, str]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if code in entries:
                raise ValueError(f"{code} stands twice in the catalogue")
            entries[code] = entry
    return entries


def sentence(code: str, params: Mapping[str, object], language: str) -> Sentence:
    """What to tell the reader. A parameter that is not given shows as its name, so that no refusal fails on its way."""
    entry = catalogue()[code]
    suffix = "en" if language.startswith("en") else "zh"
    known = _Shown(params)
    return Sentence(entry[suffix].format_map(known), entry.get(f"next_{suffix}", "").format_map(known))


class _Shown(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"
