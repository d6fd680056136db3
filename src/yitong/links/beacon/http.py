"""A public randomness beacon over drand's HTTP format: README.md beside this file says what is asked and checked."""

import httpx
import structlog

from yitong.core.lots.seed import Beacon

TIMEOUT_S = 5.0
LARGEST_SIGNATURE = 128  # bytes

log = structlog.get_logger("yitong.links.beacon")


class DrandBeacon:
    """One chain of one beacon. Without an address there is none: `chain` is empty. Safe for threads."""

    def __init__(self, url: str | None, *, chain: str, genesis: int, period_s: int) -> None:
        self._chain, self._genesis, self._period_s = chain, genesis, period_s
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) if url and chain else None

    @property
    def chain(self) -> str:
        return self._chain if self._client is not None else ""

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def round_at(self, timestamp: int) -> int:
        """Rounds count from 1, which is published at the genesis."""
        return max(1, -((self._genesis - timestamp) // self._period_s) + 1)

    def time_of(self, number: int) -> int:
        return self._genesis + (number - 1) * self._period_s

    def fetch(self, number: int) -> Beacon | None:
        if self._client is None:
            return None
        try:
            answer = self._client.get(f"/{self._chain}/public/{number}")
            told = answer.json() if answer.status_code == 200 else {}
            found = _read(told)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("beacon.no_answer", round=number, error=type(error).__name__)
            return None
        if found.round != number or not found.is_consistent:
            log.warning("beacon.wrong", round=number, said=found.round)
            return None
        return found


def _read(told: dict[str, object]) -> Beacon:
    number, signature = told["round"], bytes.fromhex(str(told["signature"]))
    if type(number) is not int or not 0 < len(signature) <= LARGEST_SIGNATURE:
        raise ValueError("no round of a beacon")
    return Beacon(number, bytes.fromhex(str(told["randomness"])), signature)
