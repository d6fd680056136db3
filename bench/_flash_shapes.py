"""What a flash crowd is made of: how large the city is, what is asked of it, and how both are handed from process to
process. Nothing here needs the product."""

import pickle
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """A city and the crowd before it. `skew` is the exponent of Zipf over sessions: 0 is even."""

    hospitals: int
    departments: int  # of each hospital
    sessions: int
    slots: int  # online ones, as evenly over the sessions as they divide
    people: int
    requests: int
    skew: float = 0.0
    repeated: float = 0.0  # share of requests that repeat an earlier key
    greedy: float = 0.0  # share of people who ask for more than anybody may have
    early: int = 0  # requests in the two seconds before the release
    named: bool = False  # everybody wants the very slot he names

    def tenth(self) -> "Shape":
        """The same crowd, a tenth as large; hospitals stay."""
        return replace(
            self,
            departments=max(1, self.departments // 10),
            sessions=max(1, self.sessions // 10),
            slots=self.slots // 10,
            people=self.people // 10,
            requests=self.requests // 10,
            early=self.early // 10,
        )


ONE_SESSION = Shape(hospitals=1, departments=1, sessions=1, slots=500, people=20_000, requests=20_000)
# 300,000 requests for 140,000 slots: with this skew the first session is asked 50 times over, the last just enough.
CITY_WEEK = Shape(
    hospitals=22,
    departments=20,
    sessions=4_500,
    slots=140_000,
    people=120_000,
    requests=300_000,
    skew=0.45,
    repeated=0.05,
    greedy=0.04,
    early=1_000,
)
ONE_BY_ONE = Shape(hospitals=22, departments=10, sessions=600, slots=18_000, people=18_000, requests=18_000, named=True)


@dataclass(frozen=True, slots=True)
class Session:
    """A clinic session of the city. `slots` are (id, starts_at, ends_at) of the online pool, seconds of Unix time."""

    hospital_id: str
    session_id: str
    department_id: str
    slots: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One wish of one person under one key. A repeat is the same ask again."""

    key: str
    actor: str
    patient_id: str
    hospital_id: str
    session_id: str
    slot_id: str
    near: str


@dataclass(slots=True)
class Crowd:
    """Every request in its order: `asks[order[n]]`, due `due[n]` seconds after the release (before it, if negative)."""

    asks: list[Ask] = field(default_factory=list)
    order: "array[int]" = field(default_factory=lambda: array("L"))
    due: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, ask: int, due: float = 0.0) -> None:
        self.order.append(ask)
        self.due.append(due)


@dataclass(slots=True)
class Answers:
    """What a load generator saw, one entry for each try: which request, when it was due, sent and answered (Unix time),
    the status (0: the connection was lost), and which of `bodies` came back."""

    request: "array[int]" = field(default_factory=lambda: array("L"))
    due: "array[float]" = field(default_factory=lambda: array("d"))
    sent: "array[float]" = field(default_factory=lambda: array("d"))
    answered: "array[float]" = field(default_factory=lambda: array("d"))
    status: "array[int]" = field(default_factory=lambda: array("H"))
    body: "array[int]" = field(default_factory=lambda: array("L"))
    bodies: list[bytes] = field(default_factory=list)
    unanswered: int = 0

    def __len__(self) -> int:
        return len(self.request)

    def took_ms(self, *, status: int | None = None, from_due: bool = False) -> list[float]:
        """Sorted; of one status where it is given; counted from the instant it was due where a schedule was kept."""
        start = self.due if from_due else self.sent
        chosen = range(len(self)) if status is None else [n for n, one in enumerate(self.status) if one == status]
        return sorted((self.answered[n] - start[n]) * 1000 for n in chosen)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of sorted values; 0 where there are none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def write_requests(requests: Path, parts: Iterable[bytes]) -> None:
    """All of them one after the other, and beside them where each begins."""
    ends = array("Q", [0])
    with requests.open("wb") as file:
        for part in parts:
            file.write(part)
            ends.append(ends[-1] + len(part))
    keep(Path(f"{requests}.offsets"), ends)


def keep(path: Path, value: Any) -> None:
    """For another process of the same measurement."""
    path.write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def kept(path: Path) -> Any:
    return pickle.loads(path.read_bytes())
