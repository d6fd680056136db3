"""Which rules of the rulebook the code holds today, read from the code itself: refusals, mentions, marked tests.

`python -m tests.rules` writes the table of docs/rules.md anew; it keeps the words that a person wrote there.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "yitong"
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "rules.md"
BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
RULE = re.compile(r"\bR-\d{3}\b")
HEAD = "| rule | in short | refusals | held in | tested in |\n|---|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A class that says no, as written: no module is imported for it."""

    name: str
    code: str
    rule: str | None
    place: str


@dataclass(slots=True)
class Rule:
    id: str
    codes: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)


def refusals() -> list[Refusal]:
    return sorted(_refusals(), key=lambda refusal: refusal.code)


def _refusals() -> Iterator[Refusal]:
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        if "    code = " not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                given = {
                    target.id: statement.value.value
                    for statement in node.body
                    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                }
                if isinstance(given.get("code"), str) and given["code"].isupper():
                    yield Refusal(node.name, given["code"], given.get("rule"), _place(path))


def marked_tests() -> dict[str, set[str]]:
    """Rule → the folders below tests/ where a test bears its mark."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        for rule in re.findall(r"mark\.rule\(\s*\"(R-\d{3})\"", path.read_text()):
            found[rule].add(path.parent.relative_to(TESTS).as_posix())
    return found


def tested_words() -> str:
    """All text of the tests, to look for codes and names of refusals in."""
    here = Path(__file__)
    return "\n".join(path.read_text() for path in sorted(TESTS.rglob("*.py")) if path != here)


def untested(known: list[Refusal], words: str) -> list[Refusal]:
    """Refusals that no test names, by class or code."""
    seen = set(re.findall(r"\w+", words))
    return [one for one in known if one.name not in seen and one.code not in seen]


def held() -> dict[str, Rule]:
    """Rules that the code mentions or refuses by, and those that a test bears."""
    rules: dict[str, Rule] = {}
    for path in SOURCE.rglob("*.py"):
        for rule_id in RULE.findall(path.read_text()):
            rules.setdefault(rule_id, Rule(rule_id)).places.add(_place(path))
    for refusal in refusals():
        if refusal.rule:
            rules.setdefault(refusal.rule, Rule(refusal.rule)).codes.append(refusal.code)
    for rule_id, folders in marked_tests().items():
        rules.setdefault(rule_id, Rule(rule_id)).tests |= folders
    return dict(sorted(rules.items()))


def _place(path: Path) -> str:
    """`booking` for a domain, `patient pages` for a face, else the package."""
    parts = path.relative_to(SOURCE).parts
    if parts[0] == "domains" and len(parts) > 2:
        return parts[1]
    if parts[0] == "faces" and len(parts) > 2:
        return {"api": "API", "common": "all pages"}.get(parts[1], f"{parts[1]} pages")
    if parts[:2] == ("cli", "demo"):
        return "demo city"
    return parts[0].removesuffix(".py")


def table(rules: dict[str, Rule], words: dict[str, str]) -> str:
    rows = []
    for rule in rules.values():
        codes = " ".join(f"`{code}`" for code in sorted(rule.codes)) or "–"
        places = ", ".join(sorted(rule.places)) or "–"
        tests = ", ".join(sorted(rule.tests)) or "**no test yet**"
        rows.append(f"| {rule.id} | {words.get(rule.id, '')} | {codes} | {places} | {tests} |\n")
    return HEAD + "".join(rows)


def words_on(page: str) -> dict[str, str]:
    """Rule → what a person wrote about it on the page."""
    rows = re.findall(r"^\| (R-\d{3}) \| ([^|]*?) \|", page, re.M)
    return dict(rows)


def rows_on(page: str) -> dict[str, Rule]:
    """The table of the page, read back."""
    rows = {}
    for line in page.split(BEGIN)[1].split(END)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if RULE.fullmatch(cells[0]):
            places, tests = ({word for word in cell.split(", ") if word[:1] not in "–*"} for cell in cells[3:5])
            rows[cells[0]] = Rule(cells[0], re.findall(r"`(\w+)`", cells[2]), places, tests)
    return rows


if __name__ == "__main__":
    text = PAGE.read_text()
    fresh = table(held(), words_on(text))
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{fresh}{END}{after}")
