"""The reads of people, by concern; what other domains and faces call stands here by name."""

from yitong.domains.people.queries.carriers import (
    QR_COLUMN,
    carrier_of,
    find_hospital_number,
    get_qr,
    list_carriers,
    resolve_carrier,
    resolve_identity,
)
from yitong.domains.people.queries.facts import (
    booking_facts,
    months_back,
    used_since,
)
from yitong.domains.people.queries.patients import (
    accounts_of,
    find_patients,
    get_pair,
    get_patient,
    is_linked,
    list_candidates,
    list_due_verifications,
    list_holders,
    list_merges,
    list_verifications,
    names_of,
    patient_of,
    patients_of,
)
from yitong.domains.people.queries.reads import (
    audit_reads,
    list_reads,
    record_read,
    record_reads,
)
from yitong.domains.people.queries.sessions import (
    account_of_session,
    get_account,
    hash_of,
    is_waiting_for_fact,
    list_appeals,
    list_devices,
    session_of,
)
from yitong.domains.people.queries.survivors import (
    records_of,
    survivor_of,
)

__all__ = [
    "QR_COLUMN",
    "account_of_session",
    "accounts_of",
    "audit_reads",
    "booking_facts",
    "carrier_of",
    "find_hospital_number",
    "find_patients",
    "get_account",
    "get_pair",
    "get_patient",
    "get_qr",
    "hash_of",
    "is_linked",
    "is_waiting_for_fact",
    "list_appeals",
    "list_candidates",
    "list_carriers",
    "list_devices",
    "list_due_verifications",
    "list_holders",
    "list_merges",
    "list_reads",
    "list_verifications",
    "months_back",
    "names_of",
    "patient_of",
    "patients_of",
    "record_read",
    "record_reads",
    "records_of",
    "resolve_carrier",
    "resolve_identity",
    "session_of",
    "survivor_of",
    "used_since",
]
