"""What must not lie about in plain text, and where it is looked for: dumps, logs, addresses, answers of the API."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

NOISE = re.compile(
    r"\\\\x[0-9a-f]*"  # bytea: ciphertext, digests, blind indexes
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(\+\d\d(:?\d\d)?|Z)?"
    r"|[0-9a-f]{32,}"
    r'|"code": "\d{8}"'  # of a booking
)
BIRTH = {18: range(6, 14), 15: range(6, 12)}  # where a resident's number holds the birth date, no secret by itself
RUN = 6


@dataclass(frozen=True, slots=True)
class Secret:
    """`kind` is name, number, phone or card; `whose` helps whoever has to find the leak."""

    kind: str
    whose: str
    text: str

    def spellings(self) -> dict[bytes, str]:
        """As it stands, as a program may have written it, and as bytes shown in hex or base64."""
        raw = self.text.encode()
        found = {raw.hex().encode(): "hex", quote(self.text).encode(): "address"}
        found |= {json.dumps(self.text)[1:-1].encode(): "json", self.text.upper().encode(): "upper case", raw: "plain"}
        for shift in range(3):  # whatever stands before it in the same base64 text
            whole = base64.b64encode(b"\0" * shift + raw)
            found[whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]] = "base64"
        return found

    def fragments(self) -> set[str]:
        """Runs of six characters of an identity number that say more than the birth date; the end of a phone."""
        if self.kind == "phone":
            return {self.text[-8:]}
        if self.kind != "number":
            return set()
        starts = range(len(self.text) - RUN + 1)
        birth = BIRTH.get(len(self.text), range(0))
        born = {i for i in starts if i in birth and i + RUN - 1 in birth}
        return {self.text[i : i + RUN] for i in starts if i not in born}


@dataclass(frozen=True, slots=True)
class Leak:
    secret: Secret
    how: str
    where: str


def found_in(text: str, where: str, secrets: Iterable[Secret]) -> list[Leak]:
    """Every whole secret in any spelling. `text` may be long: a dump, a log."""
    content = text.encode()
    leaks = []
    for secret in secrets:
        for spelling, how in secret.spellings().items():
            at = content.find(spelling) if len(spelling) >= 6 else -1
            if at >= 0:
                leaks.append(Leak(secret, how, f"{where}: {_line(content, at)}"))
    return leaks


def fragments_in(text: str, where: str, secrets: Iterable[Secret]) -> list[Leak]:
    """Parts of numbers, outside what is random or a time by nature."""
    quiet = NOISE.sub("~", text)
    wanted = {fragment: secret for secret in secrets for fragment in secret.fragments()}
    leaks = []
    for fragment, secret in wanted.items():
        at = quiet.find(fragment)
        if at >= 0:
            leaks.append(
                Leak(secret, f"fragment {fragment}", f"{where}: {_line(quiet.encode(), quiet.find(fragment))}")
            )
    return leaks


def tables_of(dump: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """(table, its columns, its rows) of each COPY in a plain dump."""
    for part in re.finditer(r"^COPY public\.(\w+) \(([^)]*)\) FROM stdin;\n(.*?)^\\\.$", dump, re.M | re.S):
        yield part[1], [name.strip(' "') for name in part[2].split(",")], part[3].splitlines()


def _line(content: bytes, at: int) -> str:
    """The line around a find, cut to what a person reads."""
    start = max(content.rfind(b"\n", 0, at) + 1, at - 120)
    return content[start : at + 80].split(b"\n")[0].decode(errors="replace")
