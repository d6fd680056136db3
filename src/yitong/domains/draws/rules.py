"""What a draw decides by: times, weights, who may be in an entry. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yitong.core.policy.values import Policies
from yitong.domains.draws import errors
from yitong.domains.draws.contracts import MOST_CHOICES, MOST_PATIENTS, Reason

OLD_FROM = 60  # years: 老年人 by law
SMALLEST_CELL = 10


@dataclass(frozen=True, slots=True)
class Times:
    """When a draw does what. The beacon's round comes after closing, and the secrets after the beacon's deadline."""

    opens_at: datetime
    closes_at: datetime
    beacon_from: datetime
    beacon_deadline: datetime
    reveal_by: datetime


def is_drawn(policies: Policies) -> bool:
    return policies.word("draws.mode") == "by_lot"


def times(release_at: datetime, policies: Policies) -> Times:
    """Counted back from the release of the sessions."""
    closes_at = release_at - policies.minutes("draws.close_minutes")
    beacon_from = closes_at + policies.minutes("draws.beacon_minutes")
    deadline = beacon_from + policies.minutes("draws.beacon_wait_minutes")
    return Times(
        opens_at=closes_at - timedelta(hours=policies.int("draws.open_hours")),
        closes_at=closes_at,
        beacon_from=beacon_from,
        beacon_deadline=deadline,
        reveal_by=deadline + policies.minutes("draws.reveal_minutes"),
    )


def weights(policies: Policies) -> dict[str, int]:
    """reason → lots, as the draw publishes it; a reason without lots is left out."""
    lots = {reason.value: policies.int(f"draws.weight_{reason.value}") for reason in Reason}
    return {reason: number for reason, number in lots.items() if number}


def reasons(known: Mapping[str, int], *, has_lost: bool, is_older: bool) -> tuple[str, ...]:
    """The reasons of an entry among those that the draw knows, in their order. Each counts once for a whole family."""
    true = {Reason.BASE: True, Reason.LOST: has_lost, Reason.OLDER: is_older}
    return tuple(reason.value for reason in Reason if true[reason] and reason.value in known)


def is_older(birth: date, day: date) -> bool:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)) >= OLD_FROM


def check_family(patient_ids: Sequence[UUID]) -> None:
    if not 1 <= len(patient_ids) <= MOST_PATIENTS or len(set(patient_ids)) != len(patient_ids):
        raise errors.FamilyInvalid(most=MOST_PATIENTS)


def check_choices(session_ids: Sequence[UUID], given: Collection[UUID]) -> None:
    known = len(set(session_ids)) == len(session_ids) and set(session_ids) <= set(given)
    if not 1 <= len(session_ids) <= MOST_CHOICES or not known:
        raise errors.ChoicesInvalid(most=MOST_CHOICES)


def hex_bytes(text: str, length: int) -> bytes | None:
    """So many bytes from hexadecimal digits, blanks around them forgiven; None where it isn't that."""
    try:
        found = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return found if len(found) == length else None


def told(number: int) -> int | None:
    """A count for the public: None where it is so small that it could point at somebody (R-213)."""
    return number if number == 0 or number >= SMALLEST_CELL else None
