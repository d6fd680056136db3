"""The commands of people, by concern; what other domains, jobs and faces call stands here by name."""

from yitong.domains.people.commands.abuse import (
    appeal_lock,
    decide_appeal,
    note_booking,
    note_cancel,
    note_made_bookings,
)
from yitong.domains.people.commands.accounts import (
    close_account,
    forget_addresses,
    give_second_fact,
    revoke_device,
    sign_in,
    sign_out,
    start_anew,
)
from yitong.domains.people.commands.carriers import (
    ask_hospital_number,
    end_carrier,
    forget_used_codes,
    give_hospital_number,
    link_carrier,
    note_hospital_number,
    use_qr,
)
from yitong.domains.people.commands.episodes import (
    close_episode,
    open_episode,
)
from yitong.domains.people.commands.erasing import (
    erase,
)
from yitong.domains.people.commands.limits import (
    forgive_no_show,
    give_back_day,
    lock_limits,
    note_no_show,
    take_day,
)
from yitong.domains.people.commands.merging import (
    merge_patients,
    reject_candidate,
    unmerge_patients,
)
from yitong.domains.people.commands.numbers import (
    correct_hospital_number,
)
from yitong.domains.people.commands.patients import (
    add_patient,
    register_at_desk,
    remove_patient,
)
from yitong.domains.people.commands.phones import (
    ask_code,
    ask_code_at_desk,
    change_phone,
    change_phone_at_desk,
)
from yitong.domains.people.commands.proving import (
    ask_verification,
    mark_seen,
    note_verdict,
    take_turn,
)

__all__ = [
    "erase",
    "add_patient",
    "appeal_lock",
    "ask_code",
    "ask_code_at_desk",
    "ask_hospital_number",
    "ask_verification",
    "change_phone",
    "change_phone_at_desk",
    "close_account",
    "close_episode",
    "correct_hospital_number",
    "decide_appeal",
    "end_carrier",
    "forget_addresses",
    "forget_used_codes",
    "forgive_no_show",
    "give_back_day",
    "give_hospital_number",
    "give_second_fact",
    "link_carrier",
    "lock_limits",
    "mark_seen",
    "merge_patients",
    "note_booking",
    "note_cancel",
    "note_made_bookings",
    "note_hospital_number",
    "note_no_show",
    "note_verdict",
    "open_episode",
    "register_at_desk",
    "reject_candidate",
    "remove_patient",
    "revoke_device",
    "sign_in",
    "sign_out",
    "start_anew",
    "take_day",
    "take_turn",
    "unmerge_patients",
    "use_qr",
]
