"""The commands of people, by concern; what other domains and faces call stands here by name."""

from yitong.domains.people.commands.limits import (
    forgive_no_show,
    give_back_day,
    lock_limits,
    note_no_show,
    take_day,
)

__all__ = [
    "forgive_no_show",
    "give_back_day",
    "lock_limits",
    "note_no_show",
    "take_day",
]
