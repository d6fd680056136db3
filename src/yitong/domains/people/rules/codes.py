"""Codes by SMS and who may ask for how many of them (R-048)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from yitong.domains.people.errors import PhoneInvalid

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5
FACT_TRIES = 5
FACT_CHARACTERS = 4
SESSION_LIFE = timedelta(days=30)
FACT_LIFE = timedelta(minutes=10)  # of a session that still waits for the second fact

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1[3-9][0-9]{9}$)")


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `most` in any `window`, and never two within `gap`."""

    windows: tuple[tuple[timedelta, int], ...]
    gap: timedelta = timedelta(0)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALLOWANCES = {
    "phone": Allowance(((HOUR, 5), (DAY, 10)), gap=timedelta(seconds=60)),
    "device": Allowance(((HOUR, 10), (DAY, 20))),
    "address": Allowance(((HOUR, 60), (DAY, 300))),  # many people share the address of a carrier or a hospital
    "fact": Allowance(((DAY, 10),)),
    "verify": Allowance(((DAY, 10),)),
    "check": Allowance(((timedelta(minutes=10), 5), (DAY, 30)), gap=timedelta(seconds=5)),
}


def wait(asked_at: Sequence[datetime], allowance: Allowance, now: datetime) -> timedelta:
    """How long until one more is allowed; zero where it is now."""
    waits = [timedelta(0)]
    for window, most in allowance.windows:
        recent = sorted(at for at in asked_at if now - at < window)
        if len(recent) >= most:
            waits.append(recent[-most] + window - now)
    if asked_at:
        waits.append(max(asked_at) + allowance.gap - now)
    return max(waits)


def read_phone(text: str) -> str:
    """A mobile number of the mainland as 11 digits. Refuses: PhoneInvalid."""
    if len(text) > 40:
        raise PhoneInvalid()
    digits = re.sub(r"[\s\-‐-―()]", "", unicodedata.normalize("NFKC", text))
    phone = _COUNTRY.sub("", digits)
    if not _MOBILE.fullmatch(phone):
        raise PhoneInvalid()
    return phone
