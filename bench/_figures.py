"""Writes the figures of `.yitong/bench/*.json` between the marks of `docs/figures.md`: `python bench/_figures.py`.

What was not measured here keeps the section that it has. A picture that a measurement left beside them goes
to `docs/images/`.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
MEASURED, IMAGES = HOME / ".yitong" / "bench", HOME / "docs" / "images"
PAGE = HOME / "docs" / "figures.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def main() -> None:
    found = [json.loads(path.read_text()) for path in sorted(MEASURED.glob("*.json"))]
    for one in found:
        if "image" in one:
            shutil.copyfile(MEASURED / one["image"], IMAGES / one["image"])
    PAGE.write_text(renewed(PAGE.read_text(), {one["bench"]: section(one) for one in found}))


def renewed(page: str, measured: dict[str, str]) -> str:
    """The page with the sections that were measured, by their names, among those that it has."""
    before, _, rest = page.partition(BEGIN)
    recorded, _, after = rest.partition(END)
    parts = [part.rstrip() for part in re.split(r"^(?=## )", recorded, flags=re.MULTILINE) if part.startswith("## ")]
    kept = {part.partition("\n")[0].removeprefix("## "): part for part in parts}
    sections = "\n\n".join(text for _, text in sorted({**kept, **measured}.items()))
    return f"{before}{BEGIN}\n{sections or 'No figures are recorded here yet: run `make bench`.'}\n{END}{after}"


def section(one: dict[str, Any]) -> str:
    machine = one["machine"]
    where = f"{machine['cores']} cores ({machine['cpu']}), Python {machine['python']}, {machine['at']}"
    rows = {**one["ratios"], **one["figures"]}
    return "\n".join(
        [
            f"## {one['bench']}",
            "",
            f"{one['line'].partition(': ')[2]}.",
            "",
            *([f"![{one['image_shows']}](images/{one['image']})", ""] if "image" in one else []),
            f"{where}. Processes that wanted to run before it began: {machine['load_before']}.{_doubt(machine)}",
            "",
            "| figure | value |",
            "|---|---|",
            *(f"| {name} | {_shown(value)} |" for name, value in rows.items()),
            "",
            "; ".join(
                f"{name.replace('_', ' ')}: {'yes' if held else '**no**'}" for name, held in one["checks"].items()
            )
            + ".",
        ]
    )


def _doubt(machine: dict[str, Any]) -> str:
    if machine["load_before"] < machine["cores"]:
        return ""
    return (
        " **Other work took most of the machine during this run, so absolute figures are too low; ratios suffer too, as"
        " the side that needs more processes loses more. To be run again on a quiet machine.**"
    )


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
