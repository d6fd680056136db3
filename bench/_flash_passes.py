"""The passes by which the booking window knows who asks, as a page would have given them."""

from datetime import datetime, timedelta
from uuid import UUID

from bench._flash_people import Person

from yitong.core.clock import shanghai_date
from yitong.core.db.keys import keyring
from yitong.core.errors import Unidentified
from yitong.core.tokens import TokenInvalid
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import PATIENT_NAME, Pass, PassPatient
from yitong.domains.booking.queries.window import passes

VALID = timedelta(hours=1)


def pass_of(one: Person, *, now: datetime) -> str:
    """`window.issue_pass` without its two queries: of a hundred thousand people everything is known here."""
    band = rules.age_band(one.birth, shanghai_date(now)).value
    return passes().write(
        Pass(
            account_id=one.account_id,
            session_id=one.session_id,
            channel="web",
            patients=(PassPatient(one.patient_id, keyring().encrypt(one.name, PATIENT_NAME), band),),
            expires_at=now + VALID,
        )
    )


def account_of(token: str) -> UUID:
    """Whose pass it is. Refuses Unidentified."""
    try:
        return passes().read(token).account_id
    except TokenInvalid:
        raise Unidentified() from None
