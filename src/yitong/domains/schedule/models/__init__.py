"""The tables of schedule, and their rows. Django looks for them here."""

from yitong.domains.schedule.models.rows import (
    copy_in,
    extra_slot_of,
    lock_session,
    lock_sessions,
    session_of,
    share,
    share_sessions,
    slots_of,
    values_of,
)
from yitong.domains.schedule.models.tables import ClinicSession, RosterLine, Slot, Stoppage

__all__ = [
    "ClinicSession",
    "RosterLine",
    "Slot",
    "Stoppage",
    "copy_in",
    "extra_slot_of",
    "lock_session",
    "lock_sessions",
    "session_of",
    "share",
    "share_sessions",
    "slots_of",
    "values_of",
]
