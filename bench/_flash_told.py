"""Answers as the checker reads them, and the faults that it finds."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bench._flash_shapes import Answers, Ask, Crowd


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one try at one ask was told; status 0 where the connection was lost."""

    ask: Ask
    sent: float
    answered: float
    status: int
    body: dict[str, object]

    @property
    def code(self) -> str:
        """Of a booking, or of a refusal."""
        return str(self.body.get("code", ""))


def tell(crowd: Crowd, answers: Answers) -> Iterator[Told]:
    """Every try, in the order of its end. A body that is no JSON object has the code NOT_JSON."""
    bodies: list[dict[str, object]] = []
    for text in answers.bodies:
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            found = None
        bodies.append(found if isinstance(found, dict) else {"code": "NOT_JSON"})
    for n, request in enumerate(answers.request):
        ask = crowd.asks[crowd.order[request]]
        yield Told(ask, answers.sent[n], answers.answered[n], answers.status[n], bodies[answers.body[n]])
